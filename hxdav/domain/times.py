"""Moments as calendars have them: all-day, floating, zoned; and the spans of time that they come to.

A calendar date-time is one of three kinds (RFC 5545 §3.3.4, §3.3.5). All-day and floating ones have no moment of their
own: they are read in the practice's zone (docs/glossary.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol


class Clock(Protocol):
    """Tells the time; injected, so that a test can move it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class AllDay:
    """A DATE value: the whole of a day, wherever the reader is."""

    day: date


@dataclass(frozen=True, slots=True)
class Floating:
    """A DATE-TIME without zone: the same wall-clock time everywhere."""

    local: datetime

    def __post_init__(self) -> None:
        if self.local.tzinfo is not None:
            raise ValueError("a floating time has no zone")


@dataclass(frozen=True, slots=True)
class Zoned:
    """A DATE-TIME in UTC or in a named zone; ``moment`` is aware and keeps that zone."""

    moment: datetime

    def __post_init__(self) -> None:
        if self.moment.tzinfo is None:
            raise ValueError("a zoned time needs its zone")


When = AllDay | Floating | Zoned


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From ``starts`` to before ``ends``, both aware and in UTC; empty where they are equal."""

    starts: datetime
    ends: datetime

    def __post_init__(self) -> None:
        if self.starts.tzinfo is None or self.ends.tzinfo is None:
            raise ValueError("an interval needs aware datetimes")
        if self.ends < self.starts:
            raise ValueError("an interval does not end before it starts")

    def overlaps(self, other: Interval) -> bool:
        """Whether they share time; an empty interval overlaps where it lies (RFC 4791 §9.9)."""
        if self.starts == self.ends:
            return other.starts <= self.starts < other.ends
        return self.starts < other.ends and other.starts < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceIndex:
    """When an appointment takes place; complete within ``complete_within``, or everywhere where that is None."""

    intervals: tuple[Interval, ...]
    complete_within: Interval | None = None


def instant(when: When, practice_zone: tzinfo) -> datetime:
    """The moment, in UTC, that ``when`` stands for in the practice's zone.

    A wall-clock time that a spring-forward night skips is read with the offset before the change (RFC 5545 §3.3.5).
    """
    match when:
        case AllDay(day):
            return midnight(day, practice_zone)
        case Floating(local):
            return local.replace(tzinfo=practice_zone).astimezone(UTC)
        case Zoned(moment):
            return moment.astimezone(UTC)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first moment of ``day`` in ``zone``, in UTC.

    Where a spring-forward change skips midnight, the day begins at the change.
    """
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def day_of(moment: datetime, zone: tzinfo) -> date:
    """The date that ``moment`` falls on in ``zone``."""
    return moment.astimezone(zone).date()


def days_after(day: date, days: int) -> date:
    """``day`` moved by ``days``, held within what a date can express."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min
