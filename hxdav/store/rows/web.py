"""Who is signed in to the pages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hxdav.store.rows.base import Base, Owner, RowId


class WebSessionRow(Base):
    """A browser that somebody has signed in with; only a keyed hash of its secret is kept.

    ``proved_at`` is when the person last gave the web password, which destructive steps ask for again.
    """

    __tablename__ = "web_session"
    __table_args__ = (UniqueConstraint("digest"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    digest: Mapped[str]
    agent: Mapped[str]
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    proved_at: Mapped[datetime]
