"""What the machine of ``test_convergence.py`` has found, each by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.bridge import BridgeState
from hxdav.domain.ids import IntegrationId, Uid
from hxdav.domain.notification import NotificationKind
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.refusal import Reason
from hxdav.domain.removal import RemovalState
from hxdav.ical.objects import object_of
from hxdav.ical.patch import set_lines
from hxdav.remote import CalendarId, CalendarState, Capabilities, Cursor, CursorExpired, Page
from tests.bridges import BridgedWorld, moved, retitled
from tests.builders import an_object
from tests.simulators.memory import CAPABILITIES, Fault, MemoryRemote

HOURLY = an_object("mine@phone", "RRULE:FREQ=HOURLY;COUNT=3", end="DURATION:PT30M")
NONSENSE = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:todo@provider\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"


def test_a_provider_whose_cursors_expire_under_every_pull_is_tried_again_later(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()
    world.provider.page_size = 1
    for number in range(3):
        world.provider.add(an_object(f"{number}@provider"))
    world.engine.open_remote = lambda _account: _Expiring(world.provider)

    world.look(bridge)

    assert trouble(world) == "expires"


def test_a_calendar_that_is_gone_where_hiding_is_not_shown_is_told(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()
    world.engine.open_remote = lambda _account: _Discreet(world.provider)

    world.provider.calendar().state = CalendarState.GONE
    world.wait_out(bridge)

    assert world.bridge(bridge).state is BridgeState.GONE
    assert NotificationKind.BRIDGE_GONE in world.practice.told()


def test_what_hxdav_has_made_and_does_not_know_any_more_is_left_alone_and_told(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.round()
    remote_id = world.provider.add(an_object("lost@hxdav"))
    calendar = world.provider.calendar()
    calendar.objects[remote_id] = replace(calendar.objects[remote_id], key=Uid("lost@hxdav"))

    world.look(bridge)

    assert remote_id in calendar.objects
    assert world.practice.shown(native) == {}
    assert NotificationKind.OBJECT_LEFT_ALONE in world.practice.told()


def test_a_task_in_a_bridged_calendar_is_told_as_one(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()

    world.provider.add(NONSENSE)
    world.look(bridge)

    assert world.practice.told() == [NotificationKind.WRONG_COMPONENT]
    with world.practice.store.snapshot() as tx:
        (link,) = tx.links.apart(bridge)
    assert link.parked == Reason.WRONG_COMPONENT


def test_what_is_ours_and_cannot_be_read_any_more_is_told(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.practice.book(an_object("first@practice"))
    world.round()

    world.provider.edit(world.remote_id_of("Appointment"), lambda _: NONSENSE)
    world.look(bridge)

    assert NotificationKind.OBJECT_LEFT_ALONE in world.practice.told()


def test_what_the_person_cancelled_leaves_the_provider_once_that_is_applied(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()

    world.provider.edit(world.remote_id_of("Supervision"), cancelled())
    world.look(bridge)
    world.practice.clock.advance(seconds=61)
    world.practice.settle()
    world.round()

    assert world.provider.calendar().objects == {}


def test_what_was_changed_together_with_a_cancellation_is_kept(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()

    world.provider.edit(
        world.remote_id_of("Supervision"), lambda text: cancelled()(set_lines(text, {"SUMMARY": ["SUMMARY:Theirs"]}))
    )
    world.look(bridge)

    assert [each.state for each in world.practice.removals()] == [RemovalState.HELD]
    assert b"SUMMARY:Theirs" in kept_bodies(world)


def test_what_was_cancelled_while_the_calendar_was_hidden_goes_to_review(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()
    world.provider.calendar().state = CalendarState.HIDDEN
    world.look(bridge)

    world.provider.edit(world.remote_id_of("Supervision"), cancelled())
    world.provider.calendar().state = CalendarState.VISIBLE
    world.look(bridge)

    assert [each.state for each in world.practice.removals()] == [RemovalState.REVIEW]


def test_what_was_changed_of_an_object_whose_making_was_not_heard_of_is_kept(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()
    world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    world.provider.faults = [Fault.LOST]
    world.round()

    world.provider.edit(world.remote_id_of("Supervision"), retitled("Theirs"))
    world.practice.clock.advance(minutes=20)
    world.look(bridge)

    assert world.remote_titles() == ["Supervision"]
    assert b"SUMMARY:Theirs" in kept_bodies(world)


def test_what_was_changed_of_it_is_kept_though_it_leaves_by_then(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    world.provider.faults = [Fault.LOST]
    world.round()

    world.provider.edit(world.remote_id_of("Supervision"), retitled("Theirs"))
    world.practice.cancel(booked.id)
    world.practice.clock.advance(minutes=20)
    world.look(bridge)

    assert world.remote_titles() == []
    assert b"SUMMARY:Theirs" in kept_bodies(world)


def test_one_event_of_a_series_whose_making_was_not_heard_of_is_known_again(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.round()
    world.practice.put(native, "a.ics", HOURLY)
    world.provider.faults = [None, Fault.LOST]
    world.round()

    world.practice.clock.advance(minutes=20)
    world.look(bridge)

    assert world.remote_titles() == ["Supervision", "Supervision", "Supervision"]
    assert list(world.practice.shown(native)) == ["a.ics"]
    assert NotificationKind.OBJECT_LEFT_ALONE not in world.practice.told()


def test_what_was_changed_of_one_event_whose_making_was_not_heard_of_is_kept(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.round()
    world.practice.put(native, "a.ics", HOURLY)
    world.provider.faults = [Fault.LOST]
    world.round()

    world.provider.edit(world.remote_id_of("Supervision"), retitled("Theirs"))
    world.practice.clock.advance(minutes=20)
    world.look(bridge)

    assert world.remote_titles() == ["Supervision", "Supervision", "Supervision"]
    assert b"SUMMARY:Theirs" in kept_bodies(world)


def test_a_title_put_over_the_practices_own_is_kept(world: BridgedWorld) -> None:
    bridge = connected_at_full(world)
    world.practice.book(an_object("first@practice", summary="Jane Roe"), patients=("Jane Roe",))
    world.round()

    world.provider.edit(world.remote_id_of("Jane Roe"), retitled("Theirs"))
    world.look(bridge)

    assert world.remote_titles() == ["Jane Roe"]
    assert b"SUMMARY:Theirs" in kept_bodies(world)
    assert NotificationKind.EDIT_OVERRULED in world.practice.told()


def test_of_an_edit_that_is_taken_in_part_all_is_kept_once(world: BridgedWorld) -> None:
    bridge = connected_at_full(world)
    booked = world.practice.book(an_object("first@practice", summary="Jane Roe"), patients=("Jane Roe",))
    world.round()

    later = moved("20261125T140000")
    world.provider.edit(world.remote_id_of("Jane Roe"), lambda text: retitled("Theirs")(later(text)))
    world.look(bridge)

    assert world.practice.appointment(booked.id).starts.isoformat() == "2026-11-25T03:00:00+00:00"
    assert kept_bodies(world).count(b"SUMMARY:Theirs") == 1


def test_what_was_put_back_and_edited_after_its_removal_was_kept_is_kept(world: BridgedWorld) -> None:
    bridge = world.connect()
    booked = world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    world.round()
    remote_id = world.remote_id_of("Supervision")
    thrown_away = world.provider.calendar().objects[remote_id]
    world.provider.delete(remote_id)
    world.look(bridge)

    later = moved("20261125T140000")(an_object("first@practice"))
    world.practice.book(later, appointment_id=booked.id, kind=AppointmentKind.PERSONAL)
    theirs = retitled("Theirs")(thrown_away.text)
    world.provider.calendar().put(remote_id, theirs, tag=world.provider.tag(), key=thrown_away.key)
    world.look(bridge)

    assert world.remote_titles() == ["Supervision"]
    assert b"SUMMARY:Theirs" in kept_bodies(world)


def test_what_is_put_back_at_a_time_that_is_over_is_left_alone_with_the_reason(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.practice.book(an_object("first@practice"), kind=AppointmentKind.PERSONAL)
    world.round()
    remote_id = world.remote_id_of("Supervision")
    thrown_away = world.provider.calendar().objects[remote_id]
    world.provider.delete(remote_id)
    world.look(bridge)
    world.practice.clock.advance(days=1)
    world.practice.settle()

    long_ago = moved("20261110T140000")(thrown_away.text)
    world.provider.calendar().put(remote_id, long_ago, tag=world.provider.tag(), key=thrown_away.key)
    world.look(bridge)

    with world.practice.store.snapshot() as tx:
        link = tx.links.at(bridge, remote_id)
    assert link is not None
    assert link.parked == Reason.BEFORE_WINDOW
    assert world.remote_titles() == ["Supervision"]


def test_a_title_that_was_put_back_over_a_hidden_one_is_kept(world: BridgedWorld) -> None:
    bridge = world.connect()
    booked = world.practice.book(an_object("first@practice", summary="Jane Roe"), patients=("Jane Roe",))
    world.round()
    remote_id = world.remote_id_of("Appointment")
    thrown_away = world.provider.calendar().objects[remote_id]
    world.provider.delete(remote_id)
    world.look(bridge)

    theirs = retitled("Theirs")(thrown_away.text)
    world.provider.calendar().put(remote_id, theirs, tag=world.provider.tag(), key=thrown_away.key)
    world.look(bridge)

    assert world.remote_titles() == ["Appointment"]
    assert world.practice.appointment(booked.id).summary == "Jane Roe"
    assert b"SUMMARY:Theirs" in kept_bodies(world)


def test_a_title_that_came_back_as_a_new_object_over_a_hidden_one_is_kept(world: BridgedWorld) -> None:
    bridge = world.connect()
    booked = world.practice.book(an_object("first@practice", summary="Jane Roe"), patients=("Jane Roe",))
    world.round()
    remote_id = world.remote_id_of("Appointment")
    thrown_away = world.provider.calendar().objects[remote_id]

    world.provider.delete(remote_id)
    world.provider.add(retitled("Theirs")(thrown_away.text))
    world.look(bridge)

    assert world.remote_titles() == ["Appointment"]
    assert world.practice.appointment(booked.id).summary == "Jane Roe"
    assert b"SUMMARY:Theirs" in kept_bodies(world)


def test_what_was_changed_with_a_cancellation_that_dragging_takes_back_is_kept(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()
    (uid,) = {object_of(each.text).uid for each in world.provider.calendar().objects.values()}
    other = world.practice.integration("hx-two")
    world.practice.put(other, "b.ics", an_object(uid))

    remote_id = world.remote_id_of("Supervision")
    world.provider.edit(remote_id, lambda text: cancelled()(retitled("Theirs")(text)))
    world.look(bridge)

    assert world.remote_titles() == ["Supervision"]
    assert b"SUMMARY:Theirs" in kept_bodies(world)


def connected_at_full(world: BridgedWorld) -> IntegrationId:
    """A bridge that is told everything about patients."""
    bridge = world.connect()
    with world.practice.store.transaction() as tx:
        integration = tx.integrations.one(bridge)
        group = tx.people.practice_group(integration.practice_group_id)
        tx.people.change_practice_group(replace(group, privacy={integration.service: PrivacyLevel.FULL}))
    return bridge


def cancelled() -> Callable[[str], str]:
    """An edit by which the whole of an object does not take place."""
    return lambda text: set_lines(text, {"STATUS": ["STATUS:CANCELLED"]})


def kept_bodies(world: BridgedWorld) -> bytes:
    """All that is kept of what was put in vain."""
    with world.practice.store.snapshot() as tx:
        return b"".join(each.body for each in tx.trail.refused_bodies(world.practice.practitioner_id))


def trouble(world: BridgedWorld) -> str | None:
    """What the account gives trouble by."""
    with world.practice.store.snapshot() as tx:
        (account,) = tx.external_accounts.all()
    return account.trouble


class _Expiring(MemoryRemote):
    """A provider whose cursors never last until they are used."""

    def pull(self, calendar_id: CalendarId, cursor: Cursor | None) -> Page:
        if cursor is not None:
            raise CursorExpired("The cursor is too old.")
        return super().pull(calendar_id, cursor)


class _Discreet(MemoryRemote):
    """A provider that does not show what the person hides."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(CAPABILITIES, hides=False, polled_every=timedelta(seconds=60))
