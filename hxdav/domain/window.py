"""Which appointments enter an integration (rule 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from hxdav.domain.policy import Policy
from hxdav.domain.times import Interval, day_of, days_after, midnight

_EVER = Interval(datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """``interval`` holds the moments at which an occurrence may start in order to enter."""

    interval: Interval

    @classmethod
    def of(cls, policy: Policy, *, connected_on: date, now: datetime, practice_zone: tzinfo) -> Window:
        """The window of an integration that was connected on ``connected_on``, as it stands at ``now``."""
        if policy.window_days is None:
            return cls(interval=_EVER)
        horizon = days_after(day_of(now, practice_zone), policy.window_days)
        opens = midnight(connected_on, practice_zone)
        closes = midnight(days_after(horizon, 1), practice_zone)
        return cls(interval=Interval(opens, max(opens, closes)))

    def is_before(self, start: datetime) -> bool:
        """Whether an occurrence that starts at ``start`` lies before the connection day."""
        return start < self.interval.starts

    def is_after(self, start: datetime) -> bool:
        """Whether an occurrence that starts at ``start`` lies beyond the horizon."""
        return start >= self.interval.ends

    def admits(self, start: datetime) -> bool:
        """Whether an occurrence that starts at ``start`` enters."""
        return not self.is_before(start) and not self.is_after(start)
