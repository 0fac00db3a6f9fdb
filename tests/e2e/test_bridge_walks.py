"""Whatever happens on the way, all calendars of a practitioner end up equal (docs/engine.md, docs/proof.md).

Maya has hxdav's calendar at Google, Outlook.com, Exchange and iCloud, and on a device that uses hxdav itself.

The walks are fixed by their seeds; a failure tells the seed and the steps. At length ten times as many new ones join.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.walked_end import calm_down, has_converged
from tests.e2e.walked_steps import Steps
from tests.e2e.walking import Stage, a_stage, a_walk
from tests.exploring import AT_LENGTH

_FEW, _MANY, _NEW = 7, 25, 250
_RUN = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))
_SEEDS = (
    [*range(1, _MANY + 1), *(_RUN.randrange(_MANY + 1, 1_000_000_000) for _ in range(_NEW))]
    if AT_LENGTH
    else range(1, _FEW + 1)
)
"""The new ones are the same for all processes of a run."""


@pytest.fixture(scope="module")
def stage(migrated_sqlite: Path) -> Iterator[Stage]:
    """The simulators, shared by all walks."""
    with pytest.MonkeyPatch.context() as patch, a_stage(migrated_sqlite) as stage:
        # The workers are as eager as they can be, so that a walk takes seconds.
        patch.setattr("hxdav.worker.runners._LOOKS_EVERY_SECONDS", 0.02)
        patch.setattr("hxdav.worker.listeners._LOOKS_EVERY_SECONDS", 0.1)
        yield stage


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_walk_ends_with_all_calendars_equal(stage: Stage, tmp_path: Path, seed: int) -> None:
    with a_walk(stage, seed=seed, folder=tmp_path) as walk:
        Steps(walk=walk).go(walk.random.randint(12, 20))

        calm_down(walk)

        has_converged(walk)
