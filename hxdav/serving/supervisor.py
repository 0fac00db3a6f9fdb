"""The parent: listens, starts the serving processes, and replaces each that ends."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from hxdav.config import ServerSettings
from hxdav.errors import ConfigurationError, UseCaseError
from hxdav.log import get_logger
from hxdav.serving import link

_BACKLOG = 1024
_ENDS_WITHIN_SECONDS = 10.0
_LONGEST_PAUSE = 30.0
_FAILED_STARTS = 5
"""How many starts in a row may fail before the server gives up."""


class ServerProcess:
    """A serving process and the link to it, on which each side sees that the other is gone."""

    def __init__(self, listener: socket.socket, number: int) -> None:
        self.number = number
        self.link, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this program itself
                [sys.executable, "-m", "hxdav.serving", str(listener.fileno()), str(theirs.fileno()), str(number)],
                pass_fds=(listener.fileno(), theirs.fileno()),
            )
        self.has_served = False
        self.refusal = ""

    def note_ready(self) -> bool:
        """Read what the process has sent; return False where it has ended, or says why it cannot serve."""
        with contextlib.suppress(ConnectionResetError):
            match self.link.recv(1):
                case link.READY:
                    self.has_served = True
                    return True
                case link.REFUSED:
                    self.refusal = b"".join(iter(lambda: self.link.recv(4096), b"")).decode()
        return False

    def end(self) -> None:
        """Tell it to end."""
        self._process.terminate()

    def wait(self, *, seconds: float) -> int:
        """Wait for its end, kill it where that takes longer, and return its exit code."""
        try:
            code = self._process.wait(timeout=max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self.link.close()
        return code


class Supervisor:
    """Runs ``count`` serving processes on one listener until it is told to end (SIGTERM, SIGINT)."""

    def __init__(self, listener: socket.socket, *, count: int) -> None:
        self._listener = listener
        self._count = count
        self._selector = selectors.DefaultSelector()
        self._running: set[ServerProcess] = set()
        # The moments at which processes are started, by their numbers. The first one finds out what stops them all.
        self._due: dict[int, float] = {0: 0.0}
        self._is_ready = False
        self._ready: Callable[[], None] = lambda: None
        self._refusal = ""
        self._failures = 0
        self._is_told_to_end = False

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve, and call ``ready`` once the first process does.

        Raises UseCaseError where that one says why it cannot, or where processes keep failing before they serve.
        """
        self._ready = ready
        with self._signals():
            while not self._is_told_to_end and not self._refusal:
                self._start_due()
                self._wait()
                if self._failures >= _FAILED_STARTS and not self._running:
                    raise UseCaseError("The server cannot start; the log says why.")
        # The port is free as soon as the processes have ended.
        self._listener.close()
        for running in self._running:
            running.end()
        ends = time.monotonic() + _ENDS_WITHIN_SECONDS
        for running in self._running:
            running.wait(seconds=ends - time.monotonic())
        if self._refusal:
            raise UseCaseError(self._refusal)

    def _start_due(self) -> None:
        now = time.monotonic()
        for number in [number for number, due in self._due.items() if due <= now]:
            del self._due[number]
            started = ServerProcess(self._listener, number)
            self._running.add(started)
            self._selector.register(started.link, selectors.EVENT_READ, started)

    def _wait(self) -> None:
        """Wait for a signal, a process that is ready or has ended, or the moment of the next start."""
        until = min(self._due.values(), default=None)
        seconds = None if until is None else max(0.0, until - time.monotonic())
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, ServerProcess):
                self._look_at(key.data)
            else:
                key.fileobj.recv(64)  # type: ignore[union-attr]

    def _look_at(self, server_process: ServerProcess) -> None:
        if server_process.note_ready():
            self._failures = 0
            self._begin_others()
            return
        self._selector.unregister(server_process.link)
        self._running.discard(server_process)
        code = server_process.wait(seconds=_ENDS_WITHIN_SECONDS)
        if server_process.refusal and not self._is_ready:
            self._refusal = server_process.refusal
            return
        self._failures += not server_process.has_served
        pause = 0.0 if server_process.has_served else min(_LONGEST_PAUSE, 2.0**self._failures)
        self._due[server_process.number] = time.monotonic() + pause
        if not self._is_told_to_end:
            get_logger().error(
                "server_process_ended", number=server_process.number, exit_code=code, starts_again_in=pause
            )

    def _begin_others(self) -> None:
        if not self._is_ready:
            self._is_ready = True
            self._due |= dict.fromkeys(range(1, self._count), 0.0)
            self._ready()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Wake up and end for SIGTERM and SIGINT within the block."""
        reader, writer = socket.socketpair()
        writer.setblocking(False)  # noqa: FBT003 - the standard library

        def end(_number: int, _frame: object) -> None:
            self._is_told_to_end = True

        with reader, writer:
            self._selector.register(reader, selectors.EVENT_READ, None)
            wakeup = signal.set_wakeup_fd(writer.fileno())
            before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
            try:
                yield
            finally:
                for number, known in before.items():
                    signal.signal(number, known)
                signal.set_wakeup_fd(wakeup)
                self._selector.unregister(reader)


def listener_for(server: ServerSettings) -> socket.socket:
    """Return a socket that listens where the settings say; raises a sentence where that cannot be."""
    host = str(server.host)
    is_for_both = host == "::" and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, server.port), family=family, backlog=_BACKLOG, dualstack_ipv6=is_for_both)
    except OSError as error:
        where = f"{server.host}, port {server.port}"
        if error.errno == errno.EADDRINUSE:
            raise UseCaseError(f"Something already listens on {where}. Stop it, or choose another port.") from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigurationError(f"hxdav cannot listen on {where}: {reason}.") from None
