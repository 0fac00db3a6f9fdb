"""Desks for the tests of pages and hooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from hxdav.store.store import Store
from tests.integration.web.desk import Desk, a_desk
from tests.integration.web.microsoft_desk import MicrosoftDesk, a_microsoft_desk


@pytest.fixture
def desk(sqlite_store: Store, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(sqlite_store, tmp_path) as desk:
        yield desk
    structlog.reset_defaults()


@pytest.fixture
def microsoft_desk(sqlite_store: Store, tmp_path: Path) -> Iterator[MicrosoftDesk]:
    with a_microsoft_desk(sqlite_store, tmp_path) as desk:
        yield desk
    structlog.reset_defaults()
