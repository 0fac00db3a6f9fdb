"""Recovery codes: each stands in for a passkey once, and is known by its keyed hash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from hxdav.domain.ids import UserId
from hxdav.domain.practice import User
from hxdav.store.rows import RecoveryCodeRow


class RecoveryCodes:
    """Reads and writes recovery codes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def replace(self, user: User, *, digests: Iterable[str], now: datetime) -> None:
        """Put new codes in the place of all that a user had."""
        self.remove_all(user.id)
        owner = {"practice_group_id": user.practice_group_id, "user_id": user.id}
        self._connection.execute(
            insert(RecoveryCodeRow),
            [{**owner, "digest": digest, "made_at": now, "used_at": None} for digest in digests],
        )

    def unused(self, user_id: UserId) -> int:
        """How many a user has left."""
        query = select(func.count()).where(RecoveryCodeRow.user_id == user_id, RecoveryCodeRow.used_at.is_(None))
        return int(self._connection.execute(query).scalar_one())

    def take(self, user_id: UserId, digest: str, *, now: datetime) -> bool:
        """Use up a user's code; False where it is none of theirs, or used up."""
        taken = self._connection.execute(
            update(RecoveryCodeRow)
            .where(
                RecoveryCodeRow.user_id == user_id,
                RecoveryCodeRow.digest == digest,
                RecoveryCodeRow.used_at.is_(None),
            )
            .values(used_at=now)
        )
        return taken.rowcount == 1

    def remove_all(self, user_id: UserId) -> None:
        """Forget all of a user's."""
        self._connection.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
