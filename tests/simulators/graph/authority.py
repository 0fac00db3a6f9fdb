"""Microsoft's authorization server, as far as hxdav meets it: consent, codes with PKCE, tokens that rotate, over TLS.

It stands on loopback, before whatever issues access tokens; msal takes no authority without TLS.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import ssl
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import trustme

LOOPBACK = "127.0.0.1"
CLIENT_ID, CLIENT_SECRET = "11111111-2222-3333-4444-555555555555", "ms~s3cret"
ASKED = "Calendars.ReadWrite User.Read"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all personal accounts."""
HARBOUR = "5b0e3f0a-7c1d-4e52-9a43-0d7c1f6b2a11"
"""The tenant of an organisation."""

Issue = Callable[[str, str], str]
"""Gives an access token to a user (an address) for scopes (parted by blanks)."""


@dataclass(slots=True, kw_only=True)
class Grant:
    """What a code or a refresh token stands for."""

    user: str
    scopes: str
    challenge: str = ""
    nonce: str = ""
    redirect_uri: str = ""


@dataclass(slots=True, kw_only=True)
class AuthorityState:
    """The server's state. ``user`` is who sits before the browser, signed in.

    ``page_refusal`` and ``token_refusal`` are what the consent page and the token endpoint say instead of yes. While
    ``needs_approval``, people of organisations are not let in until an administrator has approved the application.
    """

    url: str
    authorities: str
    issue: Issue
    user: str = "anna@outlook.example"
    granted: str = f"{ASKED} openid profile offline_access"
    page_refusal: dict[str, str] = field(default_factory=dict)
    token_refusal: tuple[int, dict[str, str]] | None = None
    needs_approval: bool = False
    lifetime: int = 3600
    codes: dict[str, Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    """What came to the token endpoint."""
    approved: list[str] = field(default_factory=list)
    """What administrators have approved: scopes, parted by blanks."""

    def revoke(self, user: str) -> None:
        """The user takes the consent back."""
        self.refresh_tokens = {token: each for token, each in self.refresh_tokens.items() if each.user != user}

    # -- the endpoints

    def metadata(self, tenant: str) -> dict[str, Any]:
        """OpenID Connect Discovery."""
        root = f"{self.url}/{tenant}"
        return {
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "issuer": f"{root}/v2.0",
        }

    def page(self, query: dict[str, str]) -> str:
        """Where the consent page sends the browser."""
        answer = dict(self.page_refusal)
        if self.needs_approval and tenant_of(self.user) != PERSONAL:
            sentence = "AADSTS90094: The grant requires admin permission."
            answer = {"error": "access_denied", "error_description": sentence}
        if not answer:
            assert query["code_challenge_method"] == "S256"
            assert query["client_id"] == CLIENT_ID
            code = secrets.token_urlsafe(12)
            self.codes[code] = Grant(
                user=self.user,
                scopes=self.granted,
                challenge=query["code_challenge"],
                nonce=query["nonce"],
                redirect_uri=query["redirect_uri"],
            )
            answer = {"code": code}
        return f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"

    def approval(self, query: dict[str, str]) -> str:
        """Where the page for administrators sends the browser, once one has accepted."""
        assert query["client_id"] == CLIENT_ID
        self.approved.append(query["scope"])
        self.needs_approval = False
        answer = {"admin_consent": "True", "tenant": HARBOUR, "scope": query["scope"]}
        answer |= {"state": query["state"]} if "state" in query else {}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The answer of the token endpoint."""
        self.asked.append(form)
        if self.token_refusal:
            return self.token_refusal
        if form.get("client_secret") != CLIENT_SECRET:
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."}
        if form["grant_type"] == "authorization_code":
            grant = self._of_code(form)
        else:
            grant = self.refresh_tokens.pop(form["refresh_token"], None)
        if grant is None:
            return 400, {"error": "invalid_grant", "error_description": "AADSTS70000: The grant is not valid."}
        return 200, self._tokens(grant, form["client_id"])

    def _of_code(self, form: dict[str, str]) -> Grant | None:
        grant = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = urlsafe_b64encode(digest).decode().rstrip("=")
        is_right = grant and (proof, form.get("redirect_uri")) == (grant.challenge, grant.redirect_uri)
        return grant if is_right else None

    def _tokens(self, grant: Grant, client_id: str) -> dict[str, Any]:
        refresh_token = f"M.C5_{secrets.token_urlsafe(24)}"
        self.refresh_tokens[refresh_token] = Grant(user=grant.user, scopes=grant.scopes)
        now, subject = int(time.time()), hashlib.sha256(grant.user.encode()).hexdigest()[:32]
        tenant = tenant_of(grant.user)
        claims = {
            "aud": client_id,
            "iss": f"{self.url}/{tenant}/v2.0",
            "iat": now,
            "exp": now + 3600,
            "oid": subject,
            "sub": subject,
            "tid": tenant,
            "preferred_username": grant.user,
        } | ({"nonce": grant.nonce} if grant.nonce else {})
        answer = {
            "token_type": "Bearer",
            "scope": grant.scopes,
            "expires_in": self.lifetime,
            "access_token": self.issue(grant.user, grant.scopes),
            "id_token": ".".join((_part({"alg": "none"}), _part(claims), "")),
            "client_info": _part({"uid": subject, "utid": tenant}),
        }
        return answer | ({"refresh_token": refresh_token} if "offline_access" in grant.scopes else {})


State = TypeVar("State", bound=AuthorityState)


def tenant_of(user: str) -> str:
    """Where an account is kept: addresses of Outlook are personal, all others an organisation's."""
    return PERSONAL if user.endswith("@outlook.example") else HARBOUR


def _part(claims: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


class _Endpoint(BaseHTTPRequestHandler):
    authority: AuthorityState

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        if target.path.endswith("/openid-configuration"):
            self._send(200, self.authority.metadata(target.path.split("/")[1]))
        elif target.path.endswith("/oauth2/v2.0/authorize"):
            self._send(302, {}, location=self.authority.page(query))
        elif target.path.endswith("/v2.0/adminconsent"):
            self._send(302, {}, location=self.authority.approval(query))
        else:
            self._send(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self._send(*self.authority.token(form))

    def _send(self, code: int, answer: dict[str, Any], *, location: str = "") -> None:
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


class _TlsServer(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, context: ssl.SSLContext, endpoint: type[BaseHTTPRequestHandler]) -> None:
        super().__init__((LOOPBACK, 0), endpoint)
        self._context = context

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Shake hands in the thread of the connection, so that nobody else waits for it."""
        try:
            request = self._context.wrap_socket(request, server_side=True)
        except OSError:
            self.shutdown_request(request)
            return
        super().process_request_thread(request, client_address)


@contextmanager
def authority_server(issue: Issue, state: type[State]) -> Iterator[State]:
    """Start the server on a state of this kind, with a certificate authority of its own."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(LOOPBACK).configure_cert(context)
    endpoint = type("Endpoint", (_Endpoint,), {})
    with _TlsServer(context, endpoint) as server:
        authority = state(
            url=f"https://{LOOPBACK}:{server.server_port}", authorities=ca.cert_pem.bytes().decode(), issue=issue
        )
        endpoint.authority = authority  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()
