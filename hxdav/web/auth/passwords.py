"""Web passwords that are typed in: how often one may be wrong, wherever it is asked for."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from hxdav.domain.practice import User
from hxdav.errors import NotPermitted
from hxdav.services.access import logins, sign_in_limits
from hxdav.web.auth.known_browsers import origin_of
from hxdav.web.settings import WebBackend


class WrongPassword(Exception):
    """It is not the one, or was wrong too often to be looked at; ``sentence`` is for the person."""

    def __init__(self, sentence: str, http_status: HTTPStatus) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.http_status = http_status


def require_password(backend: WebBackend, *, username: str, web_password: str) -> User:
    """The user whose name and web password these are; raises WrongPassword.

    After too many wrong ones even the right one has to wait, or it could be guessed. Who has to wait takes no turn at
    hashing.
    """
    origin = origin_of(backend, username)
    with backend.store.snapshot() as tx:
        _require_no_wait(sign_in_limits.wait(tx, backend.clock, backend.keyring, origin=origin))
    with backend.hashing.turn():
        with backend.store.transaction() as tx:
            wait = sign_in_limits.count(tx, backend.clock, backend.keyring, origin=origin)
        _require_no_wait(wait)
        try:
            with backend.store.snapshot() as tx:
                user = logins.authenticate(tx, username=username, web_password=web_password)
        except NotPermitted as refused:
            raise WrongPassword(str(refused), HTTPStatus.FORBIDDEN) from None
    with backend.store.transaction() as tx:
        sign_in_limits.take_back(tx, backend.keyring, origin=origin)
    return user


def _require_no_wait(wait: timedelta | None) -> None:
    if wait is not None:
        minutes = -(-int(wait.total_seconds()) // 60)
        sentence = f"Too many wrong passwords. Wait {minutes} min, then try again."
        raise WrongPassword(sentence, HTTPStatus.TOO_MANY_REQUESTS)
