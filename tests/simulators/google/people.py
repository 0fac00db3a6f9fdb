"""The user in Google's own app: makes, changes and deletes events, and hides, shows and deletes calendars."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulators.google.events import EventBook
from tests.simulators.google.listing import Listings
from tests.simulators.google.oauth import Authority
from tests.simulators.google.series import InstanceId, Series
from tests.simulators.google.times import Moment, time_of, written
from tests.simulators.google.wire import Json, not_found
from tests.simulators.google.world import StoredCalendar, World

COUNT = re.compile(r";?(COUNT=(?P<count>\d+)|UNTIL=[0-9TZ]+)", re.IGNORECASE)


class Person:
    """One account, and what its owner sees and does. Times are aware datetimes or dates; zones are IANA names."""

    def __init__(self, email: str, *, world: World, authority: Authority, listings: Listings) -> None:
        self.email = email
        self._world = world
        self._authority = authority
        self._listings = listings

    # -- calendars

    def calendars(self) -> list[StoredCalendar]:
        """The calendars that were not deleted, the primary one first."""
        with self._world.lock:
            return self._world.calendars_of(self.email)

    def calendar(self, name: str) -> StoredCalendar:
        """The calendar with that id, or the only one with that name; 404 where there is none."""
        found = [one for one in self.calendars() if name in (one.id, one.summary)]
        if not found:
            raise not_found()
        (only,) = found
        return only

    def add_calendar(self, summary: str, *, zone: str | None = None) -> StoredCalendar:
        """A calendar that the person made, which no application with calendar.app.created sees."""
        with self._world.lock:
            return self._world.add_calendar(self.email, summary, zone=zone, maker=None)

    def hide(self, name: str) -> None:
        """Take the calendar out of sight, in the settings."""
        self._mark(name, is_hidden=True)

    def unhide(self, name: str) -> None:
        """Show it again."""
        self._mark(name, is_hidden=False)

    def untick(self, name: str) -> None:
        """Take the tick away before the calendar's name."""
        self._mark(name, is_selected=False)

    def tick(self, name: str) -> None:
        """Put the tick before the calendar's name."""
        self._mark(name, is_selected=True)

    def rename(self, name: str, summary: str) -> None:
        """Give the calendar another name in one's own list."""
        self._mark(name, summary_override=summary)

    def unsubscribe(self, name: str) -> None:
        """Take the calendar out of one's list; it stays in the account."""
        self._mark(name, is_subscribed=False)

    def delete_calendar(self, name: str) -> None:
        """Delete the calendar with everything in it."""
        self._mark(name, is_deleted=True)

    def restore_calendar(self, calendar_id: str) -> None:
        """Bring a deleted calendar back."""
        with self._world.lock:
            self._world.calendars[calendar_id].is_deleted = False

    # -- events

    def add_event(self, calendar: str, start: Moment, end: Moment, **fields: Any) -> Json:
        """A new event; ``zone`` is its time zone, the calendar's by default; other fields are Google's names."""
        with self._world.lock:
            book = self._book(calendar)
            zone = fields.pop("zone", None) or book.calendar.zone
            times = {"start": time_of(start, zone), "end": time_of(end, zone)}
            return book.shown(book.insert({**times, **fields}))

    def change_event(self, calendar: str, event_id: str, **fields: Any) -> Json:
        """Change fields of an event, a series or, by its id, an instance; ``start`` and ``end`` may be moments."""
        with self._world.lock:
            book = self._book(calendar)
            zone = book.find(event_id).body["start"].get("timeZone", book.calendar.zone)
            for name in {"start", "end"} & set(fields):
                if not isinstance(fields[name], dict):
                    # A patch merges objects: what the other kind of time would leave behind is taken away.
                    fields[name] = {"date": None, "dateTime": None, "timeZone": None} | time_of(fields[name], zone)
            return book.shown(book.patch(event_id, fields))

    def delete_event(self, calendar: str, event_id: str) -> None:
        """Delete an event, a series, or one instance by its id."""
        with self._world.lock:
            self._book(calendar).delete(event_id)

    def change_instance(self, calendar: str, master_id: str, start: Moment, **fields: Any) -> Json:
        """Change one instance of a series, named by its original start."""
        return self.change_event(calendar, str(InstanceId(master=master_id, start=start)), **fields)

    def delete_instance(self, calendar: str, master_id: str, start: Moment) -> None:
        """Delete one instance of a series, named by its original start."""
        self.delete_event(calendar, str(InstanceId(master=master_id, start=start)))

    def change_following(self, calendar: str, master_id: str, start: Moment, **fields: Any) -> Json:
        """Change this instance and those after it: the series ends before it, and a new one begins with it.

        The new master has the id ``<master>_R<start>``, as Google's own app gives it.
        """
        with self._world.lock:
            book = self._book(calendar)
            body = book.find(master_id).body
            series = Series(body)
            past = sum(1 for one in _before(series, start))
            zone = body["start"].get("timeZone", book.calendar.zone)
            later = {key: value for key, value in body.items() if key not in {"id", "iCalUID"}}
            later |= {"start": time_of(start, zone), "end": time_of(series.end_of(start), zone)}
            later["recurrence"] = [_shortened(line, past) for line in body["recurrence"]]
            book.patch(master_id, {"recurrence": [_ended(line, start) for line in body["recurrence"]]})
            mark = f"{start:%Y%m%dT%H%M%S}" if isinstance(start, datetime) else f"{start:%Y%m%d}"
            return book.shown(book.make(f"{master_id}_R{mark}", {**later, **fields}))

    def events(self, calendar: str) -> list[Json]:
        """What is there: singles, series and changed instances, oldest first, none of them deleted."""
        return [one for one in self.resources(calendar) if one["status"] != "cancelled"]

    def tombstones(self, calendar: str) -> list[Json]:
        """What was deleted: singles, series and instances."""
        return [one for one in self.resources(calendar) if one["status"] == "cancelled"]

    def resources(self, calendar: str) -> list[Json]:
        """Everything that the calendar keeps, in full."""
        with self._world.lock:
            book = self._book(calendar)
            return [{**one.body, **book.shown(one)} for one in book.stored.values() if not one.is_dropped]

    def resource(self, calendar: str, event_id: str) -> Json:
        """One event or instance, also a deleted one."""
        with self._world.lock:
            book = self._book(calendar)
            return book.shown(book.find(event_id))

    def agenda(self, calendar: str, start: datetime, end: datetime) -> list[Json]:
        """What the week view shows: every occurrence between the two, series expanded, in order."""
        with self._world.lock:
            query = {
                "singleEvents": ["true"],
                "orderBy": ["startTime"],
                "timeMin": [written(start.astimezone(UTC))],
                "timeMax": [written(end.astimezone(UTC))],
                "maxResults": ["2500"],
            }
            listed: list[Json] = self._listings.events(self._found(calendar), query)["items"]
            return listed

    # -- access

    def token(self, *scopes: str) -> str:
        """An access token for the application as if consent had been given; scopes are whole addresses."""
        with self._world.lock:
            return self._authority.token_for(self.email, *scopes)

    def refresh_token(self, *scopes: str) -> str:
        """A refresh token for the application, as if consent had been given."""
        with self._world.lock:
            return self._authority.refresh_token_for(self.email, *scopes)

    def revoke(self) -> None:
        """Take every application's access away, in the account's security settings."""
        with self._world.lock:
            self._authority.withdraw(self.email)

    # -- within

    def _found(self, name: str) -> StoredCalendar:
        return self._world.calendar(self.email, user=self.email) if name == "primary" else self.calendar(name)

    def _book(self, name: str) -> EventBook:
        return EventBook(self._world, self._found(name))

    def _mark(self, name: str, **marks: Any) -> None:
        with self._world.lock:
            found = self._found(name)
            for mark, value in marks.items():
                setattr(found, mark, value)
            found.changed = self._world.next_change()


def _before(series: Series, start: Moment) -> list[Moment]:
    found: list[Moment] = []
    for one in series.starts():
        if one >= start:
            break
        found.append(one)
    return found


def _ended(line: str, start: Moment) -> str:
    """The rule with its end right before the start."""
    if not line.upper().startswith("RRULE"):
        return line
    if isinstance(start, datetime):
        return f"{COUNT.sub('', line)};UNTIL={start.astimezone(UTC) - timedelta(seconds=1):%Y%m%dT%H%M%SZ}"
    return f"{COUNT.sub('', line)};UNTIL={start - timedelta(days=1):%Y%m%d}"


def _shortened(line: str, past: int) -> str:
    """The rule for what is left of a series of which so many occurrences have passed."""
    found = COUNT.search(line)
    if not found or not found["count"]:
        return line
    return line.replace(found[0], found[0].replace(found["count"], str(int(found["count"]) - past)))
