"""A clock that jumps, and one that goes as time passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from hxdav.worker.steady_time import CONFIRMED_AFTER, SteadyTime
from tests.builders import MovableClock

MINUTE = timedelta(minutes=1)


@dataclass
class Machine:
    """A machine's two clocks, and what looks at them."""

    clock: MovableClock = field(default_factory=MovableClock)
    seconds: float = 0.0
    time: SteadyTime = field(init=False)

    def __post_init__(self) -> None:
        self.time = SteadyTime(self.clock, monotonic=lambda: self.seconds)

    def confirmed_after(self, passed: timedelta) -> bool:
        """Whether time is confirmed after a look each minute of so many."""
        found = self.time.is_confirmed()
        for _ in range(passed // MINUTE):
            self.seconds += 60
            self.clock.moment += MINUTE
            found = self.time.is_confirmed()
        return found


def test_time_is_confirmed_by_a_clock_that_goes_steadily() -> None:
    machine = Machine()

    assert not machine.confirmed_after(CONFIRMED_AFTER - MINUTE)
    assert machine.confirmed_after(MINUTE)


@pytest.mark.parametrize("days", [60, -60])
def test_a_clock_that_jumps_is_believed_after_it_has_gone_on_steadily(days: int) -> None:
    machine = Machine()
    machine.confirmed_after(CONFIRMED_AFTER)
    machine.clock.advance(days=days)

    assert not machine.confirmed_after(CONFIRMED_AFTER - MINUTE)
    assert machine.confirmed_after(MINUTE)


def test_a_clock_that_is_put_right_again_was_never_believed() -> None:
    machine = Machine()
    machine.confirmed_after(CONFIRMED_AFTER)
    machine.clock.advance(days=60)
    assert not machine.confirmed_after(MINUTE)
    machine.clock.advance(days=-60)

    assert not machine.confirmed_after(CONFIRMED_AFTER - MINUTE)
    assert machine.confirmed_after(MINUTE)


def test_small_corrections_change_nothing_however_many_there_are() -> None:
    machine = Machine()
    machine.confirmed_after(CONFIRMED_AFTER)

    for _ in range(100):
        machine.clock.advance(seconds=5)
        assert machine.confirmed_after(MINUTE)
