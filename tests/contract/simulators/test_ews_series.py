"""Series of the EWS simulator: patterns, occurrences, exceptions, through unmodified exchangelib."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

import pytest
from exchangelib import EWSDate  # type: ignore[import-untyped]
from exchangelib.errors import (  # type: ignore[import-untyped]
    ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange,
    ErrorCalendarOccurrenceIsDeletedFromRecurrence,
    ErrorIrresolvableConflict,
    ErrorOccurrenceCrossingBoundary,
    ErrorRecurrenceHasNoOccurrence,
)
from exchangelib.recurrence import (  # type: ignore[import-untyped]
    AbsoluteMonthlyPattern,
    AbsoluteYearlyPattern,
    DailyPattern,
    Recurrence,
    RelativeMonthlyPattern,
    RelativeYearlyPattern,
    WeeklyPattern,
)

from tests.simulators.ews import recurrence as ews
from tests.simulators.ews.cases import NAME, QUIETLY, Desk, a_desk, berlin

MONDAY = EWSDate(2026, 11, 23)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def weekly(desk: Desk, **bounds: Any) -> Any:
    pattern = WeeklyPattern(interval=1, weekdays=["Monday"])
    return desk.make(recurrence=Recurrence(pattern=pattern, start=MONDAY, **(bounds or {"number": 4})))


def starts(desk: Desk) -> list[Any]:
    view = desk.calendar.view(start=desk.at(2026, 11, 1), end=desk.at(2027, 3, 1)).only("start", "type")
    return [one.start.astimezone(desk.account.default_timezone).replace(tzinfo=None) for one in view]


@pytest.mark.parametrize(
    ("pattern", "days"),
    [
        (DailyPattern(interval=2), ["2026-11-23", "2026-11-25", "2026-11-27"]),
        (WeeklyPattern(interval=2, weekdays=["Monday", "Friday"]), ["2026-11-23", "2026-11-27", "2026-12-07"]),
        (AbsoluteMonthlyPattern(interval=1, day_of_month=31), ["2026-11-30", "2026-12-31", "2027-01-31"]),
        (
            RelativeMonthlyPattern(interval=1, weekday="Friday", week_number="Last"),
            ["2026-11-27", "2026-12-25", "2027-01-29"],
        ),
        (
            RelativeMonthlyPattern(interval=1, weekday="Weekday", week_number="First"),
            ["2026-12-01", "2027-01-01", "2027-02-01"],
        ),
        (AbsoluteYearlyPattern(day_of_month=29, month="February"), ["2027-02-28", "2028-02-29", "2029-02-28"]),
        (
            RelativeYearlyPattern(weekday="Sunday", week_number="Second", month="May"),
            ["2027-05-09", "2028-05-14", "2029-05-13"],
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else "",
)
def test_a_pattern_occurs_on_its_days(desk: Desk, pattern: Any, days: list[str]) -> None:
    made = desk.make(recurrence=Recurrence(pattern=pattern, start=MONDAY, number=3))
    told = [one.start.date() for one in desk.anna.occurrences(made.id)]
    assert told == [date.fromisoformat(day) for day in days]
    master = desk.read(made)
    assert (master.type, master.recurrence.pattern, master.recurrence.boundary.number) == (
        "RecurringMaster",
        pattern,
        3,
    )
    assert master.start.date() == date.fromisoformat(days[0])
    assert (master.first_occurrence.start.date(), master.last_occurrence.start.date()) == (
        date.fromisoformat(days[0]),
        date.fromisoformat(days[2]),
    )


def test_a_series_may_end_on_a_day_or_never(desk: Desk) -> None:
    ended = weekly(desk, end=EWSDate(2026, 12, 7))
    assert len(desk.anna.occurrences(ended.id)) == 3
    endless = weekly(desk, end=None)
    assert desk.read(endless).last_occurrence is None
    assert len(desk.anna.agenda(NAME, berlin(2030, 1, 1), berlin(2030, 1, 15))) == 2


def test_a_series_keeps_its_hour_when_the_clocks_change(desk: Desk) -> None:
    pattern = WeeklyPattern(interval=1, weekdays=["Monday"])
    made = desk.make(
        start=desk.at(2026, 10, 19, 9),
        end=desk.at(2026, 10, 19, 10),
        recurrence=Recurrence(pattern=pattern, start=EWSDate(2026, 10, 19), number=2),
    )
    assert [one.start.hour for one in desk.anna.occurrences(made.id)] == [7, 8]


def test_a_view_shows_occurrences_and_a_search_the_master(desk: Desk) -> None:
    made = weekly(desk)
    assert [one.day for one in starts(desk)] == [23, 30, 7, 14]
    assert [one.id for one in desk.calendar.all().only("subject")] == [made.id]


def test_an_occurrence_is_changed_alone_by_its_place(desk: Desk) -> None:
    made = weekly(desk)
    second = made.occurrence(index=2)
    second.refresh()
    assert (second.type, second.original_start) == ("Occurrence", berlin(2026, 11, 30, 9))
    second.start, second.end, second.subject = desk.at(2026, 12, 1, 14), desk.at(2026, 12, 1, 15), "Moved"
    desk.update(second, "start", "end", "subject")
    master = desk.read(made)
    (changed,) = master.modified_occurrences
    assert (changed.start, changed.original_start) == (berlin(2026, 12, 1, 14), berlin(2026, 11, 30, 9))
    assert master.changekey != made.changekey
    assert [(one.day, one.hour) for one in starts(desk)] == [(23, 9), (1, 14), (7, 9), (14, 9)]
    exception = desk.anna.occurrence(made.id, berlin(2026, 11, 30, 9))
    assert (exception.kind, exception.text("Subject")) == ("Exception", "Moved")


def test_an_occurrence_is_changed_alone_by_the_id_that_a_view_tells(desk: Desk) -> None:
    weekly(desk)
    second = next(iter(desk.calendar.view(start=desk.at(2026, 11, 30), end=desk.at(2026, 12, 1))))
    second.subject = "Other"
    desk.update(second, "subject")
    assert [one.text("Subject") for one in desk.anna.agenda(NAME, berlin(2026, 11, 1), berlin(2026, 12, 8))] == [
        "Visit",
        "Other",
        "Visit",
    ]


def test_an_occurrence_is_deleted_alone(desk: Desk) -> None:
    made = weekly(desk)
    made.occurrence(index=3).delete(send_meeting_cancellations=QUIETLY)
    master = desk.read(made)
    assert [one.start for one in master.deleted_occurrences] == [berlin(2026, 12, 7, 9)]
    assert [one.day for one in starts(desk)] == [23, 30, 14]
    with pytest.raises(ErrorCalendarOccurrenceIsDeletedFromRecurrence):
        made.occurrence(index=3).refresh()
    with pytest.raises(ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange):
        made.occurrence(index=5).refresh()


def test_outlook_edits_occurrences_too(desk: Desk) -> None:
    made = weekly(desk)
    desk.anna.change_occurrence(made.id, berlin(2026, 11, 30, 9), Subject="Outlook's")
    desk.anna.delete_occurrence(made.id, berlin(2026, 12, 14, 9))
    master = desk.read(made)
    assert [one.original_start for one in master.modified_occurrences] == [berlin(2026, 11, 30, 9)]
    assert [one.start for one in master.deleted_occurrences] == [berlin(2026, 12, 14, 9)]
    made.subject = "Stale"
    with pytest.raises(ErrorIrresolvableConflict):
        desk.update(made, "subject")


def test_an_exception_keeps_what_it_changed_when_its_series_is_retitled(desk: Desk) -> None:
    made = weekly(desk)
    desk.anna.change_occurrence(made.id, berlin(2026, 11, 30, 9), Location="Room 5")
    desk.anna.change(made.id, Subject="Retitled")
    found = desk.anna.occurrence(made.id, berlin(2026, 11, 30, 9))
    assert (found.text("Subject"), found.text("Location"), found.kind) == ("Retitled", "Room 5", "Exception")


def test_a_series_that_is_put_on_another_time_forgets_its_exceptions(desk: Desk) -> None:
    made = weekly(desk)
    desk.anna.change_occurrence(made.id, berlin(2026, 11, 30, 9), Subject="Other")
    desk.anna.delete_occurrence(made.id, berlin(2026, 12, 7, 9))
    desk.anna.change(made.id, start=berlin(2026, 11, 23, 8), end=berlin(2026, 11, 23, 9))
    assert [one.kind for one in desk.anna.occurrences(made.id)] == ["Occurrence"] * 4


def test_an_occurrence_cannot_cross_its_neighbour(desk: Desk) -> None:
    made = weekly(desk)
    with pytest.raises(Exception, match="adjacent"):
        desk.anna.change_occurrence(
            made.id, berlin(2026, 11, 30, 9), start=berlin(2026, 12, 7, 14), end=berlin(2026, 12, 7, 15)
        )
    second = made.occurrence(index=2)
    second.refresh()
    second.start, second.end = desk.at(2026, 12, 8, 9), desk.at(2026, 12, 8, 10)
    with pytest.raises(ErrorOccurrenceCrossingBoundary):
        desk.update(second, "start", "end")


def test_the_last_occurrence_cannot_be_deleted_alone(desk: Desk) -> None:
    made = weekly(desk, number=1)
    with pytest.raises(ErrorRecurrenceHasNoOccurrence):
        made.occurrence(index=1).delete(send_meeting_cancellations=QUIETLY)


def test_an_all_day_series_takes_whole_days(desk: Desk) -> None:
    pattern = WeeklyPattern(interval=1, weekdays=["Monday"])
    made = desk.make(
        start=MONDAY, end=MONDAY, is_all_day=True, recurrence=Recurrence(pattern=pattern, start=MONDAY, number=2)
    )
    assert [(one.start, one.end) for one in desk.anna.occurrences(made.id)] == [
        (berlin(2026, 11, 23), berlin(2026, 11, 24)),
        (berlin(2026, 11, 30), berlin(2026, 12, 1)),
    ]


def test_outlook_makes_a_series(desk: Desk) -> None:
    rule = ews.Recurrence(pattern="DailyRecurrence", start=date(2026, 11, 23))
    seen = desk.anna.add(NAME, berlin(2026, 11, 23, 9), berlin(2026, 11, 23, 10), recurrence=rule, Subject="Daily")
    found = desk.calendar.get(id=seen.id)
    assert found.recurrence.pattern == DailyPattern(interval=1)
    assert seen.recurrence is not None
    assert list(islice(seen.recurrence.dates(), 2)) == [date(2026, 11, 23), date(2026, 11, 24)]
