"""Listing a calendar, and what changed since: rounds of ``calendarView/delta`` within a window.

https://learn.microsoft.com/graph/delta-query-events. What it tells is little: of a series bare occurrences, of what has
left the window the same as of what was deleted, of an occurrence that was deleted nothing. So a round collects what it
has to ask for, and its last page asks; every series that is known is looked at with each round of changes.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta
from http import HTTPStatus
from typing import Any

from hxdav.domain.times import Interval, midnight
from hxdav.remote import CalendarId, Cursor, CursorExpired, Gone, Page, RemoteId, RemoteState
from hxdav.remotes.graph.refusal import GraphRefusal, bad_answer
from hxdav.remotes.graph.series import GraphSeries, series_id, whole_path
from hxdav.remotes.graph.wire import GraphWire, Json, segment, stated
from hxdav.remotes.graph.writing import utc

DAYS_BACK, DAYS_AHEAD = 35, 400
"""The window: what takes place outside does not come by itself."""

_DIGEST = 8
"""Characters of a digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a round is: its day, from which the window is counted, and Graph's own link to go on at.

    ``asking`` is what its last page has to ask for; ``series`` has for each series that is known a digest of its tag,
    and ``days`` digests of the ids of its instances, one behind the other: what is told of one may be no more than its
    id. ``round_open``: there are more pages of this round. ``listing``: the round lists everything.
    """

    day: date
    link: str = ""
    listing: bool = True
    round_open: bool = True
    asking: tuple[str, ...] = ()
    series: Mapping[str, str] = field(default_factory=dict)
    days: Mapping[str, str] = field(default_factory=dict)

    @property
    def window(self) -> Interval:
        return Interval(
            midnight(self.day - timedelta(days=DAYS_BACK), UTC), midnight(self.day + timedelta(days=DAYS_AHEAD), UTC)
        )

    @property
    def cursor(self) -> Cursor:
        kept = {
            "day": self.day.isoformat(),
            "link": self.link,
            "listing": self.listing,
            "open": self.round_open,
            "asking": self.asking,
            "series": dict(self.series),
            "days": dict(self.days),
        }
        return Cursor(json.dumps(kept, separators=(",", ":")))

    @classmethod
    def of(cls, cursor: Cursor) -> _Place:
        try:
            kept = json.loads(cursor)
            return cls(
                day=date.fromisoformat(kept["day"]),
                link=str(kept["link"]),
                listing=bool(kept["listing"]),
                round_open=bool(kept["open"]),
                asking=tuple(map(str, kept["asking"])),
                series={str(name): str(digest) for name, digest in kept["series"].items()},
                days={str(name): str(digests) for name, digests in kept["days"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _expired() from None


def pull(wire: GraphWire, calendar_id: CalendarId, cursor: Cursor | None, *, today: date) -> Page:
    """The next page. Raises CursorExpired, and Refusal where the calendar does not answer.

    Where a round of changes would begin on another day than the last one, it is a listing in the new window instead.
    """
    place = _Place(day=today) if cursor is None else _Place.of(cursor)
    if not place.round_open:
        place = replace(place, round_open=True, listing=False) if place.day == today else _Place(day=today)
    answer = _answer(wire, calendar_id, place)
    told = _Told.of(place)
    for entry in answer.get("value", []):
        told.take(entry, listing=place.listing)
    seen = told.seen
    place = replace(_following(place, answer), asking=tuple(told.asking), days=told.days)
    if not place.round_open:
        found, series = _settled(wire, calendar_id, place)
        seen |= found
        place = replace(place, asking=(), series=series, days={name: told.days.get(name, "") for name in series})
    return Page(sightings=tuple(seen.values()), cursor=place.cursor, more=place.round_open, listing=place.listing)


def window_of(cursor: Cursor) -> Interval | None:
    """What the listing that ends at this cursor covers; None for a cursor that is none of ours."""
    try:
        return _Place.of(cursor).window
    except CursorExpired:
        return None


def _answer(wire: GraphWire, calendar_id: CalendarId, place: _Place) -> Json:
    bounds = stated(startDateTime=utc(place.window.starts), endDateTime=utc(place.window.ends))
    first = f"/me/calendars/{segment(calendar_id)}/calendarView/delta?{bounds}"
    try:
        return wire.get(place.link or first)
    except GraphRefusal as refusal:
        stale = refusal.code in {HTTPStatus.GONE, HTTPStatus.BAD_REQUEST} or refusal.is_lost_place
        if place.link and stale:
            raise _expired() from None
        raise


def _following(place: _Place, answer: Json) -> _Place:
    """Where the answer says to go on; a round ends with the link to the next one."""
    if answer.get("@odata.nextLink"):
        return replace(place, link=str(answer["@odata.nextLink"]))
    if answer.get("@odata.deltaLink"):
        return replace(place, link=str(answer["@odata.deltaLink"]), round_open=False)
    raise bad_answer()


@dataclass(slots=True, kw_only=True)
class _Told:
    """What a page tells: single events that are all there, and what has to be asked for to know what it means."""

    asking: dict[str, None]
    days: dict[str, str]
    series_of: dict[str, str]
    seen: dict[str, RemoteState] = field(default_factory=dict)

    @classmethod
    def of(cls, place: _Place) -> _Told:
        return cls(
            asking=dict.fromkeys(place.asking),
            days=dict(place.days),
            series_of={digest: name for name, digests in place.days.items() for digest in _parts(digests)},
        )

    def take(self, entry: Mapping[str, Any], *, listing: bool) -> None:
        """One entry; the last one about an event counts."""
        name = str(entry["id"])
        if "@removed" in entry:
            if not listing:
                self.seen.pop(name, None)
                self.asking[self.series_of.get(_digest(name), name)] = None
            return
        series = series_id(entry)
        if series and series != name and _digest(name) not in self.series_of:
            self.series_of[_digest(name)] = series
            self.days[series] = self.days.get(series, "") + _digest(name)
        is_whole = not series and "start" in entry and "subject" in entry
        if is_whole:
            self.seen[name] = GraphSeries(master=entry).sighting()
        else:
            self.asking[series or name] = None


def _digest(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:6]).decode()


def _parts(digests: str) -> Iterator[str]:
    return (digests[begin : begin + _DIGEST] for begin in range(0, len(digests), _DIGEST))


def _settled(wire: GraphWire, calendar_id: CalendarId, place: _Place) -> tuple[dict[str, RemoteState], dict[str, str]]:
    """What the questions of a round come to, and the digests of the series that are known after it."""
    found = _found(wire, calendar_id, (*place.asking, *(() if place.listing else place.series)))
    if any(pieces is None for pieces in found.values()):
        # What is missing in a calendar that does not answer is not gone.
        wire.get(f"/me/calendars/{segment(calendar_id)}?$select=id")
    there = {name: pieces for name, pieces in found.items() if pieces is not None}
    digests = {name: _digest(pieces.tag) for name, pieces in there.items()}
    seen: dict[str, RemoteState] = {
        name: pieces.sighting()
        for name, pieces in there.items()
        if name in place.asking or place.series.get(name) != digests[name]
    }
    if not place.listing:
        seen |= {name: Gone(remote_id=RemoteId(name)) for name in found if name not in there}
    return seen, {name: digest for name, digest in digests.items() if there[name].is_series}


def _found(wire: GraphWire, calendar_id: CalendarId, names: Iterable[str]) -> dict[str, GraphSeries | None]:
    """What is at each of these ids, None for nothing; of an instance, which has left the window, its series instead."""
    found: dict[str, GraphSeries | None] = {}
    asked = list(dict.fromkeys(names))
    while asked:
        series: dict[str, None] = {}
        for name, answer in zip(asked, _asked(wire, calendar_id, asked), strict=True):
            master = str(answer.get("seriesMasterId") or "") if answer else ""
            if master:
                series[master] = None
            else:
                found[name] = None if answer is None else GraphSeries(master=answer)
        asked = [name for name in series if name not in found]
    return found


def _asked(wire: GraphWire, calendar_id: CalendarId, names: Iterable[str]) -> Iterator[Json | None]:
    """Each event with all that belongs to it; None where it is not there."""
    for answer in wire.get_each([whole_path(calendar_id, name) for name in names]):
        if not isinstance(answer, GraphRefusal):
            yield answer
        elif answer.is_gone:
            yield None
        else:
            raise answer


def _expired() -> CursorExpired:
    return CursorExpired("Outlook cannot tell any more what changed since the last time.")
