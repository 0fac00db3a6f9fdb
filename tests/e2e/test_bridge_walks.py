"""Whatever happens on the way, all calendars of a practitioner end up equal (`design.md` §7, §9).

Maya has hxdav's calendar at Google, Outlook.com, Exchange and iCloud, and on a device that uses hxdav itself.

The walks are fixed by their seeds; a failure tells the seed and the steps. ``HXDAV_TESTS=long`` goes a hundred times as
many.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.walked_end import calm_down, has_converged
from tests.e2e.walked_steps import Steps
from tests.e2e.walking import Stage, a_stage, a_walk

_WALKS = 2_500 if os.environ.get("HXDAV_TESTS") == "long" else 25


@pytest.fixture(scope="module")
def stage(migrated_sqlite: Path) -> Iterator[Stage]:
    """The simulators, shared by all walks."""
    with pytest.MonkeyPatch.context() as patch, a_stage(migrated_sqlite) as stage:
        # The workers are as eager as they can be, so that a walk takes seconds.
        patch.setattr("hxdav.worker.runners._LOOKS_EVERY_SECONDS", 0.02)
        patch.setattr("hxdav.worker.listeners._LOOKS_EVERY_SECONDS", 0.1)
        yield stage


@pytest.mark.parametrize("seed", range(1, _WALKS + 1))
def test_a_walk_ends_with_all_calendars_equal(stage: Stage, tmp_path: Path, seed: int) -> None:
    with a_walk(stage, seed=seed, folder=tmp_path) as walk:
        Steps(walk=walk).go(walk.random.randint(12, 20))

        calm_down(walk)

        has_converged(walk)
