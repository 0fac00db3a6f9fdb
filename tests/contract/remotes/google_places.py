"""Google accounts for the suite: hxdav's Google remote on the simulator, and the person in Google's own app."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any

import icalendar

from hxdav.remote import CalendarId, Cursor, Remote
from hxdav.remotes.google.account import open_google
from hxdav.remotes.google.oauth import GoogleApp, credentials_text
from tests.contract.remotes.place import NewPlace, RemotePlace, Write
from tests.simulators.google.clients import faithful_google
from tests.simulators.google.oauth import APP_CREATED, LIST_READONLY
from tests.simulators.google.people import Person as GooglePerson
from tests.simulators.google.simulator import GoogleSimulator
from tests.simulators.google.wire import Json

_PAGE = 5
_WRITES = {
    Write.MAKE: ("POST", r"/calendars$"),
    Write.CREATE: ("POST", r"/events$"),
    Write.UPDATE: ("PATCH", r"/events/"),
    Write.REMOVE: ("DELETE", r"/events/"),
}


class _Person:
    """Somebody in Google's own app, before one calendar."""

    def __init__(self, google_person: GooglePerson, calendar_id: CalendarId) -> None:
        self._person = google_person
        self._calendar = calendar_id

    def uids(self) -> list[str]:
        return [_uid(one) for one in self._masters()]

    def add(self, text: str) -> str:
        """In Google's app a new event gets its UID from Google."""
        (vevent,) = icalendar.Calendar.from_ical(text).events
        words = {name: str(vevent[name.upper()]) for name in ("summary", "location", "description") if name in vevent}
        zone = getattr(getattr(vevent.start, "tzinfo", None), "key", None)
        made = self._person.add_event(self._calendar, vevent.start, vevent.end, zone=zone, **words)
        return str(made["iCalUID"])

    def retitle(self, uid: str, title: str) -> None:
        self._person.change_event(self._calendar, self._id(uid), summary=title)

    def remove(self, uid: str) -> None:
        self._person.delete_event(self._calendar, self._id(uid))

    def retitle_instance(self, uid: str, starts: datetime, title: str) -> None:
        self._person.change_instance(self._calendar, self._id(uid), starts, summary=title)

    def remove_instance(self, uid: str, starts: datetime) -> None:
        self._person.delete_instance(self._calendar, self._id(uid), starts)

    def delete_calendar(self) -> None:
        self._person.delete_calendar(self._calendar)

    def hide_calendar(self, *, hidden: bool) -> None:
        change = self._person.hide if hidden else self._person.unhide
        change(self._calendar)

    def _masters(self) -> list[Json]:
        return [one for one in self._person.events(self._calendar) if "recurringEventId" not in one]

    def _id(self, uid: str) -> str:
        return next(str(one["id"]) for one in self._masters() if _uid(one) == uid)


def _uid(shown: Json) -> str:
    """The UID of an event: where hxdav made it, the one that it wrote on it."""
    return str(shown.get("extendedProperties", {}).get("private", {}).get("hxdav") or shown["iCalUID"])


@dataclass
class _Calls:
    """The calls that came, but for the first one of a channel, which tells of no change."""

    address: str = ""
    tokens: list[str] = field(default_factory=list)

    def called_with(self, token: str, *, within: float) -> bool:
        end = time.monotonic() + within
        while token not in self.tokens and time.monotonic() < end:
            time.sleep(0.005)
        came, self.tokens[:] = token in self.tokens, []
        return came


@contextmanager
def _hook() -> Iterator[_Calls]:
    calls = _Calls()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self.headers["X-Goog-Resource-State"] != "sync":
                calls.tokens.append(self.headers["X-Goog-Channel-Token"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        server.daemon_threads = False
        calls.address = f"http://127.0.0.1:{server.server_port}/hooks/google"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield calls
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def google() -> Iterator[NewPlace]:
    """Google, with a new account for each place; what breaks its published schema fails the session."""
    with faithful_google() as simulator:
        simulator.quirks.largest_page = _PAGE
        numbers = count(1)
        yield lambda: _place(simulator, f"person{next(numbers)}@google.example")


@contextmanager
def _place(simulator: GoogleSimulator, email: str) -> Iterator[RemotePlace]:
    simulator.faults.clear()
    user = simulator.user(email, zone="Australia/Sydney")
    scopes = (APP_CREATED, LIST_READONLY)
    token, refresh_token = user.token(*scopes), user.refresh_token(*scopes)
    app = GoogleApp(
        client_id=simulator.application.client_id,
        client_secret=simulator.application.client_secret,
        token_url=f"{simulator.url}/token",
        revoke_url=f"{simulator.url}/revoke",
        api_root=simulator.url,
    )

    def opened(token: str = token, refresh_token: str = refresh_token) -> Remote:
        expires = datetime.now(UTC).replace(year=2099, month=1, day=1)
        return open_google(app, credentials_text(token, refresh_token, expires=expires), keep=lambda _: None)

    def lose_answer(write: Write) -> None:
        method, path = _WRITES[write]
        simulator.faults.lose_answers(method=method, path=path)

    def expired(cursor: Cursor) -> Cursor:
        simulator.listings.expire_sync_tokens()
        return cursor

    with contextlib.closing(opened()) as remote:
        yield RemotePlace(
            remote=remote,
            person=lambda calendar_id: _Person(user, calendar_id),
            reopen=opened,
            open_wrong=lambda: opened("ya29.never-right", "1//never-right"),
            objects_on_pages=2 * _PAGE + 1,
            secrets=(token, refresh_token, app.client_secret, email, "never-right"),
            lose_answer=lose_answer,
            overload=simulator.faults.throttle,
            revoke=user.revoke,
            expire=expired,
            hook=_hook,
        )
