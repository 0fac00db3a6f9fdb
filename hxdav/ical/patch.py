"""Edits to a calendar object's text: single content lines are exchanged, and every other octet stays as it is.

Nothing here writes an object anew: what clients put (order, folding, X-properties, alarms) comes back to them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from hxdav.domain.edit import Owned
from hxdav.domain.ids import Uid
from hxdav.ical.components import Component
from hxdav.ical.lines import ContentLine, content_lines, fold, newline_of, unfold
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.text import escape, unescape

_STRUCTURE = re.compile(r"\n(BEGIN|END|UID)([:;][^\r\n]*(?:(?:\r?\n)+[ \t][^\r\n]*)*)", re.IGNORECASE)
_FOLDED_NAME = re.compile(r"\n[A-Za-z]{1,5}+\r?\n")
_LINE_BREAK = re.compile(r"\r?\n")
_RECURRENCE = ("RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")
_PROPERTIES: Mapping[Owned, tuple[str, ...]] = {
    Owned.TITLE: ("SUMMARY",),
    Owned.STATUS: ("STATUS",),
    Owned.RECURRENCE: _RECURRENCE,
    Owned.GUESTS: ("ORGANIZER", "ATTENDEE"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """``text`` in the place of what stands from ``start`` to ``end``."""

    start: int
    end: int
    text: str


def replace_uid(text: str, *, old: Uid, new: Uid) -> str:
    """``text`` with ``new`` wherever an event's UID is ``old``; a UID of an alarm is not touched.

    Undoes itself where the UID lines are folded as we fold them.
    """
    if old == new:
        return text
    return changed(text, _uid_changes(text, old, new))


def _uid_changes(text: str, old: Uid, new: Uid) -> Iterator[TextChange]:
    if _FOLDED_NAME.search(text):
        for vevent in object_of(text).vevents:
            for line in vevent.all("UID"):
                # All but the line break, which stays.
                end = line.start + len(text[line.start : line.end].rstrip("\r\n"))
                yield from _uid_change(text, line.start, end=end, old=old, new=new)
        return
    # This runs for each object of each listing: it looks at the lines that tell where a UID stands, and at no other.
    inside: list[str] = []
    for match in _STRUCTURE.finditer(text):
        keyword = match[1].upper()
        if keyword == "BEGIN":
            inside.append(match[2][1:].strip().upper())
        elif keyword == "END":
            del inside[-1:]
        elif inside and inside[-1] == "VEVENT":
            yield from _uid_change(text, match.start(1), end=match.end(), old=old, new=new)


def _uid_change(text: str, start: int, *, end: int, old: Uid, new: Uid) -> Iterator[TextChange]:
    (line,) = content_lines(text[start:end])
    if unescape(line.value.strip()) == old:
        behind = text.find("\n", start) + 1
        newline = newline_of(text[max(behind - 2, 0) : behind])
        written = fold(f"{unfold(text[start:end])[:3]}{line.params}:{escape(new)}", newline)
        yield TextChange(start=start, end=end, text=written.removesuffix(newline))


def overruled(theirs: CalendarObject, ours: CalendarObject) -> frozenset[Owned]:
    """What of that which the practice owns a client's put changes; folding and escaping alone change nothing."""
    return frozenset(owned for owned in Owned if _meaning(theirs, owned) != _meaning(ours, owned))


def splice_owned(theirs: CalendarObject, ours: CalendarObject) -> str:
    """``theirs`` with the lines that the practice owns as they are in ``ours``, a single event; overrides go."""
    changes = [
        TextChange(start=override.start, end=override.end, text="")
        for override in theirs.overrides
        if override is not theirs.main
    ]
    newline = newline_of(theirs.text[theirs.main.start : theirs.main.properties_start])
    for owned in overruled(theirs, ours):
        lines = ours.main.all(*_PROPERTIES[owned])
        kept = "".join(_LINE_BREAK.sub(newline, ours.text[line.start : line.end]) for line in lines)
        changes += exchange(theirs.main, _PROPERTIES[owned], kept)
    return changed(theirs.text, changes)


def set_lines(text: str, changes: Mapping[str, Sequence[str] | None]) -> str:
    """``text`` with properties of the master, or of the sole event, exchanged.

    For each name the content lines, complete and not folded, that stand for all properties of that name; None or none
    take them away.
    """
    main = object_of(text).main
    newline = newline_of(text[main.start : main.properties_start])
    edits: list[TextChange] = []
    for name, lines in changes.items():
        edits += exchange(main, (name.upper(),), "".join(fold(line, newline) for line in lines or ()))
    return changed(text, edits)


def drop(text: str, components: Iterable[Component]) -> str:
    """``text`` without these components of it."""
    return changed(text, (TextChange(start=component.start, end=component.end, text="") for component in components))


def excerpt(text: str, component: Component, changes: Iterable[TextChange]) -> str:
    """The text of ``component``, a part of ``text``, with ``changes`` made, all of which lie in it."""
    whole = changed(text, changes)
    return whole[component.start : component.end + len(whole) - len(text)]


def exchange(component: Component, names: Collection[str], text: str) -> Iterator[TextChange]:
    """``text`` in the place of the first property of these names, or behind the last property of any."""
    present = list(component.all(*names))
    if not present:
        behind = component.properties[-1].end
        yield TextChange(start=behind, end=behind, text=text)
    for index, line in enumerate(present):
        yield TextChange(start=line.start, end=line.end, text="" if index else text)


def changed(text: str, changes: Iterable[TextChange]) -> str:
    """``text`` with ``changes`` made, none of which overlap; what is put in comes before what stands there."""
    pieces: list[str] = []
    position = 0
    for change in sorted(changes, key=lambda change: (change.start, change.end)):
        pieces += (text[position : change.start], change.text)
        position = change.end
    return "".join((*pieces, text[position:])) if pieces else text


def _meaning(obj: CalendarObject, owned: Owned) -> object:
    match owned:
        case Owned.TITLE:
            return obj.summary
        case Owned.STATUS:
            return obj.status or "CONFIRMED"
        case Owned.RECURRENCE:
            own = _contents(obj.main.all(*_RECURRENCE))
            return own, [_contents(vevent.properties) for vevent in obj.overrides]
        case Owned.GUESTS:
            return _contents(obj.main.all(*_PROPERTIES[owned]))
        case _:
            assert_never(owned)


def _contents(lines: Iterable[ContentLine]) -> list[tuple[str, list[tuple[str, str]], str]]:
    return sorted((line.name, sorted(line.parameters().items()), line.value.strip()) for line in lines)
