"""Consents: a practitioner is sent to a provider's page, and comes back with a word that counts once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from hxdav.domain.consent import ANSWERED_WITHIN, Consent
from hxdav.domain.edit import Source
from hxdav.domain.ids import ConsentId, IntegrationId
from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.times import Clock
from hxdav.errors import UseCaseError
from hxdav.secrets.keyring import Keyring
from hxdav.services.access.logins import PractitionerLogin
from hxdav.store.store import Tx
from hxdav.store.trail import Subject

Seal = Callable[[ConsentId], str]
"""Gives a consent's verifier, sealed for its row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRequest:
    """What a practitioner wants to connect: ``redirect_uri`` is where the provider sends them back to."""

    login: PractitionerLogin
    service: Service
    redirect_uri: str
    privacy: PrivacyLevel | None = None


class ApprovalAsked(UseCaseError):
    """An administrator of the person's organisation has to allow hxdav there, or may have to.

    ``sentence`` says so, and ``link`` is the page to send them; it holds nothing secret.
    """

    def __init__(self, sentence: str, *, link: str) -> None:
        super().__init__(f"{sentence}\n{link}")
        self.sentence = sentence
        self.link = link


def callback_uri(public_url: str, service: Service) -> str:
    """Where a provider sends people back to; it has to be registered there."""
    return f"{public_url}/connect/{service.provider}/callback"


def new_state() -> str:
    """What goes to the provider and comes back with the person; nobody guesses it, and only a hash of it is kept."""
    return secrets.token_urlsafe(32)


def begin(
    tx: Tx, clock: Clock, keyring: Keyring, *, wish: ConsentRequest, state: str, seal: Seal, source: Source
) -> ConsentId:
    """Keep that a practitioner is sent to a provider, to come back within ten minutes."""
    now = clock.now()
    practitioner = wish.login.practitioner
    consent_id = tx.consents.add(
        practitioner,
        user_id=wish.login.user.id,
        service=wish.service,
        digest=keyring.consent_digest(state),
        redirect_uri=wish.redirect_uri,
        privacy=wish.privacy,
        now=now,
        expires_at=now + ANSWERED_WITHIN,
    )
    tx.sealed.hold()
    tx.consents.keep_verifier(consent_id, seal(consent_id))
    subject = Subject(practice_group_id=practitioner.practice_group_id, practitioner_id=practitioner.id)
    detail = {"consent_id": consent_id, "service": wish.service}
    tx.trail.audit("consent_asked", subject, source=source, at=now, detail=detail)
    return consent_id


def require_open(tx: Tx, clock: Clock, keyring: Keyring, *, state: str) -> None:
    """Raise UseCaseError unless a consent with this state can be taken: a look that costs nobody else anything."""
    if not tx.consents.is_open(keyring.consent_digest(state), now=clock.now()):
        raise _unusable()


def take(tx: Tx, clock: Clock, keyring: Keyring, *, state: str) -> Consent:
    """The consent with this state, which is used up by that; UseCaseError where it is wrong, used or too old."""
    consent = tx.consents.take(keyring.consent_digest(state), now=clock.now())
    if consent is None:
        raise _unusable()
    return consent


def finish(tx: Tx, *, consent: Consent, integration_id: IntegrationId) -> None:
    """Say what came of a consent, for the command that waits."""
    tx.consents.finish(consent.id, integration_id)


def refuse(tx: Tx, clock: Clock, *, consent: Consent, sentence: str, source: Source) -> None:
    """Say that nothing came of a consent, and why, for the command that waits."""
    tx.consents.refuse(consent.id, sentence)
    subject = Subject(practice_group_id=consent.practice_group_id, practitioner_id=consent.practitioner_id)
    detail = {"consent_id": consent.id, "service": consent.service}
    tx.trail.audit("consent_refused", subject, source=source, at=clock.now(), detail=detail)


def _unusable() -> UseCaseError:
    minutes = int(ANSWERED_WITHIN.total_seconds()) // 60
    return UseCaseError(
        f"This answer does not belong to a connection that is waiting for it: each counts once, for {minutes} minutes. "
        "Begin anew in hxdav."
    )
