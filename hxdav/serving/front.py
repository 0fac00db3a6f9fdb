"""The front: answers whole requests with the WSGI application, each in a thread when it is its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from hxdav.budget import Budget, within
from hxdav.errors import OverBudget
from hxdav.log import get_logger
from hxdav.serving.answers import Answer, Headers, busy, failed, plain
from hxdav.serving.request import Ends, Environ, HttpRequest
from hxdav.serving.turns import Threads, ThreadTurns, Turn

Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Answered = Callable[[Answer], None]

HEALTH = b"/healthz"
"""Answered without a thread: it says that this process reads requests and answers them."""

_SMALL_BODY = 65_536
"""Octets that a body may have in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontLimits:
    """What one process holds and keeps waiting; sizes in octets.

    Of a body ``kept`` octets are held, and further ones up to ``read_past`` are read and dropped, so that the client
    hears the answer. ``bodies`` is the room for all bodies that arrive at a time. A request waits ``turn_seconds`` for
    a thread at the longest. Of ``threads`` that answer requests, ``heavy`` take those that compute for long.
    """

    kept: int
    read_past: int
    threads: int
    heavy: int = 1
    bodies: int = 64_000_000
    turn_seconds: float = 20.0


def is_heavy(request: HttpRequest) -> bool:
    """Return whether a request may compute for long: it expands series, or holds or asks for very much."""
    match request.method:
        case "REPORT":
            return b"expand" in request.body or b"free-busy-query" in request.body
        case "PUT":
            return len(request.body) > _SMALL_BODY
        case "GET":
            # A whole calendar.
            return request.url.endswith(b"/") and not request.url.startswith(b"/app/") and request.url != b"/"
        case _:
            return False


class ThreadFront:
    """Answers requests with ``application``; used by the event loop's thread only."""

    def __init__(self, application: Wsgi, limits: FrontLimits) -> None:
        self.limits = limits
        self._application = application
        self._threads = Threads(limits.threads)
        self._turns = ThreadTurns(threads=limits.threads, heavy=limits.heavy)
        self._loop = asyncio.get_running_loop()
        self._arriving = 0

    def hold(self, request: HttpRequest, octets: int) -> bool:
        """Note that so many more octets of a body are held, or fewer; return False where there is no room."""
        self._arriving += octets
        return self._arriving <= self.limits.bodies or len(request.body) <= _SMALL_BODY

    def ask(self, request: HttpRequest, ends: Ends, answered: Answered) -> Turn | None:
        """Have ``answered`` called with the answer, in the loop; returns the turn that the request waits for."""
        answer = request.refusal
        if answer is None and request.url == HEALTH and request.method in {"GET", "HEAD"}:
            answer = plain(HTTPStatus.OK, "hxdav answers.")
        if answer is not None:
            answered(answer)
            return None
        environ = request.environ(ends)

        def work() -> None:
            with within(Budget(is_abandoned=lambda: request.is_abandoned)):
                answer = _call(self._application, environ)
            # The loop has ended where the process stops: nobody waits for the answer any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(finish, answer)

        def finish(answer: Answer) -> None:
            self._turns.end(turn)
            answered(answer)

        turn = Turn(
            asker=request.asker or ends.client,
            is_heavy=is_heavy(request),
            start=lambda: self._threads.submit(work),
            refuse=lambda: answered(busy()),
        )
        self._turns.ask(turn)
        return turn

    def refuse_late(self) -> None:
        """Answer with 503 what has waited for a thread for too long."""
        self._turns.refuse_late(seconds=self.limits.turn_seconds)

    def withdraw(self, turn: Turn) -> None:
        """Forget a request whose client has gone, if it still waits for its turn."""
        self._turns.give_up(turn)


def _call(application: Wsgi, environ: Environ) -> Answer:
    """Return what the WSGI application answers."""
    told: list[tuple[str, Headers]] = []

    def start_response(line: str, headers: Headers, _error: object = None) -> None:
        told.append((line, headers))

    try:
        pieces = application(environ, start_response)
        try:
            body = b"".join(pieces)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        line, headers = told[-1]
        return Answer(int(line[:3]), headers, body)
    except OverBudget:
        return busy()
    except Exception as error:  # noqa: BLE001 - the edge of the thread
        get_logger().error("request_failed", exc_info=error)
        return failed()
