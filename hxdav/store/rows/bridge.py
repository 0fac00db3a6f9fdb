"""Accounts elsewhere, the bridges into them, and what each mirror is there."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hxdav.store.rows.base import NEVER_REUSED, Base, Owner, RowId


class ExternalAccountRow(Base):
    """An account at a provider; ``credentials`` are sealed, and bound to this row.

    One worker at a time has it: ``leased_to``, until ``leased_until``. Beside that, one at a time listens to what it
    tells: ``listened_by``, until ``listened_until``; without the former nobody is to listen before the latter.
    ``requests`` counts those sent so far, and ``throttled_at`` is when the provider last asked for fewer. ``about`` is
    what its server says of itself. ``trouble`` has been the same since ``troubled_since``.
    """

    __tablename__ = "external_account"
    __table_args__ = (UniqueConstraint("practice_group_id", "service", "subject"), NEVER_REUSED)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    service: Mapped[str]
    subject: Mapped[str]
    label: Mapped[str]
    address: Mapped[str]
    credentials: Mapped[str]
    state: Mapped[str]
    failures: Mapped[int]
    retry_at: Mapped[datetime | None]
    trouble: Mapped[str | None]
    requests: Mapped[int]
    throttled_at: Mapped[datetime | None]
    leased_to: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    listened_by: Mapped[str | None]
    listened_until: Mapped[datetime | None]
    about: Mapped[str] = mapped_column(server_default="")
    troubled_since: Mapped[datetime | None]


class BridgeRow(Base):
    """What goes with an integration whose calendar is elsewhere; ``channel_token`` is a hash.

    Since ``troubled_since`` the calendar has been missing, or nothing could be pulled or pushed.
    """

    __tablename__ = "bridge"
    __table_args__ = (UniqueConstraint("marker"), UniqueConstraint("channel_token"))

    integration_id: Mapped[int] = mapped_column(ForeignKey("integration.id"), primary_key=True, autoincrement=False)
    practice_group_id: Mapped[Owner]
    account_id: Mapped[int] = mapped_column(ForeignKey("external_account.id"), index=True)
    state: Mapped[str]
    marker: Mapped[str]
    calendar_id: Mapped[str | None]
    cursor: Mapped[str | None]
    listing: Mapped[int]
    is_listing: Mapped[bool]
    is_cautious: Mapped[bool]
    pushed_modseq: Mapped[int]
    day: Mapped[date | None]
    privacy: Mapped[str | None]
    pull_due_at: Mapped[datetime | None]
    active_at: Mapped[datetime | None]
    pulled_at: Mapped[datetime | None]
    pushed_at: Mapped[datetime | None]
    channel_id: Mapped[str | None]
    channel_ticket: Mapped[str | None]
    channel_token: Mapped[str | None]
    channel_opened_at: Mapped[datetime | None]
    channel_expires_at: Mapped[datetime | None]
    troubled_since: Mapped[datetime | None]


class LinkRow(Base):
    """What a mirror is at the provider; without mirror, an object there that was not taken in."""

    __tablename__ = "link"
    __table_args__ = (
        Index("uq_link_remote_id", "integration_id", "remote_id", unique=True,
              sqlite_where=text("remote_id IS NOT NULL"), postgresql_where=text("remote_id IS NOT NULL")),
        UniqueConstraint("mirror_id", "recurrence_id"),
        Index(None, "integration_id", "seen_in"),
        NEVER_REUSED,
    )  # fmt: skip

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    integration_id: Mapped[int] = mapped_column(ForeignKey("integration.id"))
    mirror_id: Mapped[int | None] = mapped_column(ForeignKey("mirror.id"))
    recurrence_id: Mapped[str]
    remote_id: Mapped[str | None]
    tag: Mapped[str | None]
    base: Mapped[str]
    sent: Mapped[str]
    mirror_etag: Mapped[str]
    revision: Mapped[int]
    is_ours: Mapped[bool]
    parked: Mapped[str | None]
    seen_in: Mapped[int]
    changed_at: Mapped[datetime]


class LagRow(Base):
    """Of the changes that went one way over a bridge in a quarter of an hour: how many took about so long.

    That is less than 2 to the power of ``magnitude`` seconds; ``milliseconds`` is what they took together, ``slowest``
    what one of them took.
    """

    __tablename__ = "lag"
    __table_args__ = (
        UniqueConstraint("integration_id", "began_at", "way", "magnitude"),
        Index(None, "practice_group_id", "began_at"),
    )

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    integration_id: Mapped[int] = mapped_column(ForeignKey("integration.id"))
    way: Mapped[str]
    began_at: Mapped[datetime]
    magnitude: Mapped[int]
    number: Mapped[int]
    milliseconds: Mapped[int]
    slowest: Mapped[int]


class ConsentRow(Base):
    """A consent that a person was sent to give; used once, and only a hash of its ``state`` is kept.

    ``verifier`` is sealed, and bound to this row; ``privacy`` is what the practitioner chose for the calendar.
    """

    __tablename__ = "consent"
    __table_args__ = (UniqueConstraint("state"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    service: Mapped[str]
    state: Mapped[str]
    verifier: Mapped[str]
    redirect_uri: Mapped[str]
    privacy: Mapped[str | None]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    refused: Mapped[str | None]
    integration_id: Mapped[int | None] = mapped_column(ForeignKey("integration.id"))
