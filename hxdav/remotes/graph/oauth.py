"""How a person lets hxdav into a Microsoft account: msal's authorization code flow with PKCE (RFC 6749, RFC 7636).

Credentials are msal's token cache as text, one for each account: to be sealed by whoever keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from hxdav.net.reach import Reach
from hxdav.net.session import http_session
from hxdav.remote import AccessLost
from hxdav.remotes.graph.declining import SCOPES, refused, renewal_failure, require_kind
from hxdav.remotes.microsoft.tokens import KeptTokens, MicrosoftConsent, TokenApp, consent_request, redeemed

__all__ = ["GraphAccess", "GraphApp", "MicrosoftConsent", "code_of", "consent_url", "exchange"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphApp:
    """hxdav as Microsoft knows it, by its app registration, and where Microsoft is; a simulator is elsewhere.

    ``tenant`` is ``common`` (work, school and personal accounts), ``organizations``, ``consumers``, or the id or domain
    of the only tenant whose accounts may connect. ``reach`` is what the administrator allows (a simulator's address);
    ``authorities`` (PEM) are certificate authorities to trust beside the public ones.
    """

    client_id: str
    client_secret: str = field(repr=False)
    tenant: str = "common"
    authority: str = "https://login.microsoftonline.com"
    graph_root: str = "https://graph.microsoft.com/v1.0"
    reach: Reach = field(default_factory=Reach)
    authorities: str = ""

    @property
    def token_app(self) -> TokenApp:
        """The part of it that Microsoft's sign-in knows."""
        return TokenApp(
            client_id=self.client_id,
            client_secret=self.client_secret,
            authority=f"{self.authority.rstrip('/')}/{self.tenant}",
            scopes=tuple(SCOPES),
            name="Microsoft",
            reach=self.reach,
            authorities=self.authorities,
        )

    def session_to(self, url: str) -> httpx.Client:
        """A guarded session to the host of ``url`` alone; to be closed."""
        hosts = (urlsplit(url).hostname or "",)
        return http_session(Reach(allowed=self.reach.allowed, hosts=hosts), authorities=self.authorities)


def consent_url(app: GraphApp, *, state: str, redirect_uri: str, login_hint: str | None = None) -> MicrosoftConsent:
    """The address of Microsoft's consent page; ``state`` comes back with the answer, to ``redirect_uri``.

    Raises TryLater.
    """
    return consent_request(
        app.token_app, state=state, redirect_uri=redirect_uri, login_hint=login_hint, prompt="select_account"
    )


def code_of(app: GraphApp, answer: Mapping[str, str], *, redirect_uri: str) -> str:
    """The code in what came back to the redirect URI; AccessLost where the person said no, or something else came.

    ApprovalNeeded where their organisation leaves that to its administrators.
    """
    if answer.get("error"):
        raise refused(app, answer, redirect_uri=redirect_uri)
    code = answer.get("code", "")
    if not code:
        raise AccessLost("Microsoft did not answer as expected. Connect again.", code="no_code")
    return code


def exchange(app: GraphApp, *, code: str, verifier: str, redirect_uri: str) -> str:
    """The credentials that ``code`` stands for: a token cache as text, to be sealed before it is kept.

    AccessLost where the code does not hold, or less was allowed than hxdav needs; TryLater where Microsoft does not
    answer.
    """
    got = redeemed(app.token_app, code, verifier=verifier, redirect_uri=redirect_uri)
    if "error" in got.answer:
        raise refused(app, got.answer, redirect_uri=redirect_uri)
    require_kind(app, got.answer.get("id_token_claims", {}))
    _check_scopes(str(got.answer.get("scope", "")))
    if not got.lasts:
        raise AccessLost(
            "Microsoft gave no lasting access. Remove hxdav from your Microsoft account's apps and connect again.",
            code="no_refresh_token",
        )
    return got.cache


class GraphAccess(KeptTokens):
    """The token of one account, renewed when it has to be; ``keep`` is handed the cache whenever it has changed."""

    def __init__(self, app: GraphApp, credentials: str, *, keep: Callable[[str], None]) -> None:
        super().__init__(app.token_app, credentials, keep=keep, failure=renewal_failure)


def _check_scopes(granted: str) -> None:
    given = {scope.rpartition("/")[2].lower() for scope in granted.split()}
    missing = [f"“{words}”" for scope, words in SCOPES.items() if scope.lower() not in given]
    if missing:
        boxes = " and ".join(missing)
        raise AccessLost(f"hxdav needs more than was allowed. Connect again and accept: {boxes}.", code="scope_missing")
