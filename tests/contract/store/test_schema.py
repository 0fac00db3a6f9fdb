"""The schema: what the migrations make is what the code expects."""

from __future__ import annotations

from pathlib import Path

import pytest

from hxdav.errors import SchemaOutOfDate
from hxdav.store import schema
from hxdav.store.store import Store
from tests.builders import NOON


def test_migrations_make_just_the_schema_that_the_code_expects(store: Store) -> None:
    with store.snapshot() as tx:
        assert schema.differences(tx.connection) == []
        assert schema.state(tx).is_current


def test_an_empty_database_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    empty = Store(f"sqlite:///{tmp_path / 'empty.sqlite'}")

    with empty.snapshot() as tx, pytest.raises(SchemaOutOfDate, match="hxdav db upgrade"):
        schema.require_current(tx)
    empty.close()


def test_upgrading_twice_changes_nothing(store: Store) -> None:
    with store.snapshot() as tx:
        epoch = tx.installation.epoch()

    schema.upgrade(store, now=NOON)

    with store.snapshot() as tx:
        assert tx.installation.epoch() == epoch


def test_every_row_that_a_practice_owns_says_so() -> None:
    from hxdav.store.rows import Base  # noqa: PLC0415

    owned = set(Base.metadata.tables) - {"installation", "practice_group"}

    assert all("practice_group_id" in Base.metadata.tables[table].columns for table in owned)
