"""Who is signed in to the pages, and with which browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from hxdav.domain.ids import UserId
from hxdav.domain.practice import User
from hxdav.store.rows import WebSessionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """A browser that somebody has signed in with; ``seen_at`` is exact to a minute."""

    user_id: UserId
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
        query = select(
            WebSessionRow.user_id, WebSessionRow.began_at, WebSessionRow.seen_at, WebSessionRow.proved_at
        ).where(WebSessionRow.digest == digest)
        row = self._connection.execute(query).first()
        if row is None:
            return None
        return WebSession(
            user_id=UserId(row.user_id), began_at=row.began_at, seen_at=row.seen_at, proved_at=row.proved_at
        )

    def see(self, digest: str, *, now: datetime) -> None:
        """Remember that the browser was there."""
        self._connection.execute(update(WebSessionRow).where(WebSessionRow.digest == digest).values(seen_at=now))

    def prove(self, digest: str, *, now: datetime) -> None:
        """Remember that the person has given the web password again."""
        self._connection.execute(update(WebSessionRow).where(WebSessionRow.digest == digest).values(proved_at=now))

    def end(self, digest: str) -> None:
        """Forget a browser."""
        self._connection.execute(delete(WebSessionRow).where(WebSessionRow.digest == digest))

    def end_all(self, user_id: UserId) -> None:
        """Forget all browsers of a user."""
        self._connection.execute(delete(WebSessionRow).where(WebSessionRow.user_id == user_id))
