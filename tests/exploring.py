"""How long the tests look: a little at each commit, and at length before a release (``make test-long``)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Set as AbstractSet
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

AT_LENGTH = os.environ.get("HXDAV_TESTS") == "long"

STEPS = 15
"""Steps of each example of a state machine."""

_ENOUGH = 0.5
"""Which part of its outcomes a machine reaches in the few examples of a commit; at length it reaches all."""


def explore(
    machine: type[RuleBasedStateMachine],
    *,
    few: int,
    many: int,
    outcomes: AbstractSet[str],
    seeds: int = 1,
    **attributes: Any,
) -> None:
    """Play examples of a state machine: a ``few`` at a commit; ``many`` of each seed at length, and as many new ones.

    The examples of a seed are the same each time, so that what fails at a commit is the change's own doing.
    ``outcomes`` are what the machine counts in its ``seen``: one that does not reach them tests less than it seems to.
    ``attributes`` are given to the machine's class.
    """
    seen: Counter[str] = Counter()
    seeded = range(seeds if AT_LENGTH else 1)
    for number in (*seeded, None) if AT_LENGTH else seeded:
        played = type(machine.__name__, (machine,), {**attributes, "seen": seen})
        if number is not None:
            seed(number)(played)
        _play(played, examples=many if AT_LENGTH else few)
    missed = outcomes - seen.keys()
    assert len(missed) <= (0 if AT_LENGTH else _ENOUGH * len(outcomes)), f"it does not reach {sorted(missed)}"


def _play(machine: type[RuleBasedStateMachine], *, examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=False,
            phases=set(Phase) - {Phase.explain},
            suppress_health_check=list(HealthCheck),
        ),
    )
