"""The rules hold in any order of events: from the week on in which Sydney's clocks go back."""

from __future__ import annotations

from tests.exploring import explore
from tests.integration.machines.fragile import Rewinding
from tests.integration.machines.rules_machine import AUTUMN, OUTCOMES, RulesMachine


def test_rules_hold_in_any_order(in_memory: Rewinding) -> None:
    explore(RulesMachine, few=40, many=700, outcomes=OUTCOMES, rewinding=in_memory, moment=AUTUMN)
