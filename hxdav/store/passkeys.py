"""Passkeys: what is kept of each, by which the device that has it proves whose it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, exists, insert, select, update

from hxdav.domain.ids import PasskeyId, UserId
from hxdav.domain.passkey import MadePasskey, Passkey
from hxdav.domain.practice import User
from hxdav.store.rows import PasskeyRow


class Passkeys:
    """Reads and writes passkeys."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, user: User, *, made: MadePasskey, name: str, now: datetime) -> PasskeyId:
        """Remember a passkey of a user's."""
        values = {"credential_id": made.credential_id, "public_key": made.public_key, "counter": made.counter}
        added = self._connection.execute(
            insert(PasskeyRow)
            .values(practice_group_id=user.practice_group_id, user_id=user.id, name=name, added_at=now, **values)
            .returning(PasskeyRow.id)
        )
        return PasskeyId(added.scalar_one())

    def of(self, user_id: UserId) -> list[Passkey]:
        """A user's passkeys, in the order in which they were added."""
        found = self._connection.execute(_PASSKEYS.where(PasskeyRow.user_id == user_id).order_by(PasskeyRow.id))
        return [_passkey(row) for row in found]

    def has(self, user_id: UserId) -> bool:
        """Whether a user has a passkey."""
        query = select(exists().where(PasskeyRow.user_id == user_id))
        return bool(self._connection.execute(query).scalar_one())

    def find(self, credential_id: bytes) -> Passkey | None:
        """The passkey that goes by this number, whosever it is."""
        row = self._connection.execute(_PASSKEYS.where(PasskeyRow.credential_id == credential_id)).first()
        return _passkey(row) if row else None

    def use(self, passkey_id: PasskeyId, *, counter: int, now: datetime) -> None:
        """Remember that it was used, and what its device counts now."""
        self._connection.execute(
            update(PasskeyRow).where(PasskeyRow.id == passkey_id).values(counter=counter, used_at=now)
        )

    def rename(self, passkey_id: PasskeyId, name: str) -> None:
        """Call it something else."""
        self._connection.execute(update(PasskeyRow).where(PasskeyRow.id == passkey_id).values(name=name))

    def remove(self, passkey_id: PasskeyId) -> None:
        """Forget it."""
        self._connection.execute(delete(PasskeyRow).where(PasskeyRow.id == passkey_id))

    def remove_all(self, user_id: UserId) -> int:
        """Forget all of a user's; how many there were."""
        return self._connection.execute(delete(PasskeyRow).where(PasskeyRow.user_id == user_id)).rowcount


_PASSKEYS: Select[*tuple[Any, ...]] = select(
    PasskeyRow.id,
    PasskeyRow.user_id,
    PasskeyRow.credential_id,
    PasskeyRow.public_key,
    PasskeyRow.counter,
    PasskeyRow.name,
    PasskeyRow.added_at,
    PasskeyRow.used_at,
)


def _passkey(row: Row[*tuple[Any, ...]]) -> Passkey:
    return Passkey(
        id=PasskeyId(row.id),
        user_id=UserId(row.user_id),
        credential_id=row.credential_id,
        public_key=row.public_key,
        counter=row.counter,
        name=row.name,
        added_at=row.added_at,
        used_at=row.used_at,
    )
