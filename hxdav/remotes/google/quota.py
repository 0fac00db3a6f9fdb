"""Google's quota: so many requests in any minute for each user of a project (Calendar API, "Manage quotas")."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

PER_MINUTE = 590
"""Google's default is 600; the rest is left to what a person does at the same time, such as connecting."""

WINDOW = 60.0
"""Seconds over which Google counts."""

_SHORTEST, _GLANCE = 0.001, 0.05


class RateLimit:
    """Lets requests of one account pass so that never more than ``per_minute`` fall into any 60 s.

    A request counts from its answer on: Google has counted it by then, however slow the way there was. Opened anew for
    each pass, an account needs the same limit each time; threads may share one. ``clock`` and ``sleep`` are in seconds.
    """

    def __init__(
        self,
        per_minute: int = PER_MINUTE,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._answered: deque[float] = deque()
        self._under_way = 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """Wait until one more request may be made; it is made inside the ``with``."""
        while (wait := self._take()) > 0:
            self._sleep(wait)
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                self._answered.append(self._clock())

    def _take(self) -> float:
        """Take the turn, or say for how many seconds there is none."""
        with self._lock:
            now = self._clock()
            while self._answered and self._answered[0] <= now - WINDOW:
                self._answered.popleft()
            if len(self._answered) + self._under_way < self._per_minute:
                self._under_way += 1
                return 0.0
            # With nothing answered yet, another thread's request is waited for; and seconds do not add up exactly.
            return max(self._answered[0] + WINDOW - now, _SHORTEST) if self._answered else _GLANCE
