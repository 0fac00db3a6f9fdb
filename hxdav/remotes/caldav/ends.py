"""Ends for events that have none: iCloud takes no event without one (python-caldav, issue 730)."""

from __future__ import annotations

from datetime import timedelta

from hxdav.domain.times import AllDay
from hxdav.ical.components import Component
from hxdav.ical.lines import fold, newline_of
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.values import date_text, when_of


def with_ends(text: str) -> str:
    """``text`` with the end that RFC 5545 §3.6.1 implies written out in each event that has none.

    A day for a date; for a time, that time itself.
    """
    obj = object_of(text)
    pieces: list[str] = []
    position = 0
    for vevent in sorted(obj.vevents, key=lambda vevent: vevent.start):
        start = vevent.first("DTSTART")
        if start is not None and vevent.first("DTEND") is None and vevent.first("DURATION") is None:
            newline = newline_of(text[start.start : start.end])
            pieces += (text[position : start.end], fold(_end_line(obj, vevent), newline))
            position = start.end
    return "".join((*pieces, text[position:]))


def _end_line(obj: CalendarObject, vevent: Component) -> str:
    start = next(vevent.all("DTSTART"))
    when = when_of(start, obj.zones)
    value = date_text(when.day + timedelta(days=1)) if isinstance(when, AllDay) else start.value
    return f"DTEND{start.params}:{value}"
