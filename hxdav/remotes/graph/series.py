"""A calendar object in Graph's pieces: a single event or a master, its exceptions, and what was deleted out of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from hxdav.domain.refusal import CalendarDataError
from hxdav.ical.objects import read_object
from hxdav.ical.timeline import Timeline
from hxdav.remote import CalendarId, Gone, RemoteId, RemoteObject, RemoteState, Tag, Unreadable
from hxdav.remotes.graph.refusal import GraphRefusal
from hxdav.remotes.graph.wire import GraphWire, Json, segment
from hxdav.remotes.microsoft.events_in import Event, key_of, object_text, original_of, timeline_of
from hxdav.remotes.microsoft.events_out import MARK, SPELLING

_MASTER = "seriesMaster"
_SELECTED = (
    "id,changeKey,subject,body,location,start,end,isAllDay,showAs,sensitivity,isCancelled,type,seriesMasterId,recurrence,"
    "originalStart,originalStartTimeZone,originalEndTimeZone,transactionId,iCalUId,createdDateTime,"
    "lastModifiedDateTime,cancelledOccurrences"
)
_ANSWER_OF = f"$select={_SELECTED}&$expand=" + quote(
    f"exceptionOccurrences,singleValueExtendedProperties($filter=id eq '{MARK}' or id eq '{SPELLING}')", safe="$(),="
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphSeries:
    """A master, or a single event, with its exceptions in it (``exceptionOccurrences``)."""

    master: Event

    @property
    def is_series(self) -> bool:
        """Whether it recurs."""
        return bool(self.master.get("recurrence"))

    @property
    def timeline(self) -> Timeline:
        """The timeline on which it recurs."""
        return timeline_of(self.master)

    @property
    def exceptions(self) -> Mapping[datetime, Event]:
        """The exceptions by their original local starts."""
        shown = self.master.get("exceptionOccurrences") or ()
        return {original_of(one, self.timeline): one for one in shown} if shown else {}

    @property
    def tag(self) -> Tag:
        """Changes with any of the pieces, whether or not the master's own etag does."""
        shown = self.master.get("exceptionOccurrences") or ()
        parts = {str(one["id"]): etag_of(one) for one in shown}
        cancelled = sorted(map(str, self.master.get("cancelledOccurrences") or ()))
        told = [etag_of(self.master), parts, [one.rpartition(".")[2] for one in cancelled]]
        return Tag(json.dumps(told, separators=(",", ":"), sort_keys=True))

    def sighting(self) -> RemoteState:
        """What the engine is to see of it."""
        remote_id = RemoteId(str(self.master["id"]))
        try:
            text = object_text(self.master, self.master.get("exceptionOccurrences") or ())
            read_object(text.encode())
        except (CalendarDataError, ValueError, KeyError, TypeError, OverflowError):
            sentence = "Outlook shows its times or its recurrence in a form that hxdav cannot read."
            return Unreadable(remote_id=remote_id, tag=self.tag, sentence=sentence)
        return RemoteObject(remote_id=remote_id, tag=self.tag, text=text, key=key_of(self.master))


def etag_of(shown: Event) -> str:
    """The etag of one event; it is the changekey in other clothes."""
    return str(shown.get("@odata.etag") or f'W/"{shown.get("changeKey", "")}"')


def master_etag(tag: Tag) -> str:
    """The etag of the master, or of the single event, in a tag."""
    return str(json.loads(tag)[0])


def event_path(calendar_id: CalendarId, event_id: str) -> str:
    """Where an event is; in its calendar, so that one that was moved elsewhere is not in it."""
    return f"/me/calendars/{segment(calendar_id)}/events/{segment(event_id)}"


def whole_path(calendar_id: CalendarId, event_id: str) -> str:
    """Where an event is with all that belongs to it."""
    return f"{event_path(calendar_id, event_id)}?{_ANSWER_OF}"


def read_pieces(wire: GraphWire, calendar_id: CalendarId, event_id: str) -> GraphSeries:
    """An event as it is now, with all that belongs to it. Raises Refusal, with 404 where it is not there."""
    shown: Json = wire.get(whole_path(calendar_id, event_id))
    following = shown.get("exceptionOccurrences@odata.nextLink")
    if following:
        shown["exceptionOccurrences"] = [*shown.get("exceptionOccurrences", ()), *wire.pages(str(following))]
    return GraphSeries(master=shown)


def read_sighting(wire: GraphWire, calendar_id: CalendarId, event_id: str) -> RemoteState:
    """An event of a calendar that has just answered, as the engine is to see it."""
    try:
        return read_pieces(wire, calendar_id, event_id).sighting()
    except GraphRefusal as refusal:
        if refusal.is_gone:
            return Gone(remote_id=RemoteId(event_id))
        raise


def series_id(shown: Mapping[str, Any]) -> str:
    """The id of the series that an entry belongs to; empty for a single event."""
    if shown.get("type") == _MASTER or shown.get("recurrence"):
        return str(shown["id"])
    return str(shown.get("seriesMasterId") or "")
