"""The page docs/services/series.md: ``python -m tests.fidelity.table`` looks at every cell and writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from hxdav.domain.integration import Service
from hxdav.domain.policy import Policy
from tests.fidelity.crossing import Form, crossings, require_same
from tests.fidelity.shapes import GROUPS, SHAPES

PAGE = Path(__file__).parents[2] / "docs" / "services" / "series.md"

COLUMNS = {
    Service.NATIVE: "hxdav itself",
    Service.GOOGLE: "Google",
    Service.OUTLOOK: "Outlook.com, Office 365",
    Service.EXCHANGE: "Exchange",
    Service.ICLOUD: "iCloud",
    Service.CALDAV: "other CalDAV",
}
"""Outlook.com and Office 365 are one to programs, and here."""

LEGEND = {
    Form.SERIES: "It is one series there, too, as far ahead as it goes. What is changed there, for one appointment or "
    "for all, comes back as that.",
    Form.ZONED_SERIES: "The same; the service has no times without a time zone, so it gets the practice's.",
    Form.SINGLES: "The service cannot say this. Each appointment goes as an event of its own, up to "
    f"{Policy().window_days} days ahead, and every day the next ones follow. Changing or deleting one of them there "
    "does so for this one; the whole series is changed in a calendar that shows it as one.",
}
"""What the words in a cell mean, for whoever runs a practice."""

Cells = Mapping[tuple[str, Service], Form]

_HEAD = """\
# Series, service by service

<!-- Written by python -m tests.fidelity.table out of what the tests see. Do not edit it by hand. -->

What becomes of a recurring personal appointment in each calendar. For every cell of these tables a test puts the
series into a calendar of hxdav's own, lets it go to the service, and looks at what a person sees there. This person
then calls one of the appointments otherwise and deletes another one, and both come back. **In every cell the same
appointments take place at the same times on both sides**, before and after each edit; the cells say how the service
holds them.

Patient appointments are always single, and none of this concerns them.

When the clock skips the hour of an appointment in a series, the appointment takes place an hour later that day: 02:30
becomes 03:30 ([why](../adr/0019-an-occurrence-at-a-skipped-hour.md)).
"""


def cells_seen() -> dict[tuple[str, Service], Form]:
    """Look at every cell; AssertionError at the first in which the two sides differ."""
    found: dict[tuple[str, Service], Form] = {}
    for service in COLUMNS:
        with crossings(service) as way:
            for name, shape in SHAPES.items():
                crossing = way.of(shape)
                require_same(crossing)
                found[name, service] = crossing.form
    return found


def rendered(cells: Cells) -> str:
    """The page for these cells."""
    legend = markdown(["a cell says", "that means"], ([f"**{form}**", sentence] for form, sentence in LEGEND.items()))
    parts = [_HEAD, legend]
    for heading, shapes in GROUPS.items():
        rows = ([shape.says, *(cells[name, service] for service in COLUMNS)] for name, shape in shapes.items())
        parts += [f"## {heading}\n", markdown([" ", *COLUMNS.values()], rows)]
    return "\n".join(parts)


def markdown(heads: list[str], rows: Iterable[list[str]]) -> str:
    """A table."""
    lines = [" | ".join(row) for row in (heads, *rows)]
    return "\n".join([f"| {lines[0]} |", "|---" * len(heads) + "|", *(f"| {line} |" for line in lines[1:]), ""])


@cache
def cells_written() -> Cells:
    """The cells as the page has them."""
    names = {shape.says: name for name, shape in SHAPES.items()}
    found: dict[tuple[str, Service], Form] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        says, *cells = re.split(r" *\| *", line.strip("| "))
        if says in names:
            found |= {(names[says], service): Form(cell) for service, cell in zip(COLUMNS, cells, strict=True)}
    return found


if __name__ == "__main__":
    PAGE.write_text(rendered(cells_seen()), encoding="utf-8")
