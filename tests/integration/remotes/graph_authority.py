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
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import trustme

from hxdav.net import Reach
from hxdav.remotes.graph.oauth import ConsentRequest, GraphApp, code_of, consent_url, exchange

LOOPBACK = "127.0.0.1"
REDIRECT = "https://hxdav.example.com/hooks/microsoft"
CLIENT_ID, CLIENT_SECRET = "11111111-2222-3333-4444-555555555555", "ms~s3cret"
ASKED = "Calendars.ReadWrite User.Read"

Issue = Callable[[str, str], str]
"""Gives an access token to a user (an address) for scopes (parted by blanks)."""


@dataclass(slots=True, kw_only=True)
class Grant:
    """What a code or a refresh token stands for."""

    user: str
    scopes: str
    challenge: str = ""
    nonce: str = ""


@dataclass(slots=True, kw_only=True)
class Authority:
    """The server's state. ``refusal`` is what the consent page or the token endpoint says instead of yes."""

    url: str
    authorities: str
    issue: Issue
    user: str = "anna@outlook.example"
    granted: str = f"{ASKED} openid profile offline_access"
    page_refusal: dict[str, str] = field(default_factory=dict)
    token_refusal: tuple[int, dict[str, str]] | None = None
    lifetime: int = 3600
    codes: dict[str, Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    """What came to the token endpoint."""

    def app(self, graph_root: str, *, tenant: str = "common") -> GraphApp:
        """hxdav as this server knows it."""
        return GraphApp(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            tenant=tenant,
            authority=self.url,
            graph_root=graph_root,
            reach=Reach(allowed=(LOOPBACK,)),
            authorities=self.authorities,
        )

    def consented(self, asked: ConsentRequest) -> dict[str, str]:
        """What a browser brings back from the consent page."""
        with httpx.Client(verify=ssl.create_default_context(cadata=self.authorities), trust_env=False) as browser:
            answer = browser.get(asked.url, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def connect(self, app: GraphApp, user: str) -> str:
        """Go the whole way, and come back with credentials."""
        self.user = user
        asked = consent_url(app, state="s", redirect_uri=REDIRECT)
        code = code_of(app, self.consented(asked))
        return exchange(app, code=code, verifier=asked.verifier, redirect_uri=REDIRECT)

    def revoke(self, user: str) -> None:
        """The user takes the consent back."""
        self.refresh_tokens = {token: each for token, each in self.refresh_tokens.items() if each.user != user}

    # -- the endpoints

    def metadata(self, tenant: str) -> dict[str, Any]:
        root = f"{self.url}/{tenant}"
        return {
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "issuer": f"{root}/v2.0",
        }

    def page(self, query: dict[str, str]) -> str:
        """Where the consent page sends the browser."""
        answer = dict(self.page_refusal)
        if not answer:
            assert query["code_challenge_method"] == "S256"
            assert query["client_id"] == CLIENT_ID
            code = secrets.token_urlsafe(12)
            self.codes[code] = Grant(
                user=self.user, scopes=self.granted, challenge=query["code_challenge"], nonce=query["nonce"]
            )
            answer = {"code": code}
        return f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The answer of the token endpoint."""
        self.asked.append(form)
        if self.token_refusal:
            return self.token_refusal
        if form.get("client_secret") != CLIENT_SECRET:
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."}
        if form["grant_type"] == "authorization_code":
            grant = self.codes.pop(form["code"], None)
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if grant and urlsafe_b64encode(digest).decode().rstrip("=") != grant.challenge:
                grant = None
        else:
            grant = self.refresh_tokens.pop(form["refresh_token"], None)
        if grant is None:
            return 400, {"error": "invalid_grant", "error_description": "AADSTS70000: The grant is not valid."}
        return 200, self._tokens(grant, form["client_id"])

    def _tokens(self, grant: Grant, client_id: str) -> dict[str, Any]:
        refresh_token = f"M.C5_{secrets.token_urlsafe(24)}"
        self.refresh_tokens[refresh_token] = Grant(user=grant.user, scopes=grant.scopes)
        now, subject = int(time.time()), hashlib.sha256(grant.user.encode()).hexdigest()[:32]
        claims = {
            "aud": client_id,
            "iss": f"{self.url}/common/v2.0",
            "iat": now,
            "exp": now + 3600,
            "oid": subject,
            "sub": subject,
            "tid": "9188040d-6c67-4c5b-b112-36a304b66dad",
            "preferred_username": grant.user,
        } | ({"nonce": grant.nonce} if grant.nonce else {})
        info = {"uid": subject, "utid": "9188040d-6c67-4c5b-b112-36a304b66dad"}
        answer = {
            "token_type": "Bearer",
            "scope": grant.scopes,
            "expires_in": self.lifetime,
            "access_token": self.issue(grant.user, grant.scopes),
            "id_token": ".".join((_part({"alg": "none"}), _part(claims), "")),
            "client_info": _part(info),
        }
        return answer | ({"refresh_token": refresh_token} if "offline_access" in grant.scopes else {})


def _part(claims: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


class _Endpoint(BaseHTTPRequestHandler):
    authority: Authority

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        if target.path.endswith("/openid-configuration"):
            self._send(200, self.authority.metadata(target.path.split("/")[1]))
        elif target.path.endswith("/authorize"):
            query = {name: values[0] for name, values in parse_qs(target.query).items()}
            self._send(302, {}, location=self.authority.page(query))
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
def an_authority(issue: Issue) -> Iterator[Authority]:
    """Start the server, with a certificate authority of its own."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(LOOPBACK).configure_cert(context)
    endpoint = type("Endpoint", (_Endpoint,), {})
    with _TlsServer(context, endpoint) as server:
        authority = Authority(
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
