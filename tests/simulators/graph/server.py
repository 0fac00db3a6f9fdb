"""The simulator as an HTTP server on loopback: ``with graph_server() as graph: ...``."""

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

from tests.simulators.graph.simulator import GraphSimulator
from tests.simulators.graph.wire import AnswerLost, WireAnswer, WireRequest
from tests.simulators.graph.world import Clock, real_clock

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
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        try:
            self._send(self.server.simulator.answer(request))
        except AnswerLost:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def _send(self, answer: WireAnswer) -> None:
        self.send_response(answer.code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.code not in {204, 304}:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
        self.close_connection = self.close_connection or answer.cut

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the target of a request names calendars and events."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, simulator: GraphSimulator, port: int) -> None:
        self.simulator = simulator
        self._sockets: set[socket.socket] = set()
        self._sockets_lock = Lock()
        super().__init__((LOOPBACK, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._sockets_lock:
            self._sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._sockets_lock:
            self._sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing to tell where the other side has gone; anything else is a fault of the simulator."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):
            self.simulator.note(f"the simulator failed: {error!r}")

    def hang_up(self) -> None:
        """End the connections that are kept alive, so that their threads end."""
        with self._sockets_lock:
            for kept in self._sockets:
                with contextlib.suppress(OSError):
                    kept.shutdown(socket.SHUT_RDWR)


@contextmanager
def graph_server(
    *,
    port: int = 0,
    clock: Clock = real_clock,
    trust: ssl.SSLContext | None = None,
) -> Iterator[GraphSimulator]:
    """The simulator, listening on ``simulator.url``. ``trust`` is for webhooks under a certificate of tests."""
    simulator = GraphSimulator(clock=clock, trust=trust)
    listener = _Listener(simulator, port)
    simulator.url = f"http://{LOOPBACK}:{listener.server_port}"
    simulator.start()
    thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, name="graph", daemon=True)
    thread.start()
    try:
        yield simulator
    finally:
        listener.shutdown()
        listener.hang_up()
        listener.server_close()
        thread.join(timeout=5)
        simulator.close()
