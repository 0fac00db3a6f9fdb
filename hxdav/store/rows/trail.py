"""What happened: versions, removals, refused bodies, notifications, the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hxdav.store.rows.base import Base, Owner, RowId

_IS_OPEN = text("state IN ('held', 'review')")
_IS_TO_BE_MAILED = text("mail_due_at IS NOT NULL")


class VersionRow(Base):
    """One state of an appointment, whole, and whose edit brought it about."""

    __tablename__ = "appointment_version"
    __table_args__ = (UniqueConstraint("appointment_id", "revision"), Index(None, "practice_group_id", "at"))

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))
    revision: Mapped[int]
    modseq: Mapped[int]
    at: Mapped[datetime]
    action: Mapped[str]
    authority: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    integration_id: Mapped[int | None] = mapped_column(ForeignKey("integration.id"))
    app_password_id: Mapped[int | None] = mapped_column(ForeignKey("app_password.id"))
    agent: Mapped[str]
    text: Mapped[str]
    fields: Mapped[dict[str, Any]]


class RemovalRow(Base):
    """An external deletion, and what became of it (rule 7); an appointment has one open at most."""

    __tablename__ = "removal"
    __table_args__ = (
        Index(None, "practitioner_id", "made_at"),
        Index(None, "appointment_id"),
        Index("uq_removal_open", "appointment_id", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        Index(
            "ix_removal_waiting",
            "practitioner_id",
            "state",
            "settles_at",
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
    )

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))
    integration_id: Mapped[int | None] = mapped_column(ForeignKey("integration.id"))
    app_password_id: Mapped[int | None] = mapped_column(ForeignKey("app_password.id"))
    user_id: Mapped[int | None]
    agent: Mapped[str] = mapped_column(server_default="")
    revision: Mapped[int]
    state: Mapped[str]
    made_at: Mapped[datetime]
    settles_at: Mapped[datetime | None]
    reviewed_from: Mapped[datetime | None]
    answer_by: Mapped[datetime | None]
    answer: Mapped[str | None]
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class RefusedBodyRow(Base):
    """What a client put and the gate did not take, to the octet."""

    __tablename__ = "refused_body"
    __table_args__ = (Index(None, "practitioner_id", "at"), Index(None, "appointment_id"))

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    integration_id: Mapped[int] = mapped_column(ForeignKey("integration.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    href: Mapped[str]
    reason: Mapped[str]
    digest: Mapped[str]
    body: Mapped[bytes]
    at: Mapped[datetime]


class NotificationRow(Base):
    """What the practitioner is told; ``digest`` keeps the same thing from being told twice in a day.

    ``mail_due_at`` is when it is to be mailed (again); NULL where it is not to be, or has been. ``seen_at`` is when it
    was first shown on a page.
    """

    __tablename__ = "notification"
    __table_args__ = (
        Index(None, "practitioner_id", "at"),
        Index(None, "appointment_id"),
        Index("ix_notification_mail", "mail_due_at", sqlite_where=_IS_TO_BE_MAILED, postgresql_where=_IS_TO_BE_MAILED),
    )

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    integration_id: Mapped[int | None] = mapped_column(ForeignKey("integration.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    kind: Mapped[str]
    digest: Mapped[str]
    at: Mapped[datetime]
    mail_due_at: Mapped[datetime | None]
    mail_tries: Mapped[int] = mapped_column(server_default="0")
    mailed_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]


class AuditRow(Base):
    """Who did what, from where; appended to, never changed. ``detail`` holds identifiers and codes only."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "practice_group_id", "at"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    at: Mapped[datetime]
    action: Mapped[str]
    authority: Mapped[str]
    user_id: Mapped[int | None]
    integration_id: Mapped[int | None]
    app_password_id: Mapped[int | None]
    appointment_id: Mapped[int | None]
    agent: Mapped[str]
    detail: Mapped[dict[str, Any]]
