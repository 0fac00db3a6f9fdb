"""Google's OAuth: consent, codes with PKCE, tokens that expire, grants taken back (docs/providers.md §2.7)."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import unquote, urlencode

from tests.simulators.google.wire import Json, Refusal, WireRequest, json_answer
from tests.simulators.google.world import World
from tests.simulators.serving import WireAnswer

PREFIX = "https://www.googleapis.com/auth/"
CALENDAR = f"{PREFIX}calendar"
APP_CREATED = f"{PREFIX}calendar.app.created"
LIST_READONLY = f"{PREFIX}calendar.calendarlist.readonly"
EMAIL = f"{PREFIX}userinfo.email"
PROFILE = f"{PREFIX}userinfo.profile"

LONG_NAMES = {"email": EMAIL, "profile": PROFILE}
CODE_LIFE = timedelta(minutes=10)
TOKEN_LIFE = timedelta(seconds=3599)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """A registered application; with no redirect URIs named, any is taken."""

    client_id: str = "hxdav-tests.apps.googleusercontent.com"
    client_secret: str = "GOCSPX-a-secret-of-tests"
    redirect_uris: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who asks: the user on whose behalf, the application, and the scopes that were granted."""

    user: str
    client_id: str
    scopes: frozenset[str]


@dataclass(slots=True, kw_only=True)
class Consent:
    """What the user does on the consent page."""

    user: str | None = None
    """Who is signed in; ``login_hint`` comes first where that account exists."""
    unticked: set[str] = field(default_factory=set)
    denies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    access: Access
    redirect_uri: str
    challenge: str | None
    gives_refresh_token: bool
    until: datetime


@dataclass(slots=True, kw_only=True)
class _Grant:
    access: Access
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _AccessToken:
    access: Access
    until: datetime


