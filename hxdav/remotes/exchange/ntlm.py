"""NTLM over HTTP ([MS-NTHT]): the password is proved to the server and stays here; the connection is let in by it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Generator
from typing import Any

import httpx
import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

_SCHEMES = ("NTLM", "Negotiate")
_WEAK = frozenset({"md5", "sha1"})


class NtlmAuth(httpx.Auth):
    """Answers the challenge of a server that speaks NTLM. Basic is never fallen back to."""

    def __init__(self, username: str, password: str) -> None:
        # An address is a name without a domain before it: spnego would split it at no place of its own.
        self._username = username if "\\" in username or "@" in username else f"\\{username}"
        self._password = password

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The request as it is, where the connection is let in already; otherwise the three messages."""
        refused = yield request
        scheme = _scheme_of(refused)
        if not scheme:
            return
        context = self._context(request.url.host, refused)
        try:
            request.headers["Authorization"] = _message(scheme, context.step())
            challenged = yield request
            challenge = _challenge_of(challenged, scheme)
            if challenge is None:
                return
            request.headers["Authorization"] = _message(scheme, context.step(challenge))
            yield request
        except SpnegoError:
            # What the server says is no challenge: its own refusal is the answer then.
            return

    def _context(self, host: str, refused: httpx.Response) -> Any:
        return spnego.client(
            self._username,
            self._password,
            hostname=host,
            service="http",
            protocol="ntlm",
            options=spnego.NegotiateOptions.use_ntlm,
            channel_bindings=_bindings(refused),
        )


def _scheme_of(response: httpx.Response) -> str:
    if response.status_code != httpx.codes.UNAUTHORIZED:
        return ""
    offered = [line.split(" ", 1)[0].lower() for line in _offers(response)]
    return next((scheme for scheme in _SCHEMES if scheme.lower() in offered), "")


def _offers(response: httpx.Response) -> list[str]:
    lines = response.headers.get_list("WWW-Authenticate")
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]


def _challenge_of(response: httpx.Response, scheme: str) -> bytes | None:
    for offer in _offers(response):
        name, _, value = offer.partition(" ")
        if name.lower() == scheme.lower() and value:
            try:
                return base64.b64decode(value)
            except binascii.Error:
                return None
    return None


def _message(scheme: str, token: bytes | None) -> str:
    return f"{scheme} {base64.b64encode(token or b'').decode()}"


def _bindings(response: httpx.Response) -> GssChannelBindings | None:
    """What ties the proof to this TLS connection (RFC 5929 §4); None where the connection does not show itself.

    Exchange Server 2019 CU14 and SE ask for it (extended protection).
    """
    certificate = response.extensions.get("server_certificate")
    if not certificate:
        return None
    named = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    digest = hashes.Hash(hashes.SHA256() if named is None or named.name in _WEAK else named)
    digest.update(certificate)
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())
