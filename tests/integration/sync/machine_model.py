"""What the convergence machine itself knows: who wrote, deleted and cancelled what. It asks the engine nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MARK = re.compile(r"(?:Own|Secret|Poison)\d+x|T\d{4}[0-5]\d(?=\D)")
"""A word, or a time of day to the second, that no other edit brings."""

_VTIMEZONE = re.compile(r"(?s)BEGIN:VTIMEZONE.*?END:VTIMEZONE")

SECRET = "Secret"
"""Begins the words about patients."""


_OF_AN_INSTANCE = re.compile(r"(?ms)(?<=^RECURRENCE-ID)(.*?)^DTSTART[;:][^\r\n]*")
"""Where one instance starts is where the series says, in whichever clock it is written."""


def marks_of(text: str) -> set[str]:
    """The marks in a text; those of times only where an object starts."""
    unfolded = _OF_AN_INSTANCE.sub(r"\1", _VTIMEZONE.sub("", re.sub(r"\r?\n[ \t]", "", text)))
    lines = re.findall(r"(?m)^(?:SUMMARY|LOCATION|DESCRIPTION|DTSTART)[;:][^\r\n]*", unfolded)
    return {mark for line in lines for mark in MARK.findall(f"{line} ")}


@dataclass(slots=True, kw_only=True)
class Model:
    """``theirs`` are marks that a person wrote at a provider, and has not overwritten or deleted there; ``ours`` those
    that the gate has acknowledged.

    ``deleted`` are (integration, appointment) of which a person deleted or cancelled the object, and ``asked`` those of
    them whose removal is for a review; ``early`` are (integration, remote id, UID) of what was deleted before anybody
    here knew of it, and may be taken in all the same, from a page that is under way. ``may_go`` are appointments that
    somebody wanted gone, ``cancelled`` those that the practice did. ``removals`` are those that were looked at, and
    ``restored`` says whether a backup was.
    """

    theirs: set[str] = field(default_factory=set)
    ours: set[str] = field(default_factory=set)
    deleted: set[tuple[int, int]] = field(default_factory=set)
    early: set[tuple[int, str, str]] = field(default_factory=set)
    asked: set[tuple[int, int]] = field(default_factory=set)
    may_go: set[int] = field(default_factory=set)
    cancelled: set[int] = field(default_factory=set)
    removals: set[int] = field(default_factory=set)
    restored: bool = False

    def person_wrote(self, before: str, after: str) -> None:
        """A person has made ``after`` of ``before``; what they have overwritten themselves is theirs to lose."""
        old, new = marks_of(before), marks_of(after)
        self.theirs -= old - new
        self.theirs |= new - old

    def person_deleted(self, before: str) -> None:
        """A person has deleted an object."""
        self.theirs -= marks_of(before)
