"""What browsers were asked, and may answer once within minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Select, delete, insert, select

from hxdav.domain.ids import UserId
from hxdav.domain.practice import User
from hxdav.store.rows import WebCeremonyRow


class Purpose(StrEnum):
    """What a browser was asked for. ``SECOND_FACTOR``: the person gave the web password, and has to prove more."""

    ADDING = "adding"
    SIGNING_IN = "signing_in"
    PROVING = "proving"
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebCeremony:
    """What a browser was asked; ``user_id`` is whose browser it is, where that is known."""

    user_id: UserId | None
    challenge: bytes


class WebCeremonies:
    """Reads and writes what is not answered yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, purpose: Purpose, *, user: User | None, digest: str, challenge: bytes, expires_at: datetime, now: datetime
    ) -> None:
        """Remember what a browser is asked; what nobody has answered in time is forgotten."""
        self._connection.execute(delete(WebCeremonyRow).where(WebCeremonyRow.expires_at <= now))
        self._connection.execute(
            insert(WebCeremonyRow).values(
                practice_group_id=user.practice_group_id if user else None,
                user_id=user.id if user else None,
                digest=digest,
                purpose=purpose,
                challenge=challenge,
                expires_at=expires_at,
            )
        )

    def find(self, purpose: Purpose, digest: str, *, now: datetime) -> WebCeremony | None:
        """What the browser with this hash was asked, if it still may answer."""
        query: Select[int | None, bytes] = select(WebCeremonyRow.user_id, WebCeremonyRow.challenge).where(
            WebCeremonyRow.purpose == purpose, WebCeremonyRow.digest == digest, WebCeremonyRow.expires_at > now
        )
        row = self._connection.execute(query).first()
        if row is None:
            return None
        return WebCeremony(user_id=UserId(row.user_id) if row.user_id is not None else None, challenge=row.challenge)

    def take(self, purpose: Purpose, digest: str, *, now: datetime) -> WebCeremony | None:
        """The same, for the one answer that there is; of two that answer at once only one has it."""
        found = self.find(purpose, digest, now=now)
        gone = self._connection.execute(delete(WebCeremonyRow).where(WebCeremonyRow.digest == digest))
        return found if gone.rowcount == 1 else None

    def forget(self, user_id: UserId) -> None:
        """Let a user's browsers answer nothing any more."""
        self._connection.execute(delete(WebCeremonyRow).where(WebCeremonyRow.user_id == user_id))
