"""Credits: none is charged twice, none is lost, and what is paid runs (rule 1)."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from sqlalchemy import Row

from tests.integration.machines.model import PERIOD, PRICE, By, Step

_FREE = {"silver", "gold", "platinum"}


def the_ledger_adds_up(step: Step) -> None:
    """Entries are never changed; what came in, less what the periods cost, is there; and that is never below zero."""
    assert all(step.after.entries[number] == entry for number, entry in step.before.entries.items())
    entries = step.after.entries.values()
    assert sum(entry.credits for entry in entries if entry.subscription_id is None) == step.model.credits_in
    assert step.after.balance >= 0
    for number in step.after.entries.keys() - step.before.entries.keys():
        entry = step.after.entries[number]
        if entry.subscription_id is not None:
            assert entry.credits == -_price(step)
            _begins_in_time(step, entry)


def no_period_is_paid_twice(step: Step) -> None:
    """The periods of a subscription follow each other, with one entry each, the present one too."""
    periods: defaultdict[int, list[Any]] = defaultdict(list)
    for entry in step.after.entries.values():
        if entry.subscription_id is not None:
            periods[entry.subscription_id].append(entry.period_from)
    for subscription in step.after.subscriptions.values():
        begun = sorted(periods[subscription.id])
        assert all(later - earlier >= PERIOD for earlier, later in pairwise(begun))
        assert subscription.paid_until == subscription.period_from + PERIOD
        assert begun[-1] == subscription.period_from


def subscriptions_turn_by_the_rules(step: Step) -> None:
    """One that runs pauses only for want of credits, and ends only where it was cancelled."""
    for number, after in step.after.subscriptions.items():
        before = step.before.subscriptions.get(number)
        if before is None or before.state == after.state:
            continue
        match after.state:
            case "running":
                assert after.period_from == step.today
            case "paused":
                assert (before.state, before.renews) == ("running", True)
                assert before.paid_until <= step.today
                assert step.after.balance < _price(step)
            case _:
                assert before.paid_until <= step.today
                assert not before.renews or step.by is By.CREDITS


def nothing_is_left_to_renew(step: Step) -> None:
    """Once the worker has come by, nothing runs that is not paid for, and nothing pauses that could be paid for."""
    for subscription in step.after.subscriptions.values():
        if subscription.state == "running":
            assert subscription.paid_until > step.today
        elif subscription.state == "paused":
            assert step.after.balance < _price(step)


def _begins_in_time(step: Step, entry: Row[Any]) -> None:
    """A period begins today, or where the last one ended; nobody pays for time in which nothing ran."""
    before = step.before.subscriptions.get(entry.subscription_id)
    if before is None or before.state != "running":
        assert entry.period_from == step.today
        return
    assert before.paid_until <= step.today
    if before.renews and step.today < before.paid_until + PERIOD:
        assert entry.period_from == before.paid_until
    else:
        assert entry.period_from == step.today


def _price(step: Step) -> int:
    (group,) = step.before.groups.values()
    return 0 if group.band in _FREE else PRICE
