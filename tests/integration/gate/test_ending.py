"""Rule 4 judges the occurrences that an edit adds: taking away some is an edit, all a removal (rule 7)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hxdav.domain.appointment import RecordMark
from hxdav.domain.edit import Applied, Held, Refused
from hxdav.domain.ids import IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.domain.refusal import Reason
from hxdav.domain.removal import RemovalState
from hxdav.store.store import Store
from tests.builders import PracticeWorld, a_practice, an_object

TODAY = date(2026, 11, 22)
LONG_AGO = date(2026, 9, 7)
"""A Monday before the calendar was connected."""

NEXT = date(2026, 11, 24)


def a_series(first: date, *lines: str, uid: str = "one@example", at: str = "090000") -> str:
    return an_object(uid, *lines, "DURATION:PT50M", start=f"DTSTART;TZID=Australia/Sydney:{first:%Y%m%d}T{at}", end="")


def without(*days: date, at: str = "090000") -> str:
    return "EXDATE;TZID=Australia/Sydney:" + ",".join(f"{day:%Y%m%d}T{at}" for day in days)


def an_override(original: date, starts: date, *lines: str, at: str = "090000") -> str:
    """The end of the series' text, with one occurrence that is told of by itself."""
    zone = "TZID=Australia/Sydney"
    return "\r\n".join(
        [
            "BEGIN:VEVENT",
            "UID:one@example",
            "DTSTAMP:20261101T000000Z",
            f"RECURRENCE-ID;{zone}:{original:%Y%m%d}T{at}",
            f"DTSTART;{zone}:{starts:%Y%m%d}T{at}",
            "DURATION:PT50M",
            *lines,
            "END:VEVENT",
            "END:VCALENDAR",
        ]
    )


def shown_from_the_practice(practice: PracticeWorld, calendar: IntegrationId, first: date, rule: str) -> None:
    """A personal series begun before the connection day, put while there is no window, at ``a.ics``."""
    limited, practice.policy = practice.policy, type(practice.policy)(window_days=None)
    assert isinstance(practice.put(calendar, "a.ics", a_series(first, rule)), Applied)
    practice.policy = limited


@pytest.mark.parametrize(
    "lines",
    [
        ("RRULE:FREQ=WEEKLY;UNTIL=20261116T120000Z",),
        ("RRULE:FREQ=WEEKLY;COUNT=3",),
        ("RRULE:FREQ=WEEKLY;COUNT=12", without(date(2026, 11, 23))),
    ],
    ids=["until", "count", "exdate"],
)
def test_a_series_from_before_the_connection_may_end_before_it(sqlite_store: Store, lines: tuple[str, ...]) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration(connected_on=TODAY)
    shown_from_the_practice(practice, calendar, LONG_AGO, "RRULE:FREQ=WEEKLY")
    ended = a_series(LONG_AGO, *lines)

    outcome = practice.put(calendar, "a.ics", ended)

    assert isinstance(outcome, Applied)
    assert practice.text_of(calendar, "a.ics") == ended
    assert practice.told() == []


