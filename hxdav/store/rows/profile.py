"""Tickets with which a telephone fetches its configuration profile."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hxdav.store.rows.base import NEVER_REUSED, Base, Owner, RowId


class ProfileTicketRow(Base):
    """A configuration profile that waits to be fetched once; of the secret in its address only a keyed hash is kept.

    ``nonce`` is what the secret is derived from with the installation's key, so that the desk can show it again.
    """

    __tablename__ = "profile_ticket"
    __table_args__ = (UniqueConstraint("digest"), NEVER_REUSED)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integration.id"))
    label: Mapped[str]
    nonce: Mapped[str]
    digest: Mapped[str]
    expires_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    app_password_id: Mapped[int | None] = mapped_column(ForeignKey("app_password.id"))
