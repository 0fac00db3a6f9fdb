"""Finds the events of an iCalendar file: one reading, line by line, that keeps only where they stand.

An event reaches from its BEGIN to its END, whatever is broken in between, so that one broken event hides no other.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from hxdav.ical.lines import content_lines
from hxdav.ical.text import unescape

HEADER = frozenset({"VERSION", "PRODID", "CALSCALE", "METHOD"})
"""The properties of a calendar that say how to read its events."""

_BOM = b"\xef\xbb\xbf"
_IN_EVENT = frozenset(b"BbEeUu")
"""The first letters of the lines that matter inside an event: BEGIN, END and UID."""

_FOLD = frozenset(b" \t\r\n")
"""The first letters of a line that may continue the one before."""


class Surroundings(NamedTuple):
    """The lines of a calendar, in octets, that its events need: empty for an event outside any calendar."""

    header: bytes
    timezones: tuple[bytes, ...]


class Place(NamedTuple):
    """The offsets between which an event stands in a file, and the number of its surroundings."""

    start: int
    end: int
    surroundings: int


class FoundEvents:
    """The places of a file's events, by UID. An event takes 33 octets of memory."""

    def __init__(self) -> None:
        self.surroundings: list[Surroundings] = []
        self._events = array("q")
        """Of each event start, end, and the number of its calendar."""
        self._calendars = array("q")
        """Of each calendar the number of its surroundings; a time zone may stand behind the events that need it."""
        self._is_later = bytearray()
        self._later: dict[int, list[int]] = {}

    def __len__(self) -> int:
        """Return how many events there are."""
        return len(self._is_later)

    def by_uid(self) -> Iterator[list[Place]]:
        """Yield the places of the events of each UID, in the order of the file. An event without UID is alone."""
        for index, is_later in enumerate(self._is_later):
            if not is_later:
                yield [self._place(each) for each in (index, *self._later.get(index, ()))]

    def add(self, start: int, end: int, *, first: int | None) -> None:
        """Add an event of the current calendar. ``first`` is the first event of its UID, if there is one already."""
        if first is not None:
            self._later.setdefault(first, []).append(len(self))
        self._is_later.append(first is not None)
        self._events.extend((start, end, len(self._calendars)))

    def end_calendar(self, surroundings: int) -> None:
        """Note the surroundings of the events since the last calendar ended."""
        self._calendars.append(surroundings)

    def _place(self, index: int) -> Place:
        start, end, calendar = self._events[3 * index : 3 * index + 3]
        return Place(start, end, self._calendars[calendar])


def find_events(file: BinaryIO) -> FoundEvents:
    """Return where the events of ``file`` stand, which is read from its start."""
    return _Scanner().read(file)


class _Scanner:
    def __init__(self) -> None:
        self.found = FoundEvents()
        self.known: dict[Surroundings, int] = {}
        self.first_of: dict[str, int] = {}
        self.header: list[bytes] = []
        self.timezones: list[bytes] = []
        self.event_start: int | None = None
        self.uid = ""
        self.depth = 0
        """How many components are open inside the event, or inside the calendar where no event is open."""
        self.timezone: list[bytes] | None = None

    def read(self, file: BinaryIO) -> FoundEvents:
        file.seek(0)
        held, held_start, start = b"", 0, 0
        for raw in file:
            if held and raw[0] in _FOLD:
                held += raw
            else:
                if held:
                    self._line(held, held_start, start)
                held, held_start = (raw, start) if self.event_start is None or raw[0] in _IN_EVENT else (b"", 0)
            start += len(raw)
        if held:
            self._line(held, held_start, start)
        self._end_calendar(start)
        return self.found

    def _line(self, raw: bytes, start: int, end: int) -> None:
        """Take in a logical line that stands between these offsets."""
        if not start:
            raw = raw.removeprefix(_BOM)
        name, value = _read(raw)
        component = value.upper() if name in {"BEGIN", "END"} else ""
        if component == "VCALENDAR":
            self._end_calendar(start)
        elif component == "VEVENT":
            self._vevent(start, end, begins=name == "BEGIN")
        elif self.event_start is None:
            self._around(raw, name, component)
        elif component:
            self.depth = max(self.depth + (1 if name == "BEGIN" else -1), 0)
        elif name == "UID" and not self.depth and not self.uid:
            self.uid = unescape(value)

    def _vevent(self, start: int, end: int, *, begins: bool) -> None:
        self._end_event(start if begins else end)
        if begins:
            self.event_start = start

    def _end_event(self, end: int) -> None:
        if self.event_start is None:
            return
        first = self.first_of.setdefault(self.uid, len(self.found)) if self.uid else len(self.found)
        self.found.add(self.event_start, end, first=first if first < len(self.found) else None)
        self.event_start, self.uid, self.depth = None, "", 0

    def _around(self, raw: bytes, name: str, component: str) -> None:
        """Keep a line of the calendar's own, or of a time zone."""
        if component:
            self.depth = max(self.depth + (1 if name == "BEGIN" else -1), 0)
        if component == "VTIMEZONE" and name == "BEGIN":
            self.timezone = []
        if self.timezone is not None:
            self.timezone.append(raw)
            if component == "VTIMEZONE" and name == "END":
                self.timezones.append(b"".join(self.timezone))
                self.timezone = None
        elif name in HEADER and not self.depth:
            self.header.append(raw)

    def _end_calendar(self, end: int) -> None:
        self._end_event(end)
        around = Surroundings(b"".join(self.header), tuple(self.timezones))
        number = self.known.setdefault(around, len(self.known))
        if number == len(self.found.surroundings):
            self.found.surroundings.append(around)
        self.found.end_calendar(number)
        self.header, self.timezones, self.timezone, self.depth = [], [], None, 0


@lru_cache(maxsize=256)
def _read(raw: bytes) -> tuple[str, str]:
    """Return the name and the value of a logical line; both are empty where it is blank."""
    line = next(content_lines(raw.decode(errors="replace")), None)
    return (line.name, line.value.strip()) if line else ("", "")
