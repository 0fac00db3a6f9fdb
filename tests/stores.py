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

from hxdav.store.store import Store
from tests.builders import a_store


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


@pytest.fixture
def postgres_store(postgres_url: str, migrated_postgres: str) -> Iterator[Store]:
    """A store on PostgreSQL."""
    with new_postgres(postgres_url, migrated_postgres) as url:
        store = Store(url)
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
