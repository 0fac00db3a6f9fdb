"""App passwords: one per device, found by the keyed hash of what the device sends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from hxdav.domain.ids import AppPasswordId, PracticeGroupId, UserId, Username
from hxdav.store.rows import AppPasswordRow, UserRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPassword:
    """What is known of one device's password; the password itself is not."""

    id: AppPasswordId
    user_id: UserId
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_agent: str
    last_used_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who a right user name and app password belong to. ``enabled`` is False for a user who may not come in."""

    user_id: UserId
    practice_group_id: PracticeGroupId
    username: Username
    enabled: bool
    app_password_id: AppPasswordId
    last_used_at: datetime | None


class AppPasswords:
    """Reads and writes app passwords."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        *,
        practice_group_id: PracticeGroupId,
        user_id: UserId,
        label: str,
        digest: str,
        created_at: datetime,
        expires_at: datetime | None,
    ) -> AppPasswordId:
        """Keep a new app password's keyed hash."""
        values = insert(AppPasswordRow).values(
            practice_group_id=practice_group_id,
            user_id=user_id,
            label=label,
            digest=digest,
            created_at=created_at,
            expires_at=expires_at,
            last_used_agent="",
            last_used_address="",
        )
        return AppPasswordId(self._connection.execute(values.returning(AppPasswordRow.id)).scalar_one())

    def of_user(self, user_id: UserId) -> list[AppPassword]:
        """A user's app passwords, the revoked ones included, oldest first."""
        query = (
            select(
                AppPasswordRow.id,
                AppPasswordRow.user_id,
                AppPasswordRow.label,
                AppPasswordRow.created_at,
                AppPasswordRow.expires_at,
                AppPasswordRow.revoked_at,
                AppPasswordRow.last_used_at,
                AppPasswordRow.last_used_agent,
                AppPasswordRow.last_used_address,
            )
            .where(AppPasswordRow.user_id == user_id)
            .order_by(AppPasswordRow.id)
        )
        return [AppPassword(**row._mapping) for row in self._connection.execute(query)]

    def login(self, username: str, digest: str, *, now: datetime) -> Login | None:
        """Who this is, if the password is right, not revoked and not expired."""
        row = self._connection.execute(_LOGIN, {"username": username, "digest": digest, "now": now}).first()
        return Login(**row._mapping) if row else None

    def revoke(self, user_id: UserId, app_password_id: AppPasswordId, *, now: datetime) -> bool:
        """Make it worthless at once; False where the user has no such password in force."""
        changed = self._connection.execute(
            update(AppPasswordRow)
            .where(
                AppPasswordRow.id == app_password_id,
                AppPasswordRow.user_id == user_id,
                AppPasswordRow.revoked_at.is_(None),
            )
            .values(revoked_at=now)
        )
        return changed.rowcount == 1

    def note_use(self, app_password_id: AppPasswordId, *, at: datetime, agent: str, address: str) -> None:
        """Remember when, with what and from where a device came."""
        self._connection.execute(
            update(AppPasswordRow)
            .where(AppPasswordRow.id == app_password_id)
            .values(last_used_at=at, last_used_agent=agent, last_used_address=address)
        )


IN_FORCE = and_(
    AppPasswordRow.revoked_at.is_(None),
    or_(AppPasswordRow.expires_at.is_(None), AppPasswordRow.expires_at > bindparam("now")),
)
"""The condition under which an app password opens anything; takes the parameter ``now``."""

MAY_COME_IN = and_(UserRow.enabled, UserRow.suspended_at.is_(None))
"""The condition under which a user may come in (rule 2)."""

_LOGIN = (
    select(
        UserRow.id.label("user_id"),
        UserRow.practice_group_id,
        UserRow.username,
        MAY_COME_IN.label("enabled"),
        AppPasswordRow.id.label("app_password_id"),
        AppPasswordRow.last_used_at,
    )
    .join(AppPasswordRow, AppPasswordRow.user_id == UserRow.id)
    .where(AppPasswordRow.digest == bindparam("digest"), UserRow.username == bindparam("username"), IN_FORCE)
)
