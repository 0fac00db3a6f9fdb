"""One line in the log for each request, of pages and calendars alike, and a number by which its other lines are found.

It is in the way of every poll, so it does little, and nothing that has to be waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from secrets import token_hex
from time import perf_counter
from typing import Any

from hxdav.log import FACTS, Log, RequestFacts, bound, get_logger

Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]
WsgiApplication = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

HEADER = "X-Request-Id"
"""Where a client reads the request's number; one that it sends itself is not looked at."""

_METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "MOVE", "OPTIONS", "PROPFIND", "PROPPATCH", "REPORT", "MKCALENDAR")
)
_NUMBER_OCTETS = 8


class RequestLog:
    """``application`` with a number for each request; ``is_on``: and with a line for it in the log."""

    def __init__(self, application: WsgiApplication, *, is_on: bool) -> None:
        self._application = application
        self._is_on = is_on
        self._log = get_logger()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        number = token_hex(_NUMBER_OCTETS)
        line = _Line(environ, number, self._log)
        # A thread answers many requests, one after the other.
        with bound(request_id=number):
            body = self._application(environ, line.noting(start_response))
        if not self._is_on:
            return body
        if line.octets is None and not isinstance(body, list):
            return _Streamed(body, line)
        line.say(sum(map(len, body)) if line.octets is None else line.octets)
        return body


class _Line:
    """What is known of a request until its line is written."""

    __slots__ = ("_began", "_facts", "_http_status", "_log", "_method", "_number", "octets")

    def __init__(self, environ: dict[str, Any], number: str, log: Log) -> None:
        self._began = perf_counter()
        self._log = log
        self._number = number
        self._facts = environ[FACTS] = RequestFacts()
        self._method = environ.get("REQUEST_METHOD", "").upper()
        self._http_status = 0
        self.octets: int | None = None

    def noting(self, start_response: StartResponse) -> StartResponse:
        """``start_response`` that tells the client the number, and this line how it went."""

        def start(http_status: str, headers: Headers, *rest: Any) -> Any:
            self._http_status = int(http_status[:3])
            for name, value in headers:
                if name.lower() == "content-length":
                    self.octets = int(value)
            return start_response(http_status, [*headers, (HEADER, self._number)], *rest)

        return start

    def say(self, octets: int) -> None:
        """Write the line."""
        facts = self._facts
        self._log.info(
            "request",
            # A method can be any word that a client likes; so could what is in it.
            method=self._method if self._method in _METHODS else "other",
            route=facts.route or "none",
            http_status=self._http_status,
            ms=round((perf_counter() - self._began) * 1000, 1),
            octets=octets,
            user_id=facts.user_id,
            request_id=self._number,
        )


class _Streamed:
    """A body of which nobody has said how long it is: its line is written when it has been sent."""

    def __init__(self, body: Iterable[bytes], line: _Line) -> None:
        self._body = body
        self._line = line
        self._octets = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            self._octets += len(piece)
            yield piece

    def close(self) -> None:
        """Write the line, whether all of it was sent or the client has gone; PEP 3333 has the server call this."""
        self._line.say(self._octets)
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
