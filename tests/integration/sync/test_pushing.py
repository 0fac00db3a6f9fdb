from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.bridge import BridgeState
from hxdav.domain.edit import Authority, Source
from hxdav.domain.notification import NotificationKind
from hxdav.domain.privacy import PrivacyLevel
from hxdav.ical.objects import object_of
from hxdav.remote import CalendarId, NotTaken, RemoteObject, TryLater
from hxdav.services.integrations.control import set_privacy
from hxdav.store.store import Store, Tx
from tests.bridges import BridgedWorld, ForgetfulRemote, retitled
from tests.builders import a_practice, an_object
from tests.simulators.memory import Fault, MemoryCalendar, MemoryRemote


def test_a_calendar_is_made_and_filled(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    integration_id = world.connect()

    world.round()

    assert world.bridge(integration_id).state is BridgeState.RUNNING
    assert world.provider.calendar().name == "HX_Harbour Street Psychology"
    assert world.remote_titles() == ["Supervision"]


def test_the_calendar_is_made_once_though_the_answer_is_lost(world: BridgedWorld) -> None:
    world.provider.faults = [None, Fault.LOST]
    world.connect()

    world.round()
    world.practice.clock.advance(seconds=5)
    world.round()

    assert len(world.provider.calendars) == 1


def test_a_patient_goes_out_as_an_appointment(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice", "LOCATION:Room 2", summary="Jane Roe"), patients=("Jane Roe",))
    world.connect()

    world.round()

    (shown,) = world.provider.calendar().objects.values()
    assert object_of(shown.text).summary == "Appointment"
    assert "Jane" not in shown.text
    assert "Room 2" not in shown.text


def test_an_edit_of_the_practice_reaches_the_provider(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    world.connect()
    world.round()

    world.practice.book(
        an_object("first@practice", summary="Team meeting"), appointment_id=booked.id, kind=AppointmentKind.PERSONAL
    )
    world.round()

    assert world.remote_titles() == ["Team meeting"]
    assert world.provider.requests["update"] == 1


def test_a_cancelled_appointment_leaves_the_provider(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice"))
    world.connect()
    world.round()

    world.practice.cancel(booked.id)
    world.round()

    assert world.remote_titles() == []


def test_nothing_is_sent_twice(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    integration_id = world.connect()
    world.round()
    before = world.provider.requests.copy()

    world.look(integration_id)
    world.look(integration_id)

    writes = {"create", "update", "remove", "make_calendar"}
    assert {each: world.provider.requests[each] for each in writes} == {each: before[each] for each in writes}


def test_a_lost_answer_to_a_create_makes_no_second_object(world: BridgedWorld) -> None:
    world.connect()
    world.round()
    world.practice.book(an_object("first@practice"))
    world.provider.faults = [Fault.LOST]

    world.round()
    world.practice.clock.advance(seconds=5)
    world.round()

    assert len(world.provider.calendar().objects) == 1


def test_a_series_that_cannot_be_expressed_goes_as_single_events(world: BridgedWorld) -> None:
    world.practice.book(
        an_object("first@practice", "RRULE:FREQ=HOURLY;COUNT=3", end="DURATION:PT30M"), kind=AppointmentKind.PERSONAL
    )
    world.connect()

    world.round()

    starts = sorted(object_of(each.text).main.value("DTSTART") for each in world.provider.calendar().objects.values())
    assert starts == ["20261124T090000", "20261124T100000", "20261124T110000"]
    assert not any(object_of(each.text).is_recurring for each in world.provider.calendar().objects.values())


def test_what_the_provider_did_not_take_leaves_it_all_the_same(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    world.connect()
    world.round()
    world.practice.book(
        an_object("first@practice", summary="Poison"), appointment_id=booked.id, kind=AppointmentKind.PERSONAL
    )
    world.round()
    assert world.remote_titles() == ["Supervision"]
    assert world.practice.told() == [NotificationKind.OBJECT_NOT_TAKEN]

    world.practice.cancel(booked.id)
    world.round()

    assert world.remote_titles() == []


def test_what_is_not_found_once_is_pushed_when_it_is_there_again(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    world.connect()
    world.round()
    world.engine.open_remote = lambda _account: ForgetfulRemote(world.provider)
    renamed = an_object("first@practice", summary="Team meeting")
    world.practice.book(renamed, appointment_id=booked.id, kind=AppointmentKind.PERSONAL)
    world.round()
    assert world.remote_titles() == ["Supervision"]

    world.engine = world.an_engine("two")
    world.practice.clock.advance(minutes=20)
    world.round()

    assert world.remote_titles() == ["Team meeting"]


def test_an_edit_there_that_nobody_has_looked_at_is_not_written_over(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    world.connect()
    world.round()
    world.provider.call = lambda _token: None
    world.provider.edit(world.remote_id_of("Supervision"), retitled("Intervision"))

    elsewhere = an_object("first@practice", "LOCATION:Room 4")
    world.practice.book(elsewhere, appointment_id=booked.id, kind=AppointmentKind.PERSONAL)
    world.round()

    (there,) = world.provider.calendar().objects.values()
    assert object_of(there.text).summary == "Intervision"
    assert "LOCATION:Room 4" in there.text
    assert world.practice.appointment(booked.id).summary == "Intervision"


def test_what_changes_here_while_it_is_pushed_is_pushed_as_well(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    renames = iter(["Team meeting"])

    def changed_meanwhile() -> None:
        for title in renames:
            text = an_object("first@practice", summary=title)
            world.practice.book(text, appointment_id=booked.id, kind=AppointmentKind.PERSONAL)

    world.connect()
    world.provider.writing = changed_meanwhile
    world.round()

    assert world.remote_titles() == ["Team meeting"]


def test_what_is_to_be_written_anew_and_leaves_instead_is_removed_though_it_was_not_taken(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    integration_id = world.connect()
    world.round()
    poison = an_object("first@practice", summary="Poison")
    world.practice.book(poison, appointment_id=booked.id, kind=AppointmentKind.PERSONAL)
    world.round()

    with world.practice.store.transaction() as tx:
        own_word = Source(authority=Authority.PRACTICE, user_id=world.practice.user_id)
        integration = tx.integrations.one(integration_id)
        set_privacy(tx, world.practice.clock, integration=integration, level=PrivacyLevel.BUSY, source=own_word)
    world.practice.cancel(booked.id)
    world.round()

    assert world.remote_titles() == []


def test_what_a_provider_does_not_let_go_is_told_once(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    integration_id = world.connect()
    world.round()
    keeping = _Keeping(world.provider)
    world.engine.open_remote = lambda _account: keeping

    world.practice.cancel(booked.id)
    for _ in range(3):
        world.practice.clock.advance(minutes=20)
        world.look(integration_id)

    assert keeping.refused == 1
    assert world.practice.told() == [NotificationKind.OBJECT_NOT_TAKEN]


def test_a_calendar_whose_making_was_not_heard_of_is_found_again(world: BridgedWorld) -> None:
    world.engine.open_remote = lambda _account: _MakingAnother(world.provider)
    world.connect()
    world.round()
    assert len(world.provider.calendars) == 1

    world.practice.clock.advance(minutes=20)
    world.round()

    assert len(world.provider.calendars) == 1


class _MakingAnother(MemoryRemote):
    """A provider that knows nothing of markers when it makes a calendar, and whose answer to that is lost."""

    def make_calendar(self, name: str, *, marker: str, zone: str) -> CalendarId:
        calendar_id = f"calendar-{next(self._provider.numbers)}"
        self._provider.calendars[calendar_id] = MemoryCalendar(name=name, marker=marker, zone=zone)
        raise TryLater("The answer was lost.")


class _Keeping(MemoryRemote):
    """A provider that lets nothing go."""

    refused = 0

    def remove(self, calendar_id: CalendarId, known: RemoteObject) -> None:
        self.refused += 1
        raise NotTaken("The provider does not remove this event.")


def test_what_changes_here_just_after_the_last_push_is_pushed_as_well(migrated_sqlite: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "store.sqlite")
    store = _Watched(f"sqlite:///{tmp_path / 'store.sqlite'}")
    world = BridgedWorld(practice=a_practice(store))
    world.practice.book(an_object("first@practice"))
    world.connect()

    def is_written() -> None:
        # After the next look at what is pending, which finds nothing.
        world.provider.writing = lambda: None
        store.after_next_snapshot = lambda: world.practice.book(an_object("second@practice"))

    world.provider.writing = is_written
    world.round()
    store.close()

    assert len(world.provider.calendar().objects) == 2


class _Watched(Store):
    """A store beside which something happens just after a snapshot has ended."""

    after_next_snapshot: Callable[[], object] | None = None

    @contextmanager
    def snapshot(self) -> Iterator[Tx]:
        """A transaction that only reads."""
        with super().snapshot() as tx:
            yield tx
        act, self.after_next_snapshot = self.after_next_snapshot, None
        if act is not None:
            act()
