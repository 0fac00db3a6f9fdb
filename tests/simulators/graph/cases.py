"""What the simulator's own tests share: one user, the application's calendar, and an HTTP client on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.simulators.graph.people import Person
from tests.simulators.graph.server import graph_server
from tests.simulators.graph.simulator import GraphSimulator
from tests.simulators.graph.wire import Json

ANNA = "anna@example.com"
BERLIN = "Europe/Berlin"
MARK = "String {d4a7b1d6-6f6c-4b0a-9a0e-3f5f0c7a2b61} Name HxId"
IMMUTABLE = 'IdType="ImmutableId"'
MONDAY: Json = {
    "subject": "Desk",
    "start": {"dateTime": "2026-11-23T09:00:00", "timeZone": BERLIN},
    "end": {"dateTime": "2026-11-23T10:00:00", "timeZone": BERLIN},
}
WEEKLY: Json = {
    **MONDAY,
    "subject": "Team",
    "recurrence": {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
        "range": {"type": "numbered", "startDate": "2026-11-23", "numberOfOccurrences": 4},
    },
}
WINTER = {"startDateTime": "2026-11-01T00:00:00Z", "endDateTime": "2027-03-01T00:00:00Z"}


class Ticking:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Now."""
        return self.moment

    def move(self, delta: timedelta) -> None:
        """Let time pass."""
        self.moment += delta


@dataclass(slots=True, kw_only=True)
class Desk:
    """Graph, Anna before Outlook, and an application that has made one calendar in her account."""

    graph: GraphSimulator
    anna: Person
    http: httpx.Client
    calendar_id: str
    clock: Ticking

    @property
    def calendar(self) -> str:
        """The path of the application's calendar."""
        return f"/me/calendars/{self.calendar_id}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Any request; names of headers are written with underscores. A link is followed as it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("http") else f"{self.graph.url}/v1.0{path}"
        return self.http.request(method, url, json=body, headers=named)

    def create(self, base: Json | None = None, /, **more: Any) -> Json:
        """A new event in the application's calendar, on Monday unless it says when."""
        return told(self.ask("POST", f"{self.calendar}/events", {**(base or MONDAY), **more}), 201)

    def get(self, event_id: str, query: str = "", **headers: str) -> Json:
        """The event."""
        return told(self.ask("GET", f"/me/events/{event_id}{query}", **headers))

    def patch(self, event_id: str, **body: Any) -> Json:
        """The event patched."""
        return told(self.ask("PATCH", f"/me/events/{event_id}", body))

    def delete(self, event_id: str) -> None:
        """Delete the event."""
        assert self.ask("DELETE", f"/me/events/{event_id}").status_code == 204

    def view(self, **query: str) -> list[Json]:
        """What the calendar view shows in winter, on one page."""
        path = f"{self.calendar}/calendarView?{httpx.QueryParams({**WINTER, '$top': '500', **query})}"
        listed: list[Json] = told(self.ask("GET", path))["value"]
        return listed

    def occurrences(self, master_id: str) -> list[Json]:
        """The occurrences and exceptions of a series in winter."""
        path = f"/me/events/{master_id}/instances?{httpx.QueryParams(WINTER)}"
        listed: list[Json] = told(self.ask("GET", path))["value"]
        return listed

    def round(self, link: str = "", *, page: int = 50) -> tuple[list[Json], str]:
        """One round of delta over winter, and the deltaLink that it ended with."""
        entries: list[Json] = []
        while True:
            path = link or f"{self.calendar}/calendarView/delta?{httpx.QueryParams(WINTER)}"
            answer = told(self.ask("GET", path, Prefer=f"{IMMUTABLE}, odata.maxpagesize={page}"))
            entries += answer["value"]
            if "@odata.deltaLink" in answer:
                return entries, answer["@odata.deltaLink"]
            link = answer["@odata.nextLink"]


def told(answer: httpx.Response, code: int = 200) -> Json:
    """The body of an answer that must have this code."""
    assert answer.status_code == code, answer.text
    body: Json = answer.json()
    return body


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The code of an answer, and the word for what was wrong."""
    return answer.status_code, answer.json()["error"]["code"]


@contextmanager
def faithful_graph(**options: Any) -> Iterator[GraphSimulator]:
    """The simulator, which must at the end have seen nothing that breaks the types."""
    with graph_server(**options) as graph:
        yield graph
        assert graph.violations == []


@contextmanager
def a_desk() -> Iterator[Desk]:
    """Set all of it up; a break of the types by either side fails the test."""
    clock = Ticking()
    with faithful_graph(clock=clock) as graph:
        anna = graph.user(ANNA)
        headers = {"Authorization": f"Bearer {anna.token()}", "Prefer": IMMUTABLE}
        with httpx.Client(headers=headers, timeout=10) as http:
            made = told(http.post(f"{graph.url}/v1.0/me/calendars", json={"name": "HX_Harbour"}), 201)
            yield Desk(graph=graph, anna=anna, http=http, calendar_id=made["id"], clock=clock)
