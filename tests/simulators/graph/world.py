"""What Exchange Online keeps: mailboxes, calendars, events, and one counter by which every change is ordered."""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import RLock
from typing import Any, TypeAlias

from tests.simulators.graph.rules import days_of
from tests.simulators.graph.times import zone_named
from tests.simulators.graph.wire import Json, Refusal, not_found

Clock = Callable[[], datetime]
Bound: TypeAlias = date | datetime
"""A day of an all-day event, or an aware datetime in the event's zone."""


def real_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Quirks:
    """What Graph does to some and not to others; a test turns it on or off."""

    duplicate_names_allowed: bool = False
    """Two calendars may have one name."""
    repeats_in_rounds: bool = False
    """A round of delta ends with an entry that was in it before."""
    silent_cancellations: bool = False
    """A deleted occurrence shows nowhere in delta; otherwise its master comes again, and says nothing of it there."""
    changed_rules_keep_exceptions: bool = False
    """A change of rule or time leaves what was different on some days; otherwise that is lost."""
    transaction_ids_stay_used: bool = False
    """The transactionId of what was deleted cannot be used again."""
    windows_names: bool = False
    """Original time zones come back under Windows' names, whatever they were given as."""
    one_subscription_each: bool = False
    """A second subscription to the same resource is refused with 409."""
    filters_ignored: bool = False
    """A list of events has all of them, whatever was asked for."""
    html_endings: bool = False
    """Text bodies end with a line break when they come back."""
    lost_sync: tuple[int, str] = (410, "syncStateNotFound")
    """How a token that has died is refused."""
    largest_page: int = 1000
    """No page has more entries, whatever was asked for; a series in delta stays on one page."""


@dataclass(slots=True, kw_only=True)
class Fields:
    """What an event says of itself, or what is different on one day of it (there, None and absence mean: as it is)."""

    words: Json = field(default_factory=dict)
    start: Bound | None = None
    end: Bound | None = None
    start_zone: str = "UTC"
    end_zone: str = "UTC"
    told_zone: str | None = None
    """What is told for both zones, where that is not how they are called (``tzone://Microsoft/Custom``)."""
    extended: dict[str, str] = field(default_factory=dict)
    changed: int = 0
    created: datetime
    modified: datetime


@dataclass(slots=True, kw_only=True)
class StoredEvent:
    """A single event, or a series with its exceptions by their original days."""

    core: str
    calendar: StoredCalendar
    own: Fields
    ical_uid: str
    transaction_id: str | None
    recurrence: Json | None = None
    exceptions: dict[date, Fields] = field(default_factory=dict)
    cancelled: set[date] = field(default_factory=set)
    generation: int = 0
    """Rises when the rule changes: the ids of all occurrences are others then."""
    moves: int = 0
    listed: int = 0
    """The number of the last change that delta tells of."""

    @property
    def is_all_day(self) -> bool:
        """Does it last whole days?"""
        return not isinstance(self.own.start, datetime)

    def starts(self) -> Iterator[tuple[date, Bound]]:
        """The days of a series by its rule, deleted ones left out, with the original start on each."""
        assert self.recurrence is not None
        for day in days_of(self.recurrence):
            if day not in self.cancelled:
                yield day, self.start_on(day)

    def has(self, day: date) -> bool:
        """Is there an occurrence of that original day?"""
        return any(one == day for one, _ in self.starts_until(day))

    def starts_until(self, day: date) -> Iterator[tuple[date, Bound]]:
        """The days up to this one."""
        for one, start in self.starts():
            if one > day:
                return
            yield one, start

    def start_on(self, day: date) -> Bound:
        """The original start on a day: the clock of the series' zone shows what it always shows."""
        if not isinstance(self.own.start, datetime):
            return day
        zone = zone_named((self.recurrence or {})["range"]["recurrenceTimeZone"])
        local = self.own.start.astimezone(zone)
        return datetime.combine(day, local.time(), zone).astimezone(self.own.start.tzinfo)

    def bounds(self, day: date | None = None) -> tuple[Bound, Bound]:
        """Start and end: of the event itself, or of its occurrence of that original day."""
        own = self.exceptions.get(day) if day else None
        start: Any = self.own.start if day is None else self.start_on(day)
        length: Any = _length(self.own)
        if own is None or own.start is None or own.end is None:
            if isinstance(start, datetime):
                return start, (start.astimezone(UTC) + length).astimezone(zone_named(self.own.end_zone))
            return start, start + length
        return own.start, own.end


