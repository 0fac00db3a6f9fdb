"""Stores on which a state machine begins each of its examples anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hxdav.store.rows import Base
from tests.integration.machines.fragile import FragileStore, Rewinding
from tests.stores import new_postgres


@pytest.fixture
def in_memory(migrated_memory: sqlite3.Connection, tmp_path: Path) -> Iterator[Rewinding]:
    """SQLite in memory."""
    yield from _sqlite("sqlite:///:memory:", migrated_memory, tmp_path)


@pytest.fixture
def in_a_file(migrated_memory: sqlite3.Connection, tmp_path: Path) -> Iterator[Rewinding]:
    """SQLite as it is used."""
    yield from _sqlite(f"sqlite:///{tmp_path / 'store.sqlite'}", migrated_memory, tmp_path)


@pytest.fixture
def on_postgres(postgres_url: str, migrated_postgres: str, tmp_path: Path) -> Iterator[Rewinding]:
    """PostgreSQL."""
    with new_postgres(postgres_url, migrated_postgres) as url:
        store = FragileStore(url)
        # Emptied and not made anew, so that its connections stay.
        tables = ", ".join(table.name for table in Base.metadata.sorted_tables if table.name != "installation")

        def rewind() -> None:
            with store.engine.begin() as connection:
                # Neither the ledger nor the audit log lets itself be emptied otherwise.
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
                connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY")

        yield Rewinding(store=store, folder=tmp_path, rewind=rewind)
        store.close()


def _sqlite(url: str, template: sqlite3.Connection, folder: Path) -> Iterator[Rewinding]:
    store = FragileStore(url)

    def rewind() -> None:
        with store.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            template.backup(driver)

    yield Rewinding(store=store, folder=folder, rewind=rewind)
    store.close()
