"""What calendar synchronisation costs: the ledger of credits, and who subscribes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hxdav.store.rows.base import Base, Owner, RowId


class SubscriptionRow(Base):
    """One practitioner's subscription (rule 1); its dates are the practice's."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("practitioner_id"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    state: Mapped[str]
    renews: Mapped[bool]
    period_from: Mapped[date]
    paid_until: Mapped[date]
    warned_for: Mapped[date | None]


class CreditEntryRow(Base):
    """A line of the ledger; appended to, never changed. A period of a subscription is paid for once."""

    __tablename__ = "credit_entry"
    __table_args__ = (UniqueConstraint("subscription_id", "period_from"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner] = mapped_column(index=True)
    kind: Mapped[str]
    credits: Mapped[int]
    at: Mapped[datetime]
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"))
    period_from: Mapped[date | None]
    user_id: Mapped[int | None]
    agent: Mapped[str]
    remark: Mapped[str]
