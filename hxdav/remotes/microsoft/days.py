"""The day that it is: with each day everything is listed anew, since neither protocol tells of everything."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hxdav.domain.times import Clock


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)


def today(clock: Clock) -> date:
    """The day in UTC."""
    return clock.now().astimezone(UTC).date()
