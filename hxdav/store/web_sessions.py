"""Who is signed in to the pages, and with which browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from hxdav.domain.ids import UserId
from hxdav.domain.practice import User
from hxdav.store.rows import WebSessionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """A browser that somebody has signed in with; ``seen_at`` is exact to a minute."""

    user_id: UserId
    digest: str
    agent: str
    began_at: datetime
    seen_at: datetime
    proved_at: datetime


class WebSessions:
    """Reads and writes who is signed in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, user: User, *, digest: str, agent: str, now: datetime) -> None:
        """Remember a browser."""
        self._connection.execute(
            insert(WebSessionRow).values(
                practice_group_id=user.practice_group_id,
                user_id=user.id,
                digest=digest,
                agent=agent,
                began_at=now,
                seen_at=now,
                proved_at=now,
            )
        )

    def find(self, digest: str) -> WebSession | None:
        """The session with this hash."""
        row = self._connection.execute(_SESSIONS.where(WebSessionRow.digest == digest)).first()
        return _session(row) if row else None

    def of(self, user_id: UserId) -> list[WebSession]:
        """A user's sessions, the one that was there last first."""
        query = _SESSIONS.where(WebSessionRow.user_id == user_id).order_by(WebSessionRow.seen_at.desc())
        return [_session(row) for row in self._connection.execute(query)]

    def see(self, digest: str, *, now: datetime) -> None:
        """Remember that the browser was there."""
        self._connection.execute(update(WebSessionRow).where(WebSessionRow.digest == digest).values(seen_at=now))

    def prove(self, digest: str, *, now: datetime) -> None:
        """Remember that the person has proved again who they are."""
        self._connection.execute(update(WebSessionRow).where(WebSessionRow.digest == digest).values(proved_at=now))

    def end(self, digest: str) -> None:
        """Forget a browser."""
        self._connection.execute(delete(WebSessionRow).where(WebSessionRow.digest == digest))

    def end_all(self, user_id: UserId) -> None:
        """Forget all browsers of a user."""
        self._connection.execute(delete(WebSessionRow).where(WebSessionRow.user_id == user_id))


_SESSIONS: Select[*tuple[Any, ...]] = select(
    WebSessionRow.user_id,
    WebSessionRow.digest,
    WebSessionRow.agent,
    WebSessionRow.began_at,
    WebSessionRow.seen_at,
    WebSessionRow.proved_at,
)


def _session(row: Row[*tuple[Any, ...]]) -> WebSession:
    return WebSession(
        user_id=UserId(row.user_id),
        digest=row.digest,
        agent=row.agent,
        began_at=row.began_at,
        seen_at=row.seen_at,
        proved_at=row.proved_at,
    )
