"""What is only ever appended to: each database itself refuses to change or delete it, except for a restore."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from hxdav.domain.subscription import CreditKind
from hxdav.store import append_only, backup
from hxdav.store.rows import Base
from hxdav.store.store import Store
from tests.builders import NOON, a_practice, an_object

TABLES = {name: Base.metadata.tables[name] for name in append_only.TABLES}


def fill(store: Store) -> None:
    """An entry in each of the tables."""
    practice = a_practice(store)
    practice.put(practice.integration(), "a.ics", an_object())
    with store.transaction() as tx:
        group = tx.people.practitioner(practice.practitioner_id).practice_group_id
        bought = {"kind": CreditKind.PURCHASE, "credits": 25, "at": NOON, "agent": "", "remark": ""}
        tx.connection.execute(insert(TABLES["credit_entry"]).values(practice_group_id=group, **bought))


def count(store: Store, name: str) -> int:
    with store.snapshot() as tx:
        return tx.connection.execute(select(func.count()).select_from(TABLES[name])).scalar_one()


def refused(store: Store, name: str) -> bool:
    """Whether the database refuses both to change and to delete."""
    for change in (update(TABLES[name]).values(agent="somebody else"), delete(TABLES[name])):
        with pytest.raises(DBAPIError, match=f"{name} is append-only"), store.transaction() as tx:
            tx.connection.execute(change)
    return True


@pytest.mark.parametrize("name", TABLES)
def test_the_database_refuses_to_change_or_delete_what_was_written_down(store: Store, name: str) -> None:
    fill(store)
    before = count(store, name)

    assert refused(store, name)
    assert count(store, name) == before > 0


@pytest.mark.parametrize("name", TABLES)
def test_a_restore_replaces_it_and_leaves_it_guarded_again(store: Store, tmp_path: Path, name: str) -> None:
    fill(store)
    before = count(store, name)
    with store.snapshot() as tx:
        backup.write_backup(tx, tmp_path / "backup.zip", now=NOON)

    with store.transaction() as tx:
        backup.restore(tx, tmp_path / "backup.zip")

    assert count(store, name) == before > 0
    assert refused(store, name)


@pytest.mark.parametrize("name", TABLES)
def test_a_restore_that_fails_leaves_it_guarded(store: Store, name: str) -> None:
    fill(store)

    with pytest.raises(ZeroDivisionError), store.transaction() as tx, append_only.lifted(tx.connection):
        _ = 1 / 0

    assert refused(store, name)


@pytest.mark.parametrize("name", TABLES)
def test_postgresql_does_not_empty_such_a_table_at_once_either(postgres_store: Store, name: str) -> None:
    fill(postgres_store)

    with pytest.raises(DBAPIError, match=f"{name} is append-only"), postgres_store.transaction() as tx:
        tx.connection.execute(text(f"TRUNCATE {name} CASCADE"))

    assert count(postgres_store, name)