class TokenError(Exception):
    """An error of the token endpoint, RFC 6749 §5.2."""

    def __init__(self, error: str, description: str, *, code: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.body = {"error": error, "error_description": description}


class Authority:
    """The authorization server. Whoever calls it holds the world's lock."""

    def __init__(self, world: World, application: OAuthClient) -> None:
        self.world = world
        self.clients = {application.client_id: application}
        self.consent = Consent()
        self.refresh_token_life: timedelta | None = None
        """How long refresh tokens live; seven days while the consent screen is in testing."""
        self._codes: dict[str, _Code] = {}
        self._refresh_tokens: dict[str, _Grant] = {}
        self._access_tokens: dict[str, _AccessToken] = {}

    # -- what tests and the API ask

    def access(self, request: WireRequest) -> Access:
        """Who sends the request; 401 authError where its token is none, expired or taken back."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        found = self._access_tokens.get(token) if scheme.lower() == "bearer" else None
        if found is None or found.until <= self.world.clock():
            raise Refusal(401, "authError", "Invalid Credentials")
        return found.access

    def token_for(self, user: str, *scopes: str, client_id: str | None = None) -> str:
        """An access token without the detour over the consent page."""
        access = Access(
            user=user, client_id=client_id or next(iter(self.clients)), scopes=frozenset(scopes or (APP_CREATED,))
        )
        return self._new_access_token(access)

    def refresh_token_for(self, user: str, *scopes: str, client_id: str | None = None) -> str:
        """A refresh token without the detour over the consent page."""
        access = Access(
            user=user, client_id=client_id or next(iter(self.clients)), scopes=frozenset(scopes or (APP_CREATED,))
        )
        return self._new_refresh_token(access)

    def withdraw(self, user: str, client_id: str | None = None) -> None:
        """The user takes the application's access back: every token of theirs is dead at once."""
        self._refresh_tokens = {k: v for k, v in self._refresh_tokens.items() if not _is_of(v.access, user, client_id)}
        self._access_tokens = {k: v for k, v in self._access_tokens.items() if not _is_of(v.access, user, client_id)}

    def expire_access_tokens(self) -> None:
        """Every access token given so far has expired."""
        self._access_tokens.clear()

    # -- the endpoints

    def authorize(self, request: WireRequest) -> WireAnswer:
        """The consent page, answered at once: back to the application with a code or with an error."""
        asked = {name: values[0] for name, values in request.query.items()}
        application = self.clients.get(asked.get("client_id", ""))
        if application is None:
            return _page(401, "Error 401: invalid_client")
        redirect_uri = asked.get("redirect_uri", "")
        if not redirect_uri or redirect_uri not in (application.redirect_uris or {redirect_uri}):
            return _page(400, "Error 400: redirect_uri_mismatch")
        if asked.get("response_type") != "code" or not asked.get("scope"):
            return _page(400, "Error 400: invalid_request")
        user = asked.get("login_hint") if asked.get("login_hint") in self.world.calendars else self.consent.user
        if user is None:
            return _page(400, "Choose an account: name one in login_hint, or sign one in.")
        outcome = {"error": "access_denied"} if self.consent.denies else self._consented(asked, user)
        state = {"state": asked["state"]} if "state" in asked else {}
        sign = "&" if "?" in redirect_uri else "?"
        return WireAnswer(code=302, headers={"Location": f"{redirect_uri}{sign}{urlencode({**state, **outcome})}"})

    def token(self, request: WireRequest) -> WireAnswer:
        """The token endpoint: a code or a refresh token for an access token."""
        try:
            form = request.form
            client_id = self._authenticated(request, form)
            granted = {"authorization_code": self._from_code, "refresh_token": self._from_refresh_token}
            answer = granted.get(form.get("grant_type", ""), _no_grant)(form, client_id)
        except TokenError as error:
            return json_answer(error.code, error.body)
        return json_answer(200, answer, {"Cache-Control": "no-store"})

    def revoke(self, request: WireRequest) -> WireAnswer:
        """The revocation endpoint. It takes back the whole grant: every token of this user and this application."""
        token = request.form.get("token", "")
        found = self._refresh_tokens.get(token) or self._access_tokens.get(token)
        if found is None:
            return json_answer(400, {"error": "invalid_token", "error_description": "Token expired or revoked"})
        self.withdraw(found.access.user, found.access.client_id)
        return json_answer(200, {})

    def userinfo(self, request: WireRequest) -> WireAnswer:
        """Who the user is, as far as openid and email were granted."""
        access = self.access(request)
        if not access.scopes & {"openid", EMAIL}:
            raise Refusal(401, "authError", "Request is missing required authentication credential.")
        answer: Json = {"sub": str(int(hashlib.sha256(access.user.encode()).hexdigest()[:16], 16))}
        if EMAIL in access.scopes:
            answer |= {"email": access.user, "email_verified": True}
        return json_answer(200, answer)

    # -- within

    def _consented(self, asked: Mapping[str, str], user: str) -> dict[str, str]:
        client_id = asked["client_id"]
        before = [one.access for one in self._refresh_tokens.values() if _is_of(one.access, user, client_id)]
        scopes = {LONG_NAMES.get(scope, scope) for scope in asked["scope"].split()} - self.consent.unticked
        if asked.get("include_granted_scopes") == "true":
            scopes |= {scope for access in before for scope in access.scopes}
        code = f"4/{secrets.token_urlsafe(24)}"
        is_offline = asked.get("access_type") == "offline"
        self._codes[code] = _Code(
            access=Access(user=user, client_id=client_id, scopes=frozenset(scopes)),
            redirect_uri=asked["redirect_uri"],
            challenge=asked.get("code_challenge") if asked.get("code_challenge_method") == "S256" else None,
            gives_refresh_token=is_offline and (not before or "consent" in asked.get("prompt", "")),
            until=self.world.clock() + CODE_LIFE,
        )
        return {"code": code, "scope": " ".join(sorted(scopes))}

    def _authenticated(self, request: WireRequest, form: Mapping[str, str]) -> str:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            client_id, _, secret = (unquote(part) for part in b64decode(text).decode().partition(":"))
        application = self.clients.get(client_id)
        if application is None or not secrets.compare_digest(application.client_secret, secret):
            raise TokenError("invalid_client", "The OAuth client was not found.", code=401)
        return client_id

    def _from_code(self, form: Mapping[str, str], client_id: str) -> Json:
        # A code is spent by the first attempt to use it, also by a wrong one.
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.access.client_id != client_id or code.until <= self.world.clock():
            raise TokenError("invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise TokenError("redirect_uri_mismatch", "Bad Request")
        if code.challenge is not None and _challenge(form.get("code_verifier", "")) != code.challenge:
            raise TokenError("invalid_grant", "Invalid code verifier.")
        answer = self._answer(code.access)
        if code.gives_refresh_token:
            answer["refresh_token"] = self._new_refresh_token(code.access)
        return answer

    def _from_refresh_token(self, form: Mapping[str, str], client_id: str) -> Json:
        grant = self._refresh_tokens.get(form.get("refresh_token", ""))
        is_dead = grant is not None and grant.until is not None and grant.until <= self.world.clock()
        if grant is None or is_dead or grant.access.client_id != client_id:
            raise TokenError("invalid_grant", "Token has been expired or revoked.")
        return self._answer(grant.access)

    def _answer(self, access: Access) -> Json:
        return {
            "access_token": self._new_access_token(access),
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "scope": " ".join(sorted(access.scopes)),
            "token_type": "Bearer",
        }

    def _new_access_token(self, access: Access) -> str:
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self._access_tokens[token] = _AccessToken(access=access, until=self.world.clock() + TOKEN_LIFE)
        return token

    def _new_refresh_token(self, access: Access) -> str:
        token = f"1//{secrets.token_urlsafe(32)}"
        life = self.refresh_token_life
        self._refresh_tokens[token] = _Grant(access=access, until=self.world.clock() + life if life else None)
        return token


def _no_grant(form: Mapping[str, str], client_id: str) -> Json:
    raise TokenError("unsupported_grant_type", "Invalid grant_type")


def _is_of(access: Access, user: str, client_id: str | None) -> bool:
    return access.user == user and client_id in (None, access.client_id)


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _page(code: int, text: str) -> WireAnswer:
    return WireAnswer(code=code, headers={"Content-Type": "text/plain; charset=UTF-8"}, body=text.encode())
