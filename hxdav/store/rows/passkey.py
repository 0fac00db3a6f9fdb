"""Passkeys, the codes for whoever has lost theirs, and what was asked of browsers that is not answered yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hxdav.store.rows.base import NEVER_REUSED, Base, Owner, RowId


class PasskeyRow(Base):
    """A user's passkey; nothing kept of it is a secret. ``counter`` is what its device counted last, if it counts."""

    __tablename__ = "passkey"
    __table_args__ = (UniqueConstraint("credential_id"), NEVER_REUSED)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    credential_id: Mapped[bytes]
    public_key: Mapped[bytes]
    counter: Mapped[int]
    name: Mapped[str]
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RecoveryCodeRow(Base):
    """A code that stands in for a passkey once; only a keyed hash of it is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("user_id", "digest"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    digest: Mapped[str]
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class WebCeremonyRow(Base):
    """What a browser was asked and has minutes to answer once; only a keyed hash of its secret is kept.

    Before it is known who sits at the browser it is nobody's, and of no practice group.
    """

    __tablename__ = "web_ceremony"
    __table_args__ = (UniqueConstraint("digest"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[int | None] = mapped_column(ForeignKey("practice_group.id"))
    digest: Mapped[str]
    purpose: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    challenge: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)
