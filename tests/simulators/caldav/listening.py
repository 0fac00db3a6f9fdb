"""A small HTTP server before another: what it is asked as a value, what it answers as a value, or no answer at all."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import httpx

_PASSED_ON = frozenset({
    "accept", "content-type", "depth", "destination", "if-match", "if-none-match", "overwrite", "prefer",
    "x-remote-user",
})  # fmt: skip
_HOP = frozenset({"connection", "content-encoding", "content-length", "date", "server", "transfer-encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request; header names in lower case, path and query as they came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: str = ""

    @property
    def depth(self) -> str:
        """How deep a PROPFIND goes (RFC 4918 §10.2)."""
        return self.headers.get("depth", "infinity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said to it; ``cut_off`` breaks the connection off in the middle of the body."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_off: bool = False


Responder = Callable[[Asked], Answer | None]
"""None: the connection is closed without a word."""


class Listener:
    """Serves ``responder`` on a port of loopback, each connection in a thread of its own."""

    def __init__(self, responder: Responder, *, port: int = 0) -> None:
        self._server = _Server(port, responder)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        """Take no more connections, and hang up on those that are open."""
        self._server.shutdown()
        self._thread.join()
        for connection in tuple(self._server.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()


class Backend:
    """The real server behind: passes requests on to it under a user's name."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def ask(self, asked: Asked, *, auth: tuple[str, str] | None = None) -> Answer:
        """What the real server says."""
        headers = {name: value for name, value in asked.headers.items() if name in _PASSED_ON}
        response = self._http.request(asked.method, asked.path, headers=headers, content=asked.body, auth=auth)
        told = {name: value for name, value in response.headers.items() if name not in _HOP}
        return Answer(code=response.status_code, headers=told, body=response.content)

    def close(self) -> None:
        """Give its connections back."""
        self._http.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # The default queue is five connections long, and clients open more at once.
    request_queue_size = 64

    def __init__(self, port: int, responder: Responder) -> None:
        self.responder = responder
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body of an answer go out together.
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        self.server.connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        self.server.connections.discard(self.request)
        with contextlib.suppress(OSError):
            super().finish()

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            return super().handle_one_request()
        self.close_connection = True
        return None

    def answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        path, _, query = self.path.partition("?")
        asked = Asked(method=self.command, path=path, headers=headers, body=body, query=query)
        given = self.server.responder(asked)
        if given is None:
            self.close_connection = True
            return
        self.send_response(given.code)
        for name, value in given.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(given.body)))
        self.end_headers()
        body = b"" if self.command == "HEAD" else given.body
        self.wfile.write(body[: len(body) // 2] if given.cut_off else body)
        self.close_connection = self.close_connection or given.cut_off

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method is answered alike."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""
