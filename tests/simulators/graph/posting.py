"""Posting to addresses of ours, as Graph's notification service does: the handshake, and the letters on their way."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from urllib.parse import unquote_plus, urlsplit

from tests.simulators.graph.wire import Json

TIMEOUT_SECONDS = 10.0
MOST_IN_ONE_BODY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver a body; the code is 0 where nobody answered."""

    address: str
    body: Json
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    ready: float
    due: float
    address: str
    notification: Json
    attempts: int


class Post:
    """The thread that delivers notifications: all that are due for one address go in one body."""

    def __init__(self, *, trust: ssl.SSLContext | None, retry_seconds: Callable[[], float]) -> None:
        self.trust = trust
        self.retry_seconds = retry_seconds
        self.deliveries: list[Delivery] = []
        self._letters: list[_Letter] = []
        self._changed = Condition()
        self._busy = False
        self._is_closed = False
        self._thread = Thread(target=self._deliver_all, name="graph-notifications", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def close(self) -> None:
        """Stop delivering; what is on its way is lost."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(timeout=2 * TIMEOUT_SECONDS)

    def send(
        self, address: str, notification: Json, *, seconds: float = 0.0, gather: float = 0.0, attempts: int = 3
    ) -> None:
        """Deliver it after so many seconds; then it waits for others that go with it, as long as ``gather`` says."""
        ready = time.monotonic() + seconds
        letter = _Letter(ready=ready, due=ready + gather, address=address, notification=notification, attempts=attempts)
        with self._changed:
            self._letters.append(letter)
            self._changed.notify_all()

    @property
    def is_idle(self) -> bool:
        """Is nothing on its way?"""
        with self._changed:
            return not self._letters and not self._busy

    def handshake(self, address: str, token: str) -> bool:
        """Does the address answer with the token in plain text in ten seconds? It is given as a form writes it."""
        url = urlsplit(address)
        query = f"{url.query}&" if url.query else ""
        target = f"{url.path or '/'}?{query}validationToken={token}"
        try:
            code, kind, body = self._posted(address, target, b"", "text/plain; charset=utf-8")
        except (OSError, http.client.HTTPException):
            return False
        is_same = body.decode("utf-8", "replace") == unquote_plus(token)
        return code == 200 and kind.startswith("text/plain") and is_same

    # -- within

    def _deliver_all(self) -> None:
        while True:
            with self._changed:
                due = self._taken()
                while not due and not self._is_closed:
                    self._changed.wait(self._pause())
                    due = self._taken()
                if self._is_closed:
                    return
                self._busy = True
            try:
                self._deliver(due)
            finally:
                self._busy = False

    def _pause(self) -> float | None:
        first = min((letter.due for letter in self._letters), default=None)
        return None if first is None else max(0.0, first - time.monotonic())

    def _taken(self) -> list[_Letter]:
        now = time.monotonic()
        first = min(self._letters, key=lambda one: one.due, default=None)
        if first is None or first.due > now:
            return []
        along = [one for one in self._letters if one.address == first.address and one.ready <= now]
        taken = sorted(along, key=lambda one: one.ready)[:MOST_IN_ONE_BODY]
        for one in taken:
            self._letters.remove(one)
        return taken

    def _deliver(self, letters: list[_Letter]) -> None:
        address = letters[0].address
        body: Json = {"value": [one.notification for one in letters]}
        url = urlsplit(address)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            code, _, _ = self._posted(address, target, json.dumps(body).encode(), "application/json; charset=utf-8")
        except (OSError, http.client.HTTPException):
            code = 0
        self.deliveries.append(Delivery(address=address, body=body, code=code))
        if not 200 <= code < 300:
            for one in letters:
                if one.attempts > 1:
                    seconds = self.retry_seconds()
                    self.send(address, one.notification, seconds=seconds, attempts=one.attempts - 1)

    def _posted(self, address: str, target: str, body: bytes, kind: str) -> tuple[int, str, bytes]:
        url = urlsplit(address)
        host = url.hostname or ""
        connection = (
            http.client.HTTPSConnection(host, url.port, timeout=TIMEOUT_SECONDS, context=self.trust)
            if url.scheme == "https"
            else http.client.HTTPConnection(host, url.port, timeout=TIMEOUT_SECONDS)
        )
        try:
            connection.request("POST", target, body=body, headers={"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        finally:
            connection.close()
