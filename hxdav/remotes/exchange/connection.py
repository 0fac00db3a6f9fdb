"""How exchangelib's requests travel: over ``hxdav.net``, which checks addresses, certificates, time and size.

exchangelib speaks HTTP through the requests library; its sessions are given an adapter that passes each request on to a
guarded session of ours. The password is known to that one only, and reaches nothing of exchangelib's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx
import requests
from exchangelib.configuration import Configuration  # type: ignore[import-untyped]
from exchangelib.errors import (  # type: ignore[import-untyped]
    MalformedResponseError,
    RedirectError,
)
from exchangelib.protocol import BaseProtocol, FailFast  # type: ignore[import-untyped]
from exchangelib.util import is_xml  # type: ignore[import-untyped]
from exchangelib.version import Build, Version  # type: ignore[import-untyped]
from requests.adapters import BaseAdapter

from hxdav.net.pauses import pause_of
from hxdav.remotes.exchange.account import Auth
from hxdav.remotes.exchange.refusal import busy, no_ews, trouble
from hxdav.remotes.exchange.signing_in import not_let_in

_PASSED_ON = ("Content-Type",)
"""Headers of exchangelib's that say anything; the others are the session's own."""

_OVERLOADED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class ExchangeConnection(BaseProtocol):  # type: ignore[misc]
    """One mailbox's way to its server, for one thread; closing it closes the guarded session.

    exchangelib keeps a cache of these by address and user for as long as it lives; this one is in none.
    """

    RETRY_WAIT = 0
    """Seconds that exchangelib would have the server ask for where it asks for none."""

    def __init__(self, url: str, session: httpx.Client, *, auth: Auth = Auth.BASIC) -> None:
        silence()
        self._assumed = Version(build=Build(15, 2))
        config = Configuration(service_endpoint=url, retry_policy=_OnlyOnce(auth), version=self._assumed)
        super().__init__(config)
        self._adapter = _GuardedAdapter(session)
        self._guarded = session

    @property
    def version(self) -> Any:
        """The version that is spoken: the newest until the server says its own."""
        return self.config.version

    @property
    def is_settled(self) -> bool:
        """Whether the server has said which version it is."""
        return self.config.version is not self._assumed

    @property
    def build(self) -> Build | None:
        """What the server says that it is; None until it has answered."""
        return self.config.version.build if self.is_settled else None

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._adapter.sent

    def create_session(self) -> Any:
        """A session of the requests library whose every request goes the guarded way."""
        made: Any = requests.Session()
        made.trust_env = False
        made.headers["Content-Type"] = "text/xml; charset=utf-8"
        for prefix in ("https://", "http://"):
            made.mount(prefix, self._adapter)
        # What exchangelib notes of a session for its log.
        made.session_id = made.usage_count = 0
        return made

    def shut(self) -> None:
        """Give all connections back."""
        self.close()
        self._guarded.close()


class _GuardedAdapter(BaseAdapter):
    """Sends what the requests library would send over a session of ``hxdav.net``, whose errors it raises."""

    def __init__(self, session: httpx.Client) -> None:
        super().__init__()
        self._session = session
        self.sent = 0

    def send(self, request: Any, *_: Any, **__: Any) -> Any:
        """The whole answer, read within the session's bounds; redirects are refused, wherever they lead."""
        self.sent += 1
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        answer = self._session.request(request.method, request.url, content=request.body, headers=headers)
        self.sent += len(answer.history)
        if answer.history:
            raise RedirectError(url=request.url)
        return _as_response(request, answer.status_code, headers=answer.headers, content=answer.content)

    def close(self) -> None:
        """Nothing: the guarded session is closed by who opened it."""


def _as_response(request: Any, code: int, *, headers: Mapping[str, str], content: bytes) -> Any:
    response: Any = requests.Response()
    response.status_code = code
    response.request = request
    response.url = request.url
    response.headers.update(headers)
    # It takes a body that was read already in no other way.
    response._content = content  # noqa: SLF001
    return response


class _OnlyOnce(FailFast):  # type: ignore[misc]
    """Nothing is asked again by itself; refusals are told by their kind, without a word of what was answered."""

    def __init__(self, auth: Auth) -> None:
        super().__init__()
        self._auth = auth

    def raise_response_errors(self, response: Any) -> None:
        """Raise what an answer by HTTP means that holds no SOAP."""
        code = response.status_code
        if code == HTTPStatus.OK or (code == HTTPStatus.INTERNAL_SERVER_ERROR and is_xml(response.content)):
            return
        if code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise not_let_in(code, [response.headers.get("WWW-Authenticate", "")], auth=self._auth)
        if code in _OVERLOADED:
            pause = pause_of(response.headers.get("Retry-After", ""))
            raise busy(pause)
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise trouble()
        if code == HTTPStatus.NOT_FOUND:
            raise no_ews()
        raise MalformedResponseError("no answer of EWS")


def silence() -> None:
    """Keep what exchangelib would say out of every log: it quotes requests and answers, in warnings and errors too."""
    for talkative in ("exchangelib", "requests", "urllib3", "spnego"):
        logging.getLogger(talkative).setLevel(logging.CRITICAL)
