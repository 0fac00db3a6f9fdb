"""What was asked: how often, by which operations, by whom, and how much of it at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Meter:
    """Counts requests by account; hanging connections count as requests, and not as concurrent ones."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: dict[str, Counter[str]] = {}
        self._open: Counter[str] = Counter()
        self._most: Counter[str] = Counter()

    @contextmanager
    def counted(self, user: str, operation: str) -> Iterator[int]:
        """Count a request for as long as the block runs; gives how many of the account's are running, this one too."""
        with self._lock:
            self._made.setdefault(user, Counter())[operation] += 1
            self._open[user] += 1
            running = self._open[user]
            self._most[user] = max(self._most[user], running)
        try:
            yield running
        finally:
            with self._lock:
                self._open[user] -= 1

    def made(self, user: str, operation: str | None = None) -> int:
        """The requests of the account so far, refused ones too."""
        with self._lock:
            counted = self._made.get(user, Counter())
            return counted.total() if operation is None else counted[operation]

    def most_at_once(self, user: str) -> int:
        """The most requests of the account that ran at the same time."""
        return self._most[user]

    def users(self) -> list[str]:
        """Those who were counted."""
        with self._lock:
            return sorted(self._made)
