"""The day that it is: with each day everything is listed anew, since neither protocol tells of everything."""

from __future__ import annotations

from datetime import UTC, date

from hxdav.domain.times import Clock


def today(clock: Clock) -> date:
    """The day in UTC."""
    return clock.now().astimezone(UTC).date()
