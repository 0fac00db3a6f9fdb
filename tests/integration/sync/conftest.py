from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from hxdav.store.store import Store
from tests.bridges import BridgedWorld
from tests.builders import a_practice
from tests.integration.sync.machine_ground import Stage
from tests.integration.sync.machine_world import MortalStore


@pytest.fixture
def world(store: Store) -> BridgedWorld:
    """A practice whose calendar can be bridged, on each database."""
    return BridgedWorld(practice=a_practice(store))


@pytest.fixture
def stage(migrated_memory: sqlite3.Connection) -> Iterator[Stage]:
    """SQLite in memory, on which examples are played one after another."""
    stage = Stage(store=MortalStore("sqlite:///:memory:"), empty=migrated_memory)
    yield stage
    stage.close()
