"""A device with passkeys, and the browser in front of it: it answers as WebAuthn says, or as it is told to.

What it makes is real: attestation objects and assertions over keys of its own (WebAuthn §6).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT = 0x01
_VERIFIED = 0x04
_ATTESTED = 0x40

_AAGUID = bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftCredential:
    """A passkey with its private key; ``owner`` is the user handle."""

    id: bytes
    key: ec.EllipticCurvePrivateKey
    host: str
    owner: bytes


@dataclass
class SoftAuthenticator:
    """``origin`` is where its browser is; it ``verifies`` its owner, and ``counts`` how often it is used."""

    origin: str = "https://hx.example"
    verifies: bool = True
    counts: bool = True
    counter: int = 0
    credentials: list[SoftCredential] = field(default_factory=list)

    def create(self, options: str, *, challenge: bytes | None = None) -> str:
        """Make a passkey; what the browser sends then."""
        asked = json.loads(options)
        known = {each["id"] for each in asked.get("excludeCredentials", [])}
        assert known.isdisjoint(_text(each.id) for each in self.credentials), "InvalidStateError"
        made = SoftCredential(
            id=secrets.token_bytes(16),
            key=ec.generate_private_key(ec.SECP256R1()),
            host=asked["rp"]["id"],
            owner=_bytes(asked["user"]["id"]),
        )
        self.credentials.append(made)
        attested = _AAGUID + len(made.id).to_bytes(2, "big") + made.id + _cose(made.key.public_key())
        authenticator = self._said(made.host, _ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": authenticator})
        told = self._told("webauthn.create", challenge or _bytes(asked["challenge"]))
        return _answer(made, clientDataJSON=told, attestationObject=attestation)

    def get(self, options: str, *, challenge: bytes | None = None, credential: SoftCredential | None = None) -> str:
        """Use a passkey: of those that are asked for the last one, or the one that is named; what the browser sends."""
        asked = json.loads(options)
        wanted = {each["id"] for each in asked.get("allowCredentials", [])}
        fitting = [each for each in self.credentials if not wanted or _text(each.id) in wanted]
        used = credential or fitting[-1]
        authenticator = self._said(used.host, 0)
        told = self._told("webauthn.get", challenge or _bytes(asked["challenge"]))
        signed = used.key.sign(authenticator + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        return _answer(
            used, clientDataJSON=told, authenticatorData=authenticator, signature=signed, userHandle=used.owner
        )

    def take_over(self, credential: SoftCredential, *, owner: bytes) -> SoftCredential:
        """The same passkey, said to be somebody else's."""
        return replace(credential, owner=owner)

    def _said(self, host: str, flags: int) -> bytes:
        """Authenticator data without what is attested (WebAuthn §6.1)."""
        self.counter += self.counts
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _told(self, kind: str, challenge: bytes) -> bytes:
        """What the browser adds: whom it serves, and what was asked (WebAuthn §5.8.1)."""
        told = {"type": kind, "challenge": _text(challenge), "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()


def _answer(credential: SoftCredential, **response: bytes) -> str:
    answer: dict[str, Any] = {"id": _text(credential.id), "rawId": _text(credential.id), "type": "public-key"}
    answer["response"] = {name: _text(value) for name, value in response.items()}
    return json.dumps(answer)


def _cose(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as COSE writes it: EC2, ES256, P-256 (RFC 9053 §7.1.1)."""
    numbers = key.public_numbers()
    x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
    return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
