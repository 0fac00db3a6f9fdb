"""How a person lets hxdav into a Microsoft account: msal's authorization code flow with PKCE (RFC 6749, RFC 7636).

Credentials are msal's token cache as text, one for each account: to be sealed by whoever keeps it.
"""

from __future__ import annotations

import json
import logging
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import msal  # type: ignore[import-untyped]

from hxdav.errors import CallFailed
from hxdav.net import Reach, http_session
from hxdav.remote import AccessLost, TryLater
from hxdav.remotes.graph.refusal import no_access

CALENDAR_SCOPE = "Calendars.ReadWrite"
USER_SCOPE = "User.Read"
SCOPES = {
    CALENDAR_SCOPE: "Have full access to your calendars",
    USER_SCOPE: "Sign you in and read your profile",
}
"""The least that does: Graph has no permission for one calendar alone. By scope, Microsoft's words for it; msal adds
``offline_access``, ``openid`` and ``profile`` ("Maintain access to data you have given it access to")."""

_APPROVAL = re.compile(r"AADSTS(?:65001|65004|90094|90095|900941)\b|consent_required", re.IGNORECASE)
_MISCONFIGURED = frozenset({"invalid_client", "unauthorized_client", "invalid_resource"})
_ACCESS, _REFRESH = "AccessToken", "RefreshToken"
_SPARE = 60
"""Seconds that a token has to hold yet when it is sent."""


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

    def session_to(self, url: str) -> httpx.Client:
        """A guarded session to the host of ``url`` alone; to be closed."""
        hosts = (urlsplit(url).hostname or "",)
        return http_session(Reach(allowed=self.reach.allowed, hosts=hosts), authorities=self.authorities)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRequest:
    """The page to send a person to, and what proves that the answer is to it: keep ``verifier`` on the server."""

    url: str
    verifier: str = field(repr=False)


class ApprovalNeeded(AccessLost):
    """Only an administrator of the tenant may allow it: ``link`` is the page on which they do that for everybody."""

    def __init__(self, link: str) -> None:
        super().__init__(
            "Your organisation lets only an administrator allow hxdav. Send them the link for administrators that "
            "belongs to this hxdav; connect again once they have approved it there.",
            code="approval_needed",
        )
        self.link = link


def admin_consent_url(app: GraphApp, *, redirect_uri: str = "") -> str:
    """The page on which an administrator approves hxdav for their organisation; it holds nothing secret."""
    tenant = app.tenant if app.tenant not in {"common", "consumers"} else "organizations"
    asked = {"client_id": app.client_id} | ({"redirect_uri": redirect_uri} if redirect_uri else {})
    return f"{app.authority.rstrip('/')}/{tenant}/adminconsent?{urlencode(asked)}"


def consent_url(
    app: GraphApp,
    *,
    state: str,
    redirect_uri: str,
    login_hint: str | None = None,
    http_client: httpx.Client | None = None,
) -> ConsentRequest:
    """The address of Microsoft's consent page; ``state`` comes back with the answer, to ``redirect_uri``.

    The verifier is what msal wants to see again: PKCE's secret and the nonce. Raises TryLater.
    """
    with _application(app, msal.TokenCache(), http_client) as application:
        flow: dict[str, Any] = application.initiate_auth_code_flow(
            list(SCOPES), redirect_uri=redirect_uri, state=state, login_hint=login_hint, prompt="select_account"
        )
    return ConsentRequest(url=flow.pop("auth_uri"), verifier=json.dumps(flow))


def code_of(app: GraphApp, answer: Mapping[str, str], *, redirect_uri: str = "") -> str:
    """The code in what came back to the redirect URI; AccessLost where the person said no, or something else came.

    ApprovalNeeded where their organisation leaves that to its administrators.
    """
    if answer.get("error"):
        raise _refused(app, answer, redirect_uri=redirect_uri)
    code = answer.get("code", "")
    if not code:
        raise AccessLost("Microsoft did not answer as expected. Connect again.", code="no_code")
    return code


def exchange(
    app: GraphApp, *, code: str, verifier: str, redirect_uri: str, http_client: httpx.Client | None = None
) -> str:
    """The credentials that ``code`` stands for: a token cache as text, to be sealed before it is kept.

    AccessLost where the code does not hold, or less was allowed than hxdav needs; TryLater where Microsoft does not
    answer.
    """
    try:
        flow = {**json.loads(verifier), "redirect_uri": redirect_uri}
    except ValueError:
        raise AccessLost("This connection was begun too long ago. Connect again.", code="unreadable") from None
    cache = msal.SerializableTokenCache()
    with _application(app, cache, http_client) as application:
        answer = application.acquire_token_by_auth_code_flow(flow, {"code": code, "state": flow.get("state", "")})
    if "error" in answer:
        raise _refused(app, answer, redirect_uri=redirect_uri)
    _check_scopes(str(answer.get("scope", "")))
    if not _secret(cache, _REFRESH):
        raise AccessLost(
            "Microsoft gave no lasting access. Remove hxdav from your Microsoft account's apps and connect again.",
            code="no_refresh_token",
        )
    return str(cache.serialize())


