"""The parts of a serving process, run in this one: a listener on the loopback interface and a test's application."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvloop

from hxdav.serving.connection import Patience
from hxdav.serving.connections import Connections
from hxdav.serving.front import FrontLimits, ThreadFront, Wsgi
from hxdav.serving.listening import ListeningSockets

LIMITS = FrontLimits(kept=100_000, read_past=300_000, threads=2)
SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where it listens, and its connections."""

    port: int
    bounds: Connections

    def connected(self, octets: bytes = b"") -> socket.socket:
        """A connection over which ``octets`` have been sent."""
        wire = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        wire.sendall(octets)
        return wire

    def answer_to(self, octets: bytes) -> bytes:
        """Everything that comes back for ``octets`` until the server closes the connection."""
        with self.connected(octets) as wire:
            return everything(wire)


@contextmanager
def served(
    application: Wsgi,
    *,
    limits: FrontLimits = LIMITS,
    most: int = 100,
    patience: Patience | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Served]:
    """``application`` served by a thread of this process, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    bounds = Connections(most=most, most_per_origin=most)
    started, ends = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        listening = ListeningSockets(
            ThreadFront(application, limits), listener=listener, bounds=bounds, tls=tls, patience=patience
        )
        listening.start()
        started.set()
        await ends.wait()
        await listening.stop(within_seconds=5)

    thread = threading.Thread(target=lambda: uvloop.run(serve()))
    port = listener.getsockname()[1]
    thread.start()
    try:
        assert started.wait(SECONDS)
        yield Served(port=port, bounds=bounds)
    finally:
        loops[0].call_soon_threadsafe(ends.set)
        thread.join()


def everything(wire: socket.socket) -> bytes:
    """What is read from a connection until its end."""
    pieces = []
    while piece := wire.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def until(holds: Callable[[], Any], what: str) -> None:
    """Return as soon as ``holds`` returns something true."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.01)
