"""The rules hold in any order of events: on the databases that a practice uses."""

from __future__ import annotations

import pytest

from tests.builders import NOON
from tests.exploring import explore
from tests.integration.machines.rules_machine import RulesMachine


@pytest.mark.parametrize("database", ["in_a_file", "on_postgres"])
def test_rules_hold_in_any_order(database: str, request: pytest.FixtureRequest) -> None:
    rewinding = request.getfixturevalue(database)

    explore(RulesMachine, few=12, many=50, outcomes={"an end"}, rewinding=rewinding, moment=NOON)