class Access:
    """The token of one account, renewed when it has to be; ``keep`` is handed the cache whenever it has changed."""

    def __init__(self, app: GraphApp, credentials: str, *, keep: Callable[[str], None]) -> None:
        self._app = app
        self._keep = keep
        self._cache = msal.SerializableTokenCache()
        try:
            self._cache.deserialize(credentials)
            _secret(self._cache, _ACCESS)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise AccessLost("The kept access to Microsoft cannot be read. Connect again.", code="unreadable") from None

    def token(self) -> str:
        """What goes with each request; renewed where it has ended or is about to. Raises AccessLost and TryLater."""
        return _secret(self._cache, _ACCESS) or self.renewed()

    def renewed(self) -> str:
        """A new token, whether or not the last one still held: it tells whether the consent does."""
        with _application(self._app, self._cache, None) as application:
            accounts = application.get_accounts()
            if not accounts:
                raise no_access("no_account")
            answer = application.acquire_token_silent_with_error(list(SCOPES), accounts[0], force_refresh=True)
        if self._cache.has_state_changed:
            # Microsoft gives another refresh token each time, and the last one counts.
            self._keep(str(self._cache.serialize()))
        if not answer or "access_token" not in answer:
            raise _renewal_failure(answer or {})
        return str(answer["access_token"])


@contextmanager
def _application(app: GraphApp, cache: msal.TokenCache, http_client: httpx.Client | None) -> Iterator[Any]:
    """msal over guarded HTTP, which follows no address but the authority's; whatever it raises is a TryLater."""
    # It writes answers, in which tokens are, into whatever log is set up to hear them.
    logging.getLogger("msal").setLevel(logging.CRITICAL)
    # A posted answer would come without the cookie of the person's session, which goes with links alone.
    warnings.filterwarnings("ignore", message="response_mode='form_post'", category=UserWarning)
    session = http_client or app.session_to(app.authority)
    try:
        yield msal.ConfidentialClientApplication(
            app.client_id,
            client_credential=app.client_secret,
            authority=f"{app.authority.rstrip('/')}/{app.tenant}",
            # The authority is the settings', not one that somebody has named to us.
            instance_discovery=False,
            validate_authority=False,
            token_cache=cache,
            http_client=session,
        )
    except (CallFailed, httpx.HTTPError, msal.exceptions.MsalError, ValueError, RuntimeError, KeyError):
        raise TryLater("Microsoft cannot be reached. Try again later.", code="no_connection") from None
    finally:
        if http_client is None:
            session.close()


def _secret(cache: msal.TokenCache, kind: str) -> str:
    """The token of this kind that holds for a while yet; empty where there is none. A refresh token tells no end."""
    least = time.time() + _SPARE
    lasting = (entry for entry in cache.search(kind) if float(entry.get("expires_on", least)) >= least)
    return next((str(entry["secret"]) for entry in lasting), "")


def _check_scopes(granted: str) -> None:
    given = {scope.rpartition("/")[2].lower() for scope in granted.split()}
    missing = [f"“{words}”" for scope, words in SCOPES.items() if scope.lower() not in given]
    if missing:
        boxes = " and ".join(missing)
        raise AccessLost(f"hxdav needs more than was allowed. Connect again and accept: {boxes}.", code="scope_missing")


def _refused(app: GraphApp, answer: Mapping[str, Any], *, redirect_uri: str) -> AccessLost | TryLater:
    """What Microsoft's refusal means; its own text says which by a number (AADSTS…), and is not shown."""
    error = str(answer.get("error", ""))
    told = " ".join(str(answer.get(name, "")) for name in ("error", "suberror", "error_subcode", "error_description"))
    if _APPROVAL.search(told):
        return ApprovalNeeded(admin_consent_url(app, redirect_uri=redirect_uri))
    if error == "access_denied":
        return AccessLost(
            "Microsoft was not allowed to connect the calendar. Connect again, and choose Accept on Microsoft's page.",
            code="denied",
        )
    if error == "invalid_grant":
        return AccessLost("Microsoft's answer was too old or already used. Connect again.", code=error)
    if error in _MISCONFIGURED:
        return AccessLost(
            "Microsoft does not know this hxdav: the administrator has to compare client id, client secret, tenant and "
            "redirect URI in the settings with the app registration in the Entra admin center.",
            code="misconfigured",
        )
    return TryLater("Microsoft could not finish connecting. Try again later.", code="token_endpoint")


def _renewal_failure(answer: Mapping[str, Any]) -> AccessLost | TryLater:
    """Only what needs the person says that the consent is gone (RFC 6749 §5.2; OpenID Connect Core §3.1.2.6)."""
    error = str(answer.get("error", ""))
    if not answer or error in {"invalid_grant", "interaction_required", "consent_required", "login_required"}:
        return no_access(error or "no_refresh_token")
    return TryLater("Microsoft did not renew the access. Try again later.", code="refresh_failed")
