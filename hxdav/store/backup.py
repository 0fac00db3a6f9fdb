"""Logical backups: every table from one snapshot, in a zip file that either database can be restored from.

A backup holds health data, the hashes of passwords, and sealed secrets. The installation's key and the vault's, which
open them, it does not hold.
"""

from __future__ import annotations

import base64
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Date, LargeBinary, Table, func, insert, select, text
from sqlalchemy.exc import CompileError, DataError, IntegrityError

from hxdav.errors import StoreError
from hxdav.store import append_only, schema
from hxdav.store.rows import Base
from hxdav.store.rows.base import UtcDateTime
from hxdav.store.store import Tx

_MANIFEST = "manifest.json"
_FORMAT = 1
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds. ``last_ids`` are the numbers that a table has given out, so that none is used again."""

    format: int
    schema: str
    made_at: str
    rows: dict[str, int]
    last_ids: dict[str, int]


def write_backup(tx: Tx, path: Path, *, now: datetime) -> Manifest:
    """Write all that ``tx`` sees to ``path``, readable by its owner only; what was there is replaced at the end."""
    present = schema.state(tx).present
    if present is None:
        raise StoreError("There is nothing to back up: the database is empty.")
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} is not a file that a backup could replace.")
    draft = path.with_name(path.name + ".part")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                rows = {table.name: _write_table(tx.connection, table, archive) for table in _tables()}
                manifest = Manifest(
                    format=_FORMAT,
                    schema=present,
                    made_at=now.isoformat(),
                    rows=rows,
                    last_ids=_last_ids(tx.connection),
                )
                archive.writestr(_MANIFEST, json.dumps(asdict(manifest), indent=2))
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise StoreError(f"The backup cannot be written to {path}: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def read_manifest(path: Path) -> Manifest:
    """What a backup says of itself; raises StoreError for what is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            values = json.loads(archive.read(_MANIFEST))
        if values["format"] != _FORMAT:
            raise StoreError(f"{path} is a backup in a format that this version does not know.")
        return Manifest(**values)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from error
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path} is not a backup of hxdav.") from error


def is_empty(tx: Tx) -> bool:
    """Whether nobody's data are in the database."""
    groups = Base.metadata.tables["practice_group"]
    return tx.connection.execute(select(groups.c.id).limit(1)).first() is None


def restore(tx: Tx, path: Path) -> Manifest:
    """Replace everything in the database, which is at the backup's schema, with what the backup holds."""
    schema.require_current(tx)
    manifest = read_manifest(path)
    present = schema.state(tx).present
    if manifest.schema != present:
        raise StoreError(
            f"The backup is of schema {manifest.schema} and the database at {present}. Restore it with the version of "
            "hxdav that made it, then upgrade."
        )
    with append_only.lifted(tx.connection):
        for table in reversed(_tables()):
            tx.connection.execute(table.delete())
    try:
        with zipfile.ZipFile(path) as archive:
            for table in _tables():
                if _read_table(tx.connection, table, archive) != manifest.rows[table.name]:
                    raise StoreError(f"The backup {path} is not whole: rows of {table.name} are missing.")
    except _DAMAGE as error:
        raise StoreError(f"The backup {path} is damaged: {_damage(error)}. Restore another one.") from error
    _set_last_ids(tx.connection, manifest.last_ids)
    return manifest


_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    IntegrityError,
    DataError,
    CompileError,
)
"""What comes of reading a file that is not as it was written, and of rows that do not fit together."""


def _damage(error: Exception) -> str:
    return "its rows do not fit together" if isinstance(error, IntegrityError) else "it is not as it was written"


def _tables() -> list[Table]:
    """The tables, each after those that it refers to."""
    return Base.metadata.sorted_tables


def _write_table(connection: Connection, table: Table, archive: zipfile.ZipFile) -> int:
    columns = list(table.columns)
    encoders = [_encoder(column) for column in columns]
    query = select(table).order_by(*table.primary_key.columns)
    streaming = connection.execution_options(yield_per=_ROWS_AT_ONCE)
    count = 0
    with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as file:
        for row in streaming.execute(query):
            values = {
                column.name: None if value is None else encode(value)
                for column, encode, value in zip(columns, encoders, row, strict=True)
            }
            file.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
            count += 1
    return count


def _read_table(connection: Connection, table: Table, archive: zipfile.ZipFile) -> int:
    decoders = {column.name: _decoder(column) for column in table.columns}
    count = 0
    with archive.open(f"{table.name}.jsonl") as file:
        rows = (
            {name: None if value is None else decoders[name](value) for name, value in json.loads(line).items()}
            for line in file
        )
        for batch in _batches(rows):
            connection.execute(insert(table), batch)
            count += len(batch)
    return count


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        yield batch


def _encoder(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, LargeBinary):
        return lambda value: base64.b64encode(value).decode()
    if isinstance(column.type, UtcDateTime | Date):
        return lambda value: value.isoformat()
    return lambda value: value


def _decoder(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, LargeBinary):
        return base64.b64decode
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat
    if isinstance(column.type, Date):
        return date.fromisoformat
    return lambda value: value


def _numbered() -> list[Table]:
    """The tables that number their rows by themselves."""
    return [table for table in _tables() if [column.name for column in table.primary_key.columns] == ["id"]]


def _last_ids(connection: Connection) -> dict[str, int]:
    if connection.dialect.name == "sqlite":
        given = {row.name: row.seq for row in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    else:
        given = {
            table.name: connection.execute(
                text("SELECT coalesce(pg_sequence_last_value(CAST(pg_get_serial_sequence(:t, 'id') AS regclass)), 0)"),
                {"t": f'"{table.name}"'},
            ).scalar_one()
            for table in _numbered()
        }
    highest = {
        table.name: connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        for table in _numbered()
    }
    return {name: max(number, given.get(name, 0)) for name, number in highest.items()}


def _set_last_ids(connection: Connection, last_ids: dict[str, int]) -> None:
    for table in _numbered():
        last = {"t": table.name, "last": last_ids.get(table.name, 0)}
        if connection.dialect.name == "sqlite":
            connection.execute(text("UPDATE sqlite_sequence SET seq = :last WHERE name = :t AND seq < :last"), last)
        elif last["last"]:
            last["t"] = f'"{table.name}"'
            connection.execute(text("SELECT setval(pg_get_serial_sequence(:t, 'id'), :last)"), last)
