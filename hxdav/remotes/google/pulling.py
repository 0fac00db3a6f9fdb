"""Listing a calendar, and what changed since (https://developers.google.com/workspace/calendar/api/guides/sync)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from hxdav.remote import CalendarId, Cursor, CursorExpired, Gone, Page, RemoteId, RemoteState, TryLater
from hxdav.remotes.google.refusal import GoogleRefusal
from hxdav.remotes.google.series import GoogleSeries, is_instance, is_plain, read_sighting, with_exceptions
from hxdav.remotes.google.wire import GoogleWire, Json

PAGE_SIZE = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """From where to go on: a page of a listing or of changes, and the token that the changes are counted from."""

    page: str = ""
    since: str = ""

    @property
    def is_listing(self) -> bool:
        return not self.since

    @property
    def cursor(self) -> Cursor:
        kind = "listing" if self.is_listing else "changes"
        return Cursor(json.dumps({"kind": kind, "page": self.page, "since": self.since}, separators=(",", ":")))

    @classmethod
    def of(cls, cursor: Cursor | None) -> _Place:
        if cursor is None:
            return cls()
        try:
            kept = json.loads(cursor)
            return cls(page=str(kept["page"]), since=str(kept["since"]))
        except (ValueError, KeyError, TypeError):
            raise _expired() from None


def pull(wire: GoogleWire, calendar_id: CalendarId, cursor: Cursor | None) -> Page:
    """The next page. Raises CursorExpired, and Refusal where the calendar does not answer.

    ``showDeleted`` is left out: with a token Google tells of what was deleted anyway, and a listing has no use for what
    is not there. Cancelled instances of a series are told in both.
    """
    place = _Place.of(cursor)
    answer = _answer(wire, calendar_id, place)
    entries = answer.get("items", [])
    following = _following(place, answer)
    if not place.is_listing:
        sightings = _changes(wire, calendar_id, entries)
    elif not place.page and following.since:
        sightings = _whole(entries)
    else:
        sightings = _part(wire, calendar_id, entries)
    return Page(
        sightings=tuple(sightings),
        cursor=following.cursor,
        more=bool(following.page),
        listing=place.is_listing,
    )


def _answer(wire: GoogleWire, calendar_id: CalendarId, place: _Place) -> Json:
    request = wire.api.events().list(
        calendarId=calendar_id,
        singleEvents=False,
        maxResults=PAGE_SIZE,
        pageToken=place.page or None,
        syncToken=place.since or None,
    )
    try:
        return wire.send(request)
    except GoogleRefusal as refusal:
        stale = refusal.code == HTTPStatus.GONE or (
            refusal.code == HTTPStatus.BAD_REQUEST and bool(place.page or place.since)
        )
        if stale:
            raise _expired() from None
        raise


def _following(place: _Place, answer: Json) -> _Place:
    """Where the answer says to go on; the token for the next round stands on the last page only."""
    if answer.get("nextPageToken"):
        return _Place(page=answer["nextPageToken"], since=place.since)
    if answer.get("nextSyncToken"):
        return _Place(since=answer["nextSyncToken"])
    raise TryLater("Google's answer was cut short. Try again later.", code="bad_answer")


def _whole(entries: list[dict[str, Any]]) -> Iterator[RemoteState]:
    """A listing on one page: every series has its exceptions beside it."""
    for entry in _masters(entries):
        yield GoogleSeries.of(entry, entries).sighting()


def _part(wire: GoogleWire, calendar_id: CalendarId, entries: list[dict[str, Any]]) -> Iterator[RemoteState]:
    """A page of a longer listing: the exceptions of a series may stand on any other, so they are asked for."""
    for entry in _masters(entries):
        yield with_exceptions(wire, calendar_id, entry).sighting()


def _masters(entries: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (
        entry for entry in entries if not is_instance(entry) and is_plain(entry) and entry.get("status") != "cancelled"
    )


def _changes(wire: GoogleWire, calendar_id: CalendarId, entries: list[dict[str, Any]]) -> Iterator[RemoteState]:
    """What a page of changes comes to: an exception alone, or a master alone, stands for its whole series."""
    series: dict[str, None] = {}
    for entry in entries:
        if is_instance(entry):
            series[entry["recurringEventId"]] = None
        elif entry.get("status") == "cancelled":
            yield Gone(remote_id=RemoteId(entry["id"]))
        elif is_plain(entry) and entry.get("recurrence"):
            series[entry["id"]] = None
        elif is_plain(entry):
            yield GoogleSeries.of(entry).sighting()
    for event_id in series:
        yield read_sighting(wire, calendar_id, event_id)


def _expired() -> CursorExpired:
    return CursorExpired("Google cannot tell any more what changed since the last time.")
