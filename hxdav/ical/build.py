"""New calendar objects, and single content lines, written as RFC 5545 wants them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from hxdav.domain.ids import Uid
from hxdav.domain.times import AllDay, Floating, When, Zoned
from hxdav.ical.lines import fold, newline_of
from hxdav.ical.objects import object_of
from hxdav.ical.text import escape
from hxdav.ical.timezones import vtimezone
from hxdav.ical.values import date_text, local_text, utc_text
from hxdav.ical.zone_names import iana_zone
from hxdav.ical.zones import tzid_in

PRODID = "-//hxdav//EN"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewObject:
    """An event that is not yet a calendar object. ``rrule`` is a rule without its property name."""

    uid: Uid
    summary: str
    starts: When
    ends: When
    location: str = ""
    description: str = ""
    status: str = "CONFIRMED"
    private: bool = False
    rrule: str = ""


def build_object(new: NewObject, *, now: datetime) -> str:
    """The text of a complete VCALENDAR that holds ``new``, made at ``now``."""
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "CALSCALE:GREGORIAN"),
        *_vtimezones((new.starts, new.ends), known=()),
        *("BEGIN:VEVENT", text_line("UID", new.uid), f"DTSTAMP:{utc_text(now)}", f"CREATED:{utc_text(now)}"),
        *(time_line("DTSTART", new.starts), time_line("DTEND", new.ends)),
    ]
    if new.rrule:
        lines.append(f"RRULE:{new.rrule}")
    lines.append(text_line("SUMMARY", new.summary))
    if new.location:
        lines.append(text_line("LOCATION", new.location))
    if new.description:
        lines.append(text_line("DESCRIPTION", new.description))
    if new.private:
        lines.append("CLASS:PRIVATE")
    lines += (f"STATUS:{new.status}", "END:VEVENT", "END:VCALENDAR")
    return "".join(map(fold, lines))


def time_line(name: str, when: When) -> str:
    """The content line, not folded, of a property that holds a moment."""
    match when:
        case AllDay(day):
            return f"{name};VALUE=DATE:{date_text(day)}"
        case Floating(local):
            return f"{name}:{local_text(local)}"
        case Zoned(moment):
            key = _zone_key(moment)
            return f"{name};TZID={key}:{local_text(moment)}" if key else f"{name}:{utc_text(moment)}"
        case _:
            assert_never(when)


def text_line(name: str, value: str) -> str:
    """The content line, not folded, of a property that holds text."""
    return f"{name}:{escape(value)}"


def with_timezones(text: str, times: Iterable[When]) -> str:
    """``text`` with a VTIMEZONE for each zone of ``times`` that it does not define yet (RFC 5545 §3.2.19)."""
    calendar = object_of(text).calendar
    newline = newline_of(text[calendar.start : calendar.properties_start])
    known = [tzid_in(zone) for zone in calendar.named("VTIMEZONE")]
    lines = "".join(fold(line, newline) for line in _vtimezones(times, known=known))
    place = calendar.children[0].start
    return text[:place] + lines + text[place:]


def _vtimezones(times: Iterable[When], *, known: Iterable[str]) -> Iterator[str]:
    years: dict[str, int] = {}
    for when in times:
        key = _zone_key(when.moment) if isinstance(when, Zoned) else ""
        if key and key not in known:
            year = when.moment.year if isinstance(when, Zoned) else 0
            years[key] = min(year, years.get(key, year))
    for key, year in years.items():
        yield from vtimezone(key, year)


def _zone_key(moment: datetime) -> str:
    """The IANA name of the zone of ``moment``; empty for UTC, and for what has no name that others would know."""
    zone = moment.tzinfo
    return zone.key if isinstance(zone, ZoneInfo) and iana_zone(zone.key) is not UTC else ""
