"""The installation, the practice and its people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hxdav.store.rows.base import NEVER_REUSED, Base, Owner, RowId


class InstallationRow(Base):
    """One row: which life of the store this is, and a proof of the key that its secrets were made with."""

    __tablename__ = "installation"

    id: Mapped[RowId]
    epoch: Mapped[str]
    key_proof: Mapped[str | None]
    created_at: Mapped[datetime]


class PracticeGroupRow(Base):
    """A tenant. What was superseded up to ``purged_until`` is gone; NULL where nothing has been purged yet.

    ``privacy`` is the most detail that each service is told, where the practice says so (rule 11).
    """

    __tablename__ = "practice_group"
    __table_args__ = (UniqueConstraint("key"), NEVER_REUSED)

    id: Mapped[RowId]
    key: Mapped[str]
    name: Mapped[str]
    zone: Mapped[str]
    band: Mapped[str]
    privacy: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    purged_until: Mapped[datetime | None]


class ClinicRow(Base):
    """A place of work."""

    __tablename__ = "clinic"
    __table_args__ = (UniqueConstraint("practice_group_id", "key"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    key: Mapped[str]
    name: Mapped[str]
    zone: Mapped[str]


class UserRow(Base):
    """A login; the web password's Argon2id hash, none before the invitation is taken up.

    ``enabled`` follows the accounts file; ``suspended_at`` is the administrator's word (rule 2).
    """

    __tablename__ = "user_account"
    __table_args__ = (UniqueConstraint("username"), NEVER_REUSED)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    username: Mapped[str]
    name: Mapped[str]
    administrator: Mapped[bool]
    enabled: Mapped[bool]
    web_password_hash: Mapped[str | None]
    email: Mapped[str | None]
    suspended_at: Mapped[datetime | None]


class InvitationRow(Base):
    """A one-time link with which a user sets the web password; only a hash of it is kept."""

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("digest"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    digest: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PractitionerRow(Base):
    """A practitioner, and the counter that numbers the changes to their appointments."""

    __tablename__ = "practitioner"
    __table_args__ = (UniqueConstraint("practice_group_id", "key"), NEVER_REUSED)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    key: Mapped[str]
    name: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), unique=True)
    enabled: Mapped[bool]
    modseq: Mapped[int]


class PatientRow(Base):
    """A patient, as the practice names them."""

    __tablename__ = "patient"
    __table_args__ = (UniqueConstraint("practice_group_id", "name"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    name: Mapped[str]


class AppPasswordRow(Base):
    """One device's password: a keyed hash, and when it was last used from where."""

    __tablename__ = "app_password"
    __table_args__ = (UniqueConstraint("digest"), NEVER_REUSED)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    label: Mapped[str]
    digest: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_agent: Mapped[str]
    last_used_address: Mapped[str]
