"""Many calendar objects in one text: what programs read that know iCalendar and no CalDAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hxdav.ical.build import PRODID, text_line
from hxdav.ical.lines import fold
from hxdav.ical.objects import object_of
from hxdav.ical.patch import excerpt
from hxdav.ical.shared_zones import SharedZones


def join(texts: Iterable[str], *, name: str = "") -> str:
    """One VCALENDAR with all that ``texts`` hold, and with every time zone that they name."""
    zones = SharedZones()
    components = [component for text in texts for component in _components(text, zones)]
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", *([text_line("X-WR-CALNAME", name)] if name else [])]
    return "".join((*map(fold, head), *zones.vtimezones(), *components, fold("END:VCALENDAR")))


def _components(text: str, zones: SharedZones) -> Iterator[str]:
    obj = object_of(text)
    changes = list(zones.changes(obj))
    for component in obj.calendar.children:
        if component.name != "VTIMEZONE":
            own = [change for change in changes if component.start <= change.start < component.end]
            yield excerpt(text, component, own).rstrip("\r\n") + "\r\n"
