"""Accepting connections and ending them: a listener's side of one serving process."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from email.utils import formatdate

from hxdav.serving.connection import ClientConnection, Patience
from hxdav.serving.connections import Connections
from hxdav.serving.front import ThreadFront

_ACCEPTED_AT_ONCE = 64
_LOOKS_EVERY_SECONDS = 1.0
_RESTS_SECONDS = 0.5
"""How long nothing is accepted after the machine has run out of file descriptors or memory."""
_STEP_SECONDS = 0.02
_OUT_OF_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class ListeningSockets:
    """Accepts connections from ``listener`` and has ``front`` answer what comes over them."""

    def __init__(
        self,
        front: ThreadFront,
        *,
        listener: socket.socket,
        bounds: Connections,
        tls: ssl.SSLContext | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._front = front
        self._patience = patience or Patience()
        self._listener = listener
        self._bounds = bounds
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._beginning: set[asyncio.Task[None]] = set()
        self._look: asyncio.TimerHandle | None = None
        self._date = ""
        listener.setblocking(False)  # noqa: FBT003 - the standard library

    def start(self) -> None:
        """Accept from now on."""
        self._loop.add_reader(self._listener, self._accept)

    async def stop(self, *, within_seconds: float) -> None:
        """Accept no more, let the requests under way come to their end, and close every connection."""
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for task in tuple(self._beginning):
            task.cancel()
        for connection in self._bounds.all():
            connection.shut_down()
        ends = self._loop.time() + within_seconds
        while len(self._bounds) and self._loop.time() < ends:  # noqa: ASYNC110 - connections end by many ways
            await asyncio.sleep(_STEP_SECONDS)

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                accepted, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OUT_OF_ROOM:
                    raise
                self._rest()
                return
            self._begin(accepted, address[0])

    def _begin(self, accepted: socket.socket, address: str) -> None:
        accepted.setblocking(False)  # noqa: FBT003 - the standard library
        connection = ClientConnection(
            self._front, self._bounds, address=address, date=lambda: self._date, patience=self._patience
        )
        if not self._bounds.admit(connection):
            accepted.close()
            return
        task = self._loop.create_task(self._connect(accepted, connection))
        connection.beginning = task
        self._beginning.add(task)
        task.add_done_callback(lambda begun: self._note_begun(begun, accepted, connection))
        if self._look is None:
            self._look_around()

    async def _connect(self, accepted: socket.socket, connection: ClientConnection) -> None:
        seconds = self._patience.head if self._tls else None
        await self._loop.connect_accepted_socket(
            lambda: connection, accepted, ssl=self._tls, ssl_handshake_timeout=seconds
        )

    def _note_begun(self, task: asyncio.Task[None], accepted: socket.socket, connection: ClientConnection) -> None:
        self._beginning.discard(task)
        connection.beginning = None
        if task.cancelled() or task.exception() is not None:
            # A handshake failed, took too long, or gave way to another connection.
            self._bounds.remove(connection)
            accepted.close()

    def _look_around(self) -> None:
        """Close what is late and tell the time (RFC 9110 §6.6.1), each second as long as there are connections."""
        self._date = formatdate(usegmt=True)
        self._bounds.end_late()
        self._front.refuse_late()
        self._look = self._loop.call_later(_LOOKS_EVERY_SECONDS, self._look_around) if len(self._bounds) else None

    def _rest(self) -> None:
        self._bounds.make_room()
        self._loop.remove_reader(self._listener)
        self._loop.call_later(_RESTS_SECONDS, self._resume)

    def _resume(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)
