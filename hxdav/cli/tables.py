"""Tables on standard output. A row is printed as soon as it is there: the first ones say how wide a column is."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice, zip_longest
from typing import Any

import typer
from rich.cells import cell_len, chop_cells

from hxdav.cli.console import print_json

_MEASURED = 200
"""Rows that are looked at before the first one is printed."""

_WIDE = 200
"""Characters in a line where there is no terminal, so that tables in files are not folded."""

_NARROWEST = 6
_BETWEEN = " │ "
_CROSSING = "─┼─"


def print_rows(rows: Iterable[Mapping[str, Any]], *, as_json: bool, columns: Sequence[str], title: str = "") -> None:
    """Print ``rows`` as JSON, whole, or as a table of ``columns``, which are keys of the rows."""
    if as_json:
        print_json(list(rows))
        return
    if title:
        typer.echo(title)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE
    for line in table_lines(rows, columns, width=width):
        typer.echo(line)


def table_lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, width: int) -> Iterator[str]:
    """The lines of a table that is ``width`` characters wide at most; what does not fit a column goes below itself."""
    coming = ([_cell(row[column]) for column in columns] for row in rows)
    titles = [column.replace("_", " ") for column in columns]
    first = list(islice(coming, _MEASURED))
    widths = _widths([titles, *first], room=width - len(_BETWEEN) * (len(columns) - 1))
    yield from _folded(titles, widths)
    yield _CROSSING.join("─" * each for each in widths)
    for cells in chain(first, coming):
        yield from _folded(cells, widths)


def _widths(rows: Sequence[Sequence[str]], *, room: int) -> list[int]:
    """How wide each column is: as its widest cell, and where that is too much, the widest ones less."""
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    while sum(widths) > room and (widest := max(widths)) > _NARROWEST:
        widths[widths.index(widest)] -= 1
    return widths


def _folded(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    pieces = [_pieces(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for line in zip_longest(*pieces, fillvalue=""):
        padded = [piece + " " * (width - cell_len(piece)) for piece, width in zip(line, widths, strict=True)]
        yield _BETWEEN.join(padded).rstrip()


def _pieces(cell: str, width: int) -> list[str]:
    if cell_len(cell) <= width:
        return [cell]
    return [piece for words in textwrap.wrap(cell, width) for piece in chop_cells(words, width)]


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M %Z")
        case list() | tuple():
            return _printable(", ".join(str(each) for each in value))
        case _:
            return _printable(str(value))


def _printable(text: str) -> str:
    """``text`` without line ends, and without what would steer the terminal: titles come from outside."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)