def _length(own: Fields) -> timedelta:
    start: Any = own.start
    end: Any = own.end
    if isinstance(start, datetime):
        return end.astimezone(UTC) - start.astimezone(UTC)  # type: ignore[no-any-return]
    return end - start  # type: ignore[no-any-return]


@dataclass(slots=True, kw_only=True)
class StoredCalendar:
    """A calendar of a mailbox."""

    id: str
    name: str
    owner: str
    is_default: bool
    changed: int
    color: str = "auto"
    is_deleted: bool = False
    extended: dict[str, str] = field(default_factory=dict)
    events: dict[str, StoredEvent] = field(default_factory=dict)
    gone: dict[str, StoredEvent] = field(default_factory=dict)
    """What was deleted or moved away, with the number of that change in ``listed``."""

    @property
    def change_key(self) -> str:
        """The change key of the folder."""
        return change_key(self.changed)


@dataclass(slots=True, kw_only=True)
class Mailbox:
    """One account: its calendars, the default one first, and what lies in Deleted Items."""

    user: str
    id: str
    is_personal: bool = False
    calendars: dict[str, StoredCalendar] = field(default_factory=dict)
    deleted_items: list[StoredEvent] = field(default_factory=list)


def change_key(number: int) -> str:
    """The change key that a change with this number makes; characters that a header takes."""
    return f"DwAAABYAAAC9YbapXssvT4RTG13UUr6{number:06d}=="


def new_core() -> str:
    """Forty letters and digits: what is an event's own in its ids. Case matters."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(40))


class World:
    """The state of the simulator. Whoever reads or changes it holds its lock."""

    def __init__(self, clock: Clock = real_clock) -> None:
        self.clock = clock
        self.lock = RLock()
        self.quirks = Quirks()
        self.changes = 0
        self.tenant = str(uuid.uuid4())
        self.mailboxes: dict[str, Mailbox] = {}
        self.mailed: list[str] = []
        """The ids of events that had attendees when they were written: each has sent mail."""
        self.listeners: list[Callable[[StoredEvent, date | None, str], None]] = []

    def next_change(self) -> int:
        """The number of a change that is being made."""
        self.changes += 1
        return self.changes

    def add_mailbox(self, user: str, *, personal: bool = False) -> Mailbox:
        """The mailbox of that user, made with its default calendar where it is not there."""
        if user not in self.mailboxes:
            self.mailboxes[user] = Mailbox(user=user, id=str(uuid.uuid4()), is_personal=personal)
            self.add_calendar(user, "Calendar", is_default=True)
        return self.mailboxes[user]

    def add_calendar(self, user: str, name: str, *, is_default: bool = False) -> StoredCalendar:
        """A new calendar; 409 where the mailbox has one of this name."""
        self.check_name(user, name)
        made = StoredCalendar(
            id=f"AAMkADBm{new_core()}AuAAA=", name=name, owner=user, is_default=is_default, changed=self.next_change()
        )
        self.mailboxes[user].calendars[made.id] = made
        return made

    def check_name(self, user: str, name: str) -> None:
        """Raise 409 where a calendar of the mailbox has this name."""
        taken = {one.name.casefold() for one in self.calendars_of(user)}
        if name.casefold() in taken and not self.quirks.duplicate_names_allowed:
            raise Refusal(409, "ErrorFolderExists", "A folder with the specified name already exists.")

    def calendars_of(self, user: str) -> list[StoredCalendar]:
        """The calendars that were not deleted, the default one first."""
        return [one for one in self.mailboxes[user].calendars.values() if not one.is_deleted]

    def calendar(self, calendar_id: str | None, *, user: str) -> StoredCalendar:
        """The user's calendar, the default one where none is named; 404 where there is none."""
        for one in self.calendars_of(user):
            if one.id == calendar_id or (calendar_id is None and one.is_default):
                return one
        raise not_found()

    def announce(self, stored: StoredEvent, day: date | None, change: str) -> None:
        """Tell the subscriptions of a change: ``created``, ``updated``, ``deleted``."""
        for listener in self.listeners:
            listener(stored, day, change)
