"""A review is answered by a person, in parts or whole, or keeps by itself (rule 7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hxdav.domain.appointment import RecordMark
from hxdav.domain.edit import Applied
from hxdav.domain.ids import AppointmentId, IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.domain.removal import Decision, RemovalState, ReviewAnswer
from hxdav.errors import NotFound
from hxdav.services.appointments import removal_review
from hxdav.store.store import Store
from tests.builders import BY_PRACTICE, NOON, PracticeWorld, a_practice, an_object


def _in_review(store: Store, count: int = 4, *, ahead: timedelta = timedelta(days=20)) -> _Review:
    """A practice with so many personal appointments, all removed in one calendar, ``ahead`` of their start."""
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    starts = NOON + ahead
    ids = []
    for number in range(count):
        text = an_object(
            f"{number}@example",
            start=f"DTSTART:{starts:%Y%m%dT%H%M%SZ}",
            end=f"DTEND:{starts + timedelta(hours=1):%Y%m%dT%H%M%SZ}",
        )
        put = practice.put(calendar, f"{number}.ics", text)
        assert isinstance(put, Applied)
        ids.append(put.appointment_id)
    for number in range(count):
        practice.remove(calendar, f"{number}.ics")
    return _Review(practice, calendar, other, ids)


class _Review:
    def __init__(
        self, practice: PracticeWorld, calendar: IntegrationId, other: IntegrationId, ids: list[AppointmentId]
    ) -> None:
        self.practice = practice
        self.calendar = calendar
        self.other = other
        self.ids = ids


def test_what_is_kept_shows_again_and_the_rest_is_removed_everywhere(store: Store) -> None:
    review = _in_review(store)
    practice = review.practice
    one, two, three, four = (each.id for each in practice.removals())

    practice.answer([one, three], ReviewAnswer.KEEP)
    practice.answer([two, four], ReviewAnswer.APPLY)

    assert set(practice.shown(review.calendar)) == {"0.ics", "2.ics"}
    assert len(practice.shown(review.other)) == 2
    assert [each.decision for each in practice.removals()] == [Decision.REVIEWED] * 4
    assert [practice.appointment(each).is_gone for each in review.ids] == [False, True, False, True]


def test_what_a_review_let_through_does_not_count_as_unreviewed(store: Store) -> None:
    review = _in_review(store)
    practice = review.practice
    practice.answer([each.id for each in practice.removals()], ReviewAnswer.APPLY)
    for name in "abc":
        practice.put(review.calendar, f"{name}.ics", an_object(f"{name}@example"))
        practice.remove(review.calendar, f"{name}.ics")

    assert [each.state for each in practice.removals()[4:]] == [RemovalState.HELD] * 3


def test_a_later_removal_joins_the_open_review_while_the_count_exceeds_three(store: Store) -> None:
    review = _in_review(store)
    practice = review.practice
    practice.put(review.calendar, "late.ics", an_object("late@example"))
    practice.clock.advance(minutes=10)

    practice.remove(review.calendar, "late.ics")

    assert practice.removals()[-1].state is RemovalState.REVIEW
    assert practice.told() == [NotificationKind.REVIEW_WAITING]


def test_a_removal_fifteen_minutes_later_settles_by_itself_beside_an_open_review(store: Store) -> None:
    review = _in_review(store)
    practice = review.practice
    practice.put(review.calendar, "late.ics", an_object("late@example"))
    practice.clock.advance(minutes=15)

    practice.removed(review.calendar, "late.ics")

    states = [each.state for each in practice.removals()]
    assert states == [RemovalState.REVIEW] * 4 + [RemovalState.APPLIED]


def test_an_answer_to_what_is_not_in_the_review_is_refused_whole(store: Store) -> None:
    review = _in_review(store)
    practice = review.practice
    first, *_ = (each.id for each in practice.removals())
    practice.answer([first], ReviewAnswer.KEEP)

    with pytest.raises(NotFound, match=str(first)):
        practice.answer([each.id for each in practice.removals()], ReviewAnswer.APPLY)

    assert practice.carry_out() == 0


@pytest.mark.parametrize(("seconds", "is_kept"), [(-1, False), (0, True)])
def test_an_unanswered_review_keeps_after_seven_days(store: Store, seconds: int, *, is_kept: bool) -> None:
    review = _in_review(store)
    practice = review.practice
    practice.clock.advance(days=7, seconds=seconds)

    assert practice.carry_out() == (4 if is_kept else 0)

    assert len(practice.shown(review.calendar)) == (4 if is_kept else 0)
    unanswered = [NotificationKind.REMOVAL_KEPT_UNANSWERED]
    assert practice.told() == [NotificationKind.REVIEW_WAITING] + (unanswered if is_kept else [])


@pytest.mark.parametrize(("seconds", "is_kept"), [(-1, False), (0, True)])
def test_a_day_before_its_appointment_a_removal_in_review_keeps(store: Store, seconds: int, *, is_kept: bool) -> None:
    review = _in_review(store, ahead=timedelta(days=3))
    practice = review.practice
    practice.clock.advance(days=2, seconds=seconds)

    assert practice.carry_out() == (4 if is_kept else 0)


def test_a_review_that_opens_within_the_last_day_waits_its_seven_days(store: Store) -> None:
    review = _in_review(store, ahead=timedelta(hours=24))
    practice = review.practice
    practice.clock.advance(days=6)

    assert practice.carry_out() == 0


def test_each_removal_keeps_by_itself(store: Store) -> None:
    review = _in_review(store, ahead=timedelta(days=3))
    practice = review.practice
    practice.clock.advance(minutes=5)
    starts = datetime(2026, 12, 20, 1, tzinfo=UTC)
    practice.put(
        review.calendar,
        "far.ics",
        an_object("far@example", start=f"DTSTART:{starts:%Y%m%dT%H%M%SZ}", end=f"DTEND:{starts:%Y%m%dT%H%M%SZ}"),
    )
    practice.remove(review.calendar, "far.ics")
    practice.clock.advance(days=2)

    practice.carry_out()

    assert [each.state for each in practice.removals()] == [RemovalState.KEPT] * 4 + [RemovalState.REVIEW]


def test_the_next_occurrence_of_a_series_sets_the_day_by_which_it_keeps(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    daily = an_object("daily@example", "RRULE:FREQ=WEEKLY", start="DTSTART:20261105T010000Z", end="")
    practice.put(calendar, "daily.ics", daily)
    for name in "abc":
        practice.put(calendar, f"{name}.ics", an_object(f"{name}@example"))
        practice.remove(calendar, f"{name}.ics")

    practice.remove(calendar, "daily.ics")

    # The next Thursday is the 26th.
    assert practice.removals()[-1].answer_by == datetime(2026, 11, 25, 1, tzinfo=UTC)


def test_what_became_protected_in_review_is_kept_whatever_is_answered(store: Store) -> None:
    review = _in_review(store)
    practice = review.practice
    text = practice.appointment(review.ids[0]).text
    practice.book(text, appointment_id=review.ids[0], note=RecordMark.PRESENT)

    assert practice.removals()[0].decision is Decision.PROTECTED
    assert set(practice.shown(review.calendar)) == {"0.ics"}


def test_putting_it_again_takes_it_out_of_the_review(store: Store) -> None:
    review = _in_review(store)
    practice = review.practice
    text = practice.appointment(review.ids[0]).text

    practice.put(review.calendar, "0.ics", text)

    assert [each.state for each in practice.removals()] == [RemovalState.KEPT] + [RemovalState.REVIEW] * 3


def test_a_large_answer_is_carried_out_in_parts_and_goes_on_after_a_crash(store: Store) -> None:
    review = _in_review(store, 7)
    practice = review.practice
    with store.transaction() as tx:
        practitioner = tx.people.practitioner(practice.practitioner_id)
        ids = [each.id for each in tx.removals.in_review(practice.practitioner_id)]
        removal_review.answer(
            tx, practice.clock, practitioner=practitioner, removal_ids=ids, said=ReviewAnswer.APPLY, source=BY_PRACTICE
        )
    with store.transaction() as tx:
        done = removal_review.carry_out(
            tx, practice.clock, practice.policy, practitioner_id=practice.practitioner_id, limit=3
        )
    with store.snapshot() as tx:
        (open_review,) = tx.removals.reviews()

    assert done == 3
    assert (open_review.waiting, open_review.answered) == (4, 4)
    assert practice.carry_out() == 4
    assert all(practice.appointment(each).is_gone for each in review.ids)


def test_a_review_may_be_switched_off(store: Store) -> None:
    practice = a_practice(store)
    practice.policy = type(practice.policy)(unreviewed=None)
    calendar = practice.integration()
    for number in range(6):
        practice.put(calendar, f"{number}.ics", an_object(f"{number}@example"))
        practice.remove(calendar, f"{number}.ics")
    practice.clock.advance(seconds=60)

    assert practice.settle() == 6
