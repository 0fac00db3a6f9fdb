"""Web passwords that are typed in: how often one may be wrong, wherever it is asked for."""

from __future__ import annotations

from http import HTTPStatus

from hxdav.domain.practice import User
from hxdav.errors import NotPermitted
from hxdav.services.access import logins
from hxdav.web.auth.visitors import address
from hxdav.web.settings import WebBackend


class WrongPassword(Exception):
    """It is not the one, or was wrong too often to be looked at; ``sentence`` is for the person."""

    def __init__(self, sentence: str, http_status: HTTPStatus) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.http_status = http_status


def require_password(backend: WebBackend, *, username: str, web_password: str) -> User:
    """The user whose name and web password these are; raises WrongPassword.

    After too many wrong ones from the same address even the right one has to wait, or it could be guessed.
    """
    now = backend.clock.now()
    wait = backend.throttle.wait(username, address(), now=now)
    if wait is None:
        try:
            with backend.hashing.turn(), backend.store.snapshot() as tx:
                return logins.authenticate(tx, username=username, web_password=web_password)
        except NotPermitted as refused:
            backend.throttle.failed(username, address(), now=now)
            raise WrongPassword(str(refused), HTTPStatus.FORBIDDEN) from None
    minutes = -(-int(wait.total_seconds()) // 60)
    raise WrongPassword(f"Too many wrong passwords. Wait {minutes} min, then try again.", HTTPStatus.TOO_MANY_REQUESTS)
