"""The rules hold in any order of events: on the databases that a practice uses."""

from __future__ import annotations

import pytest

from tests.builders import NOON
from tests.integration.machines.rules_machine import ON_A_DATABASE, explore


@pytest.mark.parametrize("database", ["in_a_file", "on_postgres"])
def test_rules_hold_in_any_order(database: str, request: pytest.FixtureRequest) -> None:
    seen = explore(request.getfixturevalue(database), NOON, share=ON_A_DATABASE)

    assert seen["an end"]
