"""A provider in memory that can misbehave in every way that the port provides for: for the engine's own tests.

It keeps whole calendar objects, normalises titles as real providers do (no space at their ends), forgets cursors on
demand, lies in listings, loses answers after it has done what was asked, and calls hooks, or tells those who listen,
when it feels like it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count
from threading import Condition
from typing import Any

from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.ids import Uid
from hxdav.domain.times import Interval
from hxdav.ical.objects import object_of
from hxdav.ical.patch import set_lines
from hxdav.remote import (
    AccessLost,
    CalendarId,
    CalendarState,
    CalendarUnavailable,
    Capabilities,
    Changed,
    Cursor,
    CursorExpired,
    Gone,
    Identity,
    NotTaken,
    ObjectGone,
    Page,
    PushChannel,
    RemoteError,
    RemoteId,
    RemoteObject,
    RemoteState,
    Tag,
    TryLater,
)

CAPABILITIES = Capabilities(
    carries=EVERY_FIELD,
    floating=True,
    hides=True,
    notifies=True,
    polled_every=timedelta(minutes=5),
    polled_eagerly=timedelta(seconds=30),
)


class Fault(StrEnum):
    """What can go wrong with one request."""

    REFUSED = "refused"
    """Overload: nothing is done."""

    LOST = "lost"
    """It is done, and the answer is lost."""

    EMPTY = "empty"
    """A listing that says that there is nothing."""

    PARTIAL = "partial"
    """A listing that leaves out every other object."""

    DOUBLED = "doubled"
    """A page that shows each object twice."""

    EXPIRED = "expired"
    """The cursor cannot be gone on from."""


@dataclass(slots=True, kw_only=True)
class MemoryCalendar:
    """A calendar at the provider: what is in it, and in which order it changed."""

    name: str
    marker: str
    zone: str
    state: CalendarState = CalendarState.VISIBLE
    told: int = 0
    objects: dict[str, RemoteObject] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    hooks: dict[str, str] = field(default_factory=dict)

    def put(self, remote_id: str, text: str, *, tag: str, key: Uid | None) -> RemoteObject:
        """Keep an object."""
        shown = RemoteObject(remote_id=RemoteId(remote_id), tag=Tag(tag), text=text, key=key)
        self.objects[remote_id] = shown
        self.changes.append(remote_id)
        return shown

    def drop(self, remote_id: str) -> None:
        """Delete an object."""
        del self.objects[remote_id]
        self.changes.append(remote_id)


@dataclass(slots=True, kw_only=True)
class MemoryProvider:
    """The provider's own side: one account with its calendars, and the person in front of it.

    ``faults`` are met by the next requests in turn; None lets one pass. ``page_size`` bounds pages. ``call`` is called
    with a channel's token when its calendar changes. One that ``only_lists`` never tells what changed; of one whose
    listings have a ``span`` it is known that they show no other times. Where it ``streams``, there are ``listeners``.
    """

    calendars: dict[str, MemoryCalendar] = field(default_factory=dict)
    faults: list[Fault | None] = field(default_factory=list)
    page_size: int = 50
    lets_in: bool = True
    pause: timedelta = timedelta(seconds=1)
    call: Callable[[str], None] = lambda _token: None
    requests: Counter[str] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    forgotten_before: int = 0
    writing: Callable[[], None] = lambda: None
    only_lists: bool = False
    span: Interval | None = None
    streams: bool = False
    streaming: int = 0
    listeners: int = 0
    changed: Condition = field(default_factory=Condition)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def tag(self) -> str:
        """A tag that was never given before; ``writing`` is told, because something is about to be written."""
        self.writing()
        return f'"{next(self.numbers)}"'

    def calendar(self) -> MemoryCalendar:
        """The only calendar."""
        (calendar,) = self.calendars.values()
        return calendar

    # What the person does.

    def add(self, text: str, calendar: MemoryCalendar | None = None) -> str:
        """The person adds an event; its remote id."""
        remote_id = f"theirs-{next(self.numbers)}"
        calendar = calendar or self.calendar()
        calendar.put(remote_id, text, tag=self.tag(), key=None)
        self._notify(calendar)
        return remote_id

    def edit(self, remote_id: str, change: Callable[[str], str], calendar: MemoryCalendar | None = None) -> None:
        """The person changes an event."""
        calendar = calendar or self.calendar()
        old = calendar.objects[remote_id]
        calendar.put(remote_id, change(old.text), tag=self.tag(), key=old.key)
        self._notify(calendar)

    def delete(self, remote_id: str, calendar: MemoryCalendar | None = None) -> None:
        """The person deletes an event."""
        calendar = calendar or self.calendar()
        calendar.drop(remote_id)
        self._notify(calendar)

    def notify(self, calendar: MemoryCalendar) -> None:
        """Call whoever wants to know of a change."""
        self._notify(calendar)

    def end_streams(self) -> None:
        """End the connections of those who listen."""
        with self.changed:
            self.streaming += 1
            self.changed.notify_all()

    def _notify(self, calendar: MemoryCalendar) -> None:
        for token in list(calendar.hooks.values()):
            self.call(token)
        with self.changed:
            calendar.told += 1
            self.changed.notify_all()


class MemoryRemote:
    """The port to a provider in memory."""

    def __init__(self, provider: MemoryProvider) -> None:
        self._provider = provider
        self._requests = 0

    @property
    def capabilities(self) -> Capabilities:
        return replace(CAPABILITIES, streams=self._provider.streams)

    @property
    def requests(self) -> int:
        return self._requests

    def identify(self) -> Identity:
        with self._asked("identify"):
            return Identity(subject="memory", label="anna@example.com")

    def find_calendar(self, marker: str) -> CalendarId | None:
        with self._asked("find_calendar"):
            for calendar_id, calendar in self._provider.calendars.items():
                if calendar.marker == marker and calendar.state is not CalendarState.GONE:
                    return CalendarId(calendar_id)
            return None

    def calendar_names(self) -> Collection[str]:
        with self._asked("calendar_names"):
            return [calendar.name for calendar in self._provider.calendars.values()]

    def make_calendar(self, name: str, *, marker: str, zone: str) -> CalendarId:
        with self._asked("make_calendar"):
            known = next((key for key, each in self._provider.calendars.items() if each.marker == marker), None)
            calendar_id = known or f"calendar-{next(self._provider.numbers)}"
            self._provider.calendars.setdefault(calendar_id, MemoryCalendar(name=name, marker=marker, zone=zone))
            return CalendarId(calendar_id)

    def calendar_state(self, calendar_id: CalendarId) -> CalendarState:
        with self._asked("calendar_state"):
            calendar = self._provider.calendars.get(calendar_id)
            return calendar.state if calendar else CalendarState.GONE

    def pull(self, calendar_id: CalendarId, cursor: Cursor | None) -> Page:
        with self._asked("pull") as fault:
            calendar = self._calendar(calendar_id)
            place = _whole(calendar)
            if cursor:
                place = json.loads(cursor)
            if cursor and (fault is Fault.EXPIRED or place["upto"] < self._provider.forgotten_before):
                raise CursorExpired("The cursor is too old.")
            if self._provider.only_lists and place["kind"] == "changes":
                place = _whole(calendar)
            if place["kind"] == "listing":
                return self._listing(calendar, place, fault)
            return self._changes(calendar, place, fault)

    def covers(self, cursor: Cursor) -> Interval | None:
        """What its listings are bound to, if they are."""
        return self._provider.span

    def read(self, calendar_id: CalendarId, remote_id: RemoteId) -> RemoteState:
        with self._asked("read"):
            return self._calendar(calendar_id).objects.get(remote_id) or Gone(remote_id=remote_id)

    def can_express(self, text: str) -> bool:
        return all("FREQ=HOURLY" not in line.value for line in object_of(text).main.all("RRULE"))

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        with self._asked("create"):
            calendar = self._calendar(calendar_id)
            key = object_of(text).uid
            known = next((each for each in calendar.objects.values() if each.key == key), None)
            if known is not None and known.text == _normalised(text):
                return known
            remote_id = known.remote_id if known else f"ours-{next(self._provider.numbers)}"
            return calendar.put(remote_id, _normalised(text), tag=self._provider.tag(), key=key)

    def update(self, calendar_id: CalendarId, known: RemoteObject, text: str) -> RemoteObject:
        with self._asked("update"):
            calendar = self._calendar(calendar_id)
            there = calendar.objects.get(known.remote_id)
            if there is None:
                raise ObjectGone("It is not there.")
            if there.tag != known.tag:
                raise Changed("It has changed.")
            if "SUMMARY:Poison" in text:
                raise NotTaken("The provider does not take this event.")
            return calendar.put(known.remote_id, _normalised(text), tag=self._provider.tag(), key=there.key)

    def remove(self, calendar_id: CalendarId, known: RemoteObject) -> None:
        with self._asked("remove"):
            calendar = self._calendar(calendar_id)
            there = calendar.objects.get(known.remote_id)
            if there is None:
                return
            if there.tag != known.tag:
                raise Changed("It has changed.")
            calendar.drop(known.remote_id)

    def open_channel(self, calendar_id: CalendarId, *, channel_id: str, token: str, address: str) -> PushChannel:
        with self._asked("open_channel"):
            self._calendar(calendar_id).hooks[channel_id] = token
            expires_at = self._provider.now() + timedelta(days=7)
            return PushChannel(channel_id=channel_id, ticket=f"ticket of {channel_id}", expires_at=expires_at)

    def close_channel(self, channel_id: str, ticket: str) -> None:
        with self._asked("close_channel"):
            for calendar in self._provider.calendars.values():
                calendar.hooks.pop(channel_id, None)

    def listen(
        self,
        calendar_ids: Collection[CalendarId],
        heard: Callable[[CalendarId], None],
        *,
        is_over: Callable[[], bool],
    ) -> None:
        if not self._provider.streams:
            raise RemoteError("The provider does not tell of changes.")
        with self._asked("listen"):
            calendars = {calendar_id: self._calendar(calendar_id) for calendar_id in calendar_ids}
        told = dict.fromkeys(calendars, -1)
        connection = self._provider.streaming
        self._provider.listeners += 1
        try:
            while not is_over() and self._provider.streaming == connection and self._provider.lets_in:
                with self._provider.changed:
                    news = [each for each, calendar in calendars.items() if calendar.told != told[each]]
                    if not news:
                        self._provider.changed.wait(0.05)
                for calendar_id in news:
                    told[calendar_id] = calendars[calendar_id].told
                    heard(calendar_id)
        finally:
            self._provider.listeners -= 1

    def revoke(self) -> None:
        self._provider.lets_in = False

    def close(self) -> None:
        """Nothing: there is no connection."""

    def _calendar(self, calendar_id: CalendarId) -> MemoryCalendar:
        calendar = self._provider.calendars.get(calendar_id)
        if calendar is None or calendar.state is CalendarState.GONE:
            raise CalendarUnavailable("There is no such calendar.")
        return calendar

    def _listing(self, calendar: MemoryCalendar, place: dict[str, Any], fault: Fault | None) -> Page:
        left: list[str] = [] if fault is Fault.EMPTY else place["left"]
        if fault is Fault.PARTIAL:
            left = left[::2]
        now, later = left[: self._provider.page_size], left[self._provider.page_size :]
        following = {"kind": "listing", "left": later, "upto": place["upto"]}
        after = following if later else {"kind": "changes", "at": place["upto"], "upto": place["upto"]}
        shown = [calendar.objects[each] for each in now if each in calendar.objects]
        return _page(shown, after, more=bool(later), listing=True, doubled=fault is Fault.DOUBLED)

    def _changes(self, calendar: MemoryCalendar, place: dict[str, int], fault: Fault | None) -> Page:
        end = min(place["at"] + self._provider.page_size, len(calendar.changes))
        changed = list(dict.fromkeys(calendar.changes[place["at"] : end]))
        sightings = [calendar.objects.get(each) or Gone(remote_id=RemoteId(each)) for each in changed]
        after = {"kind": "changes", "at": end, "upto": end}
        more = end < len(calendar.changes)
        return _page(sightings, after, more=more, listing=False, doubled=fault is Fault.DOUBLED)

    @contextmanager
    def _asked(self, what: str) -> Iterator[Fault | None]:
        self._requests += 1
        self._provider.requests[what] += 1
        if not self._provider.lets_in:
            raise AccessLost("The account does not let us in.")
        fault = self._provider.faults.pop(0) if self._provider.faults else None
        if fault is Fault.REFUSED:
            raise TryLater("The provider is overloaded.", after=self._provider.pause, code="quota")
        yield fault
        if fault is Fault.LOST:
            raise TryLater("The answer did not come.")


def _whole(calendar: MemoryCalendar) -> dict[str, Any]:
    """Where a listing begins: what is there now comes over its pages, whatever comes and goes between them."""
    return {"kind": "listing", "left": list(calendar.objects), "upto": len(calendar.changes)}


def _page(
    sightings: Collection[RemoteState], after: dict[str, object], *, more: bool, listing: bool, doubled: bool
) -> Page:
    shown = tuple(sightings)
    return Page(sightings=shown * (1 + doubled), cursor=Cursor(json.dumps(after)), more=more, listing=listing)


def _normalised(text: str) -> str:
    """What a provider makes of an object: no space at the ends of a title."""
    summary = object_of(text).main.first("SUMMARY")
    if summary is None or summary.value == summary.value.strip():
        return text
    return set_lines(text, {"SUMMARY": [f"SUMMARY{summary.params}:{summary.value.strip()}"]})
