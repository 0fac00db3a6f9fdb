"""How a person lets hxdav into a Google account: the OAuth flow for web servers, with PKCE (RFC 6749 §4.1, RFC 7636).

The two requests are written here rather than by google-auth-oauthlib: that goes by environment variables of the whole
process on whether fewer scopes than asked for are an error and whether a simulator without TLS may be used.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from hxdav.remote import AccessLost, TryLater
from hxdav.remotes.google.connection import TRANSPORT_ERRORS, new_http

CALENDAR_SCOPE = "https://www.googleapis.com/auth/calendar.app.created"
LIST_SCOPE = "https://www.googleapis.com/auth/calendar.calendarlist.readonly"
SCOPES = {
    CALENDAR_SCOPE: "Make secondary Google calendars, and see, create, change, and delete events on them",
    LIST_SCOPE: "See the list of Google calendars you're subscribed to",
}
"""The least that does: hxdav's own calendars, and the list in which they are found again. By scope, the words that
stand beside its box on Google's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleApp:
    """hxdav as Google knows it, by its OAuth client, and where Google is; a simulator is elsewhere.

    ``api_root`` is the address under which ``calendar/v3/`` stands.
    """

    client_id: str
    client_secret: str = field(repr=False)
    auth_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    revoke_url: str = "https://oauth2.googleapis.com/revoke"
    api_root: str = "https://www.googleapis.com/"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleConsent:
    """The page to send a person to, and what proves that the answer is to it: keep ``verifier`` on the server."""

    url: str
    verifier: str = field(repr=False)


def consent_url(app: GoogleApp, *, state: str, redirect_uri: str, login_hint: str | None = None) -> GoogleConsent:
    """The address of Google's consent page; ``state`` comes back with the answer, to ``redirect_uri``.

    It asks for a refresh token each time (``prompt=consent``), because Google gives none to who has consented before.
    """
    verifier = secrets.token_urlsafe(64)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "access_type": "offline",
        "prompt": "consent",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if login_hint:
        asked["login_hint"] = login_hint
    return GoogleConsent(url=f"{app.auth_url}?{urlencode(asked)}", verifier=verifier)


def code_of(answer: Mapping[str, str]) -> str:
    """The code in what came back to the redirect URI; AccessLost where the person said no, or something else came."""
    if answer.get("error") == "access_denied":
        raise AccessLost(
            "Google was not allowed to connect the calendar. Connect again, and choose Continue on Google's page.",
            code="denied",
        )
    code = answer.get("code", "")
    if not code:
        raise AccessLost("Google did not answer as expected. Connect again.", code="no_code")
    return code


def exchange(app: GoogleApp, *, code: str, verifier: str, redirect_uri: str) -> str:
    """The credentials that ``code`` stands for, as JSON: to be sealed before it is kept.

    AccessLost where the code does not hold, or a box that hxdav needs was not ticked; TryLater where Google does not
    answer.
    """
    answer = _post(
        app.token_url,
        {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
        },
    )
    if "error" in answer:
        raise _refused(str(answer["error"]))
    _check_scopes(str(answer.get("scope", "")).split())
    if not answer.get("access_token") or not answer.get("refresh_token"):
        raise AccessLost(
            "Google gave no lasting access. Remove hxdav from your Google account's connections and connect again.",
            code="no_refresh_token",
        )
    expires = datetime.now(UTC) + timedelta(seconds=int(answer.get("expires_in") or 0))
    return credentials_text(str(answer["access_token"]), str(answer["refresh_token"]), expires=expires)


def credentials_text(token: str, refresh_token: str, *, expires: datetime | None) -> str:
    """Credentials as they are kept: without the application's own secret, which the settings hold."""
    return json.dumps({
        "token": token,
        "refresh_token": refresh_token,
        "expires": "" if expires is None else expires.astimezone(UTC).isoformat(timespec="seconds"),
    })  # fmt: skip


def revoke(app: GoogleApp, refresh_token: str) -> None:
    """Give the grant back; done as well where Google knows it no more. Raises TryLater."""
    answer = _post(app.revoke_url, {"token": refresh_token})
    if answer.get("error") not in {None, "invalid_token"}:
        raise TryLater("Google did not take the access back. Try again later.", code="revoke")


def _check_scopes(granted: list[str]) -> None:
    missing = [f"“{words}”" for scope, words in SCOPES.items() if scope not in granted]
    if missing:
        boxes = " and ".join(missing)
        raise AccessLost(f"hxdav needs more than was allowed. Connect again and tick: {boxes}.", code="scope_missing")


def _refused(error: str) -> AccessLost | TryLater:
    match error:
        case "invalid_grant":
            return AccessLost("Google's answer was too old or already used. Connect again.", code=error)
        case "invalid_client" | "unauthorized_client" | "redirect_uri_mismatch":
            return AccessLost(
                "Google does not know this hxdav: the administrator has to compare client id, client secret and "
                "redirect URI in the settings with the Google Cloud console.",
                code="misconfigured",
            )
        case _:
            return TryLater("Google could not finish connecting. Try again later.", code="token_endpoint")


def _post(url: str, form: Mapping[str, str]) -> dict[str, Any]:
    """The JSON answer to a form, of an error too; TryLater where none can be made out."""
    http = new_http()
    try:
        answer, body = http.request(
            url, "POST", body=urlencode(form), headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        found = json.loads(body or b"{}")
    except (*TRANSPORT_ERRORS, ValueError):
        raise TryLater("Google cannot be reached. Try again later.", code="no_connection") from None
    finally:
        http.close()
    if not isinstance(found, dict) or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TryLater("Google is not available. Try again later.", code=f"http_{answer.status}")
    return found
