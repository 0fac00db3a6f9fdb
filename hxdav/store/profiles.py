"""Tickets for configuration profiles: each is taken once, by whoever knows its secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from hxdav.domain.ids import AppPasswordId, IntegrationId, PracticeGroupId, UserId
from hxdav.store.rows import AppPasswordRow, ProfileTicketRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileTicket:
    """A profile that waits to be fetched, or was; ``used_at`` is when the device first asked for its calendar."""

    id: int
    practice_group_id: PracticeGroupId
    user_id: UserId
    integration_id: IntegrationId
    label: str
    nonce: str
    expires_at: datetime
    taken_at: datetime | None
    revoked_at: datetime | None
    app_password_id: AppPasswordId | None
    used_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Whether its profile can be fetched now."""
        return self.taken_at is None and self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """A ticket that is about to be kept."""

    practice_group_id: PracticeGroupId
    user_id: UserId
    integration_id: IntegrationId
    label: str
    nonce: str
    digest: str
    expires_at: datetime


class ProfileTickets:
    """Reads and writes tickets for configuration profiles."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, new: NewTicket) -> int:
        """Keep a ticket; its number."""
        values = {name: getattr(new, name) for name in NewTicket.__dataclass_fields__}
        adding = insert(ProfileTicketRow).values(**values).returning(ProfileTicketRow.id)
        return int(self._connection.execute(adding).scalar_one())

    def of_user(self, user_id: UserId, number: int) -> ProfileTicket | None:
        """A user's own ticket of that number."""
        return self._found(and_(ProfileTicketRow.id == number, ProfileTicketRow.user_id == user_id))

    def find(self, digest: str) -> ProfileTicket | None:
        """The ticket whose secret has this hash."""
        return self._found(ProfileTicketRow.digest == digest)

    def take(self, number: int, *, now: datetime) -> bool:
        """Use a ticket up; False where it is used, revoked or too old by now."""
        return self._close(ProfileTicketRow.id == number, now=now, taken_at=now)

    def revoke(self, user_id: UserId, *, now: datetime, number: int | None = None) -> bool:
        """Let a user's ticket of that number, or all of them, be good for nothing; whether one still was."""
        whose = ProfileTicketRow.user_id == user_id
        return self._close(
            whose if number is None else and_(whose, ProfileTicketRow.id == number), revoked_at=now, now=now
        )

    def note_password(self, number: int, app_password_id: AppPasswordId) -> None:
        """Remember which app password the profile has brought along."""
        self._connection.execute(
            update(ProfileTicketRow).where(ProfileTicketRow.id == number).values(app_password_id=app_password_id)
        )

    def _close(self, which: ColumnElement[bool], *, now: datetime, **values: datetime) -> bool:
        is_open = and_(
            ProfileTicketRow.taken_at.is_(None),
            ProfileTicketRow.revoked_at.is_(None),
            ProfileTicketRow.expires_at > now,
        )
        return self._connection.execute(update(ProfileTicketRow).where(which, is_open).values(**values)).rowcount > 0

    def _found(self, which: ColumnElement[bool]) -> ProfileTicket | None:
        row = self._connection.execute(_TICKETS.where(which)).first()
        if row is None:
            return None
        values: dict[str, Any] = dict(row._mapping)
        return ProfileTicket(**values)


_TICKETS = select(
    ProfileTicketRow.id,
    ProfileTicketRow.practice_group_id,
    ProfileTicketRow.user_id,
    ProfileTicketRow.integration_id,
    ProfileTicketRow.label,
    ProfileTicketRow.nonce,
    ProfileTicketRow.expires_at,
    ProfileTicketRow.taken_at,
    ProfileTicketRow.revoked_at,
    ProfileTicketRow.app_password_id,
    AppPasswordRow.last_used_at.label("used_at"),
).outerjoin(AppPasswordRow, AppPasswordRow.id == ProfileTicketRow.app_password_id)
