"""Whether the clock can be believed: what cannot be undone is not done by a clock that has just been set."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from hxdav.domain.times import Clock
from hxdav.log import get_logger

CONFIRMED_AFTER = timedelta(minutes=5)
"""How long the clock must have gone steadily; a wrong one is put right by the network sooner than that."""

_TOLERANCE = timedelta(minutes=1)
"""More than the network corrects between two looks without setting the clock."""


class SteadyTime:
    """Compares the clock with the monotonic one, at each look; to be used by one thread.

    The clock has jumped where the two went differently far since the look before. So they have after the machine slept.
    """

    def __init__(self, clock: Clock, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._started = clock.now() - self._elapsed()
        self._steady_since = self._elapsed()

    def is_confirmed(self) -> bool:
        """Look, and return whether the clock has gone steadily for ``CONFIRMED_AFTER``."""
        elapsed = self._elapsed()
        started = self._clock.now() - elapsed
        jump, self._started = started - self._started, started
        if abs(jump) > _TOLERANCE:
            self._steady_since = elapsed
            get_logger().warning("clock_jumped", seconds=round(jump.total_seconds()))
        return elapsed - self._steady_since >= CONFIRMED_AFTER

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=self._monotonic())
