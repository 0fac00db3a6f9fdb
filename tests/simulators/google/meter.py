"""How many requests a user's applications make, and the quota on them (docs/providers.md §2.6)."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import Counter
from threading import Lock

from tests.simulators.google.wire import Refusal

MINUTE = 60.0


class Meter:
    """Counts requests by user on the real clock; refuses above ``per_minute`` in any sixty seconds, if that is set."""

    def __init__(self) -> None:
        self.per_minute: int | None = None
        self.code = 403
        self.reason = "rateLimitExceeded"
        self._made: dict[str, list[float]] = {}
        self._admitted: dict[str, list[float]] = {}
        self._refused: Counter[str] = Counter()
        self._lock = Lock()

    def admit(self, user: str) -> None:
        """Count a request; raise ``Refusal`` where the user has used the quota up. Refused ones use nothing up."""
        now = time.monotonic()
        with self._lock:
            self._made.setdefault(user, []).append(now)
            admitted = self._admitted.setdefault(user, [])
            recent = len(admitted) - bisect_right(admitted, now - MINUTE)
            if self.per_minute is not None and recent >= self.per_minute:
                self._refused[user] += 1
                raise Refusal(self.code, self.reason, "Rate Limit Exceeded", domain="usageLimits")
            admitted.append(now)

    def made(self, user: str) -> int:
        """The requests of the user so far, refused ones too."""
        with self._lock:
            return len(self._made.get(user, ()))

    def refused(self, user: str) -> int:
        """The requests of the user that the quota refused."""
        return self._refused[user]

    def busiest_minute(self, user: str) -> int:
        """The most requests of the user in any sixty seconds."""
        with self._lock:
            times = list(self._made.get(user, ()))
        return max((bisect_right(times, start + MINUTE) - number for number, start in enumerate(times)), default=0)

    def by_minute(self, user: str) -> list[int]:
        """The requests of the user in each minute since the first one."""
        with self._lock:
            times = list(self._made.get(user, ()))
        counted = Counter(int((moment - times[0]) // MINUTE) for moment in times)
        return [counted[number] for number in range(max(counted, default=-1) + 1)]

    def users(self) -> list[str]:
        """Those who were counted."""
        with self._lock:
            return sorted(self._made)
