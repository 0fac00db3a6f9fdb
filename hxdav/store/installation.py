"""The one row that says which life of the store this is."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, insert, select, text, update

from hxdav.domain.ids import Epoch
from hxdav.store.rows import InstallationRow

_ONLY = 1
_SKIPPED = {"appointment": (1_000_000, 1_000_000), "integration": (1_000, 10_000)}
"""Of which table how many numbers are left out at a time, and how many times at most."""

_SKIP = {
    "sqlite": (
        text(
            "INSERT INTO sqlite_sequence (name, seq) SELECT :table, 0"
            " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :table)"
        ),
        text("UPDATE sqlite_sequence SET seq = seq + :gap WHERE name = :table"),
    ),
    "postgresql": (
        text(
            "SELECT setval(CAST(pg_get_serial_sequence(:quoted, 'id') AS regclass),"
            " nextval(CAST(pg_get_serial_sequence(:quoted, 'id') AS regclass)) + :gap)"
        ),
    ),
}


def new_epoch() -> Epoch:
    """A name that no epoch has had."""
    return Epoch(secrets.token_hex(6))


class Installations:
    """Reads and writes the installation's row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def epoch(self) -> Epoch:
        """The present epoch."""
        return Epoch(self._connection.execute(select(InstallationRow.epoch)).scalar_one())

    def ensure(self, *, now: datetime) -> None:
        """Make the row, if this store is new."""
        if self._connection.execute(select(InstallationRow.id)).first() is None:
            self._connection.execute(
                insert(InstallationRow).values(id=_ONLY, epoch=new_epoch(), key_proof=None, created_at=now)
            )

    def begin_epoch(self) -> Epoch:
        """Start another epoch: every sync token made so far is refused from now on."""
        epoch = new_epoch()
        self._connection.execute(update(InstallationRow).values(epoch=epoch))
        return epoch

    def skip_numbers(self, draw: Callable[[int], int]) -> None:
        """Leave out the numbers that may have been given since a backup: what providers have is named after them.

        How many is drawn (a number from 0 below the one that ``draw`` is given): the same backup may be restored again,
        and what was numbered in between must not be met once more.
        """
        for table, (step, most) in _SKIPPED.items():
            values = {"table": table, "quoted": f'"{table}"', "gap": step * (1 + draw(most))}
            for statement in _SKIP[self._connection.dialect.name]:
                self._connection.execute(statement, values)

    def key_proof(self) -> str | None:
        """What was made with the installation's key, to recognise it by; None where no key has been used yet."""
        row = self._connection.execute(select(InstallationRow.key_proof)).first()
        return row.key_proof if row else None

    def keep_key_proof(self, proof: str) -> None:
        """Remember the key by ``proof``."""
        self._connection.execute(update(InstallationRow).values(key_proof=proof))
