"""Passkeys of those who sign in to the pages: added, used to prove who it is, renamed and removed (WebAuthn)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import PasskeyId
from hxdav.domain.passkey import Passkey, RelyingParty, counts_backwards
from hxdav.domain.practice import User
from hxdav.domain.times import Clock
from hxdav.errors import NotFound
from hxdav.secrets import passkeys as webauthn
from hxdav.secrets.keyring import Keyring
from hxdav.secrets.passkeys import ANSWERED_WITHIN, NotTrue
from hxdav.store.store import Tx
from hxdav.store.trail import Subject
from hxdav.store.web_ceremonies import Purpose, WebCeremony

MOST_PASSKEYS = 20
"""How many a person may have."""

LONGEST_NAME = 100
"""Letters of a passkey's name at most."""

_CHALLENGE_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyChallenge:
    """What a browser is asked: ``options`` are JSON for it, and by ``secret`` it is known again."""

    secret: str
    options: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyAnswer:
    """What a browser has answered, as JSON, and the secret by which it is known."""

    secret: str
    credential: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyRefused:
    """An answer that was not taken, and why, for the person.

    It is no exception, for what it leaves behind has to be committed: the question is used up, the trail knows.
    """

    sentence: str


_OPENS_NOTHING = PasskeyRefused(
    sentence="This passkey does not open anything here. Try another one, or sign in another way."
)
_TOO_LATE = PasskeyRefused(sentence="That took longer than five minutes, or was answered already. Try again.")
_CLOSED = PasskeyRefused(sentence="An administrator of the practice has disabled or suspended this login.")
_NOT_ADDED = PasskeyRefused(sentence="What your device has sent makes no passkey for this address. Try again.")
_ENOUGH = PasskeyRefused(
    sentence=f"You have {MOST_PASSKEYS} passkeys, which is enough. Remove one that you do not use."
)
_COPIED = PasskeyRefused(
    sentence="This passkey was refused: its device counts backwards, as if there were a copy of it. "
    "Sign in another way, and remove it."
)


def ask_to_add(tx: Tx, clock: Clock, keyring: Keyring, *, party: RelyingParty, user: User) -> PasskeyChallenge:
    """Ask a user's browser to make a passkey."""
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    options = webauthn.to_make_one(
        party,
        challenge=challenge,
        user=user,
        owner=keyring.passkey_owner(user.id),
        known=[each.credential_id for each in tx.passkeys.of(user.id)],
    )
    secret = _asked(tx, clock, keyring, purpose=Purpose.ADDING, user=user, challenge=challenge)
    return PasskeyChallenge(secret=secret, options=options)


def add(
    tx: Tx,
    clock: Clock,
    keyring: Keyring,
    *,
    party: RelyingParty,
    user: User,
    answer: PasskeyAnswer,
    name: str,
    source: Source,
) -> Passkey | PasskeyRefused:
    """Keep the passkey that a user's browser has made when it was asked to."""
    now = clock.now()
    asked = _taken(tx, clock, keyring, purpose=Purpose.ADDING, answer=answer)
    if asked is None or asked.user_id != user.id:
        return _TOO_LATE
    try:
        made = webauthn.made(party, challenge=asked.challenge, answer=answer.credential)
    except NotTrue:
        return _NOT_ADDED
    if len(tx.passkeys.of(user.id)) >= MOST_PASSKEYS:
        return _ENOUGH
    if tx.passkeys.find(made.credential_id) is not None:
        return _NOT_ADDED
    passkey_id = tx.passkeys.add(user, made=made, name=_name(name), now=now)
    _audit(tx, clock, "passkey_added", user=user, source=source, passkey_id=passkey_id)
    return own(tx, user=user, passkey_id=passkey_id)


def ask_for_one(
    tx: Tx, clock: Clock, keyring: Keyring, *, party: RelyingParty, user: User | None, alone: bool
) -> PasskeyChallenge:
    """Ask a browser for a passkey: one of the user's, or whichever it has where nobody has said who they are.

    ``alone``: the passkey proves all, so that its device has to know its owner by a finger, a face or a PIN.
    """
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    known = [each.credential_id for each in tx.passkeys.of(user.id)] if user else []
    options = webauthn.to_use_one(party, challenge=challenge, known=known, alone=alone)
    purpose = Purpose.PROVING if user else Purpose.SIGNING_IN
    return PasskeyChallenge(
        secret=_asked(tx, clock, keyring, purpose=purpose, user=user, challenge=challenge), options=options
    )


