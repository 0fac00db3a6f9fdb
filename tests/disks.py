"""A disk without room, as SQLite finds it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from hxdav.store.store import Store


def fill_disk(store: Store) -> None:
    """Leave the database no page more than it has: SQLite answers as it does on a disk that is full."""
    # The connections that are open know no limit.
    store.close()
    event.listen(store.engine, "connect", _limit)


def _limit(connection: Any, _record: object) -> None:
    # Fewer than it has become as many as it has.
    connection.execute("PRAGMA max_page_count=1")
