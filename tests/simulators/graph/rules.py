"""patternedRecurrence: what Exchange accepts, and the days on which it falls.

https://learn.microsoft.com/graph/api/resources/recurrencepattern. Where a month has no such day, Exchange takes its
last one; RFC 5545 leaves the month out.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta

from tests.simulators.graph.wire import Json, Refusal, invalid

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEXES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
DEFAULTS: Json = {"month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first"}
NEEDED = {
    "daily": (),
    "weekly": ("daysOfWeek",),
    "absoluteMonthly": ("dayOfMonth",),
    "relativeMonthly": ("daysOfWeek",),
    "absoluteYearly": ("dayOfMonth", "month"),
    "relativeYearly": ("daysOfWeek", "month"),
}
MOST_OCCURRENCES = 999
LAST_YEAR = 4500


def kept_recurrence(given: Json, *, zone: str) -> Json:
    """The recurrence as Exchange keeps it, with everything said; 400 where it cannot be."""
    pattern, bounds = dict(given.get("pattern") or {}), dict(given.get("range") or {})
    kind = pattern.get("type")
    if kind not in NEEDED:
        raise _refused("pattern.type is missing.")
    if not 1 <= pattern.get("interval", 1) <= 999:
        raise _refused("pattern.interval is out of range.")
    for name in NEEDED[kind]:
        if not pattern.get(name):
            raise _refused(f"pattern.{name} is missing.")
    _check_range(bounds)
    named = {"interval": 1, **DEFAULTS, **{name: value for name, value in pattern.items() if value is not None}}
    ends = {"endDate": "0001-01-01", "numberOfOccurrences": 0, "recurrenceTimeZone": zone}
    ends |= {name: value for name, value in bounds.items() if value is not None}
    return {"pattern": named, "range": ends}


def _check_range(bounds: Json) -> None:
    kind = bounds.get("type")
    if kind not in {"endDate", "noEnd", "numbered"}:
        raise _refused("range.type is missing.")
    try:
        first = date.fromisoformat(bounds.get("startDate") or "")
        last = date.fromisoformat(bounds["endDate"]) if kind == "endDate" else None
    except (KeyError, ValueError):
        raise _refused("range.startDate or range.endDate is no date.") from None
    if last is not None and last < first:
        raise _refused("range.endDate is before range.startDate.")
    if kind == "numbered" and not 1 <= bounds.get("numberOfOccurrences", 0) <= MOST_OCCURRENCES:
        raise _refused("range.numberOfOccurrences is out of range.")


def _refused(sentence: str) -> Refusal:
    return invalid(f"The recurrence cannot be: {sentence}", word="ErrorInvalidRecurrence")


def days_of(recurrence: Json) -> Iterator[date]:
    """The days of a kept recurrence, in order."""
    bounds = recurrence["range"]
    first = date.fromisoformat(bounds["startDate"])
    last = date.fromisoformat(bounds["endDate"]) if bounds["type"] == "endDate" else date.max
    most = bounds["numberOfOccurrences"] if bounds["type"] == "numbered" else None
    number = 0
    for day in _pattern_days(recurrence["pattern"], first):
        if day < first:
            continue
        if day > last or number == most:
            return
        number += 1
        yield day


def _pattern_days(pattern: Json, first: date) -> Iterator[date]:
    match pattern["type"]:
        case "daily":
            yield from _daily(first, pattern["interval"])
        case "weekly":
            yield from _weekly(pattern, first)
        case "absoluteMonthly" | "relativeMonthly":
            yield from _monthly(pattern, first.year * 12 + first.month - 1, pattern["interval"])
        case _:
            yield from _monthly(pattern, first.year * 12 + pattern["month"] - 1, 12 * pattern["interval"])


def _daily(first: date, interval: int) -> Iterator[date]:
    day = first
    while day.year < LAST_YEAR:
        yield day
        day += timedelta(days=interval)


def _weekly(pattern: Json, first: date) -> Iterator[date]:
    begin = DAYS.index(pattern["firstDayOfWeek"])
    wanted = sorted((DAYS.index(name) - begin) % 7 for name in set(pattern["daysOfWeek"]))
    week = first - timedelta(days=(first.weekday() - begin) % 7)
    while week.year < LAST_YEAR:
        for offset in wanted:
            yield week + timedelta(days=offset)
        week += timedelta(weeks=pattern["interval"])


def _monthly(pattern: Json, month: int, step: int) -> Iterator[date]:
    while month < LAST_YEAR * 12:
        yield _day_in(pattern, month // 12, month % 12 + 1)
        month += step


def _day_in(pattern: Json, year: int, month: int) -> date:
    length = calendar.monthrange(year, month)[1]
    if pattern["type"].startswith("absolute"):
        return date(year, month, min(pattern["dayOfMonth"], length))
    wanted = {DAYS.index(name) for name in pattern["daysOfWeek"]}
    found = [day for number in range(1, length + 1) if (day := date(year, month, number)).weekday() in wanted]
    return found[INDEXES[pattern["index"]]]
