"""Who is signed in to the pages, and the private addresses of calendars that can only be read."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hxdav.store.rows.base import Base, Owner, RowId


class WebSessionRow(Base):
    """A browser that somebody has signed in with; only a keyed hash of its secret is kept.

    ``proved_at`` is when the person last proved who they are, which destructive steps ask for again.
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


class SignInTriesRow(Base):
    """How many passwords and recovery codes were tried since ``began_at``.

    ``subject`` is a keyed hash of a user name, an address or a browser. It belongs to no practice group: user names may
    be invented.
    """

    __tablename__ = "sign_in_tries"

    subject: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    began_at: Mapped[datetime] = mapped_column(index=True)


class WebFeedRow(Base):
    """A practitioner's private calendar address; only a keyed hash of its secret is kept.

    ``opened_on`` is the day from which on it shows appointments, and ``made_at`` when its present address was made.
    """

    __tablename__ = "web_feed"
    __table_args__ = (UniqueConstraint("digest"), UniqueConstraint("practitioner_id"))

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    digest: Mapped[str]
    privacy: Mapped[str]
    opened_on: Mapped[date]
    made_at: Mapped[datetime]
