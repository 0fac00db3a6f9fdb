"""The ledger of credits: appended to, never changed, and the balance is its sum (rule 1)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, SQLColumnExpression, bindparam, func, insert, select

from hxdav.domain.ids import PracticeGroupId, SubscriptionId, UserId
from hxdav.domain.subscription import CreditEntry, CreditKind
from hxdav.store.rows import CreditEntryRow, PracticeGroupRow, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """An entry with its number, and the practice group's balance after it."""

    id: int
    entry: CreditEntry
    balance: int


class Credits:
    """Reads the ledgers of practice groups, and appends to them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, practice_group_id: PracticeGroupId) -> None:
        """Keep others from this ledger until the transaction ends, so that no credit is spent twice.

        The balance is read after it, never with it. On SQLite the transaction has the lock already.
        """
        self._connection.execute(_LOCK, {"group": practice_group_id}).one()

    def balance(self, practice_group_id: PracticeGroupId) -> int:
        """What a practice group has."""
        return int(self._connection.execute(_BALANCE, {"group": practice_group_id}).scalar_one())

    def entries(self, practice_group_id: PracticeGroupId) -> list[CreditEntry]:
        """A practice group's ledger, in the order in which it was written."""
        return [_entry(row) for row in self._connection.execute(_ENTRIES, {"group": practice_group_id})]

    def latest(self, practice_group_id: PracticeGroupId, *, before: int | None, limit: int) -> list[LedgerLine]:
        """So many lines of a practice group's ledger, the latest first: those ``before`` that number, or the last."""
        # The balance is summed up over all lines before any are left out.
        lines = _LINES.where(CreditEntryRow.practice_group_id == practice_group_id).subquery()
        query = select(lines).order_by(lines.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(lines.c.id < before)
        return [
            LedgerLine(id=row.id, entry=_entry(row), balance=int(row.balance))
            for row in self._connection.execute(query)
        ]

    def append(self, entry: CreditEntry) -> None:
        """Write an entry."""
        self._connection.execute(_APPEND, {field.name: getattr(entry, field.name) for field in fields(entry)})


def balance_of(practice_group_id: SQLColumnExpression[int]) -> ColumnElement[int]:
    """The balance of the practice group with this number, to be read within another statement."""
    return (
        select(func.coalesce(func.sum(CreditEntryRow.credits), 0))
        .where(CreditEntryRow.practice_group_id == practice_group_id)
        .scalar_subquery()
    )


# Not FOR UPDATE, which would also keep away whoever writes a row that only names the practice group.
_LOCK = select(PracticeGroupRow.id).where(PracticeGroupRow.id == bindparam("group")).with_for_update(key_share=True)
_BALANCE = select(balance_of(bindparam("group")))
_ENTRIES = (
    select(*CreditEntryRow.__table__.columns)
    .where(CreditEntryRow.practice_group_id == bindparam("group"))
    .order_by(CreditEntryRow.id)
)
_LINES = select(
    *CreditEntryRow.__table__.columns,
    func.sum(CreditEntryRow.credits).over(order_by=CreditEntryRow.id).label("balance"),
)
_APPEND = insert(table_of(CreditEntryRow))


def _entry(row: Row[Any]) -> CreditEntry:
    return CreditEntry(
        practice_group_id=PracticeGroupId(row.practice_group_id),
        kind=CreditKind(row.kind),
        credits=row.credits,
        at=row.at,
        subscription_id=None if row.subscription_id is None else SubscriptionId(row.subscription_id),
        period_from=row.period_from,
        user_id=None if row.user_id is None else UserId(row.user_id),
        agent=row.agent,
        remark=row.remark,
    )
