"""What the tests of CalDAV may ask for."""

from __future__ import annotations

import pytest

from hxdav.store.store import Store
from tests.integration.dav.caller import Caller, a_caller


@pytest.fixture
def maya(sqlite_store: Store) -> Caller:
    """Maya with one connected calendar."""
    return a_caller(sqlite_store)