def prove(
    tx: Tx,
    clock: Clock,
    keyring: Keyring,
    *,
    party: RelyingParty,
    user: User | None,
    answer: PasskeyAnswer,
    alone: bool,
) -> User | PasskeyRefused:
    """Whose passkey has answered: where ``user`` is named it has to be theirs, or it is whoever's the passkey is."""
    purpose = Purpose.PROVING if user else Purpose.SIGNING_IN
    asked = _taken(tx, clock, keyring, purpose=purpose, answer=answer)
    if asked is None or asked.user_id != (user.id if user else None):
        return _TOO_LATE
    try:
        passkey = _claimed(tx, keyring, credential=answer.credential, user=user)
        counter = webauthn.counted(
            party,
            challenge=asked.challenge,
            answer=answer.credential,
            public_key=passkey.public_key,
            alone=alone,
        )
    except NotTrue:
        return _OPENS_NOTHING
    return _proved(tx, clock, passkey=passkey, counter=counter)


def own(tx: Tx, *, user: User, passkey_id: PasskeyId) -> Passkey:
    """One of a user's own passkeys; raises NotFound."""
    found = next((each for each in tx.passkeys.of(user.id) if each.id == passkey_id), None)
    if found is None:
        raise NotFound(f"{user.username} has no passkey {passkey_id}.")
    return found


def rename(tx: Tx, clock: Clock, *, user: User, passkey_id: PasskeyId, name: str, source: Source) -> None:
    """Call one of a user's passkeys something else; raises NotFound."""
    tx.passkeys.rename(own(tx, user=user, passkey_id=passkey_id).id, _name(name))
    _audit(tx, clock, "passkey_renamed", user=user, source=source, passkey_id=passkey_id)


def remove(tx: Tx, clock: Clock, *, user: User, passkey_id: PasskeyId, source: Source) -> Passkey:
    """Let one of a user's passkeys prove nothing any more; with the last one go the recovery codes. Raises NotFound."""
    gone = own(tx, user=user, passkey_id=passkey_id)
    tx.passkeys.remove(gone.id)
    if not tx.passkeys.has(user.id):
        tx.recovery_codes.remove_all(user.id)
    _audit(tx, clock, "passkey_removed", user=user, source=source, passkey_id=passkey_id)
    return gone


def _asked(tx: Tx, clock: Clock, keyring: Keyring, *, purpose: Purpose, user: User | None, challenge: bytes) -> str:
    secret, now = secrets.token_urlsafe(24), clock.now()
    digest = keyring.web_ceremony_digest(secret)
    tx.web_ceremonies.add(
        purpose, user=user, digest=digest, challenge=challenge, expires_at=now + ANSWERED_WITHIN, now=now
    )
    return secret


def _taken(tx: Tx, clock: Clock, keyring: Keyring, *, purpose: Purpose, answer: PasskeyAnswer) -> WebCeremony | None:
    return tx.web_ceremonies.take(purpose, keyring.web_ceremony_digest(answer.secret), now=clock.now())


def _claimed(tx: Tx, keyring: Keyring, *, credential: str, user: User | None) -> Passkey:
    """The passkey from which an answer is said to be; raises NotTrue where it could not be."""
    answered = webauthn.answered(credential)
    passkey = tx.passkeys.find(answered.credential_id)
    if passkey is None or (user is not None and passkey.user_id != user.id):
        raise NotTrue
    # Where nobody was named, the device has to say whose it is (WebAuthn §7.2, step 6).
    if answered.owner != keyring.passkey_owner(passkey.user_id) and (user is None or answered.owner is not None):
        raise NotTrue
    return passkey


def _proved(tx: Tx, clock: Clock, *, passkey: Passkey, counter: int) -> User | PasskeyRefused:
    user = tx.people.user(passkey.user_id)
    if counts_backwards(passkey.counter, counter):
        source = Source(authority=Authority.PRACTICE, user_id=user.id, agent="hxdav pages")
        _audit(tx, clock, "passkey_counted_backwards", user=user, source=source, passkey_id=passkey.id)
        return _COPIED
    if not user.enabled or user.suspended_at is not None:
        return _CLOSED
    tx.passkeys.use(passkey.id, counter=counter, now=clock.now())
    return user


def _name(name: str) -> str:
    return " ".join(name.split())[:LONGEST_NAME] or "Passkey"


def _audit(tx: Tx, clock: Clock, action: str, *, user: User, source: Source, passkey_id: PasskeyId) -> None:
    subject = Subject(practice_group_id=user.practice_group_id)
    detail = {"user_id": user.id, "passkey_id": passkey_id}
    tx.trail.audit(action, subject, source=source, at=clock.now(), detail=detail)
