"""The rules hold in any order of events: from the week on in which Sydney's clocks go back."""

from __future__ import annotations

from tests.integration.machines.fragile import Rewinding
from tests.integration.machines.rules_machine import AUTUMN, IN_MEMORY, OUTCOMES, explore


def test_rules_hold_in_any_order(in_memory: Rewinding) -> None:
    seen = explore(in_memory, AUTUMN, share=IN_MEMORY, reaching=OUTCOMES)

    assert not OUTCOMES - seen.keys(), "each of these is to be reached, or the machine tests less than it seems to"
