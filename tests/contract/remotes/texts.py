"""Calendar objects as the suite sends them, and what is compared of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from hxdav.domain.ids import Uid
from hxdav.domain.times import AllDay, When, Zoned
from hxdav.ical.build import NewObject, build_object, text_line, time_line
from hxdav.ical.fields import Parts, parts_of
from hxdav.ical.lines import fold
from hxdav.ical.objects import object_of, read_object
from hxdav.remote import CalendarId, Cursor, Gone, Page, Remote, RemoteId, RemoteObject, RemoteState

ZONE = "Australia/Sydney"
SYDNEY = ZoneInfo(ZONE)
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=SYDNEY)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


def an_event(
    title: str = "Supervision",
    *,
    uid: str = "",
    starts: When | None = None,
    ends: When | None = None,
    rrule: str = "",
    location: str = "",
    description: str = "",
) -> str:
    """A calendar object of an hour on Monday morning in Sydney, unless it is said otherwise."""
    start = starts or Zoned(MONDAY)
    new = NewObject(
        uid=Uid(uid or str(uuid4())),
        summary=title,
        starts=start,
        ends=ends or _after(start),
        rrule=rrule,
        location=location,
        description=description,
    )
    return build_object(new, now=NOW)


def a_series(title: str = "Team meeting", *, uid: str = "") -> str:
    """Six Mondays."""
    return an_event(title, uid=uid, rrule="FREQ=WEEKLY;COUNT=6")


def with_exception(series: str, starts: datetime, *, title: str, moved_to: datetime) -> str:
    """A series whose instance at ``starts`` has another title and another time."""
    obj = object_of(series)
    lines = (
        "BEGIN:VEVENT",
        text_line("UID", obj.uid),
        "DTSTAMP:20261122T010000Z",
        time_line("RECURRENCE-ID", Zoned(starts)),
        time_line("DTSTART", Zoned(moved_to)),
        time_line("DTEND", Zoned(moved_to + HOUR)),
        text_line("SUMMARY", title),
        "END:VEVENT",
    )
    place = series.rindex("END:VCALENDAR")
    return series[:place] + "".join(map(fold, lines)) + series[place:]


def without_instance(series: str, starts: datetime) -> str:
    """A series that leaves out the instance at ``starts``."""
    place = series.index("SUMMARY")
    return series[:place] + fold(time_line("EXDATE", Zoned(starts))) + series[place:]


def meaning(place_remote: Remote, text: str) -> Parts:
    """What a text means to a person, of that which the provider keeps."""
    carries = place_remote.capabilities.carries
    return parts_of(read_object(text.encode()), carries=carries, practice_zone=SYDNEY)


def uid_of(text: str) -> str:
    """The UID of a calendar object."""
    return object_of(text).uid


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """All the pages of a pull: what was seen last of each object, and where to go on."""

    pages: tuple[Page, ...]
    cursor: Cursor

    @property
    def seen(self) -> dict[RemoteId, RemoteState]:
        """Each object once: where it came twice, the last counts."""
        return {sighting.remote_id: sighting for page in self.pages for sighting in page.sightings}

    @property
    def texts(self) -> dict[str, str]:
        """The texts by UID."""
        found = (sighting.text for sighting in self.seen.values() if isinstance(sighting, RemoteObject))
        return {uid_of(text): text for text in found}

    @property
    def gone(self) -> set[RemoteId]:
        """What is told to be gone."""
        return {sighting.remote_id for sighting in self.seen.values() if isinstance(sighting, Gone)}

    @property
    def is_listing(self) -> bool:
        """Whether every page belongs to a listing."""
        return all(page.listing for page in self.pages)


def pulled(remote: Remote, calendar_id: CalendarId, cursor: Cursor | None = None) -> Round:
    """Pull until there is no more."""
    pages = tuple(_pages(remote, calendar_id, cursor))
    return Round(pages=pages, cursor=pages[-1].cursor)


def _pages(remote: Remote, calendar_id: CalendarId, cursor: Cursor | None) -> Iterator[Page]:
    for _ in range(100):
        page = remote.pull(calendar_id, cursor)
        yield page
        if not page.more:
            return
        cursor = page.cursor
    raise AssertionError("it does not end")


def _after(start: When) -> When:
    if isinstance(start, AllDay):
        return AllDay(start.day + DAY)
    return Zoned(start.moment + HOUR) if isinstance(start, Zoned) else type(start)(start.local + HOUR)


def day(year: int, month: int, number: int) -> AllDay:
    """A day as the start or the end of an event."""
    return AllDay(date(year, month, number))
