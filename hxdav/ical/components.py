"""The tree of components that content lines make (RFC 5545 §3.6), each with its place in the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hxdav.ical.lines import ContentLine, content_lines

MAX_DEPTH = 16
"""Components do not nest deeper than this in any calendar; deeper ones are read as flat and marked as a flaw."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Component:
    """A component: its own properties, the components inside it, and the text from its BEGIN to its END."""

    name: str
    properties: tuple[ContentLine, ...]
    children: tuple[Component, ...]
    start: int
    end: int
    properties_start: int
    """Where the first property would stand: behind the BEGIN line."""

    def first(self, name: str) -> ContentLine | None:
        """The first property of this name."""
        for line in self.properties:
            if line.name == name:
                return line
        return None

    def all(self, *names: str) -> Iterator[ContentLine]:
        """Every property of these names, in the order of the text."""
        return (line for line in self.properties if line.name in names)

    def value(self, name: str) -> str:
        """The raw value of the first property of this name, stripped; empty where there is none."""
        line = self.first(name)
        return "" if line is None else line.value.strip()

    def named(self, name: str) -> Iterator[Component]:
        """The components of this name directly inside."""
        return (child for child in self.children if child.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Where a text breaks the form of iCalendar, and how: a sentence without any value."""

    number: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What stands at the top of a text, and every flaw in its form, in the order of the text."""

    components: tuple[Component, ...]
    flaws: tuple[Flaw, ...]


@dataclass(slots=True, kw_only=True, eq=False)
class _Open:
    """A component that has begun and not yet ended."""

    name: str
    begin: ContentLine | None
    properties: list[ContentLine] = field(default_factory=list)
    children: list[Component] = field(default_factory=list)

    def closed(self, end: int) -> Component:
        return Component(
            name=self.name,
            properties=tuple(self.properties),
            children=tuple(self.children),
            start=self.begin.start if self.begin else 0,
            end=end,
            properties_start=self.begin.end if self.begin else 0,
        )


def tree_of(text: str, start: int = 0, end: int | None = None, *, number: int = 1) -> Tree:
    """Return the components of ``text``, or of its part from ``start`` to ``end``, which begins in line ``number``.

    A flaw does not stop the reading: the tree holds all that can be read.
    """
    return _Builder().read(content_lines(text, start, end, number=number))


class _Builder:
    def __init__(self) -> None:
        self.top = _Open(name="", begin=None)
        self.stack = [self.top]
        self.flaws: list[Flaw] = []

    def read(self, lines: Iterable[ContentLine]) -> Tree:
        end = 0
        number = 1
        for line in lines:
            end, number = line.end, line.number
            if line.name == "BEGIN":
                self._begin(line)
            elif line.name == "END":
                self._end(line)
            else:
                self._property(line)
        while len(self.stack) > 1:
            self._flaw(number, f"{self.stack[-1].name} has no END (RFC 5545 §3.6)")
            self._close(end)
        return Tree(components=tuple(self.top.children), flaws=tuple(self.flaws))

    def _begin(self, line: ContentLine) -> None:
        if len(self.stack) > MAX_DEPTH:
            self._flaw(line.number, "components nest too deep")
            return
        self.stack.append(_Open(name=line.value.strip().upper(), begin=line))

    def _end(self, line: ContentLine) -> None:
        if len(self.stack) == 1:
            self._flaw(line.number, "an END without its BEGIN (RFC 5545 §3.6)")
            return
        if line.value.strip().upper() != self.stack[-1].name:
            self._flaw(line.number, f"an END that does not end {self.stack[-1].name} (RFC 5545 §3.6)")
        self._close(line.end)

    def _close(self, end: int) -> None:
        component = self.stack.pop().closed(end)
        self.stack[-1].children.append(component)

    def _property(self, line: ContentLine) -> None:
        if not line.name:
            self._flaw(line.number, "a line without a name and a colon (RFC 5545 §3.1)")
        elif len(self.stack) == 1:
            self._flaw(line.number, "a line outside of any component (RFC 5545 §3.4)")
        else:
            self.stack[-1].properties.append(line)

    def _flaw(self, number: int, sentence: str) -> None:
        self.flaws.append(Flaw(number=number, sentence=sentence))
