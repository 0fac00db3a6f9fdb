"""Failed logins: how often one user and address may be wrong, in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

_REMEMBERED = 10_000
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class _Origin:
    username: str
    address: str


class Throttle:
    """Counts wrong passwords per user name and address.

    The ``allowed`` wrong ones ``within`` a time are answered as usual, further ones are told to wait. Of more than ten
    thousand origins those that were quiet the longest are forgotten.
    """

    def __init__(self, *, allowed: int, within: timedelta) -> None:
        self._allowed = allowed
        self._within = within
        self._failures: OrderedDict[_Origin, deque[datetime]] = OrderedDict()
        self._guard = threading.Lock()

    def failed(self, username: str, address: str, *, now: datetime) -> timedelta | None:
        """Count a wrong password; how long to wait where there have been too many."""
        origin = _Origin(username[:_LONGEST_NAME], address)
        with self._guard:
            failures = self._failures.setdefault(origin, deque())
            self._failures.move_to_end(origin)
            while failures and failures[0] <= now - self._within:
                failures.popleft()
            if len(failures) >= self._allowed:
                return failures[0] + self._within - now
            failures.append(now)
            if len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)
            return None
