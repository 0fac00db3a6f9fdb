"""Tables to which the database itself only lets be appended: the audit log and the ledger.

The migration that makes them puts the triggers there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

TABLES = ("audit", "credit_entry")


@contextmanager
def lifted(connection: Connection) -> Iterator[None]:
    """Let everything be deleted within the block: for a restore, which replaces the whole store, and nothing else."""
    if connection.dialect.name == "sqlite":
        query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = [row for row in connection.execute(query).all() if row.name.startswith(TABLES)]
        for trigger in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {trigger.name}")
        yield
        for trigger in triggers:
            connection.exec_driver_sql(trigger.sql)
        return
    for table in TABLES:
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table in TABLES:
        connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
