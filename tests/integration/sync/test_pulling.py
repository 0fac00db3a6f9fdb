from __future__ import annotations

from datetime import timedelta

import pytest

from hxdav.domain.appointment import AppointmentKind, RecordMark
from hxdav.domain.bridge import BridgeState
from hxdav.domain.edit import Authority, Source
from hxdav.domain.notification import NotificationKind
from hxdav.domain.removal import RemovalState
from hxdav.domain.times import Interval
from hxdav.ical.objects import object_of
from hxdav.remote import CalendarState
from hxdav.services.integrations import control
from tests.bridges import BridgedWorld, moved, retitled
from tests.builders import NOON, an_object
from tests.simulators.memory import Fault


def test_an_event_of_the_person_becomes_a_personal_appointment(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.round()

    world.provider.add(an_object("theirs@provider", summary="Lunch"))
    world.look(bridge)

    (href,) = world.practice.shown(native)
    text = world.practice.text_of(native, href)
    assert object_of(text).summary == "Lunch"


def test_an_edit_of_the_person_comes_back_and_nothing_echoes(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()

    world.provider.edit(world.remote_id_of("Supervision"), retitled("Group supervision"))
    world.look(bridge)
    world.look(bridge)

    assert object_of(world.practice.text_of(native, "a.ics")).summary == "Group supervision"
    assert world.provider.requests["update"] == 0


def test_a_time_change_leaves_the_hidden_title_alone(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice", summary="Jane Roe"), patients=("Jane Roe",))
    bridge = world.connect()
    world.round()

    world.provider.edit(world.remote_id_of("Appointment"), moved("20261125T140000"))
    world.look(bridge)

    appointment = world.practice.appointment(booked.id)
    assert appointment.summary == "Jane Roe"
    assert appointment.starts.isoformat() == "2026-11-25T03:00:00+00:00"


def test_a_title_put_on_a_patient_appointment_is_overruled(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice", summary="Jane Roe"), patients=("Jane Roe",))
    bridge = world.connect()
    world.round()

    world.provider.edit(world.remote_id_of("Appointment"), retitled("Jane, ask about the dog"))
    world.look(bridge)

    assert world.remote_titles() == ["Appointment"]
    assert world.practice.appointment(booked.id).summary == "Jane Roe"
    assert NotificationKind.EDIT_OVERRULED in world.practice.told()


def test_different_fields_changed_on_both_sides_are_merged(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()

    world.provider.edit(world.remote_id_of("Supervision"), retitled("Group supervision"))
    world.practice.put(native, "a.ics", an_object("mine@phone", "LOCATION:Room 2"))
    world.look(bridge)

    merged = object_of(world.practice.text_of(native, "a.ics"))
    (shown,) = world.provider.calendar().objects.values()
    assert (merged.summary, merged.main.value("LOCATION")) == ("Group supervision", "Room 2")
    assert "LOCATION:Room 2" in shown.text
    assert world.remote_titles() == ["Group supervision"]


def test_of_the_same_field_ours_stands_and_theirs_is_kept(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()

    world.provider.edit(world.remote_id_of("Supervision"), retitled("Theirs"))
    world.practice.put(native, "a.ics", an_object("mine@phone", summary="Ours"))
    world.look(bridge)

    assert world.remote_titles() == ["Ours"]
    with world.practice.store.snapshot() as tx:
        (kept,) = tx.trail.refused_bodies(world.practice.practitioner_id)
    assert b"Theirs" in kept.body


def test_what_the_person_deletes_is_a_removal(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()

    world.provider.delete(world.remote_id_of("Supervision"))
    world.look(bridge)

    assert [each.state for each in world.practice.removals()] == [RemovalState.HELD]
    assert "a.ics" in world.practice.shown(native)
    world.practice.clock.advance(seconds=61)
    world.practice.settle()
    assert "a.ics" not in world.practice.shown(native)


def test_what_is_protected_is_put_back(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"), note=RecordMark.PRESENT)
    bridge = world.connect()
    world.round()

    world.provider.delete(world.remote_id_of("Appointment"))
    world.look(bridge)

    assert world.remote_titles() == ["Appointment"]
    assert world.practice.removals() == []


def test_an_empty_listing_removes_nothing(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()

    world.provider.faults = [None, Fault.EXPIRED, Fault.EMPTY]
    world.look(bridge)
    world.look(bridge)

    assert world.practice.removals() == []
    assert world.remote_titles() == ["Appointment"]


def test_what_is_missing_after_a_reset_goes_to_review(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()
    with world.practice.store.transaction() as tx:
        tx.bridges.start_over()

    world.provider.delete(world.remote_id_of("Appointment"))
    world.look(bridge)

    assert [each.state for each in world.practice.removals()] == [RemovalState.REVIEW]


def test_what_is_missing_after_a_cursor_has_expired_goes_to_review(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()

    world.provider.delete(world.remote_id_of("Appointment"))
    world.provider.faults = [None, Fault.EXPIRED]
    world.look(bridge)

    assert [each.state for each in world.practice.removals()] == [RemovalState.REVIEW]


def test_a_hidden_calendar_pauses_and_resumes_by_itself(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()

    world.provider.calendar().state = CalendarState.HIDDEN
    world.look(bridge)
    world.practice.book(an_object("second@practice"))
    world.round()
    assert world.bridge(bridge).state is BridgeState.HIDDEN
    assert len(world.provider.calendar().objects) == 1

    world.provider.calendar().state = CalendarState.VISIBLE
    world.look(bridge)
    assert world.bridge(bridge).state is BridgeState.RUNNING
    assert len(world.provider.calendar().objects) == 2
    assert {NotificationKind.BRIDGE_HIDDEN, NotificationKind.BRIDGE_RESUMED} <= set(world.practice.told())


def test_a_calendar_that_is_gone_removes_nothing(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()

    world.provider.calendar().state = CalendarState.GONE
    world.wait_out(bridge)

    assert world.bridge(bridge).state is BridgeState.GONE
    assert world.practice.removals() == []
    assert NotificationKind.BRIDGE_GONE in world.practice.told()


def test_lost_access_is_told_and_stops_everything(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()

    world.provider.lets_in = False
    world.wait_out(bridge)
    before = world.provider.requests.total()
    world.look(bridge)

    assert world.provider.requests.total() == before
    assert NotificationKind.ACCESS_LOST in world.practice.told()


def test_what_starts_beyond_the_horizon_is_left_alone_and_told(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()

    world.provider.add(an_object("far@provider", start="DTSTART:20280101T000000Z", end="", summary="Far"))
    world.look(bridge)
    world.look(bridge)

    assert world.remote_titles() == ["Far"]
    assert world.practice.told() == [NotificationKind.AFTER_WINDOW]


def test_a_new_event_that_is_cancelled_there_is_left_alone_and_told(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()

    remote_id = world.provider.add(an_object("off@provider", "STATUS:CANCELLED", summary="Off"))
    world.look(bridge)
    world.look(bridge)

    assert world.remote_titles() == ["Off"]
    assert world.practice.told() == [NotificationKind.NEVER_TAKES_PLACE]
    with world.practice.store.snapshot() as tx:
        assert tx.appointments.of(world.practice.practitioner_id) == []

    world.provider.edit(remote_id, lambda text: text.replace("STATUS:CANCELLED", "STATUS:CONFIRMED"))
    world.look(bridge)

    with world.practice.store.snapshot() as tx:
        assert [each.summary for each in tx.appointments.of(world.practice.practitioner_id)] == ["Off"]


def test_what_was_beyond_the_horizon_comes_in_when_its_day_is_near(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.round()
    world.provider.add(an_object("far@provider", start="DTSTART:20270613T000000Z", end="", summary="Far"))
    world.look(bridge)
    assert world.practice.shown(native) == {}

    world.practice.clock.advance(days=3)
    world.look(bridge)

    assert len(world.practice.shown(native)) == 1


def test_one_event_of_a_series_that_went_as_singles_is_edited(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    series = an_object("mine@phone", "RRULE:FREQ=HOURLY;COUNT=3", end="DURATION:PT30M")
    world.practice.put(native, "a.ics", series)
    world.round()
    second = next(
        key
        for key, each in world.provider.calendar().objects.items()
        if "DTSTART;TZID=Australia/Sydney:20261124T10" in each.text
    )

    world.provider.edit(second, retitled("The second"))
    world.look(bridge)

    text = world.practice.text_of(native, "a.ics")
    assert "SUMMARY:The second" in text
    assert "RECURRENCE-ID" in text
    assert world.remote_titles() == ["Supervision", "Supervision", "The second"]


def test_one_event_of_a_series_that_went_as_singles_is_deleted(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    series = an_object("mine@phone", "RRULE:FREQ=HOURLY;COUNT=3", end="DURATION:PT30M")
    world.practice.put(native, "a.ics", series)
    world.round()
    first = min(world.provider.calendar().objects)

    world.provider.delete(first)
    world.look(bridge)

    assert "EXDATE" in world.practice.text_of(native, "a.ics")
    assert len(world.provider.calendar().objects) == 2
    assert world.practice.removals() == []


def test_a_call_of_the_provider_wakes_the_bridge(world: BridgedWorld) -> None:
    native = world.practice.integration()
    world.connect()
    world.round()

    world.provider.add(an_object("theirs@provider", summary="Lunch"))
    world.round()

    assert len(world.practice.shown(native)) == 1


def test_a_personal_appointment_keeps_its_own_words(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice", "LOCATION:Room 2"), kind=AppointmentKind.PERSONAL)
    world.connect()

    world.round()

    (shown,) = world.provider.calendar().objects.values()
    assert "LOCATION:Room 2" in shown.text
    assert "CLASS:PRIVATE" in shown.text


def test_a_provider_that_only_lists_is_asked_for_what_it_leaves_out(world: BridgedWorld) -> None:
    world.provider.only_lists = True
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()
    world.look(bridge)

    world.provider.delete(world.remote_id_of("Appointment"))
    world.look(bridge)

    assert [each.state for each in world.practice.removals()] == [RemovalState.HELD]


def test_nothing_is_asked_for_that_a_listing_does_not_cover(world: BridgedWorld) -> None:
    world.practice.book(an_object("near@practice"))
    world.practice.book(an_object("far@practice", start="20270405T100000", end="20270405T110000"))
    bridge = world.connect()
    world.round()
    world.look(bridge)
    world.provider.span = Interval(NOON, NOON + timedelta(days=60))
    world.provider.only_lists = True
    world.provider.faults = [None, Fault.EMPTY]
    before = world.provider.requests["read"]

    world.look(bridge)

    assert world.provider.requests["read"] - before == 1
    assert not world.practice.removals()


def one_of_the_singles(world: BridgedWorld, hour: str) -> str:
    """The remote id of the event of an hourly series that starts at this hour."""
    return next(key for key, each in world.provider.calendar().objects.items() if f"20261124T{hour}0000" in each.text)


def kept_bodies(world: BridgedWorld) -> bytes:
    with world.practice.store.snapshot() as tx:
        return b"".join(each.body for each in tx.trail.refused_bodies(world.practice.practitioner_id))


def test_of_one_event_of_singles_ours_stands_and_theirs_is_kept(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    series = an_object("mine@phone", "RRULE:FREQ=HOURLY;COUNT=3", end="DURATION:PT30M")
    world.practice.put(native, "a.ics", series)
    world.round()

    world.provider.edit(one_of_the_singles(world, "10"), retitled("Theirs"))
    world.practice.put(native, "a.ics", series.replace("SUMMARY:Supervision", "SUMMARY:Ours"))
    world.look(bridge)

    assert world.remote_titles() == ["Ours", "Ours", "Ours"]
    assert b"Theirs" in kept_bodies(world)


def test_an_edit_of_one_event_of_a_series_that_leaves_meanwhile_is_kept(world: BridgedWorld) -> None:
    bridge = world.connect()
    series = an_object("first@practice", "RRULE:FREQ=HOURLY;COUNT=3", end="DURATION:PT30M")
    booked = world.practice.book(series, kind=AppointmentKind.PERSONAL)
    world.round()

    world.provider.edit(one_of_the_singles(world, "10"), retitled("Theirs"))
    world.practice.cancel(booked.id)
    world.look(bridge)

    assert world.remote_titles() == []
    assert b"Theirs" in kept_bodies(world)


def test_our_own_writes_coming_back_are_nobodys_activity(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()
    world.practice.book(an_object("first@practice"))
    world.round()
    world.practice.clock.advance(hours=1)
    before = world.bridge(bridge).active_at

    world.look(bridge)

    assert world.bridge(bridge).active_at == before


def test_a_page_is_read_again_until_all_of_it_is_taken_in(world: BridgedWorld) -> None:
    native = world.practice.integration()
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()
    world.provider.add(an_object("mine@phone"))
    world.provider.delete(world.remote_id_of("Appointment"))

    # Looking at the calendar, the page, and looking at the calendar again before a removal is believed.
    world.provider.faults = [None, None, Fault.REFUSED]
    world.look(bridge)
    assert len(world.practice.shown(native)) == 1
    world.practice.clock.advance(minutes=1)
    world.look(bridge)

    assert "Supervision" in "".join(world.practice.text_of(native, each) for each in world.practice.shown(native))
    assert len(world.practice.removals()) == 1


def test_what_was_deleted_during_a_pause_goes_to_review(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()
    source = Source(authority=Authority.PRACTICE, user_id=world.practice.user_id)
    with world.practice.store.transaction() as tx:
        control.pause(tx, world.practice.clock, integration=tx.integrations.one(bridge), source=source)

    world.provider.delete(world.remote_id_of("Appointment"))
    with world.practice.store.transaction() as tx:
        control.resume(tx, world.practice.clock, integration=tx.integrations.one(bridge), source=source)
    world.round()

    assert [each.state for each in world.practice.removals()] == [RemovalState.REVIEW]


@pytest.mark.parametrize("trouble", ["hidden", "missing", "refused"])
def test_what_was_deleted_while_a_bridge_stood_still_goes_to_review(world: BridgedWorld, trouble: str) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()
    calendar = world.provider.calendar()
    calendar.state = {"hidden": CalendarState.HIDDEN, "missing": CalendarState.GONE}.get(trouble, calendar.state)
    world.provider.lets_in = trouble != "refused"
    world.wait_out(bridge)

    world.provider.delete(world.remote_id_of("Appointment"))
    calendar.state = CalendarState.VISIBLE
    world.provider.lets_in = True
    world.let_in()
    world.look(bridge)

    assert [each.state for each in world.practice.removals()] == [RemovalState.REVIEW]


def test_what_was_changed_after_it_was_deleted_there_is_kept(world: BridgedWorld) -> None:
    booked = world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()

    world.provider.delete(world.remote_id_of("Appointment"))
    world.practice.book(moved("20261125T140000")(an_object("first@practice")), appointment_id=booked.id)
    world.look(bridge)
    world.practice.clock.advance(minutes=20)
    world.practice.settle()
    world.round()

    assert not world.practice.appointment(booked.id).is_gone
    assert len(world.provider.calendar().objects) == 1
    assert NotificationKind.REMOVAL_KEPT_CHANGED in world.practice.told()
