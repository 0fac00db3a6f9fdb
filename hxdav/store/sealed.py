"""The secrets that are stored, sealed: where they are, and with which keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select, update

from hxdav.store.rows import ConsentRow, ExternalAccountRow, InstallationRow, table_of

_ACCOUNTS = table_of(ExternalAccountRow)
_CONSENTS = table_of(ConsentRow)
_PLACES: tuple[tuple[Table, str], ...] = ((_ACCOUNTS, "credentials"), (_CONSENTS, "verifier"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedText:
    """A secret as it is stored. ``place`` is what it is bound to; empty text is no secret, and never among them."""

    table: str
    row_id: int
    column: str
    text: str

    @property
    def place(self) -> str:
        """``table/row id/column``."""
        return f"{self.table}/{self.row_id}/{self.column}"


def credentials_place(account_id: int) -> str:
    """What an account's credentials are bound to."""
    return f"{_ACCOUNTS.name}/{account_id}/credentials"


def verifier_place(consent_id: int) -> str:
    """What a consent's verifier is bound to."""
    return f"{_CONSENTS.name}/{consent_id}/verifier"


class Sealed:
    """Reads sealed texts, and replaces them by others that are sealed anew."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold(self, *, alone: bool = False) -> None:
        """Keep the keys as they are until the transaction ends; ``alone``, wait for all that are about to seal.

        So that no key is given up while something is being sealed with it. SQLite has one writer anyway.
        """
        lock = select(InstallationRow.id).with_for_update(read=not alone)
        self._connection.execute(lock)

    def beginnings(self, letters: int) -> set[str]:
        """The different first ``letters`` of all sealed texts."""
        found: set[str] = set()
        for table, column in _PLACES:
            text = table.c[column]
            rows = self._connection.execute(select(func.substr(text, 1, letters)).where(text != "").distinct())
            found.update(rows.scalars())
        return found

    def others(self, beginning: str, *, limit: int) -> list[SealedText]:
        """Sealed texts that begin otherwise, at most ``limit``."""
        found: list[SealedText] = []
        for table, column in _PLACES:
            text = table.c[column]
            query = select(table.c.id, text).where(text != "", func.substr(text, 1, len(beginning)) != beginning)
            rows: Any = self._connection.execute(query.order_by(table.c.id).limit(limit - len(found)))
            found += [SealedText(table=table.name, row_id=row_id, column=column, text=old) for row_id, old in rows]
        return found

    def replace(self, old: SealedText, text: str) -> None:
        """Store a secret sealed anew, unless another one has been stored there since."""
        (table,) = (each for each, _ in _PLACES if each.name == old.table)
        self._connection.execute(
            update(table).where(table.c.id == old.row_id, table.c[old.column] == old.text).values({old.column: text})
        )
