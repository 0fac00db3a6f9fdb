"""The simulator as an HTTP server on loopback: ``with exchange_server() as exchange: ...``."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from tests.simulators.ews.simulator import ExchangeSimulator
from tests.simulators.ews.wire import AnswerLost, WireAnswer, WireRequest
from tests.simulators.ews.world import Clock, real_clock

LOOPBACK = "127.0.0.1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    server: _Listener

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = WireRequest(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        try:
            self._send(self.server.simulator.answer(request))
        except AnswerLost:
            self.close_connection = True

    do_GET = do_POST = do_HEAD = answer  # noqa: N815

    def _send(self, answer: WireAnswer) -> None:
        self.send_response(answer.code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.parts is not None:
            self._send_parts(answer.parts, cut=answer.cut)
            return
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
        """Nothing."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, simulator: ExchangeSimulator, port: int, trust: ssl.SSLContext | None) -> None:
        self.simulator = simulator
        self._trust = trust
        self._sockets: set[socket.socket] = set()
        self._sockets_lock = Lock()
        super().__init__((LOOPBACK, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._sockets_lock:
            self._sockets.add(request)
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self._trust is None:
            super().finish_request(request, client_address)
            return
        # In the thread of the connection, so that a slow handshake holds up nobody else.
        with self._trust.wrap_socket(request, server_side=True) as wrapped:
            with self._sockets_lock:
                self._sockets.add(wrapped)
            try:
                super().finish_request(wrapped, client_address)
            finally:
                with self._sockets_lock:
                    self._sockets.discard(wrapped)

    def shutdown_request(self, request: Any) -> None:
        with self._sockets_lock:
            self._sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing to tell where the other side has gone; anything else is a fault of the simulator."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | ssl.SSLError):
            self.simulator.violations.append(f"the simulator failed: {error!r}")

    def hang_up(self) -> None:
        """End the connections that are open, so that their threads end."""
        with self._sockets_lock:
            for kept in self._sockets:
                with contextlib.suppress(OSError):
                    kept.shutdown(socket.SHUT_RDWR)


@contextmanager
def exchange_server(
    *, port: int = 0, clock: Clock = real_clock, certificate: ssl.SSLContext | None = None
) -> Iterator[ExchangeSimulator]:
    """The simulator, listening on ``simulator.address``; over TLS where a context with a certificate is given."""
    simulator = ExchangeSimulator(clock=clock)
    listener = _Listener(simulator, port, certificate)
    scheme, host = ("http", LOOPBACK) if certificate is None else ("https", "localhost")
    simulator.url = f"{scheme}://{host}:{listener.server_port}"
    simulator.hang_up = listener.hang_up
    thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, name="exchange", daemon=True)
    thread.start()
    try:
        yield simulator
    finally:
        simulator.close()
        listener.shutdown()
        listener.hang_up()
        listener.server_close()
        thread.join(timeout=5)
