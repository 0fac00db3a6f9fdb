"""Calendar objects as iCloud gives them back: reordered, with properties of Apple's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

_PRODID = "PRODID:-//CALENDARSERVER.ORG//NONSGML Version 1//EN"
_APPLE = "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC"


@dataclass(slots=True)
class Component:
    """A component of an object (RFC 5545 §3.6): its unfolded lines, and the components in it."""

    name: str
    lines: list[str] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)

    def value(self, name: str) -> str:
        """The value of its first property of that name, empty where there is none."""
        return next((line.partition(":")[2] for line in self.lines if name_of(line) == name), "")

    def has(self, *names: str) -> bool:
        """Whether it has one of these properties."""
        return any(name_of(line) in names for line in self.lines)

    def of_kind(self, *names: str) -> list[Component]:
        """The components in it with one of these names."""
        return [part for part in self.parts if part.name in names]

    def text(self) -> str:
        """RFC 5545 text."""
        return "".join(f"{_folded(line)}\r\n" for line in self._written())

    def _written(self) -> Iterator[str]:
        yield f"BEGIN:{self.name}"
        yield from self.lines
        for part in self.parts:
            yield from part._written()
        yield f"END:{self.name}"


def parsed(text: str) -> Component:
    """The object of a text; raises ValueError where it is none."""
    top = Component("")
    within = [top]
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        name, _, value = line.partition(":")
        if name.upper() == "BEGIN":
            within.append(Component(value.strip().upper()))
            within[-2].parts.append(within[-1])
        elif name.upper() == "END":
            within.pop()
        elif line.strip():
            within[-1].lines.append(line)
        if not within:
            break
    if [part.name for part in top.parts] != ["VCALENDAR"] or within != [top]:
        raise ValueError("It is no calendar object.")
    return top.parts[0]


def name_of(line: str) -> str:
    """The name of a content line's property."""
    return re.split("[;:]", line, maxsplit=1)[0].upper()


def uid_of(text: str) -> str:
    """The UID of an object, empty where it has none."""
    return next((part.value("UID") for part in parsed(text).of_kind("VEVENT", "VTODO", "VJOURNAL")), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """A time-range of a query (RFC 4791 §9.9), as written there."""

    start: str = ""
    end: str = "Z"

    def has(self, moment: str) -> bool:
        """Whether a date or time as written lies in it, near enough."""
        return self.start[:8] <= moment[:8] <= self.end[:8]


def rewritten(text: str, *, revision: int, asked: TimeRange | None = None) -> str:
    """An object as iCloud gives it back.

    The same each time for the same ``revision``, but for X-RECURRENCE-EXCEPTION: a series names those of its exceptions
    that the query asked for.
    """
    calendar = parsed(text)
    calendar.lines = [_PRODID, *sorted(line for line in calendar.lines if name_of(line) != "PRODID")]
    events = calendar.of_kind("VEVENT")
    exceptions = [event.value("RECURRENCE-ID") for event in events if event.has("RECURRENCE-ID")]
    for event in events:
        event.lines.append(_APPLE)
        if not event.has("SEQUENCE"):
            event.lines.append("SEQUENCE:0")
        event.lines = [line for line in event.lines if name_of(line) != "LAST-MODIFIED"]
        event.lines.append(f"LAST-MODIFIED:20260101T{revision // 3600:02}{revision // 60 % 60:02}{revision % 60:02}Z")
        if event.has("RRULE"):
            shown = [moment for moment in exceptions if asked is None or asked.has(moment)]
            event.lines += [f"X-RECURRENCE-EXCEPTION:{moment}" for moment in shown]
        event.lines.sort()
    return calendar.text()


def with_default_alarm(text: str) -> str:
    """An object whose events have an alarm, Apple's where they came without."""
    calendar = parsed(text)
    for event in calendar.of_kind("VEVENT"):
        if not event.of_kind("VALARM"):
            key = str(uuid5(NAMESPACE_URL, event.value("UID"))).upper()
            alarm = ["ACTION:DISPLAY", "DESCRIPTION:Reminder", "TRIGGER:-PT15M", f"UID:{key}", f"X-WR-ALARMUID:{key}"]
            event.parts.append(Component("VALARM", [*alarm, "X-APPLE-DEFAULT-ALARM:TRUE"]))
    return calendar.text()


def _folded(line: str) -> str:
    """A content line in pieces of at most 75 octets (RFC 5545 §3.1)."""
    pieces = [""]
    for character in line:
        if len((pieces[-1] + character).encode()) > (75 if len(pieces) == 1 else 74):
            pieces.append("")
        pieces[-1] += character
    return "\r\n ".join(pieces)
