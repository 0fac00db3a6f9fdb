"""Killing the whole server at any moment loses nothing that was answered with success, and tears nothing.

Four clients add, change and delete as fast as they can, and a fifth synchronises; every round kills all processes in
the middle of that, starts the server again on the same folder, and compares.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from itertools import count

import httpx

from tests.e2e.events import an_event
from tests.e2e.replay import DavX5Replay
from tests.e2e.serving import DemoServer
from tests.exploring import AT_LENGTH

ROUNDS = 20 if AT_LENGTH else 5
CLIENTS = 4
LOAD_SECONDS = (0.15, 0.6)
"""After how long of load, at least and at most, the server is killed."""


@dataclass(slots=True)
class Writer:
    """One client: ``stored`` is what it was told is there, ``unsure`` what it asked for and heard nothing of."""

    number: int
    calendar_path: str
    stored: dict[str, str] = field(default_factory=dict)
    unsure: dict[str, str | None] = field(default_factory=dict)
    answered: int = 0
    _counter: Iterator[int] = field(default_factory=count)

    def write_until(self, stop: threading.Event, http: httpx.Client) -> None:
        """Put and delete until there is no server any more."""
        while not stop.is_set():
            number = next(self._counter)
            own = list(self.stored)
            match number % 4:
                case 2 if own:
                    self._ask(http, own[-1], an_event(own[-1], days=40, summary=f"Changed {number} " + "x" * 500))
                case 3 if own:
                    self._ask(http, own[0], None)
                case _:
                    name = f"kill-{self.number}-{number}.ics"
                    self._ask(http, name, an_event(name, days=number % 100, summary=f"New {number}"))
            if self.unsure:
                return

    def _ask(self, http: httpx.Client, name: str, text: str | None) -> None:
        url = self.calendar_path + name
        try:
            response = http.delete(url) if text is None else http.put(url, content=text)
        except httpx.TransportError:
            self.unsure[name] = text
            return
        assert response.is_success, (response.status_code, response.text)
        self.answered += 1
        self._know(name, text)

    def settle(self, there: dict[str, str]) -> None:
        """Take what became of the request that was not answered as what is stored, if it was done wholly or not."""
        for name, text in self.unsure.items():
            found = there.get(name)
            assert found in {text, self.stored.get(name)}, f"{name} is torn"
            self._know(name, found)
        self.unsure.clear()

    def _know(self, name: str, text: str | None) -> None:
        self.stored.pop(name, None)
        if text is not None:
            self.stored[name] = text


def test_kills_under_load_lose_nothing_that_was_answered(fresh_unlimited_demo_server: DemoServer) -> None:
    server = fresh_unlimited_demo_server
    path = server.user.calendar_path
    dice = random.Random(20261122)
    writers = [Writer(number=number, calendar_path=path) for number in range(CLIENTS)]
    with server.http() as http:
        reader = DavX5Replay(http, path)
        reader.sync()
    strangers = frozenset(reader.objects)

    for _ in range(ROUNDS):
        write_until_killed(server, writers, reader=reader, seconds=dice.uniform(*LOAD_SECONDS))
        server.start()
        with server.http() as http:
            # This one continues from a sync token of just before the kill; the other one begins.
            reader.http = http
            reader.sync()
            fresh = DavX5Replay(http, path)
            fresh.sync()
        assert texts_of(reader) == texts_of(fresh)
        compare(writers, texts_of(fresh), strangers=strangers, path=path)
        assert integrity(server) == "ok"

    assert sum(writer.answered for writer in writers) > ROUNDS * CLIENTS


def write_until_killed(server: DemoServer, writers: list[Writer], *, reader: DavX5Replay, seconds: float) -> None:
    stop = threading.Event()
    with ExitStack() as clients, ThreadPoolExecutor(CLIENTS + 1) as pool:
        reader.http = clients.enter_context(server.http())
        running = [pool.submit(writer.write_until, stop, clients.enter_context(server.http())) for writer in writers]
        running.append(pool.submit(read_until, stop, reader))
        time.sleep(seconds)
        server.kill()
        stop.set()
        for each in running:
            each.result()


def read_until(stop: threading.Event, reader: DavX5Replay) -> None:
    with suppress(httpx.TransportError):
        while not stop.is_set():
            reader.sync()


def compare(writers: list[Writer], there: dict[str, str], *, strangers: AbstractSet[str], path: str) -> None:
    """What is there is what the writers were told, and nothing else of theirs."""
    names = {href.removeprefix(path): text for href, text in there.items() if href not in strangers}
    expected: dict[str, str] = {}
    for writer in writers:
        writer.settle(names)
        expected |= writer.stored
    assert names == expected


def texts_of(client: DavX5Replay) -> dict[str, str]:
    return {href: local.text for href, local in client.objects.items()}


def integrity(server: DemoServer) -> str:
    with closing(sqlite3.connect(f"file:{server.data / 'hxdav.db'}?mode=ro", uri=True)) as connection:
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    return str(answer)
