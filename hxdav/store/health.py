"""Whether the database answers, and is set up as it has to be."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hxdav.errors import StoreError
from hxdav.store.store import Store

_FULL = 2


def require_answer(store: Store) -> None:
    """Raise StoreError, with a sentence, where the database does not answer."""
    try:
        with store.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        raise StoreError(f"The database cannot be opened: {reason}.") from error


def database_problems(store: Store) -> list[str]:
    """What is wrong with the database itself, as sentences; reads all of it on SQLite."""
    with store.single_read() as tx:
        if tx.connection.dialect.name != "sqlite":
            recovering = tx.connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one()
            return ["The server is a standby, on which nothing can be written."] if recovering else []
        found = []
        journal = tx.connection.execute(text("PRAGMA journal_mode")).scalar_one()
        if journal != "wal":
            found.append(f"The journal mode is {journal} and not WAL: the file system may not allow it.")
        if tx.connection.execute(text("PRAGMA synchronous")).scalar_one() != _FULL:
            found.append("The database does not wait for the disk (synchronous is not FULL).")
        damage = [row[0] for row in tx.connection.execute(text("PRAGMA integrity_check(3)"))]
        if damage != ["ok"]:
            found.append(f"The file is damaged: {damage[0]}. Restore a backup.")
        if tx.connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
            found.append("Rows refer to rows that are not there. Restore a backup.")
        return found
