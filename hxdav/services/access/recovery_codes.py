"""Recovery codes, for whoever has no passkey at hand, and the way out for whoever has no code left either."""

from __future__ import annotations

import secrets
import string

from hxdav.domain.edit import Authority, Source
from hxdav.domain.practice import User
from hxdav.domain.times import Clock
from hxdav.errors import UseCaseError
from hxdav.secrets.keyring import Keyring
from hxdav.store.store import Tx
from hxdav.store.trail import Subject

CODES = 10
"""How many are made at once."""

_GROUPS = 3
_LETTERS = 4


def make(tx: Tx, clock: Clock, keyring: Keyring, *, user: User, source: Source) -> list[str]:
    """New recovery codes of a user's, for the one time that they are shown; those from before count no more."""
    if not tx.passkeys.has(user.id):
        raise UseCaseError("Recovery codes stand in for a passkey. Add a passkey first.")
    codes = [_code() for _ in range(CODES)]
    digests = [keyring.recovery_code_digest(each) for each in codes]
    tx.recovery_codes.replace(user, digests=digests, now=clock.now())
    _audit(tx, clock, "recovery_codes_made", user=user, source=source)
    return codes


def take(tx: Tx, clock: Clock, keyring: Keyring, *, user: User, code: str) -> bool:
    """Use up a recovery code; False where it is none of the user's, or used up."""
    if not tx.recovery_codes.take(user.id, keyring.recovery_code_digest(code), now=clock.now()):
        return False
    source = Source(authority=Authority.PRACTICE, user_id=user.id, agent="hxdav pages")
    _audit(tx, clock, "recovery_code_used", user=user, source=source, left=tx.recovery_codes.unused(user.id))
    return True


def take_away_passkeys(tx: Tx, clock: Clock, *, user: User, source: Source) -> int:
    """Take all passkeys and recovery codes of somebody who has lost them, and end what is signed in; how many it were.

    From then on the web password is enough, until they add a passkey again.
    """
    removed = tx.passkeys.remove_all(user.id)
    if not removed:
        raise UseCaseError(f"The user {user.username} has no passkeys.")
    tx.recovery_codes.remove_all(user.id)
    tx.web_ceremonies.forget(user.id)
    tx.web_sessions.end_all(user.id)
    _audit(tx, clock, "passkeys_taken_away", user=user, source=source, passkeys=removed)
    return removed


def _code() -> str:
    # Twelve letters are 56 bits, and who guesses has to know the web password and is slowed down.
    groups = ("".join(secrets.choice(string.ascii_lowercase) for _ in range(_LETTERS)) for _ in range(_GROUPS))
    return "-".join(groups)


def _audit(tx: Tx, clock: Clock, action: str, *, user: User, source: Source, **detail: int) -> None:
    subject = Subject(practice_group_id=user.practice_group_id)
    tx.trail.audit(action, subject, source=source, at=clock.now(), detail={"user_id": user.id, **detail})
