"""Microsoft accounts for the suite: hxdav's Graph remote on the simulator, and the person in Outlook."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import icalendar

from hxdav.remote import CalendarId, Cursor, Remote
from hxdav.remotes.graph.account import open_graph
from tests.contract.remotes.place import NewPlace, RemotePlace, Write
from tests.contract.remotes.texts import NOW
from tests.integration.remotes.graph_authority import CLIENT_SECRET, Authority, an_authority
from tests.simulators.graph.people import Person as GraphPerson
from tests.simulators.graph.server import graph_server
from tests.simulators.graph.simulator import GraphSimulator

_PAGE = 5
_WRITES = {
    Write.MAKE: ("POST", r"/calendars$"),
    Write.CREATE: ("POST", r"/events$"),
    Write.UPDATE: ("PATCH", r"/events/"),
    Write.REMOVE: ("DELETE", r"/events/"),
}


class _Today:
    """The clock of the suite: its appointments lie in the window, whenever it runs."""

    def now(self) -> datetime:
        return NOW


class _Person:
    """Somebody in Outlook, before one calendar."""

    def __init__(self, person: GraphPerson, calendar_id: CalendarId) -> None:
        self._person = person
        self._calendar = calendar_id

    def uids(self) -> list[str]:
        return [str(one["iCalUId"]) for one in self._person.events(self._calendar)]

    def add(self, text: str) -> str:
        """In Outlook a new event gets its UID from Exchange, and a transaction of Outlook's own."""
        (vevent,) = icalendar.Calendar.from_ical(text).events
        made = self._person.add_event(
            self._calendar,
            vevent.start,
            vevent.end,
            zone=getattr(getattr(vevent.start, "tzinfo", None), "key", "UTC"),
            subject=str(vevent.get("SUMMARY", "")),
            location={"displayName": str(vevent.get("LOCATION", ""))},
            body={"contentType": "text", "content": str(vevent.get("DESCRIPTION", ""))},
            transactionId=f"localevent:{uuid4()}",
        )
        return str(made["iCalUId"])

    def retitle(self, uid: str, title: str) -> None:
        self._person.change_event(self._id(uid), subject=title)

    def remove(self, uid: str) -> None:
        self._person.delete_event(self._id(uid))

    def retitle_instance(self, uid: str, starts: datetime, title: str) -> None:
        self._person.change_instance(self._id(uid), starts, subject=title)

    def remove_instance(self, uid: str, starts: datetime) -> None:
        self._person.delete_instance(self._id(uid), starts)

    def delete_calendar(self) -> None:
        self._person.delete_calendar(self._calendar)

    def hide_calendar(self, *, hidden: bool) -> None:
        raise NotImplementedError("Graph does not show it.")

    def _id(self, uid: str) -> str:
        return next(str(one["id"]) for one in self._person.events(self._calendar) if one["iCalUId"] == uid)


@dataclass
class _Calls:
    """The calls that came about changes, by their ``clientState``."""

    address: str = ""
    tokens: list[str] = field(default_factory=list)

    def called_with(self, token: str, *, within: float) -> bool:
        end = time.monotonic() + within
        while token not in self.tokens and time.monotonic() < end:
            time.sleep(0.005)
        came, self.tokens[:] = token in self.tokens, []
        return came


@contextmanager
def a_hook() -> Iterator[_Calls]:
    """An address that shakes hands, and hears what Graph has to say."""
    calls = _Calls()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            validation = parse_qs(urlsplit(self.path).query).get("validationToken")
            if not validation:
                calls.tokens.extend(str(one["clientState"]) for one in json.loads(body)["value"])
            answer = validation[0].encode() if validation else b""
            self.send_response(200 if validation else 202)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        server.daemon_threads = False
        calls.address = f"http://127.0.0.1:{server.server_port}/hooks/microsoft"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield calls
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def graph() -> Iterator[NewPlace]:
    """Microsoft, with a new account for each place; what breaks its published schema fails the session."""
    numbers = count(1)
    with graph_server(clock=lambda: NOW) as simulator:
        simulator.world.quirks.largest_page = _PAGE

        def issue(user: str, scopes: str) -> str:
            return simulator.tokens.issue(user, scopes.split())

        with an_authority(issue) as authority:
            yield lambda: _place(simulator, authority, f"person{next(numbers)}@outlook.example")
        assert simulator.violations == []


@contextmanager
def _place(simulator: GraphSimulator, authority: Authority, email: str) -> Iterator[RemotePlace]:
    simulator.faults.clear()
    user = simulator.user(email)
    app = authority.app(f"{simulator.url}/v1.0")
    credentials = authority.connect(app, email)

    def opened(credentials: str = credentials) -> Remote:
        return open_graph(app, credentials, keep=lambda _: None, clock=_Today())

    def lose_answer(write: Write) -> None:
        method, path = _WRITES[write]
        simulator.faults.lose_answers(method=method, path=path)

    def revoke() -> None:
        simulator.tokens.revoke(email)
        authority.revoke(email)

    def expired(cursor: Cursor) -> Cursor:
        simulator.delta.expire_all()
        return cursor

    tokens = [
        str(entry["secret"])
        for kind in json.loads(credentials).values()
        for entry in kind.values()
        if "secret" in entry
    ]
    with contextlib.closing(opened()) as remote:
        yield RemotePlace(
            remote=remote,
            person=lambda calendar_id: _Person(user, calendar_id),
            reopen=opened,
            open_wrong=lambda: opened(_with_others(credentials)),
            objects_on_pages=2 * _PAGE + 1,
            secrets=(*tokens, CLIENT_SECRET, email, "never-right"),
            lose_answer=lose_answer,
            overload=simulator.faults.throttle,
            revoke=revoke,
            expire=expired,
            hook=a_hook,
        )


def _with_others(credentials: str) -> str:
    """Credentials of the same form, with tokens that were never right."""
    cache = json.loads(credentials)
    for kind in ("AccessToken", "RefreshToken"):
        for entry in cache[kind].values():
            entry["secret"] = "never-right"
    return json.dumps(cache)
