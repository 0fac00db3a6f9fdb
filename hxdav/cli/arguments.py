"""What is typed as text and meant as a value: days, times and zones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from hxdav.domain.times import AllDay, When, Zoned
from hxdav.errors import UseCaseError

LARGEST_ID = 2**63 - 1
"""The largest number that a database gives anything."""


def day(text: str) -> date:
    """A date, as 2026-11-24."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f'"{text}" is not a date such as 2026-11-24.') from None


def local_time(text: str) -> datetime:
    """A date with a time, as 2026-11-24 09:00, or a date alone; without a zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise typer.BadParameter(f'"{text}" is not a time such as "2026-11-24 09:00"; its zone is that of --zone.')
    return found


def zone(text: str) -> ZoneInfo:
    """A time zone, as Australia/Sydney."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(f'There is no time zone "{text}".') from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedTimes:
    """When an appointment takes place, as it was typed; its zone is known only once the practice is."""

    start: datetime | None
    end: datetime | None
    minutes: int | None
    all_day: bool

    def starts(self, in_zone: ZoneInfo) -> When | None:
        """The start as a calendar has it; None where none was typed."""
        if self.start is None:
            return None
        return AllDay(self.start.date()) if self.all_day else Zoned(self.start.replace(tzinfo=in_zone))

    def ends(self, in_zone: ZoneInfo, *, otherwise: int | None = None) -> When | None:
        """The end as a calendar has it: by default one day or ``otherwise`` minutes after the start.

        That of an all-day appointment is typed as its last day, and kept as the day after it (RFC 5545 §3.6.1).
        """
        if self.end is not None and self.minutes is not None:
            raise UseCaseError("Say --end or --minutes, not both.")
        if self.all_day:
            last = self.end or (self.start if otherwise is not None else None)
            return AllDay(last.date() + timedelta(days=1)) if last else None
        if self.end is not None:
            return Zoned(self.end.replace(tzinfo=in_zone))
        minutes = otherwise if self.minutes is None else self.minutes
        if minutes is None:
            return None
        if self.start is None:
            raise UseCaseError("Say --start together with --minutes.")
        # Added in UTC, because the zone's clock may change in between.
        starts = self.start.replace(tzinfo=in_zone).astimezone(UTC)
        return Zoned((starts + timedelta(minutes=minutes)).astimezone(in_zone))
