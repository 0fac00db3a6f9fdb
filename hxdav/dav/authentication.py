"""Who is asking: app passwords over Basic authentication (RFC 7617), looked up anew with every request."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from hxdav.dav.addresses import Target
from hxdav.dav.backend import Backend
from hxdav.dav.responses import RequestRefused, Response, plain
from hxdav.domain.ids import AppPasswordId, UserId, Username
from hxdav.secrets.throttle import Throttle
from hxdav.store.app_passwords import Login
from hxdav.store.feed import Poll

_USE_NOTED_EVERY = timedelta(minutes=5)
_LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user name, and what it comes with."""

    username: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking, and with which device; ``poll`` is what was read of the calendar that the request is about."""

    user_id: UserId
    username: Username
    app_password_id: AppPasswordId
    agent: str
    poll: Poll | None


def credentials_of(authorization: str) -> Credentials | None:
    """What an Authorization header holds; None where it is missing, of another scheme, or malformed."""
    scheme, _, encoded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        octets = b64decode(encoded.strip(), validate=True)
    except (NotBase64, ValueError):
        return None
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    username, colon, password = text.partition(":")
    if not (colon and username) or "\x00" in username:
        return None
    return Credentials(username=username, password=password)


class Authenticator:
    """Tells callers by their app passwords. Nothing is remembered of a right one, so that revoking acts at once."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        settings = backend.settings
        self._throttle = Throttle(allowed=settings.failed_logins, within=settings.failed_logins_within)
        self._challenge = {"WWW-Authenticate": f'Basic realm="{settings.realm}", charset="UTF-8"'}

    def admit(self, environ: dict[str, Any], target: Target) -> Caller:
        """The caller of a request; Refusal where they may not come in."""
        credentials = credentials_of(environ.get("HTTP_AUTHORIZATION", ""))
        if credentials is None:
            raise RequestRefused(self._unauthorized())
        now = self._backend.clock.now()
        address = environ.get("REMOTE_ADDR", "")
        found = self._look_up(credentials, target, now)
        if found is None:
            raise RequestRefused(self._wrong(credentials.username, address, now))
        if not found.enabled:
            raise RequestRefused(plain(HTTPStatus.FORBIDDEN, "The practice's administrator has suspended this login."))
        agent = environ.get("HTTP_USER_AGENT", "")[:_LONGEST_AGENT]
        self._note_use(found, agent=agent, address=address, now=now)
        return Caller(
            user_id=found.user_id,
            username=Username(credentials.username),
            app_password_id=found.app_password_id,
            agent=agent,
            poll=found if isinstance(found, Poll) else None,
        )

    def _look_up(self, credentials: Credentials, target: Target, now: datetime) -> Poll | Login | None:
        """One indexed read tells both who it is and how the calendar stands, where the request is about one."""
        digest = self._backend.keyring.app_password_digest(credentials.password)
        username = credentials.username
        with self._backend.store.single_read() as tx:
            if target.slug and target.username == username:
                poll = tx.feed.poll(username=username, digest=digest, slug=target.slug, now=now)
                if poll is not None:
                    return poll
            return tx.app_passwords.login(username, digest, now=now)

    def _wrong(self, username: str, address: str, now: datetime) -> Response:
        wait = self._throttle.failed(username, address, now=now)
        if wait is None:
            return self._unauthorized()
        seconds = max(1, int(wait.total_seconds()))
        sentence = "There were too many wrong passwords; wait before trying another."
        return plain(HTTPStatus.TOO_MANY_REQUESTS, sentence, {"Retry-After": str(seconds)})

    def _unauthorized(self) -> Response:
        sentence = "Give your user name and an app password of hxdav."
        return plain(HTTPStatus.UNAUTHORIZED, sentence, self._challenge)

    def _note_use(self, found: Poll | Login, *, agent: str, address: str, now: datetime) -> None:
        if found.last_used_at is not None and now - found.last_used_at < _USE_NOTED_EVERY:
            return
        # It can as well be noted next time: a read neither waits for a writer nor needs room on the disk.
        self._backend.store.do_if_idle(
            lambda tx: tx.app_passwords.note_use(found.app_password_id, at=now, agent=agent, address=address)
        )
