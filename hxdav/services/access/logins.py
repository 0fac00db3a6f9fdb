"""Who is who: web passwords, invitations, and which login may connect calendars (rule 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hxdav.domain.edit import Authority, Source
from hxdav.domain.practice import Practitioner, User
from hxdav.domain.times import Clock
from hxdav.errors import NotFound, NotPermitted, UseCaseError
from hxdav.secrets.keyring import Keyring
from hxdav.secrets.passwords import is_web_password, new_link_secret, web_password_hash
from hxdav.store.store import Tx
from hxdav.store.trail import Subject

INVITED_FOR = timedelta(days=7)
"""How long an invitation can be taken up."""

SHORTEST_WEB_PASSWORD = 10
"""Letters of a web password at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PractitionerLogin:
    """A practitioner's own login, proved by its web password."""

    user: User
    practitioner: Practitioner


def known_user(tx: Tx, username: str) -> User:
    """The user of that name; raises NotFound."""
    user = tx.people.user_named(username)
    if user is None:
        raise NotFound(f"There is no user {username}.")
    return user


def authenticate(tx: Tx, *, username: str, web_password: str) -> User:
    """The user whose name and web password these are; raises NotPermitted, alike for a wrong name and password."""
    user = tx.people.user_named(username)
    known_hash = tx.people.web_password_hash(user.id) if user else None
    if not is_web_password(web_password, known_hash) or user is None:
        raise NotPermitted("This user name and web password do not belong together.")
    if not user.enabled:
        raise NotPermitted(f"The user {username} is disabled.")
    if user.suspended_at is not None:
        raise NotPermitted(f"An administrator of the practice has suspended the user {username}.")
    return user


def practitioner_login(tx: Tx, *, user: User, practitioner_key: str | None = None) -> PractitionerLogin:
    """The login as the practitioner that it is; raises NotPermitted where it is another's, or no practitioner's.

    Not even an administrator connects calendars for somebody else: whoever holds the app password reads the
    practitioner's appointments.
    """
    own = tx.people.practitioner_of(user.id)
    if own is None or (practitioner_key is not None and practitioner_key != own.key):
        asked = practitioner_key or "a practitioner"
        also = " An administrator may suspend an integration or a user instead." if user.administrator else ""
        raise NotPermitted(
            f"{user.username} is not the login of {asked}: only the practitioner's own login connects or removes "
            f"calendars and makes app passwords.{also}"
        )
    if not own.enabled:
        raise NotPermitted(f"The practitioner {own.key} is disabled.")
    return PractitionerLogin(user=user, practitioner=own)


def require_say(tx: Tx, *, user: User, practitioner: Practitioner) -> None:
    """Raise NotPermitted unless ``user`` is this practitioner, or an administrator of the same practice group."""
    own = tx.people.practitioner_of(user.id)
    is_own = own is not None and own.id == practitioner.id
    is_administrator = user.administrator and user.practice_group_id == practitioner.practice_group_id
    if not (is_own or is_administrator):
        raise NotPermitted(
            f"{user.username} is neither {practitioner.key} nor an administrator of the same practice group."
        )


def invite(tx: Tx, clock: Clock, keyring: Keyring, *, user: User, source: Source) -> str:
    """The secret of a new one-time link with which ``user`` sets the web password; only its keyed hash is kept.

    An earlier link of theirs counts no more.
    """
    if not user.enabled:
        raise UseCaseError(f"The user {user.username} is disabled.")
    secret = new_link_secret()
    tx.people.forget_invitations(user.id)
    tx.people.invite(user, digest=keyring.invitation_digest(secret), expires_at=clock.now() + INVITED_FOR)
    _audit(tx, clock, "invited", user=user, source=source)
    return secret


def new_password_hash(web_password: str) -> str:
    """The hash of a new web password; raises UseCaseError where it is too short.

    Hashing takes time and 64 MB: do it before a transaction begins, or every other writer waits.
    """
    if len(web_password) < SHORTEST_WEB_PASSWORD:
        raise UseCaseError(f"A web password has at least {SHORTEST_WEB_PASSWORD} letters.")
    return web_password_hash(web_password)


def take_up_invitation(tx: Tx, clock: Clock, keyring: Keyring, *, user: User, secret: str, password_hash: str) -> None:
    """Set the web password, by its hash, with an invitation, which is used up, and end what was signed in before."""
    invitation = tx.people.take_invitation(keyring.invitation_digest(secret), now=clock.now())
    if invitation is None or invitation.user_id != user.id:
        raise NotPermitted(f"This is no invitation that {user.username} still can use. Ask for another one.")
    tx.people.keep_web_password(user.id, password_hash)
    tx.web_sessions.end_all(user.id)
    tx.web_ceremonies.forget(user.id)
    _audit(tx, clock, "web_password_set", user=user, source=Source(authority=Authority.PRACTICE, user_id=user.id))


def _audit(tx: Tx, clock: Clock, action: str, *, user: User, source: Source) -> None:
    subject = Subject(practice_group_id=user.practice_group_id)
    tx.trail.audit(action, subject, source=source, at=clock.now(), detail={"user_id": user.id})
