"""The schema of the database: brought up to date and checked with Alembic, never made any other way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hxdav.errors import SchemaOutOfDate
from hxdav.store.rows import Base
from hxdav.store.store import Store, Tx

_MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """Which revision the database is at (None: empty), and which this version of hxdav expects."""

    present: str | None
    expected: str

    @property
    def is_current(self) -> bool:
        """Whether the database is what this version expects."""
        return self.present == self.expected


def upgrade(store: Store, *, now: datetime) -> None:
    """Bring the database to this version's schema; all of it or nothing."""
    with store.transaction() as tx:
        config = _config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")
        tx.installation.ensure(now=now)


def state(tx: Tx) -> SchemaState:
    """Compare the database's revision with the expected one."""
    return SchemaState(present=MigrationContext.configure(tx.connection).get_current_revision(), expected=_head())


def require_current(tx: Tx) -> None:
    """Refuse to work on a database that is not at this version's schema."""
    found = state(tx)
    if found.is_current:
        return
    if found.present is None:
        raise SchemaOutOfDate("The database is empty. Run: hxdav db upgrade")
    raise SchemaOutOfDate(
        f"The database is at schema {found.present}, and this version needs {found.expected}. Run: hxdav db upgrade"
    )


def differences(connection: Connection) -> list[object]:
    """How the tables differ from what the code expects; empty where migrations and code agree."""
    context = MigrationContext.configure(connection, opts={"compare_type": False})
    return list(compare_metadata(context, Base.metadata))


@cache
def _head() -> str:
    """The newest revision; Alembic loads every migration to find it, which takes a process's first look only."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise SchemaOutOfDate("This installation of hxdav is incomplete: its migrations are missing.")
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
