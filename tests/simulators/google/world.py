"""What Google keeps: users, calendars, events, and one counter by which every change is ordered."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock

from tests.simulators.google.times import stamped, zone_named
from tests.simulators.google.wire import Json, not_found

Clock = Callable[[], datetime]


def real_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Quirks:
    """What Google does to some and not to others; each is off until a test turns it on."""

    html_descriptions: bool = False
    """Descriptions come back as HTML."""
    trims_summaries: bool = False
    """Trailing blanks of a summary are gone when it comes back."""
    event_zone_offsets: bool = False
    """Times come back with the offset of the event's zone; otherwise of the calendar's, or of the one asked for."""
    refuses_undeleting: bool = False
    """A deleted event refuses to be changed with 403, and keeps its id (googleapis/google-api-ruby-client#1811)."""
    undeletable: set[str] = field(default_factory=set)
    """Ids of the events that refuse so, where not all do."""
    largest_page: int = 2500
    """No page has more entries, whatever was asked for."""
    sync_token_changes: int | None = None
    """A sync token dies when its calendar is that many changes ahead of it."""
    webhooks_unauthorized: bool = False
    """Watching is refused with 401 webhookUrlUnauthorized, as for a domain that was not verified."""


@dataclass(slots=True, kw_only=True)
class StoredEvent:
    """One resource as Google keeps it, with the number of its last change, which its etag is made of.

    An instance that nobody touched has none of its own: it is made from its master when it is asked for.
    """

    body: Json
    changed: int
    is_dropped: bool = False
    """An exception that its series no longer has; only an incremental listing still tells of it."""

    @property
    def etag(self) -> str:
        """The entity tag, in its quotation marks."""
        return f'"{3_500_000_000_000_000 + 2 * self.changed}"'

    @property
    def is_cancelled(self) -> bool:
        """Was it deleted, or has its series lost it?"""
        return self.is_dropped or bool(self.body["status"] == "cancelled")

    @property
    def is_master(self) -> bool:
        """Is it a series?"""
        return "recurrence" in self.body

    @property
    def master_id(self) -> str | None:
        """The series that an exception belongs to."""
        return self.body.get("recurringEventId")


@dataclass(slots=True, kw_only=True)
class StoredCalendar:
    """A calendar and the entry that its owner's list has for it."""

    id: str
    summary: str
    zone: str
    owner: str
    maker: str | None
    """The OAuth client that made it; none where its owner did."""
    changed: int
    description: str | None = None
    location: str | None = None
    is_subscribed: bool = True
    is_hidden: bool = False
    is_selected: bool = True
    is_deleted: bool = False
    summary_override: str | None = None
    color_id: str | None = None
    events: dict[str, StoredEvent] = field(default_factory=dict)

    @property
    def is_primary(self) -> bool:
        """Is it the one that the account came with?"""
        return self.id == self.owner

    @property
    def etag(self) -> str:
        """The entity tag of the calendar and of its entry."""
        return f'"{1_700_000_000_000_000 + self.changed}"'

    def as_calendar(self) -> Json:
        """The resource of ``calendars``."""
        return {"kind": "calendar#calendar", "etag": self.etag, **self._words(), "dataOwner": self.owner}

    def as_entry(self) -> Json:
        """The resource of ``calendarList``: ``hidden`` and ``primary`` stand only where they are true."""
        entry = {
            "kind": "calendar#calendarListEntry",
            "etag": self.etag,
            **self._words(),
            "accessRole": "owner",
            "defaultReminders": [],
            "selected": self.is_selected,
        }
        extra = {"summaryOverride": self.summary_override, "colorId": self.color_id}
        marks = {"hidden": self.is_hidden, "primary": self.is_primary}
        return entry | {k: v for k, v in extra.items() if v is not None} | {k: True for k, v in marks.items() if v}

    def _words(self) -> Json:
        words = {"id": self.id, "summary": self.summary, "timeZone": self.zone}
        more = {"description": self.description, "location": self.location}
        return words | {key: value for key, value in more.items() if value}


class World:
    """The state of the simulator. Whoever reads or changes it holds its lock."""

    def __init__(self, clock: Clock = real_clock) -> None:
        self.clock = clock
        self.lock = RLock()
        self.quirks = Quirks()
        self.changes = 0
        self.calendars: dict[str, StoredCalendar] = {}
        self.listeners: list[Callable[[StoredCalendar], None]] = []

    def next_change(self) -> int:
        """The number of a change that is being made."""
        self.changes += 1
        return self.changes

    def stamp(self) -> str:
        """Now, as Google writes it."""
        return stamped(self.clock())

    def add_user(self, email: str, *, zone: str = "UTC") -> None:
        """Add an account with its primary calendar, if it is not there."""
        if email not in self.calendars:
            self.calendars[email] = StoredCalendar(
                id=email, summary=email, zone=zone, owner=email, maker=None, changed=self.next_change()
            )

    def add_calendar(self, owner: str, summary: str, *, zone: str | None = None, maker: str | None) -> StoredCalendar:
        """Make a secondary calendar, in the zone of the owner's primary one unless another is named."""
        zone_named(zone or "UTC")
        made = StoredCalendar(
            id=f"c_{secrets.token_hex(16)}@group.calendar.google.com",
            summary=summary,
            zone=zone or self.calendars[owner].zone,
            owner=owner,
            maker=maker,
            changed=self.next_change(),
        )
        self.calendars[made.id] = made
        return made

    def calendar(self, calendar_id: str, *, user: str) -> StoredCalendar:
        """The user's calendar; 404 where it is another's, unknown or deleted. ``primary`` is the account's own."""
        found = self.calendars.get(user if calendar_id == "primary" else calendar_id)
        if found is None or found.owner != user or found.is_deleted:
            raise not_found()
        return found

    def calendars_of(self, user: str) -> list[StoredCalendar]:
        """The user's calendars that were not deleted, oldest first."""
        return [found for found in self.calendars.values() if found.owner == user and not found.is_deleted]

    def announce(self, calendar: StoredCalendar) -> None:
        """Tell the push channels that events of the calendar have changed."""
        for listener in self.listeners:
            listener(calendar)
