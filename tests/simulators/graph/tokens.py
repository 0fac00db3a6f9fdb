"""Who may what: bearer tokens, whoever has issued them. An authorization server of any kind can stand in front."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import RLock

from tests.simulators.graph.wire import Refusal, WireRequest

READ = "Calendars.Read"
READ_WRITE = "Calendars.ReadWrite"
USER = "User.Read"
SCOPES = (READ_WRITE, USER)
"""What hxdav asks for."""

LIFETIME = timedelta(seconds=3599)


@dataclass(slots=True, kw_only=True)
class Access:
    """What one token opens, and until when. The application is the one that it was given to."""

    user: str
    scopes: frozenset[str]
    until: datetime
    application: str

    def allows(self, *any_of: str) -> bool:
        """Is one of these among the scopes?"""
        return not self.scopes.isdisjoint(any_of)


class TokenBook:
    """The tokens that are known. What is not in it is refused; so is what has expired or was revoked."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._open: dict[str, Access] = {}
        self._lock = RLock()
        self.listeners: list[Callable[[str], None]] = []
        """Told of every user who takes consent back."""

    def issue(self, user: str, scopes: Iterable[str] = SCOPES, *, lifetime: timedelta = LIFETIME) -> str:
        """A new token for the user."""
        token = f"EwB{secrets.token_urlsafe(48)}"
        self.accept(token, user=user, scopes=scopes, lifetime=lifetime)
        return token

    def accept(
        self,
        token: str,
        *,
        user: str,
        scopes: Iterable[str] = SCOPES,
        lifetime: timedelta = LIFETIME,
        application: str = "hxdav",
    ) -> None:
        """Let a token in that another server has issued. Scopes may be whole addresses."""
        with self._lock:
            self._open[token] = Access(
                user=user,
                scopes=frozenset(scope.rpartition("/")[2] for scope in scopes),
                until=self._clock() + lifetime,
                application=application,
            )

    def expire(self, token: str) -> None:
        """End the token's time now."""
        with self._lock:
            self._open[token].until = self._clock()

    def expire_all(self, user: str) -> None:
        """End the time of all tokens of the user; new ones can be had."""
        with self._lock:
            for access in self._open.values():
                if access.user == user:
                    access.until = self._clock()

    def revoke(self, user: str) -> None:
        """Forget all tokens of the user, as when consent is taken back."""
        with self._lock:
            self._open = {token: access for token, access in self._open.items() if access.user != user}
            listeners = list(self.listeners)
        for listener in listeners:
            listener(user)

    def access(self, request: WireRequest) -> Access:
        """What the request's token opens; 401 where it opens nothing."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal(401, "InvalidAuthenticationToken", "Access token is empty.")
        with self._lock:
            found = self._open.get(token.strip())
            if found is None:
                raise Refusal(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
            if found.until <= self._clock():
                sentence = "Lifetime validation failed, the token is expired."
                raise Refusal(401, "InvalidAuthenticationToken", sentence)
            return found
