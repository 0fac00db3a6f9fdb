from __future__ import annotations

import pytest

from hxdav.budget import Budget, spend, within
from hxdav.errors import OverBudget


def look() -> None:
    """Spend nothing, often enough that the clock is looked at."""
    for _ in range(100):
        spend(0)


@pytest.mark.parametrize("cost", [{"units": 11}, {"units": 1, "octets": 101}], ids=["units", "octets"])
def test_a_request_that_costs_more_than_it_may_ends(cost: dict[str, int]) -> None:
    with within(Budget(units=10, octets=100)):
        spend(10, octets=100)
    with within(Budget(units=10, octets=100)), pytest.raises(OverBudget):
        spend(**cost)


def test_a_request_for_which_nobody_waits_ends_soon() -> None:
    with within(Budget(is_abandoned=lambda: True)), pytest.raises(OverBudget):
        look()


def test_a_request_that_computes_for_too_long_ends() -> None:
    with within(Budget(cpu_seconds=0)), pytest.raises(OverBudget):
        look()


def test_outside_of_a_request_nothing_is_counted() -> None:
    spend(10**9, octets=10**12)
