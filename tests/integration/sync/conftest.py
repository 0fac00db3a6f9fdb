from __future__ import annotations

import pytest

from hxdav.store.store import Store
from tests.bridges import BridgedWorld
from tests.builders import a_practice


@pytest.fixture
def world(store: Store) -> BridgedWorld:
    """A practice whose calendar can be bridged, on each database."""
    return BridgedWorld(practice=a_practice(store))
