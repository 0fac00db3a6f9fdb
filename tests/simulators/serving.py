"""HTTP on loopback for the simulators: requests as they come, answers that may be lost, cut or sent in parts."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"

_WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request as it came: the target is path and query, header names are lower-case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, percent-encoded as it came."""
        return urlsplit(self.target).path


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAnswer:
    """One answer as it goes out; ``cut`` sends half of the body and closes the connection.

    ``parts`` are sent one by one as they come, chunked (RFC 9112 §7.1), in place of the body.
    """

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    parts: Iterator[bytes] | None = None


class AnswerLost(Exception):
    """The request was carried out, and the connection closes without an answer."""


Request = TypeVar("Request", bound=HttpRequest)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    server: Listener

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = self.server.asked(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        try:
            self._send(self.server.answer(asked))
        except AnswerLost:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def _send(self, answer: WireAnswer) -> None:
        self.send_response(answer.code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.parts is not None:
            self._send_parts(answer.parts, cut=answer.cut)
            return
        if answer.code not in _WITHOUT_BODY:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
        self.close_connection = self.close_connection or answer.cut

    def _send_parts(self, parts: Iterator[bytes], *, cut: bool) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        try:
            for part in parts:
                told = part[: len(part) // 2] if cut else part
                self.wfile.write(f"{len(told):X}\r\n".encode() + told + b"\r\n")
                self.wfile.flush()
                if cut:
                    return
            self.wfile.write(b"0\r\n\r\n")
        finally:
            parts.close()  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the target of a request names calendars and tokens."""


class Listener(ThreadingHTTPServer):
    """The server; a thread for each connection, and none outlives it."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(
        self,
        answer: Callable[[Any], WireAnswer],
        *,
        asked: Callable[..., HttpRequest],
        failed: Callable[[str], None],
        port: int,
        certificate: ssl.SSLContext | None,
    ) -> None:
        self.answer = answer
        self.asked = asked
        self._failed = failed
        self._certificate = certificate
        self._sockets: set[socket.socket] = set()
        self._sockets_lock = Lock()
        super().__init__((LOOPBACK, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection."""
        with self._sockets_lock:
            self._sockets.add(request)
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer on the connection, over TLS where there is a certificate."""
        if self._certificate is None:
            super().finish_request(request, client_address)
            return
        # In the thread of the connection, so that a slow handshake holds up nobody else.
        with self._certificate.wrap_socket(request, server_side=True) as wrapped:
            with self._sockets_lock:
                self._sockets.add(wrapped)
            try:
                super().finish_request(wrapped, client_address)
            finally:
                with self._sockets_lock:
                    self._sockets.discard(wrapped)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        with self._sockets_lock:
            self._sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing to tell where the other side has gone; anything else is a fault of the simulator."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | ssl.SSLError):
            self._failed(f"the simulator failed: {error!r}")

    def hang_up(self) -> None:
        """End the connections that are open, so that their threads end."""
        with self._sockets_lock:
            for kept in self._sockets:
                with contextlib.suppress(OSError):
                    kept.shutdown(socket.SHUT_RDWR)


@contextmanager
def served(
    answer: Callable[[Request], WireAnswer],
    *,
    asked: type[Request],
    failed: Callable[[str], None],
    port: int = 0,
    certificate: ssl.SSLContext | None = None,
) -> Iterator[Listener]:
    """Serve until the end of the block; ``failed`` is told what went wrong in ``answer`` that should not have."""
    listener = Listener(answer, asked=asked, failed=failed, port=port, certificate=certificate)
    thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, name="simulator", daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.shutdown()
        listener.hang_up()
        listener.server_close()
        thread.join(timeout=5)