def test_this_and_following_ends_the_old_series_and_takes_the_new_one(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration(connected_on=TODAY)
    shown_from_the_practice(practice, calendar, LONG_AGO, "RRULE:FREQ=WEEKLY")

    new = practice.put(calendar, "new.ics", a_series(date(2026, 11, 23), "RRULE:FREQ=WEEKLY", uid="two@example"))
    old = practice.put(calendar, "a.ics", a_series(LONG_AGO, "RRULE:FREQ=WEEKLY;UNTIL=20261116T120000Z"))

    assert isinstance(new, Applied)
    assert isinstance(old, Applied)


def test_only_this_one_of_a_yearly_series_may_go(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration(connected_on=TODAY)
    practice.put(calendar, "a.ics", a_series(NEXT, "RRULE:FREQ=YEARLY"))

    outcome = practice.put(calendar, "a.ics", a_series(NEXT, "RRULE:FREQ=YEARLY", without(NEXT)))

    assert isinstance(outcome, Applied)


def test_a_series_with_no_occurrence_inside_is_not_moved_outside(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration(connected_on=TODAY)
    practice.put(calendar, "a.ics", a_series(NEXT, "RRULE:FREQ=YEARLY"))
    practice.put(calendar, "a.ics", a_series(NEXT, "RRULE:FREQ=YEARLY", without(NEXT)))

    moved = a_series(NEXT, "RRULE:FREQ=YEARLY", without(NEXT, at="110000"), at="110000")

    assert practice.put(calendar, "a.ics", moved) == Refused(reason=Reason.AFTER_WINDOW)


@pytest.mark.parametrize(
    ("added", "refusal"),
    [
        ("RDATE;TZID=Australia/Sydney:20261123T090000", None),
        ("RDATE;TZID=Australia/Sydney:20261120T090000", Reason.BEFORE_WINDOW),
        ("RDATE;TZID=Australia/Sydney:20280101T090000", Reason.AFTER_WINDOW),
    ],
)
def test_what_an_ended_series_gets_again_is_judged(sqlite_store: Store, added: str, refusal: Reason | None) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration(connected_on=TODAY)
    shown_from_the_practice(practice, calendar, LONG_AGO, "RRULE:FREQ=WEEKLY;COUNT=3")

    outcome = practice.put(calendar, "a.ics", a_series(LONG_AGO, "RRULE:FREQ=WEEKLY;COUNT=3", added))

    assert outcome == Refused(reason=refusal) if refusal else isinstance(outcome, Applied)


def test_an_occurrence_of_an_ended_series_is_not_moved_outside(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration(connected_on=TODAY)
    shown_from_the_practice(practice, calendar, LONG_AGO, "RRULE:FREQ=WEEKLY;COUNT=3")
    series = a_series(LONG_AGO, "RRULE:FREQ=WEEKLY;COUNT=3")

    moved = series.replace("END:VCALENDAR", an_override(LONG_AGO, LONG_AGO + timedelta(days=1)))
    renamed = series.replace("END:VCALENDAR", an_override(LONG_AGO, LONG_AGO))

    assert practice.put(calendar, "a.ics", moved) == Refused(reason=Reason.BEFORE_WINDOW)
    assert isinstance(practice.put(calendar, "a.ics", renamed), Applied)


def test_a_series_that_goes_on_inside_may_reach_beyond_the_horizon(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration(connected_on=TODAY)
    practice.put(calendar, "a.ics", a_series(NEXT, "RRULE:FREQ=WEEKLY;UNTIL=20270610T000000Z"))

    assert isinstance(practice.put(calendar, "a.ics", a_series(NEXT, "RRULE:FREQ=WEEKLY")), Applied)


def test_a_series_without_its_last_occurrence_is_a_removal(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar, other = practice.integration(), practice.integration("hx-two")
    rule, days = "RRULE:FREQ=DAILY;COUNT=2", (NEXT, NEXT + timedelta(days=1))
    practice.put(calendar, "a.ics", a_series(NEXT, rule))
    assert isinstance(practice.put(calendar, "a.ics", a_series(NEXT, rule, without(days[0]))), Applied)

    outcome = practice.put(calendar, "a.ics", a_series(NEXT, rule, without(*days)))

    assert isinstance(outcome, Held)
    assert practice.shown(calendar) == {}
    assert len(practice.shown(other)) == 1
    practice.clock.advance(seconds=60)
    practice.settle()
    assert [each.state for each in practice.removals()] == [RemovalState.APPLIED]
    assert practice.shown(other) == {}


def test_cancelling_the_last_occurrence_says_what_an_exception_says(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration()
    series = a_series(NEXT, "RRULE:FREQ=DAILY;COUNT=1")
    practice.put(calendar, "a.ics", series)

    outcome = practice.put(
        calendar, "a.ics", series.replace("END:VCALENDAR", an_override(NEXT, NEXT, "STATUS:CANCELLED"))
    )

    assert isinstance(outcome, Held)


def test_an_occurrence_that_is_moved_is_still_one(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", a_series(NEXT, "RRULE:FREQ=DAILY;COUNT=1"))
    moved = a_series(NEXT, "RRULE:FREQ=DAILY;COUNT=1", without(NEXT))
    moved = moved.replace("END:VCALENDAR", an_override(NEXT, NEXT + timedelta(days=2)))

    assert isinstance(practice.put(calendar, "a.ics", moved), Applied)
    assert practice.removals() == []


def test_emptying_a_series_that_is_protected_is_refused(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration()
    created = practice.put(calendar, "a.ics", a_series(NEXT, "RRULE:FREQ=DAILY;COUNT=1"))
    assert isinstance(created, Applied)
    appointment = practice.appointment(created.appointment_id)
    practice.book(appointment.text, appointment_id=appointment.id, kind=appointment.kind, note=RecordMark.PRESENT)

    outcome = practice.put(calendar, "a.ics", a_series(NEXT, "RRULE:FREQ=DAILY;COUNT=1", without(NEXT)))

    assert outcome == Refused(reason=Reason.NOTE_PROTECTS)
    assert "EXDATE" not in practice.text_of(calendar, "a.ics")


def test_emptying_the_fourth_series_opens_the_review(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration()
    rule = "RRULE:FREQ=DAILY;COUNT=1"
    for number in range(4):
        practice.put(calendar, f"{number}.ics", a_series(NEXT, rule, uid=f"{number}@example"))

    for number in range(4):
        practice.put(calendar, f"{number}.ics", a_series(NEXT, rule, without(NEXT), uid=f"{number}@example"))

    assert {each.state for each in practice.removals()} == {RemovalState.REVIEW}


def test_a_new_series_that_never_occurs_is_refused_in_so_many_words(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration()

    outcome = practice.put(calendar, "a.ics", a_series(NEXT, "RRULE:FREQ=DAILY;COUNT=1", without(NEXT)))

    assert outcome == Refused(reason=Reason.NEVER_TAKES_PLACE)
    assert practice.shown(calendar) == {}


def test_what_cannot_repeat_loses_no_occurrence_by_an_exception(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration()
    booked = practice.book(a_series(NEXT, uid="p@practice"))
    (href,) = practice.shown(calendar)
    with sqlite_store.snapshot() as tx:
        uid = tx.feed.objects(calendar, [href])[href].shown_uid

    practice.put(calendar, href, a_series(NEXT, without(NEXT), uid=uid))

    assert practice.removals() == []
    assert practice.appointment(booked.id).text == booked.text


ONE_DATE_ALONE = an_object("one@example", "RECURRENCE-ID;TZID=Australia/Sydney:20261124T090000", "STATUS:CANCELLED")


@pytest.mark.parametrize(
    "text",
    [
        an_object("one@example", "STATUS:CANCELLED"),
        a_series(NEXT, "RRULE:FREQ=DAILY", "STATUS:CANCELLED"),
        ONE_DATE_ALONE,
    ],
    ids=["single", "series", "one date of a series"],
)
def test_a_new_event_that_is_cancelled_is_refused_and_told(sqlite_store: Store, text: str) -> None:
    practice = a_practice(sqlite_store)
    calendar, other = practice.integration(), practice.integration("hx-two")

    assert practice.put(calendar, "a.ics", text) == Refused(reason=Reason.NEVER_TAKES_PLACE)

    assert (practice.shown(calendar), practice.shown(other)) == ({}, {})
    assert practice.told() == [NotificationKind.NEVER_TAKES_PLACE]
    with sqlite_store.snapshot() as tx:
        assert tx.appointments.of(practice.practitioner_id) == []
        (kept,) = tx.trail.refused_bodies(practice.practitioner_id)
    assert kept.body.decode() == text


def test_a_cancelled_copy_neither_takes_a_removal_back_nor_restores(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar, other = practice.integration(), practice.integration("hx-two")
    practice.put(calendar, "a.ics", an_object("one@example"))
    practice.remove(calendar, "a.ics")
    cancelled = an_object("one@example", "STATUS:CANCELLED")

    assert practice.put(other, "copy.ics", cancelled) == Refused(reason=Reason.NEVER_TAKES_PLACE)
    practice.clock.advance(seconds=60)
    practice.settle()
    assert practice.put(calendar, "b.ics", cancelled) == Refused(reason=Reason.NEVER_TAKES_PLACE)

    assert (practice.shown(calendar), practice.shown(other)) == ({}, {})


def test_a_refused_cancelled_event_is_added_when_it_is_confirmed(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object("one@example", "STATUS:CANCELLED"))

    assert isinstance(practice.put(calendar, "a.ics", an_object("one@example", "STATUS:CONFIRMED")), Applied)
    assert set(practice.shown(calendar)) == {"a.ics"}
