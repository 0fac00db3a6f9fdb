"""Turns at what costs much memory and time: a password's hash takes 64 MB, whoever asks for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from hxdav.errors import TooManyAtOnce


class HashingTurns:
    """Gives ``at_once`` threads of a process their turn, in the order in which they came; ``waiting`` more wait."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._free = at_once
        self._most = waiting
        self._waiting: deque[threading.Event] = deque()
        self._guard = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a turn for the length of the block; raises TooManyAtOnce, without waiting, where too many wait."""
        self._take()
        try:
            yield
        finally:
            self._give()

    def _take(self) -> None:
        with self._guard:
            if self._free:
                self._free -= 1
                return
            if len(self._waiting) >= self._most:
                raise TooManyAtOnce("Too many people are signing in at this moment. Try again in a few seconds.")
            mine = threading.Event()
            self._waiting.append(mine)
        mine.wait()

    def _give(self) -> None:
        with self._guard:
            if self._waiting:
                # The turn passes on without being free in between: nobody can overtake.
                self._waiting.popleft().set()
            else:
                self._free += 1
