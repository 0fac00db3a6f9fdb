"""Both sides of every bridge become equal, whatever happens in between (docs/engine.md, docs/proof.md)."""

from __future__ import annotations

from tests.exploring import explore
from tests.integration.sync.machine import OUTCOMES, ConvergenceMachine
from tests.integration.sync.machine_ground import Stage


def test_both_sides_become_equal_in_any_order(stage: Stage) -> None:
    explore(ConvergenceMachine, few=50, many=1000, seeds=2, outcomes=OUTCOMES, stage=stage)
