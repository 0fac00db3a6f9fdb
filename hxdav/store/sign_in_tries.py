"""How many passwords and recovery codes were tried, counted for all serving processes together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, delete, select, update

from hxdav.store.rows import SignInTriesRow, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCount:
    """So many tries of a subject since ``began_at``."""

    subject: str
    number: int
    began_at: datetime


class SignInTries:
    """Counts tries by subject: a keyed hash of who or what tries."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, subjects: Collection[str], *, since: datetime) -> list[SignInCount]:
        """The counts of these subjects that began after ``since``."""
        query = select(SignInTriesRow.subject, SignInTriesRow.number, SignInTriesRow.began_at).where(
            SignInTriesRow.subject.in_(subjects), SignInTriesRow.began_at > since
        )
        return [
            SignInCount(subject=row.subject, number=row.number, began_at=row.began_at)
            for row in self._connection.execute(query)
        ]

    def add(self, subjects: Collection[str], *, now: datetime) -> list[SignInCount]:
        """Count one more try of each; how many there are with it.

        Each count is one statement, so two processes never get the same number.
        """
        statement = _counting(self._connection.dialect.name)
        counts: list[SignInCount] = []
        # In one order everywhere, or two transactions could wait for each other.
        for subject in sorted(subjects):
            row = self._connection.execute(statement, {"subject": subject, "number": 1, "began_at": now}).one()
            counts.append(SignInCount(subject=subject, number=row.number, began_at=row.began_at))
        return counts

    def take_back(self, subjects: Collection[str]) -> None:
        """Count one try less of each."""
        table = table_of(SignInTriesRow)
        for subject in sorted(subjects):
            counted = update(table).where(table.c.subject == subject, table.c.number > 0)
            self._connection.execute(counted.values(number=table.c.number - 1))

    def forget(self, before: datetime) -> None:
        """Delete the counts that began by ``before``."""
        self._connection.execute(delete(SignInTriesRow).where(SignInTriesRow.began_at <= before))


@cache
def _counting(dialect: str) -> Any:
    """Begin a count, or go on with it: both databases write it alike, and only the one in use is loaded."""
    table = table_of(SignInTriesRow)
    adding = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    counting = adding.on_conflict_do_update(index_elements=["subject"], set_={"number": table.c.number + 1})
    return counting.returning(table.c.number, table.c.began_at)
