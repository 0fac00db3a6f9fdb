"""Content lines (RFC 5545 §3.1): each knows its place in the text, so that an edit leaves every other octet alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

MAX_OCTETS = 75
"""How long a physical line should be at most, its line break not counted."""

_LOGICAL = re.compile(r"[^\r\n]+(?:(?:\r?\n)+[ \t][^\r\n]*)*(?:\r?\n|\r|\Z)|\r?\n|\r")
_NEWLINE = re.compile(r"\r?\n")
# Old programs leave a blank line in the middle of a fold.
_FOLD = re.compile(r"(?:\r?\n)+[ \t]")
_NAME_AND_VALUE = re.compile(r'([^:;]+)((?:;(?:"[^"]*"|[^":;]++)*+)*+):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';\s*([^=;:"]+)(?:=((?:"[^"]*"|[^";]++)*+))?')


class ContentLine(NamedTuple):
    """One unfolded content line, and where it stands in the text it was read from.

    ``name`` is in upper case, and empty where the line has no name and value. ``params`` is the text between the name
    and the colon. ``start`` and ``end`` enclose all its physical lines, the last line break included; ``number`` is
    that of the first one, counted from 1.
    """

    name: str
    params: str
    value: str
    start: int
    end: int
    number: int

    def parameters(self) -> Mapping[str, str]:
        """The parameters by upper-case name, without quotes; of those that occur twice the first counts."""
        return _parameters(self.params)

    def parameter(self, name: str) -> str:
        """The value of one parameter, empty where it is not there."""
        return _parameters(self.params).get(name, "") if self.params else ""


@lru_cache(maxsize=1024)
def _parameters(params: str) -> Mapping[str, str]:
    """Read parameters. The objects of one program have the same few, so that most are read once."""
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(params):
        found.setdefault(match[1].strip().upper(), (match[2] or "").replace('"', "").strip())
    return found


def content_lines(text: str, start: int = 0, end: int | None = None, *, number: int = 1) -> Iterator[ContentLine]:
    """Yield the content lines of ``text``, or of its part from ``start`` to ``end``, which begins in line ``number``.

    Blank lines and a byte order mark are left out.
    """
    for match in _LOGICAL.finditer(text, start, len(text) if end is None else end):
        raw = match[0]
        start = match.start()
        if not start and raw.startswith("\ufeff"):
            raw, start = raw[1:], 1
        if raw and not raw.isspace():
            yield _content_line(raw, start, number)
        number += raw.count("\n")


def _content_line(raw: str, start: int, number: int) -> ContentLine:
    end = start + len(raw)
    line = unfold(raw)
    name, colon, value = line.partition(":")
    if not colon:
        return ContentLine("", "", line, start, end, number)
    if ";" not in name:
        return ContentLine(name.strip().upper(), "", value, start, end, number)
    match = _NAME_AND_VALUE.fullmatch(line)
    if match is None:
        # A quotation mark that is never closed; what clients mean is still read off the first colon.
        name, _, params = name.partition(";")
        return ContentLine(name.strip().upper(), ";" + params, value, start, end, number)
    return ContentLine(match[1].strip().upper(), match[2], match[3], start, end, number)


def unfold(raw: str) -> str:
    """The logical line that the physical lines in ``raw`` make, without its line break."""
    line = raw.rstrip("\r\n")
    return _FOLD.sub("", line) if "\n" in line else line


def fold(line: str, newline: str = "\r\n") -> str:
    """The physical lines of a logical one: none over 75 octets, no character torn apart, the last one ended."""
    if len(line) <= MAX_OCTETS and (line.isascii() or len(line.encode()) <= MAX_OCTETS):
        return line + newline
    pieces: list[str] = []
    piece, octets = "", 0
    for character in line:
        width = len(character.encode())
        if octets + width > MAX_OCTETS:
            pieces.append(piece)
            # The space that marks the continuation counts too.
            piece, octets = "", 1
        piece += character
        octets += width
    pieces.append(piece)
    return (newline + " ").join(pieces) + newline


def newline_of(raw: str) -> str:
    """The line break that ends ``raw``; the one that RFC 5545 asks for where there is none."""
    return "\n" if raw.endswith("\n") and not raw.endswith("\r\n") else "\r\n"


def with_newlines(text: str, newline: str) -> str:
    """Return ``text`` with each line ended by ``newline``."""
    return _NEWLINE.sub(newline, text)
