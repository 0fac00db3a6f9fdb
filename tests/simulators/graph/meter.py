"""How many requests a mailbox gets, and how many at once (docs/providers.md §3.5)."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from tests.simulators.graph.wire import Refusal

TEN_MINUTES = 600.0


class Meter:
    """Counts by mailbox on the real clock. The fifth request at once is refused, and so is what exceeds the quota."""

    def __init__(self) -> None:
        self.at_once = 4
        self.per_ten_minutes = 10_000
        self.retry_after = 1
        self._running: Counter[str] = Counter()
        self._most_at_once: Counter[str] = Counter()
        self._made: dict[str, list[float]] = {}
        self._refused: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def admitted(self, user: str) -> Iterator[None]:
        """Within the block the request runs; raises ``Refusal`` where it must not."""
        with self._lock:
            made = self._made.setdefault(user, [])
            recent = len(made) - bisect_right(made, time.monotonic() - TEN_MINUTES)
            made.append(time.monotonic())
            self._running[user] += 1
            running = self._running[user]
            self._most_at_once[user] = max(self._most_at_once[user], running)
        try:
            if running > self.at_once:
                raise self._throttled(user, "MailboxConcurrency")
            if recent >= self.per_ten_minutes:
                raise self._throttled(user, "RequestRate")
            yield
        finally:
            with self._lock:
                self._running[user] -= 1

    def made(self, user: str) -> int:
        """The requests of the mailbox so far, refused ones too; a batch counts once for each part."""
        with self._lock:
            return len(self._made.get(user, ()))

    def refused(self, user: str) -> int:
        """The requests that were one too many."""
        return self._refused[user]

    def most_at_once(self, user: str) -> int:
        """The most requests of the mailbox that ran at one time."""
        return self._most_at_once[user]

    def users(self) -> list[str]:
        """Those who were counted."""
        with self._lock:
            return sorted(self._made)

    def _throttled(self, user: str, limit: str) -> Refusal:
        self._refused[user] += 1
        sentence = f"Application is over its {limit} limit."
        return Refusal(429, "ApplicationThrottled", sentence, headers={"Retry-After": str(self.retry_after)})
