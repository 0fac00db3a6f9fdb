"""A store for a test, on each of the two databases: copied from one that was migrated once per session."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from hxdav.store.rows import Base
from hxdav.store.store import Store
from tests.builders import a_store

_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_EMPTY = "; ".join(
    [
        # What a former test left open would keep its locks.
        f"SELECT pg_terminate_backend(pid) {_OTHERS}",
        # Only a replica may empty the ledger and the audit log.
        "SET LOCAL session_replication_role = replica",
        *(f"DELETE FROM {table.name}" for table in Base.metadata.sorted_tables),
        "INSERT INTO installation SELECT * FROM kept.installation",
        "SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL",
    ]
)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the present schema, to copy."""
    path = tmp_path_factory.mktemp("migrated") / "store.sqlite"
    a_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def migrated_memory() -> Iterator[sqlite3.Connection]:
    """A database in memory with the present schema, to copy with SQLite's own means."""
    store = a_store("sqlite:///:memory:")
    template = sqlite3.connect(":memory:")
    with store.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.backup(template)
    store.close()
    yield template
    template.close()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    """The name of a PostgreSQL database with the present schema, to copy."""
    name = "migrated"
    with psycopg.connect(_plain(postgres_url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    a_store(postgres_url.replace("/postgres?", f"/{name}?", 1)).close()
    return name


@pytest.fixture
def sqlite_store(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """A store on SQLite."""
    path = tmp_path / "store.sqlite"
    shutil.copy(migrated_sqlite, path)
    store = Store(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture(scope="session")
def reused_postgres(postgres_url: str, migrated_postgres: str) -> Iterator[str]:
    """The address of a PostgreSQL database that is emptied for each test: to copy one takes three times as long."""
    with new_postgres(postgres_url, migrated_postgres) as url:
        with psycopg.connect(_plain(url)) as connection:
            connection.execute("CREATE SCHEMA kept")
            connection.execute("CREATE TABLE kept.installation AS TABLE installation")
        yield url


@pytest.fixture
def postgres_store(reused_postgres: str) -> Iterator[Store]:
    """A store on PostgreSQL."""
    with psycopg.connect(_plain(reused_postgres)) as connection:
        connection.execute(_EMPTY)
    store = Store(reused_postgres)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """A store, on each database in turn."""
    found = request.getfixturevalue(f"{request.param}_store")
    assert isinstance(found, Store)
    return found


@contextmanager
def new_postgres(postgres_url: str, template: str) -> Iterator[str]:
    """A copy of a PostgreSQL database, for the length of the block; its address."""
    name = f"store_{uuid4().hex}"
    with psycopg.connect(_plain(postgres_url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield postgres_url.replace("/postgres?", f"/{name}?", 1)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _plain(url: str) -> str:
    return url.replace("+psycopg", "", 1)
