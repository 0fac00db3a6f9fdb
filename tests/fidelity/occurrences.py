"""When a series takes place, by a library that nobody here wrote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]

PRACTICE = ZoneInfo("Australia/Sydney")

When = datetime | date


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """What a person sees of one: moments in UTC, or days of which the last is not included any more."""

    starts: When
    ends: When
    title: str

    @property
    def is_all_day(self) -> bool:
        """Whether it takes whole days."""
        return not isinstance(self.starts, datetime)

    @property
    def moment(self) -> datetime:
        """When it starts; a day starts in the practice."""
        if isinstance(self.starts, datetime):
            return self.starts
        return datetime(self.starts.year, self.starts.month, self.starts.day, tzinfo=PRACTICE).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when until when is looked."""

    starts: datetime
    ends: datetime

    def of(self, occurrences: Iterable[Occurrence]) -> list[Occurrence]:
        """Those that start in it, in order."""
        found = (each for each in occurrences if self.starts <= each.moment < self.ends)
        return sorted(found, key=lambda each: (each.moment, each.title))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An occurrence with its original start, as its calendar object names it."""

    occurrence: Occurrence
    original: When


def told_by(text: str, span: Span) -> list[Told]:
    """The occurrences of a calendar object."""
    calendar: Any = icalendar.Calendar.from_ical(text)
    query = recurring_ical_events.of(calendar)
    overrides = {_moment(each["RECURRENCE-ID"].dt) for each in calendar.events if "RECURRENCE-ID" in each}
    lengths = [_length(each) for each in calendar.events if "RECURRENCE-ID" not in each]
    found = []
    # A day or a time without zone is looked at by its digits alone, which are those of no one zone.
    for vevent in query.between(span.starts - timedelta(days=7), span.ends + timedelta(days=2)):
        if vevent.get("STATUS") == "CANCELLED":
            continue
        original = vevent["RECURRENCE-ID"].dt if "RECURRENCE-ID" in vevent else vevent.start
        length = None if _moment(original) in overrides or not lengths else lengths[0]
        found.append(Told(occurrence=_occurrence(vevent, length), original=original))
    inside = span.of(each.occurrence for each in found)
    return [each for each in found if each.occurrence in inside]


def occurrences_of(texts: Iterable[str], span: Span) -> list[Occurrence]:
    """The occurrences of calendar objects, in order."""
    return span.of(each.occurrence for text in texts for each in told_by(text, span))


def _occurrence(vevent: Any, length: timedelta | None) -> Occurrence:
    starts = _moment(vevent.start)
    # RFC 5545 §3.8.5.3: a length that an end gives is exact for every instance, whatever the clock does meanwhile.
    ends = _moment(vevent.end) if length is None else starts + length
    return Occurrence(starts=starts, ends=ends, title=str(vevent.get("SUMMARY", "")))


def _length(vevent: Any) -> timedelta:
    length: timedelta = _moment(vevent.end) - _moment(vevent.start)
    return length


def _moment(when: When) -> When:
    """``when`` in UTC; what has no zone is meant in the practice's (rule 4)."""
    if not isinstance(when, datetime):
        return when
    return when.replace(tzinfo=when.tzinfo or PRACTICE).astimezone(UTC)
