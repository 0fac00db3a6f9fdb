"""What the walks of ``tests/e2e/test_bridge_walks.py`` have found, each by itself."""

from __future__ import annotations

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.ids import IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.ical.objects import object_of
from hxdav.remote import CalendarId, NotTaken, RemoteObject
from tests.bridges import BridgedWorld, ForgetfulRemote
from tests.builders import an_object
from tests.simulators.memory import Fault, MemoryRemote


def test_what_leaves_before_all_of_its_single_events_were_made_leaves_nothing_behind(world: BridgedWorld) -> None:
    text = an_object("first@practice", "RRULE:FREQ=HOURLY;COUNT=3")
    world.connect()
    world.round()
    booked = world.practice.book(text, kind=AppointmentKind.PERSONAL)
    world.provider.faults = [None, Fault.REFUSED]
    world.round()
    assert len(world.provider.calendar().objects) == 1

    world.practice.cancel(booked.id)
    world.practice.clock.advance(minutes=20)
    world.round()

    assert world.provider.calendar().objects == {}


def test_what_was_made_without_our_hearing_of_it_leaves_with_its_appointment(world: BridgedWorld) -> None:
    integration_id = world.connect()
    world.round()
    booked = world.practice.book(an_object("first@practice"))
    world.provider.faults = [Fault.LOST]
    world.round()
    _looked_at_without_pushing(world, integration_id)

    world.practice.cancel(booked.id)
    world.practice.clock.advance(minutes=20)
    world.round()
    world.look(integration_id)

    assert world.provider.calendar().objects == {}


def test_what_was_made_without_our_hearing_of_it_leaves_though_its_appointment_was_cancelled_first(
    world: BridgedWorld,
) -> None:
    integration_id = world.connect()
    world.round()
    booked = world.practice.book(an_object("first@practice"))
    world.provider.faults = [Fault.LOST]
    world.round()

    world.practice.cancel(booked.id)
    world.practice.clock.advance(minutes=20)
    world.look(integration_id)

    assert world.provider.calendar().objects == {}
    assert world.practice.appointment(booked.id).is_gone


def test_what_a_provider_shows_and_does_not_find_is_tried_again_later(world: BridgedWorld) -> None:
    world.engine.open_remote = lambda _account: ForgetfulRemote(world.provider)
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    world.connect()
    world.round()

    world.practice.book(
        an_object("first@practice", summary="Team meeting"), appointment_id=booked.id, kind=AppointmentKind.PERSONAL
    )
    world.round()

    with world.practice.store.snapshot() as tx:
        (account,) = tx.external_accounts.all()
    assert account.retry_at is not None
    assert account.trouble == "keeps_changing"


def _looked_at_without_pushing(world: BridgedWorld, integration_id: IntegrationId) -> None:
    """A turn that ends after its pull, because the provider is busy then."""
    world.provider.faults = [None, None, Fault.REFUSED, Fault.REFUSED, Fault.REFUSED]
    world.practice.clock.advance(seconds=5)
    world.look(integration_id)
    world.provider.faults = []


def test_a_series_that_goes_over_to_single_events_is_removed_by_nobody(world: BridgedWorld) -> None:
    integration_id = world.connect()
    booked = world.practice.book(an_object("first@practice", "RRULE:FREQ=DAILY;COUNT=3"), kind=AppointmentKind.PERSONAL)
    world.round()

    world.practice.book(
        an_object("first@practice", "RRULE:FREQ=HOURLY;COUNT=3"),
        appointment_id=booked.id,
        kind=AppointmentKind.PERSONAL,
    )
    world.provider.faults = [Fault.LOST]
    world.round()
    world.practice.clock.advance(minutes=20)
    world.look(integration_id)

    assert world.practice.removals() == []
    assert len(world.provider.calendar().objects) == 3


def test_single_events_that_go_over_to_a_series_take_nothing_out_of_it(world: BridgedWorld) -> None:
    integration_id = world.connect()
    booked = world.practice.book(
        an_object("first@practice", "RRULE:FREQ=HOURLY;COUNT=3"), kind=AppointmentKind.PERSONAL
    )
    world.round()

    world.practice.book(
        an_object("first@practice", "RRULE:FREQ=DAILY;COUNT=3"), appointment_id=booked.id, kind=AppointmentKind.PERSONAL
    )
    world.provider.faults = [Fault.LOST]
    world.round()
    world.practice.clock.advance(minutes=20)
    world.look(integration_id)

    assert "EXDATE" not in world.practice.appointment(booked.id).text
    assert [object_of(each.text).is_recurring for each in world.provider.calendar().objects.values()] == [True]


def test_what_a_provider_writes_and_refuses_all_the_same_is_not_tried_without_end(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    integration_id = world.connect()
    world.round()
    refusing = _RefusingWhatItWrites(world.provider)
    world.engine.open_remote = lambda _account: refusing
    renamed = an_object("first@practice", summary="Team meeting")
    world.practice.book(renamed, appointment_id=booked.id, kind=AppointmentKind.PERSONAL)
    world.round()

    for _ in range(3):
        world.practice.clock.advance(minutes=20)
        world.look(integration_id)

    assert world.provider.requests["update"] == 0
    assert refusing.refused == 1
    assert world.practice.told() == [NotificationKind.OBJECT_NOT_TAKEN]


class _RefusingWhatItWrites(MemoryRemote):
    """A provider that touches an object before it refuses what was to become of it."""

    refused = 0

    def update(self, calendar_id: CalendarId, known: RemoteObject, text: str) -> RemoteObject:
        self.refused += 1
        self._calendar(calendar_id).put(known.remote_id, known.text, tag=self._provider.tag(), key=None)
        raise NotTaken("The provider does not take this event.")
