"""Property values (RFC 5545 §3.3): dates and times, durations, periods.

What is not one is a ValueError; what is one, and beyond what a date can express, is an OverflowError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import assert_never

from hxdav.domain.times import AllDay, Floating, When, Zoned
from hxdav.ical.lines import ContentLine
from hxdav.ical.zones import Zones

_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[Tt](\d\d)(\d\d)(\d\d)([Zz])?)?", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?",
    re.ASCII | re.IGNORECASE,
)
_FIRST_YEAR, _LAST_YEAR = 2, 9998
"""The years that every time zone can express to their last minute."""
_LONGEST = timedelta(days=3_652_059)
"""From the first day to the last that a date can express."""


def date_text(day: date) -> str:
    """A DATE as it is written (RFC 5545 §3.3.4)."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def local_text(local: datetime) -> str:
    """A DATE-TIME as it is written, without zone (RFC 5545 §3.3.5)."""
    return f"{date_text(local)}T{local.hour:02}{local.minute:02}{local.second:02}"


def utc_text(moment: datetime) -> str:
    """An aware moment as a DATE-TIME in UTC."""
    return local_text(moment.astimezone(UTC)) + "Z"


def when_text(when: When) -> str:
    """One spelling for each moment: a DATE, a local DATE-TIME, or one in UTC."""
    match when:
        case AllDay(day):
            return date_text(day)
        case Floating(local):
            return local_text(local)
        case Zoned(moment):
            return utc_text(moment)
        case _:
            assert_never(when)


def when_of(line: ContentLine, zones: Zones) -> When:
    """The moment of a property that has one; its form, not its VALUE parameter, tells what it is."""
    return when_from(line.value, line.parameter("TZID"), zones)


def when_from(value: str, tzid: str, zones: Zones) -> When:
    """The moment that ``value`` writes, in UTC, in the zone called ``tzid``, or floating where there is none such."""
    match = _MOMENT.fullmatch(value.strip())
    if match is None:
        raise ValueError("neither a date nor a time")
    year, month, day, hour, minute, second, utc = match.groups()
    if not _FIRST_YEAR <= int(year) <= _LAST_YEAR:
        raise OverflowError("the year is out of range")
    if hour is None:
        return AllDay(date(int(year), int(month), int(day)))
    # A leap second is read as the one before it (RFC 5545 §3.3.12).
    local = datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second), 59))  # noqa: DTZ001
    if utc:
        return Zoned(local.replace(tzinfo=UTC))
    zone = zones.get(tzid) if tzid else None
    return Floating(local) if zone is None else Zoned(local.replace(tzinfo=zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A length of time: whole days by the calendar, then an exact remainder (RFC 5545 §3.3.6)."""

    days: int
    exact: timedelta

    @property
    def total(self) -> timedelta:
        """Its length where every day has 24 hours."""
        return timedelta(days=self.days) + self.exact


def duration_of(value: str) -> Duration:
    """The length of time that ``value`` writes."""
    match = _DURATION.fullmatch(value.strip())
    if match is None or all(part is None for part in match.groups()[1:]) or match[4] in {"T", "t"}:
        raise ValueError("not a duration")
    sign = -1 if match[1] == "-" else 1
    weeks, days, hours, minutes, seconds = (int(match[group] or 0) for group in (2, 3, 5, 6, 7))
    length = Duration(
        days=sign * (weeks * 7 + days), exact=sign * timedelta(hours=hours, minutes=minutes, seconds=seconds)
    )
    if abs(length.total) > _LONGEST:
        raise OverflowError("the duration is out of range")
    return length


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A start with its own end (RFC 5545 §3.3.9), or, for a plain RDATE, without one."""

    starts: When
    ends: When | Duration | None = None


def whens_of(line: ContentLine, zones: Zones) -> Iterator[When]:
    """The moments of a property that lists them; what is empty is passed over."""
    tzid = line.parameter("TZID")
    return (when_from(item, tzid, zones) for item in line.value.split(",") if item.strip())


def periods_of(line: ContentLine, zones: Zones) -> Iterator[Period]:
    """The moments or periods of an RDATE; what is empty is passed over."""
    tzid = line.parameter("TZID")
    for item in line.value.split(","):
        starts, slash, ends = item.strip().partition("/")
        if not starts:
            continue
        yield Period(starts=when_from(starts, tzid, zones), ends=_period_end(ends, tzid, zones) if slash else None)


def _period_end(value: str, tzid: str, zones: Zones) -> When | Duration:
    if value[:1] in {"P", "p", "+"}:
        return duration_of(value)
    return when_from(value, tzid, zones)
