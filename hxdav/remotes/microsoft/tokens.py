"""Tokens by a person's consent, as Graph and an Exchange server with modern authentication both want them.

msal's authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636), over guarded HTTP. What is kept of an account is
msal's token cache as text: to be sealed by whoever keeps it.
"""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import msal  # type: ignore[import-untyped]

from hxdav.errors import CallFailed
from hxdav.net.reach import Reach
from hxdav.net.session import http_session
from hxdav.remote import AccessLost, TryLater

_ACCESS, _REFRESH = "AccessToken", "RefreshToken"
_SPARE = 60
"""Seconds that a token has to hold yet when it is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenApp:
    """hxdav as an authority knows it: the URL of a tenant at Entra, or of an AD FS (as https://fs.example/adfs).

    ``scopes`` are what it asks for; msal adds ``openid``, ``profile`` and ``offline_access``. ``name`` is what people
    call whoever signs them in. ``reach`` is what the administrator allows; ``authorities`` (PEM) are certificate
    authorities to trust beside the public ones.
    """

    client_id: str
    client_secret: str = field(repr=False)
    authority: str
    scopes: tuple[str, ...]
    name: str = "The sign-in service"
    reach: Reach = field(default_factory=Reach)
    authorities: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrosoftConsent:
    """The page to send a person to, and what proves that the answer is to it: keep ``verifier`` on the server."""

    url: str
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """What the authority gave for a code: its ``answer``, or its refusal, and the cache; whether that ``lasts``."""

    answer: Mapping[str, Any] = field(repr=False)
    cache: str = field(repr=False)
    lasts: bool


def consent_request(app: TokenApp, *, state: str, redirect_uri: str, **asked: str | None) -> MicrosoftConsent:
    """The authority's consent page, whose answer comes to ``redirect_uri`` with ``state``. Raises TryLater.

    The verifier is what msal wants to see again: PKCE's secret and the nonce.
    """
    with _application(app, msal.TokenCache()) as application:
        flow: dict[str, Any] = application.initiate_auth_code_flow(
            list(app.scopes), redirect_uri=redirect_uri, state=state, **asked
        )
    return MicrosoftConsent(url=flow.pop("auth_uri"), verifier=json.dumps(flow))


def redeemed(app: TokenApp, code: str, *, verifier: str, redirect_uri: str) -> Redeemed:
    """What ``code`` is worth. Raises AccessLost where nobody waits for it any more, and TryLater."""
    try:
        flow = {**json.loads(verifier), "redirect_uri": redirect_uri}
    except ValueError:
        raise AccessLost("This connection was begun too long ago. Connect again.", code="unreadable") from None
    cache = msal.SerializableTokenCache()
    with _application(app, cache) as application:
        answer = application.acquire_token_by_auth_code_flow(flow, {"code": code, "state": flow.get("state", "")})
    return Redeemed(answer=answer, cache=str(cache.serialize()), lasts=bool(_lasting(cache, _REFRESH)))


class KeptTokens:
    """The token of one account, renewed when it has to be; ``keep`` is handed the cache whenever it has changed.

    ``failure`` says what it means that the authority did not renew it, by its answer.
    """

    def __init__(
        self,
        app: TokenApp,
        cache: str,
        *,
        keep: Callable[[str], None],
        failure: Callable[[Mapping[str, Any]], AccessLost | TryLater],
    ) -> None:
        self._app = app
        self._keep = keep
        self._failure = failure
        self._cache = msal.SerializableTokenCache()
        try:
            self._cache.deserialize(cache)
            _lasting(self._cache, _ACCESS)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise AccessLost("The kept access cannot be read. Connect the account again.", code="unreadable") from None

    def token(self) -> str:
        """What goes with each request; renewed where it has ended or is about to. Raises AccessLost and TryLater."""
        return _lasting(self._cache, _ACCESS) or self.renewed()

    def renewed(self) -> str:
        """A new token, whether or not the last one still held: it tells whether the consent does."""
        answer: Mapping[str, Any] | None = None
        with _application(self._app, self._cache) as application:
            for account in application.get_accounts()[:1]:
                answer = application.acquire_token_silent_with_error(
                    list(self._app.scopes), account, force_refresh=True
                )
        if self._cache.has_state_changed:
            # There is another refresh token each time, and the last one counts.
            self._keep(str(self._cache.serialize()))
        if not answer or "access_token" not in answer:
            raise self._failure(answer or {})
        return str(answer["access_token"])


@contextmanager
def _application(app: TokenApp, cache: msal.TokenCache) -> Iterator[Any]:
    """msal, which calls nobody but the authority; whatever it raises is a TryLater."""
    # It writes answers, in which tokens are, into whatever log is set up to hear them.
    logging.getLogger("msal").setLevel(logging.CRITICAL)
    # A posted answer would come without the cookie of the person's session, which goes with links alone.
    warnings.filterwarnings("ignore", message="response_mode='form_post'", category=UserWarning)
    guarded = Reach(allowed=app.reach.allowed, hosts=(urlsplit(app.authority).hostname or "",))
    with closing(http_session(guarded, authorities=app.authorities)) as session:
        try:
            yield msal.ConfidentialClientApplication(
                app.client_id,
                client_credential=app.client_secret,
                authority=app.authority,
                # The authority is the settings', not one that somebody has named to us.
                instance_discovery=False,
                validate_authority=False,
                token_cache=cache,
                http_client=session,
            )
        except (CallFailed, httpx.HTTPError, msal.exceptions.MsalError, ValueError, RuntimeError, KeyError):
            raise TryLater(f"{app.name} cannot be reached. Try again later.", code="no_connection") from None


def _lasting(cache: msal.TokenCache, kind: str) -> str:
    """The token of this kind that holds for a while yet; empty where there is none. A refresh token tells no end."""
    least = time.time() + _SPARE
    lasting = (entry for entry in cache.search(kind) if float(entry.get("expires_on", least)) >= least)
    return next((str(entry["secret"]) for entry in lasting), "")
