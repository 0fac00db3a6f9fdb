"""What one request may cost. Whoever computes for it spends; where nothing is left, it ends with OverBudget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from hxdav.errors import OverBudget

_LOOKS_EVERY = 64
"""How often something is spent between two looks at the clock."""


@dataclass(slots=True, kw_only=True)
class Budget:
    """The rest of what a request may cost.

    ``units`` are occurrences that are answered one by one, and objects that are read; ``octets`` are of texts that are
    made anew.
    ``cpu_seconds`` are of this thread. ``is_abandoned`` tells whether nobody waits for the answer any more.
    """

    units: int = 60_000
    octets: int = 30_000_000
    cpu_seconds: float = 10.0
    is_abandoned: Callable[[], bool] = lambda: False
    _cpu_ends: float = field(init=False)
    _until_look: int = field(init=False, default=_LOOKS_EVERY)

    def __post_init__(self) -> None:
        self._cpu_ends = time.thread_time() + self.cpu_seconds

    def spend(self, units: int = 1, *, octets: int = 0) -> None:
        """Take units and octets off; raises OverBudget where too few are left, or where nobody waits."""
        self.units -= units
        self.octets -= octets
        self._until_look -= 1
        if self.units < 0 or self.octets < 0:
            raise OverBudget
        if self._until_look < 0:
            self._until_look = _LOOKS_EVERY
            if self.is_abandoned() or time.thread_time() > self._cpu_ends:
                raise OverBudget


_CURRENT: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def within(budget: Budget) -> Iterator[None]:
    """Have everything in the block spend from ``budget``."""
    token = _CURRENT.set(budget)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def spend(units: int = 1, *, octets: int = 0) -> None:
    """Take what something costs off the budget of the request that it is for; free where there is none."""
    budget = _CURRENT.get()
    if budget is not None:
        budget.spend(units, octets=octets)
