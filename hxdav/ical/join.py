"""Many calendar objects in one text: what programs read that know iCalendar and no CalDAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hxdav.ical.build import PRODID, text_line
from hxdav.ical.lines import fold
from hxdav.ical.objects import object_of


def join(texts: Iterable[str], *, name: str = "") -> Iterator[str]:
    """The pieces of one VCALENDAR with all that ``texts`` hold; of time zones that go by one name the first."""
    yield "".join(map(fold, ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}")))
    if name:
        yield fold(text_line("X-WR-CALNAME", name))
    zones: set[str] = set()
    for text in texts:
        for component in object_of(text).calendar.children:
            tzid = component.value("TZID") if component.name == "VTIMEZONE" else ""
            if tzid and tzid in zones:
                continue
            zones.add(tzid)
            yield text[component.start : component.end].rstrip("\r\n") + "\r\n"
    yield fold("END:VCALENDAR")
