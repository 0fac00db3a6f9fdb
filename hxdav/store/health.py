"""Whether the database answers, and is set up as it has to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, DBAPIError

from hxdav.errors import StoreDamaged, StoreError, StoreFull
from hxdav.store.store import Store

_FULL = 2
LEAST_ROOM = 32_000_000
"""Octets that are free on a disk on which the database works: its journal needs 16 MB before it is written back."""


def require_answer(store: Store) -> None:
    """Raise StoreError, with a sentence, where the database does not answer."""
    try:
        with store.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        # Of SQLite's errors the one that has no class of its own is about the file itself.
        kind = StoreDamaged if type(error) is DatabaseError else StoreError
        raise kind(f"The database cannot be opened: {reason}.") from error


def require_room(store: Store) -> None:
    """Raise StoreFull where the disk with an SQLite database is all but full; PostgreSQL's disk cannot be seen."""
    file = store.engine.url.database
    if store.engine.dialect.name != "sqlite" or file in {None, "", ":memory:"}:
        return
    free = disk_usage(Path(str(file)).parent).free
    if free < LEAST_ROOM:
        raise StoreFull(f"The disk with the database has {free // 1_000_000} MB left: changes can be stored no longer.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a database, and how to mend it, each in a sentence."""

    sentence: str
    mend: str


_LOCAL_DISK = "Put data_dir on a local disk of this machine."


def database_problems(store: Store, *, restore: str) -> list[Problem]:
    """What is wrong with the database itself; reads all of it on SQLite. ``restore`` says how damage is mended.

    Raises StoreDamaged where the file cannot be read at all.
    """
    return list(_problems(store, restore))


def _problems(store: Store, restore: str) -> Iterator[Problem]:
    with store.single_read() as tx:
        if tx.connection.dialect.name != "sqlite":
            if tx.connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
                told = "The server is a standby, on which nothing can be written."
                yield Problem(sentence=told, mend="Name the primary server in [database] of the settings.")
            return
        journal = tx.connection.execute(text("PRAGMA journal_mode")).scalar_one()
        if journal != "wal":
            told = f"The journal mode is {journal} and not WAL: the file system may not allow it."
            yield Problem(sentence=told, mend=_LOCAL_DISK)
        if tx.connection.execute(text("PRAGMA synchronous")).scalar_one() != _FULL:
            told = "The database does not wait for the disk (synchronous is not FULL)."
            yield Problem(sentence=told, mend=_LOCAL_DISK)
        try:
            require_room(store)
        except StoreFull as full:
            yield Problem(sentence=str(full), mend="Make room on that disk.")
        damage = [row[0] for row in tx.connection.execute(text("PRAGMA integrity_check(3)"))]
        if damage != ["ok"]:
            yield Problem(sentence=f"The file is damaged: {damage[0]}.", mend=restore)
        if tx.connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
            yield Problem(sentence="Rows refer to rows that are not there.", mend=restore)
