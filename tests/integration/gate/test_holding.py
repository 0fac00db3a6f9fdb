"""Removals are held, counted and settled in batches, and can be taken back (rule 7)."""

from __future__ import annotations

from typing import Any

import pytest

from hxdav.domain.appointment import AppointmentStatus, RecordMark
from hxdav.domain.edit import Applied, Held, Precondition, Refused
from hxdav.domain.ids import ETag, IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.domain.policy import Policy
from hxdav.domain.refusal import Reason
from hxdav.domain.removal import Decision, RemovalState
from hxdav.store.store import Store
from tests.builders import PracticeWorld, a_practice, an_object


def _put(practice: PracticeWorld, calendar: IntegrationId, *names: str) -> None:
    for name in names:
        assert isinstance(practice.put(calendar, f"{name}.ics", an_object(f"{name}@example")), Applied)


def _states(practice: PracticeWorld) -> list[RemovalState]:
    return [each.state for each in practice.removals()]


def test_a_removal_hides_the_object_where_it_was_made_and_shows_it_elsewhere(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    _put(practice, calendar, "a")
    shown_elsewhere = practice.shown(other)
    modseq = practice.modseq(calendar)

    outcome = practice.remove(calendar, "a.ics")

    assert isinstance(outcome, Held)
    assert practice.shown(calendar) == {}
    assert practice.changes(calendar, since=modseq) == {"a.ics": None}
    assert practice.shown(other) == shown_elsewhere
    assert not practice.appointment(outcome.appointment_id).is_gone
    assert practice.remove(calendar, "a.ics") == Refused(reason=Reason.MISSING)


@pytest.mark.parametrize(("seconds", "is_settled"), [(59, False), (60, True)])
def test_a_batch_closes_sixty_seconds_after_its_last_removal(store: Store, seconds: int, *, is_settled: bool) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a", "b")
    practice.remove(calendar, "a.ics")
    practice.clock.advance(seconds=59)
    practice.remove(calendar, "b.ics")
    practice.clock.advance(seconds=seconds)

    assert practice.settle() == (2 if is_settled else 0)

    assert _states(practice) == [RemovalState.APPLIED if is_settled else RemovalState.HELD] * 2


def test_a_batch_that_has_closed_is_applied_before_the_next_removal_even_if_no_worker_came(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a", "b")
    practice.remove(calendar, "a.ics")
    practice.clock.advance(seconds=61)

    practice.remove(calendar, "b.ics")

    assert _states(practice) == [RemovalState.APPLIED, RemovalState.HELD]


def test_removing_elsewhere_what_is_due_finds_it_gone(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    _put(practice, calendar, "a")
    (elsewhere,) = practice.shown(other)
    practice.remove(calendar, "a.ics")
    practice.clock.advance(seconds=60)

    assert practice.remove(other, elsewhere) == Refused(reason=Reason.MISSING)

    assert _states(practice) == [RemovalState.APPLIED]


def test_three_removals_are_applied_without_a_review(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a", "b", "c")
    for name in "abc":
        practice.remove(calendar, f"{name}.ics")
    practice.clock.advance(seconds=60)

    practice.settle()

    assert [each.decision for each in practice.removals()] == [Decision.SETTLED] * 3
    assert practice.told() == []


def test_the_fourth_removal_sends_all_that_are_held_to_review_at_once(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, *"abcde")
    for name in "abcde":
        practice.remove(calendar, f"{name}.ics")
    practice.clock.advance(seconds=60)

    assert practice.settle() == 0

    assert _states(practice) == [RemovalState.REVIEW] * 5
    assert practice.told() == [NotificationKind.REVIEW_WAITING]


def test_what_was_applied_before_counts_but_is_not_brought_back(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, *"abcd")
    for name in "abcd":
        practice.remove(calendar, f"{name}.ics")
        practice.clock.advance(seconds=61)
        practice.settle()

    assert _states(practice) == [RemovalState.APPLIED] * 3 + [RemovalState.REVIEW]


@pytest.mark.parametrize(
    ("after", "state"), [({"seconds": 899}, RemovalState.REVIEW), ({"seconds": 900}, RemovalState.HELD)]
)
def test_fifteen_minutes_after_the_first_of_four_it_no_longer_counts(
    store: Store, after: dict[str, float], state: RemovalState
) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, *"abcd")
    for name in "abc":
        practice.remove(calendar, f"{name}.ics")
    practice.clock.advance(**after)

    practice.remove(calendar, "d.ics")

    assert _states(practice)[-1] is state


def test_removals_from_several_calendars_and_devices_count_together(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    _put(practice, calendar, "a", "b")
    _put(practice, other, "c", "d")
    for place, name in ((calendar, "a"), (other, "c"), (calendar, "b"), (other, "d")):
        practice.remove(place, f"{name}.ics")

    assert _states(practice) == [RemovalState.REVIEW] * 4


def test_removals_of_two_practitioners_do_not_count_together(store: Store) -> None:
    maya, tom = a_practice(store), a_practice(store, key="other", username="tom")
    for practice in (maya, tom):
        calendar = practice.integration(f"hx-{practice.practitioner_id}")
        _put(practice, calendar, "a", "b")
        for name in "ab":
            practice.remove(calendar, f"{name}.ics")

    assert _states(maya) == _states(tom) == [RemovalState.HELD] * 2


def test_removing_the_same_appointment_in_two_calendars_is_one_removal(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    _put(practice, calendar, "a")
    (elsewhere,) = practice.shown(other)
    practice.remove(calendar, "a.ics")
    practice.clock.advance(seconds=30)

    practice.remove(other, elsewhere)
    practice.clock.advance(seconds=59)

    assert practice.settle() == 0
    assert practice.shown(other) == {}
    assert _states(practice) == [RemovalState.HELD]


def test_protected_ones_are_refused_and_do_not_count(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    for number in range(5):
        practice.book(an_object(f"p{number}@practice"), note=RecordMark.PRESENT)
    for href in practice.shown(calendar):
        assert isinstance(practice.remove(calendar, href), Refused)
    _put(practice, calendar, "a", "b", "c")
    for name in "abc":
        practice.remove(calendar, f"{name}.ics")

    assert _states(practice) == [RemovalState.HELD] * 3


def test_an_etag_that_was_taken_back_does_not_come_back(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a")
    first = practice.shown(calendar)["a.ics"]
    practice.removed(calendar, "a.ics")

    _put(practice, calendar, "a")

    assert practice.shown(calendar)["a.ics"] != first


def test_what_was_taken_back_does_not_count(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, *"abcd")
    practice.remove(calendar, "a.ics")
    _put(practice, calendar, "a")
    for name in "bcd":
        practice.remove(calendar, f"{name}.ics")

    assert _states(practice) == [RemovalState.KEPT] + [RemovalState.HELD] * 3


@pytest.mark.parametrize("href", ["a.ics", "another.ics"])
@pytest.mark.parametrize("how", ["plainly", "as new", "by the last etag"])
def test_putting_the_uid_again_takes_the_removal_back(store: Store, href: str, how: str) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    _put(practice, calendar, "a")
    etag = practice.shown(calendar)["a.ics"]
    removed = practice.remove(calendar, "a.ics")
    preconditions = {
        "plainly": Precondition(),
        "as new": Precondition(if_none_match_any=True),
        "by the last etag": Precondition(if_match=frozenset({etag})),
    }

    outcome = practice.put(calendar, href, an_object("a@example"), preconditions[how])

    assert isinstance(removed, Held)
    assert isinstance(outcome, Applied)
    assert outcome.appointment_id == removed.appointment_id
    assert outcome.created
    assert practice.shown(calendar) == {href: outcome.etag}
    assert outcome.etag != etag
    assert len(practice.shown(other)) == 1
    assert [each.decision for each in practice.removals()] == [Decision.TAKEN_BACK]
    practice.clock.advance(minutes=5)
    assert practice.settle() == 0


def test_a_wrong_etag_does_not_take_a_removal_back(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a")
    practice.remove(calendar, "a.ics")

    stale = Precondition(if_match=frozenset({ETag('"old"')}))

    assert practice.put(calendar, "a.ics", an_object("a@example"), stale) == Refused(reason=Reason.STALE)
    assert practice.put(calendar, "a.ics", an_object("a@example"), Precondition(if_match_any=True)) == Refused(
        reason=Reason.STALE
    )
    assert practice.shown(calendar) == {}


def test_an_edit_in_another_calendar_takes_the_removal_back(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    _put(practice, calendar, "a")
    (elsewhere,) = practice.shown(other)
    with store.snapshot() as tx:
        uid = tx.feed.objects(other, [elsewhere])[elsewhere].shown_uid
    practice.remove(calendar, "a.ics")

    practice.put(other, elsewhere, an_object(uid, summary="Moved on"))

    assert set(practice.shown(calendar)) == {"a.ics"}
    assert "Moved on" in practice.text_of(calendar, "a.ics")
    assert _states(practice) == [RemovalState.KEPT]


def test_a_refused_put_takes_nothing_back(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a")
    practice.remove(calendar, "a.ics")
    beyond = an_object("a@example", start="DTSTART:20281124T090000Z", end="DTEND:20281124T100000Z")

    assert practice.put(calendar, "a.ics", beyond) == Refused(reason=Reason.AFTER_WINDOW)

    assert practice.shown(calendar) == {}
    assert _states(practice) == [RemovalState.HELD]


def test_another_object_may_be_put_at_the_address_of_a_hidden_one(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a")
    before = practice.modseq(calendar)
    removed = practice.remove(calendar, "a.ics")

    outcome = practice.put(calendar, "a.ics", an_object("other@example"))
    taken_back = practice.put(calendar, "again.ics", an_object("a@example"))

    assert isinstance(removed, Held)
    assert isinstance(outcome, Applied)
    assert isinstance(taken_back, Applied)
    assert outcome.appointment_id != removed.appointment_id == taken_back.appointment_id
    assert practice.shown(calendar) == {"a.ics": outcome.etag, "again.ics": taken_back.etag}
    shown = practice.changes(calendar, since=before)
    assert {href: etag for href, etag in shown.items() if etag} == practice.shown(calendar)


def test_a_kept_appointment_whose_address_was_taken_shows_under_one_of_ours(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a")
    removed = practice.remove(calendar, "a.ics")
    assert isinstance(removed, Held)
    practice.put(calendar, "a.ics", an_object("other@example"))
    practice.book(an_object("a@example"), appointment_id=removed.appointment_id, note=RecordMark.PRESENT)

    assert len(practice.shown(calendar)) == 2
    assert [each.decision for each in practice.removals()] == [Decision.PROTECTED]


def test_what_got_a_note_while_it_was_held_is_kept_and_told(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice"))
    (href,) = practice.shown(calendar)
    etag = practice.shown(calendar)[href]
    practice.remove(calendar, href)

    practice.book(booked.text, appointment_id=booked.id, note=RecordMark.PRESENT)

    assert [each.decision for each in practice.removals()] == [Decision.PROTECTED]
    assert practice.shown(calendar)[href] != etag
    assert practice.told() == [NotificationKind.REMOVAL_KEPT_PROTECTED]


@pytest.mark.parametrize("change", ["time", "length", "patients", "status"])
def test_what_the_practice_changed_while_it_was_held_is_kept_and_told(store: Store, change: str) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice"), patients=("Jo Doe",))
    (href,) = practice.shown(calendar)
    practice.remove(calendar, href)
    zone = "TZID=Australia/Sydney"
    start, end = f"DTSTART;{zone}:20261124T090000", f"DTEND;{zone}:20261124T100000"
    if change == "time":
        start, end = f"DTSTART;{zone}:20261125T090000", f"DTEND;{zone}:20261125T100000"
    if change == "length":
        end = f"DTEND;{zone}:20261124T093000"

    practice.book(
        an_object("p@practice", start=start, end=end),
        appointment_id=booked.id,
        patients=("Kim Roe",) if change == "patients" else ("Jo Doe",),
        status=AppointmentStatus.ARRIVED if change == "status" else AppointmentStatus.BOOKED,
    )

    assert [each.decision for each in practice.removals()] == [Decision.CHANGED]
    assert set(practice.shown(calendar)) == {href}
    assert practice.told() == [NotificationKind.REMOVAL_KEPT_CHANGED]


def test_another_title_does_not_speak_against_a_removal(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice"))
    (href,) = practice.shown(calendar)
    practice.remove(calendar, href)

    practice.book(an_object("p@practice", summary="Renamed"), appointment_id=booked.id)
    practice.clock.advance(seconds=60)
    practice.settle()

    assert practice.appointment(booked.id).practice.status is AppointmentStatus.CANCELLED
    assert practice.changes(calendar)[href] is None


def test_the_same_time_in_other_words_does_not_speak_against_a_removal(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice"))
    (href,) = practice.shown(calendar)
    practice.remove(calendar, href)

    in_utc = an_object("p@practice", start="DTSTART:20261123T220000Z", end="DTEND:20261123T230000Z")
    practice.book(in_utc, appointment_id=booked.id)
    practice.clock.advance(seconds=60)
    practice.settle()

    assert practice.appointment(booked.id).practice.status is AppointmentStatus.CANCELLED


def test_the_practices_cancellation_overtakes_a_removal(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    booked = practice.book(an_object("p@practice"))
    (href,) = practice.shown(calendar)
    practice.remove(calendar, href)

    practice.cancel(booked.id)

    assert [each.decision for each in practice.removals()] == [Decision.OVERTAKEN]
    assert practice.shown(calendar) == practice.shown(other) == {}
    assert practice.told() == []
    assert practice.settle() == 0


def test_the_history_of_an_applied_removal_names_who_removed_it(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a")
    removed = practice.removed(calendar, "a.ics")
    assert isinstance(removed, Held)

    with store.snapshot() as tx:
        version = tx.appointments.versions(removed.appointment_id)[-1]

    assert version.action == "removed"
    assert version.source.integration_id == calendar
    assert version.source.user_id == practice.user_id


def test_moving_onto_an_address_that_a_removed_object_had_is_a_plain_move(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a", "b")
    practice.remove(calendar, "b.ics")

    outcome = practice.move(calendar, "a.ics", "b.ics", overwrite=False)

    assert isinstance(outcome, Applied)
    assert outcome.created
    assert set(practice.shown(calendar)) == {"b.ics"}
    assert _states(practice) == [RemovalState.HELD]


def test_cancelling_again_what_is_hidden_changes_nothing(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    _put(practice, calendar, "a")
    practice.put(calendar, "a.ics", an_object("a@example", "STATUS:CANCELLED"))

    again = practice.put(calendar, "a.ics", an_object("a@example", "STATUS:CANCELLED"))

    assert isinstance(again, Held)
    assert practice.shown(calendar) == {}
    assert _states(practice) == [RemovalState.HELD]


@pytest.mark.parametrize("unreviewed", [3, None])
def test_a_removal_costs_the_same_however_many_were_made_before(sqlite_store: Store, unreviewed: int | None) -> None:
    practice = a_practice(sqlite_store)
    practice.policy = Policy(unreviewed=unreviewed)
    calendar = practice.integration()
    for number in range(200):
        practice.put(calendar, f"{number}.ics", an_object(f"{number}@example"))
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with sqlite_store.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(count, 10)
    costs: list[int] = []
    for number in range(200):
        steps = 0
        practice.remove(calendar, f"{number}.ics")
        costs.append(steps)

    assert 0 < costs[-1] <= 1.2 * max(costs[4:14])
