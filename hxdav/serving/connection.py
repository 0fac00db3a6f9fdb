"""One HTTP/1.1 connection (RFC 9112): llhttp reads, and each time that the server waits for the client has a limit."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httptools

from hxdav.log import get_logger
from hxdav.serving.answers import Answer, busy, plain
from hxdav.serving.connections import Connections
from hxdav.serving.front import ThreadFront
from hxdav.serving.request import Ends, HttpRequest
from hxdav.serving.turns import Turn

LARGEST_HEAD = 65_536
"""Octets of a request's line and headers."""
MOST_PIPELINED = 32
"""Requests that may wait on one connection while another is answered (RFC 9112 §9.3.2)."""

_LINGERS_SECONDS = 2.0
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many seconds a connection waits for its client.

    ``head`` is for a TLS handshake and for the head of a request, ``idle`` for the time between two requests. A body
    has ``body`` seconds, and for its octets those that the slowest client needs; an answer has as many. The slowest
    client is about a phone on EDGE.
    """

    head: float = 15.0
    idle: float = 60.0
    body: float = 15.0
    slowest_octets_per_second: int = 4096


class ClientConnection(asyncio.Protocol):
    """A connection from the moment it is accepted, TLS handshake included.

    It has a moment at which it is late, and everything that arrives moves it. Nothing is scheduled for each request:
    ``Connections.end_late`` looks at all connections once a second.
    """

    def __init__(
        self, front: ThreadFront, bounds: Connections, *, address: str, date: Callable[[], str], patience: Patience
    ) -> None:
        self.origin = bounds.origin_of(address)
        self.waits_since: float | None = None
        # What begins the connection, until it has a transport.
        self.beginning: asyncio.Task[None] | None = None
        self._front = front
        self._bounds = bounds
        self._date = date
        self._patience = patience
        self._transport: Any = None
        self._parser = httptools.HttpRequestParser(self)
        self._ends = Ends(scheme="http", client=address, host="", port=0)
        self._request = HttpRequest()
        self._is_arriving = False
        self._pipeline: deque[HttpRequest] = deque()
        self._answering: HttpRequest | None = None
        self._turn: Turn | None = None
        self._head_octets = 0
        self._unsent = 0
        self._reads_no_more = False
        self._is_paused = False
        self._has_ended = False
        self._wait(self._patience.head)

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read: the handshake is over."""
        self._transport = transport
        if self._has_ended:
            self._transport.abort()
            return
        host, port = (transport.get_extra_info("sockname") or ("", 0))[:2]
        scheme = "https" if transport.get_extra_info("ssl_object") else "http"
        self._ends = Ends(scheme=scheme, client=self._ends.client, host=host, port=port)
        self._wait(self._patience.head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; what it has asked for is wanted no more."""
        del exc
        self._bounds.remove(self)
        self._forget_body()
        self._pipeline.clear()
        if self._answering is not None:
            self._answering.is_abandoned = True
            if self._turn is not None:
                self._front.withdraw(self._turn)

    def data_received(self, octets: bytes) -> None:
        """Read on."""
        if self._reads_no_more:
            return
        if not self._request.method:
            self._head_octets += len(octets)
        try:
            self._parser.feed_data(octets)
        except httptools.HttpParserUpgrade:
            # Nothing else is spoken here: the request is answered as if it had not offered it, and is the last.
            self._reads_no_more = True
        except httptools.HttpParserError as error:
            if isinstance(error, httptools.HttpParserCallbackError):
                get_logger().error("reading_failed", exc_info=error.__context__)
            self._refuse(plain(HTTPStatus.BAD_REQUEST, "This is not a request that HTTP/1.1 allows."))
        if self._head_octets > LARGEST_HEAD:
            self._refuse(plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large."))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request; its head is to follow soon."""
        self._request = HttpRequest()
        self._is_arriving = True
        if self._answering is None:
            self._wait(self._patience.head)

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._request.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers are none (RFC 9110 §6.5.1)."""
        if not self._request.method:
            self._request.add_header(name, value)

    def on_headers_complete(self) -> None:
        """End a head; the body is to follow."""
        request = self._request
        request.method = self._parser.get_method().decode("ascii")
        request.version = self._parser.get_http_version()
        # HTTP/1.0 keeps connections in a way of its own, which nothing needs.
        request.is_last = request.version == "1.0" or not self._parser.should_keep_alive()
        if not request.has_path:
            self._refuse(plain(HTTPStatus.BAD_REQUEST, "This is not an address."))
            return
        self._head_octets = 0
        if self._answering is None:
            self._wait(self._patience.body)
            if request.headers.pop("HTTP_EXPECT", "").lower() == "100-continue":
                self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; its octets give it more time, as much as the slowest client needs for them."""
        request = self._request
        if self._reads_no_more:
            return
        self._late_at += len(body) / self._patience.slowest_octets_per_second
        limits = self._front.limits
        kept = request.add_body(body, kept=0 if request.refusal else limits.kept)
        if request.size > limits.read_past:
            self._refuse(plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."))
        if not self._front.hold(request, kept):
            self._forget_body()
            request.refusal = busy()

    def on_message_complete(self) -> None:
        """End a request."""
        request, self._request = self._request, HttpRequest()
        self._is_arriving = False
        self._front.hold(request, -len(request.body))
        if self._reads_no_more:
            return
        if self._answering is None:
            self._answer(request)
            return
        self._pipeline.append(request)
        self._pause()
        if len(self._pipeline) >= MOST_PIPELINED:
            self._reads_no_more = True

    # Answering.

    def _answer(self, request: HttpRequest) -> None:
        self._answering = request
        self.waits_since = None
        self._turn = self._front.ask(request, self._ends, self._send)

    def _send(self, answer: Answer) -> None:
        request, self._answering, self._turn = self._answering, None, None
        if request is None or request.is_abandoned or self._transport.is_closing():
            return
        is_last = request.is_last or (self._reads_no_more and not self._pipeline)
        self._transport.write(answer.octets(date=self._date(), is_last=is_last, to_head=request.method == "HEAD"))
        self._wait(self._patience.idle)
        self._unsent = self._transport.get_write_buffer_size()
        if is_last:
            self._reads_no_more = True
            self._transport.close()
        elif self._pipeline:
            self._answer(self._pipeline.popleft())
        elif self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def _pause(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def _refuse(self, answer: Answer) -> None:
        """Answer what cannot be read on, unless an earlier request is still to be answered, and close."""
        if self._reads_no_more:
            return
        self._reads_no_more = True
        self._is_arriving = False
        self._forget_body()
        self._head_octets = 0
        if self._answering is not None:
            return
        self._transport.write(answer.octets(date=self._date(), is_last=True, to_head=False))
        if self._has_ended or not self._transport.can_write_eof():
            self._transport.close()
            return
        # A client that is still sending would lose the answer if the connection closed at once (RFC 9112 §9.6).
        self._transport.write_eof()
        self._wait(_LINGERS_SECONDS)

    def _forget_body(self) -> None:
        self._front.hold(self._request, -len(self._request.body))
        self._request.body.clear()

    # What the bounds call.

    def late(self, now: float) -> bool:
        """Return whether the client has taken longer than it may; one that still takes its answer goes on."""
        if self.waits_since is None or now < self._late_at:
            return False
        if self._transport is None:
            return True
        unsent = self._transport.get_write_buffer_size()
        is_taking = unsent <= self._unsent - self._patience.idle * self._patience.slowest_octets_per_second
        self._unsent = unsent
        if is_taking:
            self._wait(self._patience.idle)
        return not is_taking

    def end(self) -> None:
        """Close the connection; a request that has begun to arrive is answered with 408 (RFC 9110 §15.5.9)."""
        self._bounds.remove(self)
        self._has_ended = True
        if self._transport is None:
            if self.beginning is not None:
                self.beginning.cancel()
        elif self._transport.get_write_buffer_size():
            self._transport.abort()
        elif self._is_arriving:
            self._refuse(plain(HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time. Retry."))
        else:
            self._transport.close()

    def shut_down(self) -> None:
        """Answer what is being answered, and close."""
        self._reads_no_more = True
        self._pipeline.clear()
        if self._transport is not None and self._answering is None:
            self._transport.close()

    def _wait(self, seconds: float) -> None:
        self.waits_since = time.monotonic()
        self._late_at = self.waits_since + seconds
