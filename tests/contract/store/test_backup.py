"""Backups: what is written on one database is whole on the other."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hxdav.domain.ids import AppointmentId
from hxdav.errors import StoreError
from hxdav.services.integrations import sync_tokens
from hxdav.store import backup
from hxdav.store.rows import Base
from hxdav.store.store import Store
from tests.builders import NOON, a_practice, a_store, an_object

KEY_PROOF = "0123456789abcdef"


def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    with store.snapshot() as tx:
        return {
            table.name: [
                dict(row._mapping) for row in tx.connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in Base.metadata.sorted_tables
        }


def fill(store: Store) -> AppointmentId:
    """Something in nearly every table, with texts, octets, dates and moments that are easily spoilt."""
    practice = a_practice(store)
    integration_id = practice.integration()
    practice.app_password()
    appointment = practice.book(an_object(summary="Tea 茶"), patients=("Demo Patient 1",))
    practice.put(integration_id, "own.ics", an_object("own"))
    practice.put(integration_id, "bad.ics", b"\x00\xff no calendar")
    practice.remove(integration_id, "own.ics")
    with store.transaction() as tx:
        tx.integrations.change_properties(tx.integrations.one(integration_id), {"{urn:x}colour": "<c>ü</c>"})
        tx.installation.keep_key_proof(KEY_PROOF)
    return appointment.id


def write(store: Store, path: Path) -> None:
    with store.snapshot() as tx:
        backup.write_backup(tx, path, now=NOON)


def read(store: Store, path: Path) -> None:
    with store.transaction() as tx:
        backup.restore(tx, path)


@pytest.fixture(params=["to sqlite", "to postgres"])
def other_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A second store, on each database in turn."""
    is_sqlite = request.param == "to sqlite"
    other = a_store(f"sqlite:///{tmp_path}/other.sqlite" if is_sqlite else request.getfixturevalue("fresh_postgres"))
    yield other
    other.close()


def test_every_row_comes_back_on_either_database(store: Store, other_store: Store, tmp_path: Path) -> None:
    fill(store)
    write(store, tmp_path / "backup.zip")

    read(other_store, tmp_path / "backup.zip")

    before = everything(store)
    assert len([name for name, rows in before.items() if rows]) > 12
    assert everything(other_store) == before


def test_numbers_that_were_given_out_are_not_given_again(store: Store, other_store: Store, tmp_path: Path) -> None:
    last = fill(store)
    mirrors = Base.metadata.tables["mirror"]
    with store.transaction() as tx:
        gone = tx.connection.execute(select(mirrors.c.id).order_by(mirrors.c.id.desc()).limit(1)).scalar_one()
        tx.connection.execute(mirrors.delete().where(mirrors.c.id == gone))
    write(store, tmp_path / "backup.zip")
    read(other_store, tmp_path / "backup.zip")

    added = a_practice(other_store, key="other", username="tom")
    added.integration("hx-two")
    added.book(an_object("next"))

    with other_store.snapshot() as tx:
        assert max(tx.connection.execute(select(mirrors.c.id)).scalars()) > gone
        assert min(tx.connection.execute(select(Base.metadata.tables["appointment"].c.id)).scalars()) <= last


def test_a_backup_replaces_what_is_there(store: Store, tmp_path: Path) -> None:
    fill(store)
    write(store, tmp_path / "backup.zip")
    before = everything(store)
    a_practice(store, key="other", username="tom")

    read(store, tmp_path / "backup.zip")

    assert everything(store) == before


def test_a_damaged_backup_changes_nothing(store: Store, tmp_path: Path) -> None:
    fill(store)
    whole, cut = tmp_path / "whole.zip", tmp_path / "cut.zip"
    write(store, whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(cut, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.splitlines()[0] if name == "audit.jsonl" else content)
    before = everything(store)

    with pytest.raises(StoreError, match="not whole"):
        read(store, cut)

    assert everything(store) == before


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("practitioner_id", 987_654, "do not fit together"),
        ("practitioner_id", 2**70, "damaged"),
        ("created_at", 7, "not as it was written"),
        ("nobody_knows", 7, "not as it was written"),
    ],
)
def test_a_backup_whose_rows_cannot_be_is_a_sentence_and_changes_nothing(
    store: Store, tmp_path: Path, column: str, value: object, what: str
) -> None:
    fill(store)
    whole, broken = tmp_path / "whole.zip", tmp_path / "broken.zip"
    write(store, whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "appointment.jsonl":
                first, *rest = content.splitlines()
                content = b"\n".join([json.dumps(json.loads(first) | {column: value}).encode(), *rest])
            target.writestr(name, content)
    before = everything(store)

    with pytest.raises(StoreError, match=what):
        read(store, broken)

    assert everything(store) == before


def test_a_backup_of_another_schema_is_refused(store: Store, tmp_path: Path) -> None:
    whole, older = tmp_path / "whole.zip", tmp_path / "older.zip"
    write(store, whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(older, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'"schema": "', b'"schema": "x'))

    with pytest.raises(StoreError, match="Restore it with the version"):
        read(store, older)


def test_a_backup_is_for_its_owner_only(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "backup.zip"

    write(store, path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir() if "backup" in each.name] == ["backup.zip"]


def test_an_epoch_begun_after_a_restore_is_another(store: Store, tmp_path: Path) -> None:
    write(store, tmp_path / "backup.zip")
    with store.transaction() as tx:
        before = tx.installation.epoch()
        backup.restore(tx, tmp_path / "backup.zip")
        restored = tx.installation.epoch()
        sync_tokens.begin_epoch(tx)

    with store.snapshot() as tx:
        assert restored == before
        assert tx.installation.epoch() != before


def test_a_backup_takes_the_place_of_a_file_only(sqlite_store: Store, tmp_path: Path) -> None:
    with sqlite_store.snapshot() as tx, pytest.raises(StoreError, match="not a file"):
        backup.write_backup(tx, tmp_path, now=NOON)

    assert tmp_path.is_dir()
