"""Who gets a thread next: in turns among all who ask, so that the many requests of one keep nobody else waiting."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

Job = Callable[[], None]


@dataclass(slots=True, eq=False)
class Turn:
    """A request that wants a thread.

    ``asker`` is who has sent it. ``start`` hands it to a thread; ``refuse`` answers it where it has waited too long.
    ``asked_at`` is a moment of ``time.monotonic``, known of those that wait.
    """

    asker: str
    is_heavy: bool
    start: Job
    refuse: Job
    asked_at: float = 0.0


class ThreadTurns:
    """Gives out threads, from one thread (the event loop's) only.

    At most ``threads`` requests run at a time, of one asker at most half as many. Of the heavy ones at most ``heavy``
    run, of one asker one. Those that wait are taken in turns: the asker who has waited the longest comes first, and
    comes last again after that.
    """

    def __init__(self, *, threads: int, heavy: int) -> None:
        self._threads = threads
        self._heavy = heavy
        self._each = max(1, threads // 2)
        self._running = 0
        self._running_heavy = 0
        self._running_of: Counter[str] = Counter()
        self._heavy_askers: set[str] = set()
        self._waiting: OrderedDict[tuple[str, bool], deque[Turn]] = OrderedDict()

    @property
    def running(self) -> int:
        """How many requests have a thread."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many requests wait for one."""
        return sum(map(len, self._waiting.values()))

    def ask(self, turn: Turn) -> bool:
        """Start a request now, or as soon as it is its turn; return whether it has started."""
        if not self._waiting and self._may_start(turn.asker, is_heavy=turn.is_heavy):
            self._start(turn)
            return True
        turn.asked_at = time.monotonic()
        self._waiting.setdefault((turn.asker, turn.is_heavy), deque()).append(turn)
        self._start_waiting()
        return turn not in self._waiting.get((turn.asker, turn.is_heavy), ())

    def refuse_late(self, *, seconds: float) -> None:
        """Refuse every request that has waited for longer than so many seconds."""
        asked_before = time.monotonic() - seconds
        late = [turn for line in self._waiting.values() for turn in line if turn.asked_at < asked_before]
        for turn in late:
            self.give_up(turn)
            turn.refuse()

    def give_up(self, turn: Turn) -> bool:
        """Take a request back that has not started; return False if it has."""
        line = self._waiting.get((turn.asker, turn.is_heavy))
        if line is None or turn not in line:
            return False
        line.remove(turn)
        if not line:
            del self._waiting[turn.asker, turn.is_heavy]
        return True

    def end(self, turn: Turn) -> None:
        """Note that a request has given its thread back, and start those that it kept waiting."""
        self._running -= 1
        self._running_of[turn.asker] -= 1
        if not self._running_of[turn.asker]:
            del self._running_of[turn.asker]
        if turn.is_heavy:
            self._running_heavy -= 1
            self._heavy_askers.discard(turn.asker)
        if self._waiting:
            self._start_waiting()

    def _start_waiting(self) -> None:
        while (line := self._next_line()) is not None:
            turns = self._waiting[line]
            turn = turns.popleft()
            if turns:
                self._waiting.move_to_end(line)
            else:
                del self._waiting[line]
            self._start(turn)

    def _next_line(self) -> tuple[str, bool] | None:
        return next((line for line in self._waiting if self._may_start(line[0], is_heavy=line[1])), None)

    def _may_start(self, asker: str, *, is_heavy: bool) -> bool:
        if self._running >= self._threads or self._running_of[asker] >= self._each:
            return False
        return not is_heavy or (self._running_heavy < self._heavy and asker not in self._heavy_askers)

    def _start(self, turn: Turn) -> None:
        self._running += 1
        self._running_of[turn.asker] += 1
        if turn.is_heavy:
            self._running_heavy += 1
            self._heavy_askers.add(turn.asker)
        turn.start()


class Threads:
    """Threads that run jobs, one after another; they end with the process."""

    def __init__(self, count: int) -> None:
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._run, name=f"request-{number + 1}", daemon=True).start()

    def submit(self, job: Job) -> None:
        """Have the next thread that is free run ``job``, which must not raise."""
        self._jobs.put(job)

    def _run(self) -> None:
        next_job = self._jobs.get
        while True:
            next_job()()
