"""A calendar object in Google's pieces: a single event or a master, and the exceptions of its series."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from hxdav.domain.refusal import CalendarDataError
from hxdav.ical.objects import read_object
from hxdav.ical.timeline import Timeline
from hxdav.remote import CalendarId, Gone, RemoteId, RemoteObject, RemoteState, Tag, Unreadable
from hxdav.remotes.google.events_in import Event, key_of, made_as, object_text
from hxdav.remotes.google.refusal import GoogleRefusal
from hxdav.remotes.google.times import when_of_google
from hxdav.remotes.google.wire import GoogleWire

DEFAULT_TYPE = "default"
"""The ``eventType`` of what a person calls an appointment; birthdays, focus time and the like have others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleSeries:
    """A master, or a single event, and its exceptions, the cancelled ones too, by instance key."""

    master: Event
    exceptions: Mapping[str, Event]

    @classmethod
    def of(cls, master: Event, exceptions: Iterable[Event] = ()) -> GoogleSeries:
        """``master`` with those of ``exceptions`` that belong to it."""
        own = [one for one in exceptions if one.get("recurringEventId") == master["id"]]
        if not own or master.get("status") == "cancelled":
            # Of what was deleted Google promises no more than the id.
            return cls(master=master, exceptions={})
        timeline = timeline_of(master)
        return cls(master=master, exceptions={key_of(one, timeline): one for one in own})

    @property
    def tag(self) -> Tag:
        """Changes with any of the pieces: an exception of Google's has an etag that its master knows nothing of."""
        parts = {key: one.get("etag", "") for key, one in self.exceptions.items()}
        return Tag(json.dumps([self.master.get("etag", ""), parts], separators=(",", ":"), sort_keys=True))

    def sighting(self) -> RemoteState:
        """What the engine is to see of it."""
        remote_id = RemoteId(str(self.master["id"]))
        if self.master.get("status") == "cancelled":
            return Gone(remote_id=remote_id)
        if not is_plain(self.master):
            return Unreadable(remote_id=remote_id, tag=self.tag, sentence="It is no ordinary event of Google's.")
        try:
            text = object_text(self.master, self.exceptions.values())
            read_object(text.encode())
        except (CalendarDataError, ValueError, KeyError, TypeError, OverflowError):
            sentence = "Google shows its times or its recurrence in a form that hxdav cannot read."
            return Unreadable(remote_id=remote_id, tag=self.tag, sentence=sentence)
        return RemoteObject(remote_id=remote_id, tag=self.tag, text=text, key=made_as(self.master))


def timeline_of(master: Event) -> Timeline:
    """The timeline on which a series recurs."""
    return Timeline.of(when_of_google(master["start"]), UTC)


def master_etag(tag: Tag) -> str:
    """The etag of the master, or of the single event, in a tag."""
    return str(json.loads(tag)[0])


def is_plain(shown: Event) -> bool:
    """Whether it is an ordinary event."""
    return str(shown.get("eventType", DEFAULT_TYPE)) == DEFAULT_TYPE


def is_instance(shown: Event) -> bool:
    """Whether it is an exception of a series: it never stands alone here."""
    return bool(shown.get("recurringEventId"))


def read_pieces(wire: GoogleWire, calendar_id: CalendarId, event_id: str) -> GoogleSeries:
    """An event as it is now, with all that belongs to it. Raises Refusal, with 404 or 410 where it is not there."""
    request = wire.api.events().get(calendarId=calendar_id, eventId=event_id)
    return with_exceptions(wire, calendar_id, wire.send(request))


def with_exceptions(wire: GoogleWire, calendar_id: CalendarId, master: Event) -> GoogleSeries:
    """``master`` with its exceptions, which are asked for where it is a series.

    A listing spreads them over pages, and one of changes has only those that changed; by UID Google gives all.
    """
    if not master.get("recurrence") or master.get("status") == "cancelled":
        return GoogleSeries.of(master)
    listed: list[dict[str, Any]] = list(
        wire.pages(wire.api.events().list, calendarId=calendar_id, iCalUID=master["iCalUID"], showDeleted=True)
    )
    # What was listed is newer than ``master``, and all of it is of one moment.
    newest = next((one for one in listed if one["id"] == master["id"]), None)
    if newest is None:
        return GoogleSeries.of(master, listed)
    return GoogleSeries.of(newest, listed)


def read_sighting(wire: GoogleWire, calendar_id: CalendarId, event_id: str) -> RemoteState:
    """An event of a calendar that has just answered, as the engine is to see it."""
    try:
        return read_pieces(wire, calendar_id, event_id).sighting()
    except GoogleRefusal as refusal:
        if refusal.is_gone:
            return Gone(remote_id=RemoteId(event_id))
        raise
