"""What the simulator's own tests share: one user, the application's calendar, and Google's client on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]

from tests.simulators.google.clients import calendar_service, faithful_google
from tests.simulators.google.oauth import APP_CREATED, LIST_READONLY
from tests.simulators.google.people import Person
from tests.simulators.google.simulator import GoogleSimulator
from tests.simulators.google.wire import Json

ANNA = "anna@example.com"
SYDNEY = "Australia/Sydney"
MONDAY = {
    "start": {"dateTime": "2026-11-23T09:00:00+11:00", "timeZone": SYDNEY},
    "end": {"dateTime": "2026-11-23T10:00:00+11:00", "timeZone": SYDNEY},
}
WEEKLY = {**MONDAY, "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"], "summary": "Team"}


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
    """Google, Anna before it, and an application that has made one calendar in her account."""

    google: GoogleSimulator
    anna: Person
    service: Any
    calendar_id: str
    clock: Ticking

    @property
    def events(self) -> Any:
        """The methods of ``events``."""
        return self.service.events()

    def insert(self, **body: Any) -> Json:
        """A new event in the application's calendar, on Monday unless it says when."""
        made: Json = self.events.insert(
            calendarId=self.calendar_id, sendUpdates="none", body={**MONDAY, **body}
        ).execute()
        return made

    def get(self, event_id: str) -> Json:
        """The event."""
        found: Json = self.events.get(calendarId=self.calendar_id, eventId=event_id).execute()
        return found

    def patch(self, event_id: str, **body: Any) -> Json:
        """The event patched."""
        found: Json = self.events.patch(
            calendarId=self.calendar_id, eventId=event_id, sendUpdates="none", body=body
        ).execute()
        return found

    def delete(self, event_id: str) -> None:
        """Delete the event."""
        self.events.delete(calendarId=self.calendar_id, eventId=event_id, sendUpdates="none").execute()

    def ids(self, **query: Any) -> list[str]:
        """The ids of one page."""
        return [one["id"] for one in self.list(**query)["items"]]

    def list(self, **query: Any) -> Json:
        """One page of events."""
        page: Json = self.events.list(calendarId=self.calendar_id, **query).execute()
        return page


@contextmanager
def a_desk() -> Iterator[Desk]:
    """Set all of it up; break of the schema by either side fails the test."""
    clock = Ticking()
    with faithful_google(clock=clock) as google:
        anna = google.user(ANNA, zone=SYDNEY)
        with calendar_service(google, anna.token(APP_CREATED, LIST_READONLY)) as service:
            body = {"summary": "HX_Harbour", "timeZone": SYDNEY}
            made = service.calendars().insert(body=body).execute()
            yield Desk(google=google, anna=anna, service=service, calendar_id=made["id"], clock=clock)


@contextmanager
def refused(code: int, reason: str) -> Iterator[None]:
    """Within the block, Google's client raises with this code and reason."""
    with pytest.raises(HttpError) as caught:
        yield
    assert (caught.value.resp.status, caught.value.error_details[0]["reason"]) == (code, reason)
