"""Migrations: the schema is brought up to date and checked with Alembic, never made any other way."""

from __future__ import annotations

from datetime import datetime

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from hxdav.store.rows import Base
from hxdav.store.schema import MIGRATIONS
from hxdav.store.store import Store


def upgrade(store: Store, *, now: datetime) -> None:
    """Bring the database to this version's schema; all of it or nothing."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.transaction() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")
        tx.installation.ensure(now=now)


def differences(connection: Connection) -> list[object]:
    """How the tables differ from what the code expects; empty where migrations and code agree."""
    context = MigrationContext.configure(connection, opts={"compare_type": False})
    return list(compare_metadata(context, Base.metadata))
