"""Files with many calendar objects, read object by object (for ``hxdav import``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import BinaryIO

from hxdav.domain.ids import Uid
from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.ical.build import PRODID
from hxdav.ical.components import tree_of
from hxdav.ical.frames import Frame
from hxdav.ical.gathering import ZONE, Gathered, Vevent, gather
from hxdav.ical.lines import ContentLine, content_lines, newline_of, unfold, with_newlines
from hxdav.ical.objects import CalendarObject, decode, object_of, read_object
from hxdav.ical.patch import changed, exchange, replace_uid
from hxdav.ical.revisions import lay_over
from hxdav.ical.scan import Place, Surroundings, find_events
from hxdav.ical.text import unescape
from hxdav.ical.zones import tzid_in

_HEADER = {"VERSION": "VERSION:2.0", "PRODID": f"PRODID:{PRODID}", "CALSCALE": ""}
"""The properties of a calendar that its objects keep, and how each is written where the calendar lacks it."""

_NOT_AN_EVENT = {
    "REPLY": "It is an answer to an invitation, not an appointment (RFC 5546 §3.2.3).",
    "ADD": "It adds dates to a series and does not say the series (RFC 5546 §3.2.4): add them by hand.",
    "REFRESH": "It asks for an invitation again and is not an appointment (RFC 5546 §3.2.6).",
    "COUNTER": "It proposes a change and is not an appointment (RFC 5546 §3.2.7).",
    "DECLINECOUNTER": "It declines a proposed change and is not an appointment (RFC 5546 §3.2.8).",
}
"""The methods whose events must not take the place of an appointment, and what the person reads."""

_TZID = re.compile(r';\s*TZID="?([^":;]+)', re.IGNORECASE)
_OVERRIDE = re.compile(r"^RECURRENCE-ID[;:]", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitObject:
    """One object of a file, or why it cannot be kept. ``uid`` is empty where the file has none for it.

    ``events`` says how many events of the file it is made of; ``superseded`` of them are left out, because the file has
    newer revisions.
    """

    uid: Uid
    reading: CalendarObject | CalendarDataError
    events: int
    superseded: int = 0


class CalendarFile:
    """An iCalendar file. The constructor finds its events; each is read when its turn comes.

    Memory does not depend on the size of the file, but for some 50 octets for each event.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._found = find_events(file)
        self._surroundings = [_Surroundings(each) for each in self._found.surroundings]

    def __len__(self) -> int:
        """Return how many events the file holds."""
        return len(self._found)

    def __iter__(self) -> Iterator[SplitObject]:
        """Yield the objects of the file, each with the time zones that it needs.

        Content lines stay as they are. What belongs to the file or to a message (METHOD, X-WR-CALNAME) is left out, and
        so are components that are no events. A cancellation (METHOD:CANCEL) reads as events with that status.
        """
        for places in self._found.by_uid():
            whole = self._whole() if len(places) == len(self) else None
            if whole is not None:
                yield SplitObject(uid=whole.uid, reading=whole, events=len(self))
            elif len(places) == 1:
                yield self._single(places[0])
            else:
                yield from self._several(places)

    def _whole(self) -> CalendarObject | None:
        """The file as it is, if it is one object."""
        try:
            return read_object(self._octets(0, -1))
        except CalendarDataError:
            return None

    def _single(self, place: Place) -> SplitObject:
        try:
            vevent = self._vevent(place)
        except CalendarDataError as refusal:
            return SplitObject(uid=self._uid(place), reading=refusal, events=1)
        return SplitObject(uid=vevent.alone.uid, reading=vevent.alone, events=1)

    def _several(self, places: Sequence[Place]) -> Iterator[SplitObject]:
        """The objects of events with one UID. A series is taken whole: not without an override that cannot be read."""
        events: list[Vevent] = []
        for place in places:
            try:
                events.append(self._vevent(place))
            except CalendarDataError as refusal:
                if _OVERRIDE.search(self._octets(place.start, place.end).decode(errors="replace")):
                    yield SplitObject(uid=self._uid(place), reading=refusal, events=len(places))
                    return
                yield SplitObject(uid=self._uid(place), reading=refusal, events=1)
        for gathered in gather(events) if events else ():
            yield self._object(gathered)

    def _object(self, gathered: Gathered) -> SplitObject:
        try:
            reading: CalendarObject | CalendarDataError = self._combined(gathered)
        except CalendarDataError as refusal:
            reading = refusal
        count = len(gathered.events) + gathered.superseded
        return SplitObject(uid=gathered.uid, reading=reading, events=count, superseded=gathered.superseded)

    def _combined(self, gathered: Gathered) -> CalendarObject:
        by_surroundings = sorted(gathered.events, key=lambda vevent: vevent.alone.master is None)
        groups = [list(group) for _, group in groupby(by_surroundings, key=attrgetter("surroundings"))]
        first, *others = (self._read(group[0].surroundings, [each.text for each in group]) for group in groups)
        for other in others:
            first = read_object(lay_over(first, other, practice_zone=ZONE).text.encode())
        if first.uid == gathered.uid:
            return first
        return object_of(replace_uid(first.text, old=first.uid, new=gathered.uid))

    def _vevent(self, place: Place) -> Vevent:
        around = self._surroundings[place.surroundings]
        text = decode(self._octets(place.start, place.end)).removeprefix("\ufeff").rstrip("\r\n")
        if around.method in _NOT_AN_EVENT:
            raise CalendarDataError(Reason.NOT_ONE_OBJECT, _NOT_AN_EVENT[around.method])
        if around.method == "CANCEL":
            text = _cancelled(text)
        return Vevent(text=text, alone=self._read(place.surroundings, [text]), surroundings=place.surroundings)

    def _read(self, surroundings: int, texts: Sequence[str]) -> CalendarObject:
        newline = newline_of(texts[0].partition("\n")[0] + "\n")
        frame = self._surroundings[surroundings].frame(newline, _tzids(texts))
        return frame.read("".join(text + newline for text in texts))

    def _octets(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(end - start if end >= 0 else -1)

    def _uid(self, place: Place) -> Uid:
        """The UID of an event that cannot be read; empty where it has none."""
        components = tree_of(self._octets(place.start, place.end).decode(errors="replace")).components
        return Uid(unescape(components[0].value("UID")) if components else "")


class _Surroundings:
    """What a calendar says about its events, decoded once."""

    def __init__(self, found: Surroundings) -> None:
        self._header = found.header.decode(errors="replace")
        self._lines = list(content_lines(self._header))
        self._texts = [each.decode(errors="replace") for each in found.timezones]
        self._frames: dict[tuple[str, frozenset[str]], Frame] = {}

    @cached_property
    def method(self) -> str:
        """Return METHOD in upper case; empty where there is none."""
        return next((line.value.strip().upper() for line in self._lines if line.name == "METHOD"), "")

    @cached_property
    def _timezones(self) -> dict[str, str]:
        return {tzid_in(tree_of(text).components[0]): text for text in self._texts}

    def frame(self, newline: str, tzids: Iterable[str]) -> Frame:
        """Return the frame of events that name these zones."""
        key = newline, frozenset(self._timezones.keys() & set(tzids))
        if key not in self._frames:
            self._frames[key] = self._new_frame(*key)
        return self._frames[key]

    def _new_frame(self, newline: str, tzids: frozenset[str]) -> Frame:
        lines = {line.name: self._header[line.start : line.end] for line in reversed(self._lines)}
        header = filter(None, (lines.get(name, otherwise) for name, otherwise in _HEADER.items()))
        zones = (text for tzid, text in self._timezones.items() if tzid in tzids)
        pieces = (each.rstrip("\r\n") + newline for each in ("BEGIN:VCALENDAR", *header, *zones))
        return Frame.of(with_newlines("".join(pieces), newline), newline)


def _tzids(texts: Iterable[str]) -> Iterator[str]:
    """The zones that events name, and perhaps some that only look like it."""
    for text in texts:
        for tzid in _TZID.findall(unfold(text)):
            # Some programs escape it, as it is escaped in the VTIMEZONE.
            yield from (tzid.strip(), unescape(tzid.strip()))


def _cancelled(text: str) -> str:
    """A VEVENT of a cancellation, which may leave out STATUS and DTSTART (RFC 5546 §3.2.5)."""
    vevent = tree_of(text + "\n").components[0]
    if not vevent.properties:
        return text
    newline = newline_of(text.partition("\n")[0] + "\n")
    changes = list(exchange(vevent, ("STATUS",), f"STATUS:CANCELLED{newline}"))
    original = vevent.first("RECURRENCE-ID")
    if original is not None and vevent.first("DTSTART") is None:
        changes += exchange(vevent, ("DTSTART",), f"{_as_start(original)}{newline}")
    return changed(text, changes)


def _as_start(original: ContentLine) -> str:
    tzid = original.parameter("TZID")
    value = original.value.strip()
    kind = "" if "T" in value.upper() else ";VALUE=DATE"
    return f"DTSTART{kind}{f';TZID={tzid}' if tzid else ''}:{value}"
