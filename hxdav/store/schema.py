"""Which schema the database is at, and which this version of hxdav needs; ``migrating`` leads from one to the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import inspect, text

from hxdav.errors import SchemaOutOfDate
from hxdav.store.store import Tx

MIGRATIONS = Path(__file__).parent / "migrations"
"""Alembic's folder: a file in ``versions`` begins with the number of its revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """Which revision the database is at (None: empty), and which this version of hxdav expects."""

    present: str | None
    expected: str

    @property
    def is_current(self) -> bool:
        """Whether the database is what this version expects."""
        return self.present == self.expected


def state(tx: Tx) -> SchemaState:
    """Compare the database's revision with the expected one."""
    return SchemaState(present=_present(tx), expected=_expected())


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


def _present(tx: Tx) -> str | None:
    if not inspect(tx.connection).has_table("alembic_version"):
        return None
    found: str | None = tx.connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


@cache
def _expected() -> str:
    """The newest revision, by the names of the files: Alembic would load every migration to find it."""
    numbers = [path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py")]
    if not numbers:
        raise SchemaOutOfDate("This installation of hxdav is incomplete: its migrations are missing.")
    return max(numbers)
