"""Recurrences of EWS: read, written, and told as days on the clock of the series' zone.

https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/recurrence-patterns-and-ews
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from dateutil import rrule

from tests.simulators.ews.times import read_date
from tests.simulators.ews.wire import Element, EwsRefusal, local, t, text_at

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
INDEXES = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
_GROUPS = {"Day": DAYS, "Weekday": DAYS[:5], "WeekendDay": DAYS[5:]}
_SHORTEST_MONTH = 28
_FREQUENCIES: dict[str, Literal[1, 2, 3, 0]] = {
    "DailyRecurrence": rrule.DAILY,
    "WeeklyRecurrence": rrule.WEEKLY,
    "AbsoluteMonthlyRecurrence": rrule.MONTHLY,
    "RelativeMonthlyRecurrence": rrule.MONTHLY,
    "AbsoluteYearlyRecurrence": rrule.YEARLY,
    "RelativeYearlyRecurrence": rrule.YEARLY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """A pattern and its range, in the words of EWS; ``until`` is the last day on which an occurrence may start."""

    pattern: str
    start: date
    interval: int = 1
    days: tuple[str, ...] = ()
    week: str | None = None
    day_of_month: int | None = None
    month: str | None = None
    first_day: str | None = None
    until: date | None = None
    count: int | None = None

    def dates(self) -> Iterator[date]:
        """The days on which it occurs, in order, without end where it has none."""
        return (moment.date() for moment in self._rule())

    def _rule(self) -> rrule.rrule:
        numbers = [DAYS.index(day) for name in self.days for day in _GROUPS.get(name, (name,))]
        month_days, position = self._month_days()
        return rrule.rrule(
            _FREQUENCIES[self.pattern],
            dtstart=datetime.combine(self.start, time()),
            interval=self.interval,
            wkst=DAYS.index(self.first_day) if self.first_day else 0,
            count=self.count,
            until=datetime.combine(self.until, time()) if self.until else None,
            bymonth=MONTHS.index(self.month) + 1 if self.month else None,
            bymonthday=month_days,
            byweekday=numbers or None,
            bysetpos=position,
        )

    def _month_days(self) -> tuple[list[int] | None, int | None]:
        if self.day_of_month is None:
            return None, INDEXES[self.week] if self.week else None
        if self.day_of_month <= _SHORTEST_MONTH:
            return [self.day_of_month], None
        # In a month without such a day, Exchange takes its last one.
        return list(range(_SHORTEST_MONTH, self.day_of_month + 1)), -1

    def element(self) -> Element:
        """It as EWS writes it, in the order of the schema."""
        parts = [
            ("Interval", None if "Yearly" in self.pattern else str(self.interval)),
            ("DaysOfWeek", " ".join(self.days) or None),
            ("DayOfWeekIndex", self.week),
            ("DayOfMonth", None if self.day_of_month is None else str(self.day_of_month)),
            ("Month", self.month),
            ("FirstDayOfWeek", self.first_day),
        ]
        pattern = t(self.pattern, *(t(name, text=text) for name, text in parts if text))
        return t("Recurrence", pattern, self._range())

    def _range(self) -> Element:
        start = t("StartDate", text=f"{self.start.isoformat()}Z")
        if self.count is not None:
            return t("NumberedRecurrence", start, t("NumberOfOccurrences", text=str(self.count)))
        if self.until is not None:
            return t("EndDateRecurrence", start, t("EndDate", text=f"{self.until.isoformat()}Z"))
        return t("NoEndRecurrence", start)


def read_recurrence(element: Element) -> Recurrence:
    """The recurrence that ``t:Recurrence`` writes; refused where it has no occurrence at all."""
    pattern, bounds = element[0], element[1]
    if local(pattern) not in _FREQUENCIES:
        raise EwsRefusal("ErrorInvalidRecurrence", "The recurrence is of no kind that calendars know.")
    day, until, count = (
        text_at(pattern, "t:DayOfMonth"),
        text_at(bounds, "t:EndDate"),
        text_at(bounds, "t:NumberOfOccurrences"),
    )
    found = Recurrence(
        pattern=local(pattern),
        interval=int(text_at(pattern, "t:Interval") or 1),
        days=tuple((text_at(pattern, "t:DaysOfWeek") or "").split()),
        week=text_at(pattern, "t:DayOfWeekIndex"),
        day_of_month=int(day) if day else None,
        month=text_at(pattern, "t:Month"),
        first_day=text_at(pattern, "t:FirstDayOfWeek"),
        start=read_date(text_at(bounds, "t:StartDate") or ""),
        until=read_date(until) if until else None,
        count=int(count) if count else None,
    )
    if next(found.dates(), None) is None:
        raise EwsRefusal("ErrorRecurrenceHasNoOccurrence", "The recurrence has no occurrence.")
    return found
