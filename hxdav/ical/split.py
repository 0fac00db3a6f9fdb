"""Files with many calendar objects, taken apart into objects that can stand alone (for ``hxdav import``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hxdav.domain.ids import Uid
from hxdav.domain.refusal import CalendarDataError
from hxdav.ical.build import PRODID
from hxdav.ical.components import Component, tree_of
from hxdav.ical.lines import newline_of
from hxdav.ical.objects import decode, read_object
from hxdav.ical.text import unescape
from hxdav.ical.zones import tzid_in

_HEADER = ("VERSION", "PRODID", "CALSCALE")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitObject:
    """One object of a file; ``error`` says why it cannot be kept. ``uid`` is empty where the file has none for it."""

    uid: Uid
    text: str
    error: CalendarDataError | None


@dataclass(slots=True, kw_only=True)
class _Gathered:
    """The events of one UID, and the calendar in which the first of them was found."""

    calendar: Component
    vevents: list[Component] = field(default_factory=list)


def split(body: bytes) -> list[SplitObject]:
    """The calendar objects of a file, one for each UID, with the time zones that each needs.

    Content lines stay as they are; what belongs to the file or to a message (METHOD, X-WR-CALNAME) is left behind, and
    so are components that are no events. CalendarDataError where the file is not UTF-8.
    """
    text = decode(body)
    try:
        obj = read_object(body)
    except CalendarDataError:
        return [_split_object(gathered, text) for gathered in _gathered(text)]
    return [SplitObject(uid=obj.uid, text=obj.text, error=None)]


def _gathered(text: str) -> list[_Gathered]:
    by_uid: dict[str, _Gathered] = {}
    for index, (calendar, vevent) in enumerate(_events(text)):
        # An event without UID is one by itself.
        key = vevent.value("UID") or f"\n{index}"
        _take(by_uid.setdefault(key, _Gathered(calendar=calendar)).vevents, vevent)
    return list(by_uid.values())


def _take(vevents: list[Component], vevent: Component) -> None:
    """Add ``vevent``, unless there is a newer revision of the same instance: of two, one is kept (RFC 5546 §2.1.5)."""
    for index, other in enumerate(vevents):
        if other.value("RECURRENCE-ID") == vevent.value("RECURRENCE-ID"):
            vevents[index] = max(vevent, other, key=_revision)
            return
    vevents.append(vevent)


def _revision(vevent: Component) -> tuple[int, str]:
    sequence = vevent.value("SEQUENCE")
    return int(sequence) if sequence.isdecimal() else 0, vevent.value("DTSTAMP")


def _events(text: str) -> Iterator[tuple[Component, Component]]:
    for component in tree_of(text).components:
        if component.name == "VEVENT":
            # Some programs write events without a calendar around them.
            yield component, component
        for vevent in component.named("VEVENT"):
            yield component, vevent


def _split_object(gathered: _Gathered, text: str) -> SplitObject:
    first = gathered.vevents[0]
    newline = newline_of(text[first.start : first.properties_start])
    whole = newline.join((*_pieces(gathered, text), "END:VCALENDAR", ""))
    error = None
    try:
        read_object(whole.encode())
    except CalendarDataError as refusal:
        error = refusal
    return SplitObject(uid=Uid(unescape(first.value("UID"))), text=whole, error=error)


def _pieces(gathered: _Gathered, text: str) -> Iterator[str]:
    calendar = gathered.calendar
    yield "BEGIN:VCALENDAR"
    header = {line.name: line for line in calendar.all(*_HEADER)}
    for name, otherwise in (("VERSION", "VERSION:2.0"), ("PRODID", f"PRODID:{PRODID}"), ("CALSCALE", "")):
        line = header.get(name)
        piece = otherwise if line is None else text[line.start : line.end].rstrip("\r\n")
        if piece:
            yield piece
    needed = {tzid for vevent in gathered.vevents for tzid in _tzids(vevent)}
    zones = (zone for zone in calendar.named("VTIMEZONE") if tzid_in(zone) in needed)
    for component in (*zones, *gathered.vevents):
        yield text[component.start : component.end].rstrip("\r\n")


def _tzids(component: Component) -> Iterator[str]:
    for line in component.properties:
        if "TZID" in line.params.upper():
            # Some programs escape it, as it is escaped in the VTIMEZONE.
            yield from (line.parameter("TZID"), unescape(line.parameter("TZID")))
    for child in component.children:
        yield from _tzids(child)
