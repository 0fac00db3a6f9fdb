"""The person in Outlook: makes, changes, moves and deletes events, and renames and deletes calendars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from tests.simulators.graph.events import EventBook
from tests.simulators.graph.ids import EventId, id_of
from tests.simulators.graph.listing import Window, instant_of
from tests.simulators.graph.shown import Shape, Showing
from tests.simulators.graph.tokens import SCOPES, TokenBook
from tests.simulators.graph.wire import Json, not_found
from tests.simulators.graph.world import Bound, StoredCalendar, StoredEvent, World

_SHAPE = Shape(immutable=True, as_text=True)


class Person:
    """One account, and what its owner sees and does. Ids are immutable ones; bounds are aware datetimes or days.

    A calendar is named by its id or its name.
    """

    def __init__(self, email: str, *, world: World, tokens: TokenBook) -> None:
        self.email = email
        self._world = world
        self._tokens = tokens
        self._mailbox = world.mailboxes[email]

    # -- calendars

    def calendars(self) -> list[StoredCalendar]:
        """The calendars, the default one first."""
        with self._world.lock:
            return self._world.calendars_of(self.email)

    def calendar(self, name: str) -> StoredCalendar:
        """The calendar with that id, or the only one with that name; 404 where there is none."""
        found = [one for one in self.calendars() if name in (one.id, one.name)]
        if not found:
            raise not_found()
        (only,) = found
        return only

    def add_calendar(self, name: str) -> StoredCalendar:
        """A calendar that the person made."""
        with self._world.lock:
            return self._world.add_calendar(self.email, name)

    def rename(self, calendar: str, name: str) -> None:
        """Give a calendar another name."""
        with self._world.lock:
            found = self.calendar(calendar)
            found.name, found.changed = name, self._world.next_change()

    def delete_calendar(self, name: str) -> None:
        """Delete a calendar with everything in it."""
        with self._world.lock:
            found = self.calendar(name)
            found.is_deleted, found.changed = True, self._world.next_change()

    def restore_calendar(self, calendar_id: str) -> None:
        """Bring a deleted calendar back."""
        with self._world.lock:
            self._mailbox.calendars[calendar_id].is_deleted = False

    # -- events

    def add_event(self, calendar: str, start: Bound, end: Bound, *, zone: str = "UTC", **fields: Any) -> Json:
        """A new event in a zone with a Windows or IANA name; other fields are Graph's."""
        with self._world.lock:
            book = self._book()
            made = book.create(self.calendar(calendar), {**_times(start, end, zone), **fields})
            return self._shown(made)

    def change_event(self, event_id: str, **fields: Any) -> Json:
        """Change fields of an event, a series or an occurrence; ``start`` and ``end`` may be bounds (then both)."""
        with self._world.lock:
            book = self._book()
            stored, day = book.find(event_id)
            zone = stored.own.start_zone
            if "start" in fields and not isinstance(fields["start"], dict):
                fields |= _times(fields["start"], fields["end"], zone)
            book.patch(stored, day, fields)
            return self._shown(stored, day)

    def delete_event(self, event_id: str) -> None:
        """Delete an event, a series, or one occurrence by its id."""
        with self._world.lock:
            self._book().delete(*self._book().find(event_id))

    def instance_id(self, master_id: str, start: Bound) -> str:
        """The id of the occurrence with this original start; 404 where the series has none."""
        with self._world.lock:
            stored, _ = self._book().find(master_id)
            for day, original in stored.starts():
                if instant_of(original) == instant_of(start):
                    return id_of(stored, day, immutable=True)
                if instant_of(original) > instant_of(start):
                    break
            raise not_found()

    def change_instance(self, master_id: str, start: Bound, **fields: Any) -> Json:
        """Change one occurrence of a series, named by its original start."""
        return self.change_event(self.instance_id(master_id, start), **fields)

    def delete_instance(self, master_id: str, start: Bound) -> None:
        """Delete one occurrence of a series, named by its original start."""
        self.delete_event(self.instance_id(master_id, start))

    def move_event(self, event_id: str, calendar: str) -> None:
        """Drag an event, or a whole series, into another calendar of the account."""
        with self._world.lock:
            stored, _ = self._book().find(event_id)
            self._book().move(stored, self.calendar(calendar))

    def name_zone(self, event_id: str, zone: str) -> None:
        """Let an event say that it was made in this zone, as one that came by invitation (``tzone://...``) does."""
        with self._world.lock:
            stored, _ = self._book().find(event_id)
            stored.own.told_zone = zone

    def deleted_items(self) -> list[Json]:
        """What lies in Deleted Items, oldest first."""
        with self._world.lock:
            return [self._shown(one) for one in self._mailbox.deleted_items]

    def restore_event(self, event_id: str) -> None:
        """Bring an event back from Deleted Items."""
        with self._world.lock:
            core = EventId.read(event_id).core
            (stored,) = [one for one in self._mailbox.deleted_items if one.core == core]
            self._book().restore(stored)

    # -- what is seen

    def events(self, calendar: str) -> list[Json]:
        """Singles and series of a calendar in full, oldest first, with extended properties and what is in a series."""
        with self._world.lock:
            return [self._shown(one) for one in self.calendar(calendar).events.values()]

    def event_with(self, event_id: str) -> Json:
        """One event, series or occurrence in full."""
        with self._world.lock:
            return self._shown(*self._book().find(event_id))

    def agenda(self, calendar: str, start: datetime, end: datetime) -> list[Json]:
        """What the week view shows: every occurrence between the two, in order."""
        window = Window(start=start.astimezone(UTC), end=end.astimezone(UTC))
        with self._world.lock:
            found: list[tuple[StoredEvent, date | None]] = []
            for stored in self.calendar(calendar).events.values():
                if stored.recurrence:
                    found += [(stored, day) for day in window.days(stored)]
                elif window.shows(stored.bounds()):
                    found.append((stored, None))
            found.sort(key=lambda one: instant_of(one[0].bounds(one[1])[0]))
            return [self._shown(*one) for one in found]

    # -- access

    def token(self, *scopes: str) -> str:
        """An access token for the application, as if consent had been given."""
        return self._tokens.issue(self.email, scopes or SCOPES)

    def revoke(self) -> None:
        """Take every application's access away, in the account's settings."""
        self._tokens.revoke(self.email)

    # -- within

    def _book(self) -> EventBook:
        return EventBook(self._world, self._mailbox)

    def _shown(self, stored: StoredEvent, day: date | None = None) -> Json:
        showing = Showing(self._world, _SHAPE)
        body = showing.whole(stored, day)
        body["singleValueExtendedProperties"] = _listed(stored.own.extended.items())
        if stored.recurrence and day is None:
            body["exceptionOccurrences"] = [showing.whole(stored, one) for one in sorted(stored.exceptions)]
        return body


def _listed(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"id": name, "value": value} for name, value in pairs]


def _times(start: Bound, end: Bound, zone: str) -> Json:
    return {
        "isAllDay": not isinstance(start, datetime),
        "start": _time(start, zone),
        "end": _time(end, zone),
    }


def _time(bound: Bound, zone: str) -> Json:
    if isinstance(bound, datetime):
        return {"dateTime": bound.isoformat(timespec="seconds"), "timeZone": zone}
    return {"dateTime": f"{bound.isoformat()}T00:00:00", "timeZone": zone}
