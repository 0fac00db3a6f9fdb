"""Signing in to the pages: a browser that somebody has signed in with, for how long it counts, and its end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hxdav.domain.edit import Authority, Source
from hxdav.domain.practice import Practitioner, User
from hxdav.domain.times import Clock
from hxdav.errors import NotPermitted
from hxdav.secrets.keyring import Keyring
from hxdav.services.access import logins
from hxdav.store.store import Tx
from hxdav.store.trail import Subject
from hxdav.store.web_ceremonies import Purpose
from hxdav.store.web_sessions import WebSession

SIGNED_IN_FOR = timedelta(hours=12)
"""How long a browser counts, whatever is done with it."""

IDLE_FOR = timedelta(minutes=60)
"""How long it counts while nothing is done with it."""

PROVED_FOR = timedelta(minutes=10)
"""How long after the person has proved who they are no destructive step asks for it again."""

SECOND_FACTOR_WITHIN = timedelta(minutes=10)
"""How long whoever has given the web password may look for their passkey or a recovery code."""

_SEEN_AGAIN_AFTER = timedelta(minutes=1)
_LONGEST_AGENT = 200


class Proof(StrEnum):
    """By what somebody has proved who they are, as the trail says it."""

    PASSWORD = "web password"  # noqa: S105 - a word of the trail
    PASSKEY = "passkey"
    PASSWORD_AND_PASSKEY = "web password and passkey"  # noqa: S105 - as above
    PASSWORD_AND_CODE = "web password and recovery code"  # noqa: S105 - as above


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who sits at the browser: ``own`` is the practitioner that they are, if they are one."""

    user: User
    own: Practitioner | None
    proved_at: datetime

    @property
    def source(self) -> Source:
        """Whose word it is."""
        return Source(authority=Authority.PRACTICE, user_id=self.user.id, agent="hxdav pages")

    def has_just_proved(self, now: datetime) -> bool:
        """Whether they have proved who they are a short time ago."""
        return now - self.proved_at < PROVED_FOR


def begin(tx: Tx, clock: Clock, keyring: Keyring, *, user: User, agent: str, proof: Proof = Proof.PASSWORD) -> str:
    """The secret of a new session of somebody who has proved who they are."""
    secret, now = secrets.token_urlsafe(32), clock.now()
    tx.web_sessions.add(user, digest=keyring.web_session_digest(secret), agent=agent[:_LONGEST_AGENT], now=now)
    _audit(tx, "signed_in", user, now=now, detail=None if proof is Proof.PASSWORD else {"by": proof.value})
    return secret


def await_second_factor(tx: Tx, clock: Clock, keyring: Keyring, *, user: User) -> str | None:
    """The secret of a browser at which the web password was given, for somebody of whom that is not enough.

    None for whoever has no passkey: they are in.
    """
    if not tx.passkeys.has(user.id):
        return None
    secret, now = secrets.token_urlsafe(32), clock.now()
    tx.web_ceremonies.add(
        Purpose.SECOND_FACTOR,
        user=user,
        digest=keyring.web_ceremony_digest(secret),
        challenge=b"",
        expires_at=now + SECOND_FACTOR_WITHIN,
        now=now,
    )
    return secret


def awaited(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str) -> User | None:
    """Who has given the web password at the browser that holds this secret, and is to prove more."""
    found = tx.web_ceremonies.find(Purpose.SECOND_FACTOR, keyring.web_ceremony_digest(secret), now=clock.now())
    if found is None or found.user_id is None:
        return None
    user = tx.people.user(found.user_id)
    return user if user.enabled and user.suspended_at is None else None


def await_no_more(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str) -> None:
    """Forget that the web password was given there, once the person is in."""
    tx.web_ceremonies.take(Purpose.SECOND_FACTOR, keyring.web_ceremony_digest(secret), now=clock.now())


def signed_in(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str) -> SignedIn | None:
    """Who has signed in with the browser that holds this secret; None where that counts no more."""
    session = tx.web_sessions.find(keyring.web_session_digest(secret))
    if session is None or not _counts(session, clock.now()):
        return None
    user = tx.people.user(session.user_id)
    if not user.enabled or user.suspended_at is not None:
        return None
    return SignedIn(user=user, own=tx.people.practitioner_of(user.id), proved_at=session.proved_at)


def browsers(tx: Tx, clock: Clock, *, user: User) -> list[WebSession]:
    """With which browsers a user is signed in, the last one first."""
    now = clock.now()
    return [each for each in tx.web_sessions.of(user.id) if _counts(each, now)]


def is_to_be_seen(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str) -> bool:
    """Whether it is time to remember that the browser was there: not at each request, each of which would write."""
    session = tx.web_sessions.find(keyring.web_session_digest(secret))
    return session is not None and clock.now() - session.seen_at >= _SEEN_AGAIN_AFTER


def see(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str) -> None:
    """Remember that the browser was there."""
    tx.web_sessions.see(keyring.web_session_digest(secret), now=clock.now())


def prove(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str) -> None:
    """Remember that the person has just proved again who they are."""
    tx.web_sessions.prove(keyring.web_session_digest(secret), now=clock.now())


def sign_out(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str, user: User) -> None:
    """Let a browser count no more."""
    tx.web_sessions.end(keyring.web_session_digest(secret))
    _audit(tx, "signed_out", user, now=clock.now())


def sign_out_everywhere(tx: Tx, clock: Clock, *, user: User) -> None:
    """Let none of a user's browsers count any more."""
    tx.web_sessions.end_all(user.id)
    tx.web_ceremonies.forget(user.id)
    _audit(tx, "signed_out_everywhere", user, now=clock.now())


def invited(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str) -> User:
    """The user to whom a one-time link belongs; raises NotPermitted where the link is not valid any more."""
    invitation = tx.people.invited(keyring.invitation_digest(secret), now=clock.now())
    if invitation is None:
        raise NotPermitted("This link was used already, or is older than seven days. Ask for another one.")
    return tx.people.user(invitation.user_id)


def take_up_invitation(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str, password_hash: str) -> User:
    """Set the web password, by its hash, with a one-time link, which is used up; returns its user.

    Raises NotPermitted where the link is not valid any more.
    """
    user = invited(tx, clock, keyring, secret=secret)
    logins.take_up_invitation(tx, clock, keyring, user=user, secret=secret, password_hash=password_hash)
    return user


def _counts(session: WebSession, now: datetime) -> bool:
    return now - session.began_at < SIGNED_IN_FOR and now - session.seen_at < IDLE_FOR


def _audit(tx: Tx, action: str, user: User, *, now: datetime, detail: Mapping[str, Any] | None = None) -> None:
    source = Source(authority=Authority.PRACTICE, user_id=user.id, agent="hxdav pages")
    subject = Subject(practice_group_id=user.practice_group_id)
    tx.trail.audit(action, subject, source=source, at=now, detail=detail)
