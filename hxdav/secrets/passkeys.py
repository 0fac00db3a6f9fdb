"""Passkeys as browsers speak of them (WebAuthn): what they are asked, and whether their answer is true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import webauthn
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hxdav.domain.passkey import MadePasskey, RelyingParty
from hxdav.domain.practice import User

ANSWERED_WITHIN = timedelta(minutes=5)
"""How long a browser may take to answer."""

_MILLISECONDS = int(ANSWERED_WITHIN.total_seconds() * 1000)


class NotTrue(Exception):
    """What a browser has answered proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Which passkey an answer is said to be from, before that is proved; ``owner`` is whose the device says it is."""

    credential_id: bytes
    owner: bytes | None


def to_make_one(party: RelyingParty, *, challenge: bytes, user: User, owner: bytes, known: Iterable[bytes]) -> str:
    """What a browser is asked that is to make a passkey; not on a device that has one which is ``known``."""
    options = webauthn.generate_registration_options(
        rp_id=party.host,
        rp_name="hxdav",
        user_name=user.username,
        user_display_name=user.name,
        user_id=owner,
        challenge=challenge,
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return webauthn.options_to_json(options)


def to_use_one(party: RelyingParty, *, challenge: bytes, known: Iterable[bytes], alone: bool) -> str:
    """What a browser is asked that is to use a passkey: one that is ``known``, or any where none is named.

    ``alone``: nothing else proves who it is, so that the device has to make sure that it is its owner.
    """
    verification = UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED
    options = webauthn.generate_authentication_options(
        rp_id=party.host,
        challenge=challenge,
        timeout=_MILLISECONDS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        user_verification=verification,
    )
    return webauthn.options_to_json(options)


def made(party: RelyingParty, *, challenge: bytes, answer: str) -> MadePasskey:
    """The passkey that a browser has made; raises NotTrue (WebAuthn §7.1)."""
    with _judging():
        found = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
        )
    return MadePasskey(
        credential_id=found.credential_id, public_key=found.credential_public_key, counter=found.sign_count
    )


def answered(answer: str) -> Answered:
    """Which passkey the answer is said to be from; raises NotTrue."""
    with _judging():
        found = parse_authentication_credential_json(answer)
    return Answered(credential_id=found.raw_id, owner=found.response.user_handle)


def counted(party: RelyingParty, *, challenge: bytes, answer: str, public_key: bytes, alone: bool) -> int:
    """What the passkey's device counts, once the answer is proved to be from it; raises NotTrue (WebAuthn §7.2)."""
    with _judging():
        found = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=public_key,
            # The library would look at the counter before the signature: anybody could have it say what it likes.
            credential_current_sign_count=0,
            require_user_verification=alone,
        )
    return found.new_sign_count


@contextmanager
def _judging() -> Iterator[None]:
    try:
        yield
    # On nonsense the library lets through what its parts raise.
    except (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise NotTrue from error
