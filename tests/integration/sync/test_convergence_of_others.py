"""The other half of ``test_convergence.py``, for another process that runs tests."""

from __future__ import annotations

from tests.integration.sync.machine import OUTCOMES, explore
from tests.integration.sync.machine_ground import Stage


def test_both_sides_become_equal_in_any_other_order(stage: Stage) -> None:
    seen = explore(stage, half=1, reaching=OUTCOMES)

    assert not OUTCOMES - seen.keys(), "each of these is to be reached, or the machine tests less than it seems to"
