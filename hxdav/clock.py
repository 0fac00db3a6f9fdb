"""The clock of this machine, for whoever is given no other."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Tells the present moment (``domain.times.Clock``)."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)
