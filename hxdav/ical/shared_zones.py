"""The time zones of a text with many objects: each name means one clock there, and is defined (RFC 5545 §3.2.19)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import MAXYEAR, tzinfo
from itertools import chain, count
from zoneinfo import ZoneInfo

from hxdav.ical.components import Component
from hxdav.ical.lines import ContentLine, content_lines, fold, newline_of
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.patch import TextChange, changed
from hxdav.ical.text import escape
from hxdav.ical.timezones import vtimezone
from hxdav.ical.zones import ObjectZone, Zones

_TZID = re.compile(r';\s*TZID=("[^"]*"|[^";:]*)', re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(\d{4})\d{4}", re.ASCII)
_NEEDS_QUOTES = re.compile(r"[:;,]")


@dataclass(slots=True, kw_only=True)
class _Shared:
    """A zone under its name, how an object defines it, and the first year for which it is needed."""

    zone: tzinfo
    definition: str
    year: int


@dataclass(slots=True)
class SharedZones:
    """Gathers the zones of objects, one after the other, and then defines them all."""

    _by_name: dict[str, _Shared] = field(default_factory=dict)

    def changes(self, obj: CalendarObject) -> Iterator[TextChange]:
        """What makes every line of ``obj`` name its zone as the whole text does.

        A zone that nothing explains loses its name, so that its times float there as they do here.
        """
        for line in chain.from_iterable(map(_lines, obj.vevents)):
            tzid = line.parameter("TZID") if "TZID" in line.params.upper() else ""
            name = self._name(obj.zones, tzid, line) if tzid else ""
            if name != tzid:
                params = _TZID.sub(_parameter(name).replace("\\", r"\\"), line.params)
                newline = newline_of(obj.text[line.start : line.end])
                yield TextChange(
                    start=line.start, end=line.end, text=fold(f"{line.name}{params}:{line.value}", newline)
                )

    def vtimezones(self) -> Iterator[str]:
        """The VTIMEZONEs of all zones: our own, or an object's where nobody else knows the zone."""
        for name, shared in self._by_name.items():
            if shared.definition:
                lines = [f"{line.name}{line.params}:{line.value}" for line in content_lines(shared.definition)]
            else:
                lines = list(vtimezone(_key(shared.zone), shared.year))
            yield from (fold(f"TZID:{escape(name)}" if line.startswith("TZID") else line) for line in lines)

    def _name(self, zones: Zones, tzid: str, line: ContentLine) -> str:
        """The name under which the text has the zone that ``zones`` call ``tzid``; empty for none."""
        zone = zones.get(tzid)
        if zone is None:
            return ""
        wanted = zones.name_of(tzid)
        definition = zones.texts[wanted] if isinstance(zone, ObjectZone) else ""
        year = min(map(int, _YEAR.findall(line.value)), default=MAXYEAR)
        for name in chain([wanted], (f"{wanted} {number}" for number in count(2))):
            shared = self._by_name.setdefault(name, _Shared(zone=zone, definition=definition, year=year))
            if shared.zone == zone:
                shared.year = min(year, shared.year)
                break
        return name


def told_apart(obj: CalendarObject, other: CalendarObject) -> CalendarObject:
    """``obj`` with another name for each of its zones whose name means another clock in ``other``."""
    zones = SharedZones()
    for _ in zones.changes(other):
        pass
    changes = list(zones.changes(obj))
    if not changes:
        return obj
    place = obj.calendar.children[0].start
    defined = TextChange(start=place, end=place, text="".join(zones.vtimezones()))
    return object_of(changed(obj.text, [defined, *changes]))


def _lines(component: Component) -> Iterator[ContentLine]:
    yield from component.properties
    for child in component.children:
        yield from _lines(child)


def _parameter(name: str) -> str:
    quotes = '"' if _NEEDS_QUOTES.search(name) else ""
    return f";TZID={quotes}{name}{quotes}" if name else ""


def _key(zone: tzinfo) -> str:
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"
