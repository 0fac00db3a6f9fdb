"""Waiting for a server that says something now and then: it ends when nobody waits any more, and loses no octet."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme

from hxdav.errors import NoAnswer, WaitEnded
from hxdav.net.reach import Reach
from hxdav.net.session import Limits, http_session
from hxdav.net.transport import waiting_until

HERE = Reach(allowed=("localhost", "127.0.0.0/8", "::1"), hosts=("localhost",))


class Talker(BaseHTTPRequestHandler):
    """Says a word each time that ``said`` is released, and nothing else."""

    protocol_version = "HTTP/1.1"
    said = threading.Semaphore(0)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError):
            while self.said.acquire(timeout=10):
                self.wfile.write(b"4\r\nword\r\n")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def talking(trust: ssl.SSLContext | None) -> Iterator[tuple[str, threading.Semaphore]]:
    """The address of a server that talks, and what lets it say a word."""
    said = threading.Semaphore(0)
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Talking", (Talker,), {"said": said})) as server:
        if trust is not None:
            server.socket = trust.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http{'' if trust is None else 's'}://localhost:{server.server_port}/", said
        finally:
            # Writing to whoever has hung up ends its thread.
            said.release(9)
            server.shutdown()
            thread.join()


@pytest.fixture(params=["plain", "tls"])
def talk(request: pytest.FixtureRequest) -> Iterator[tuple[str, threading.Semaphore, str]]:
    """A server's address, what lets it speak, and the authority behind it (PEM)."""
    if request.param == "plain":
        with talking(None) as (url, said):
            yield url, said, ""
        return
    authority = trustme.CA()
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(trust)
    with talking(trust) as (url, said):
        yield url, said, authority.cert_pem.bytes().decode()


def words(talk: tuple[str, threading.Semaphore, str], over: threading.Event, limits: Limits) -> Iterator[bytes]:
    url, said, authorities = talk
    with (
        http_session(HERE, authorities=authorities, limits=limits) as session,
        waiting_until(over.is_set),
        session.stream("GET", url) as answer,
    ):
        for word in answer.iter_raw():
            yield word
            threading.Timer(0.6, said.release).start()


def test_what_is_said_after_some_silence_is_read_whole(talk: tuple[str, threading.Semaphore, str]) -> None:
    talk[1].release()
    over = threading.Event()
    heard = words(talk, over, Limits())

    assert [next(heard) for _ in range(3)] == [b"word"] * 3
    over.set()
    with pytest.raises(WaitEnded):
        list(heard)


def test_waiting_ends_soon_after_nobody_waits_any_more(talk: tuple[str, threading.Semaphore, str]) -> None:
    over = threading.Event()
    threading.Timer(0.5, over.set).start()
    began = time.monotonic()

    with pytest.raises(WaitEnded):
        next(words(talk, over, Limits()))

    assert time.monotonic() - began < 25


def test_a_server_that_is_silent_for_too_long_has_gone(talk: tuple[str, threading.Semaphore, str]) -> None:
    with pytest.raises(NoAnswer):
        next(words(talk, threading.Event(), Limits(read_seconds=0.6)))
