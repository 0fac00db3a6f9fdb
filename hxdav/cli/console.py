"""What the command line prints: tables for people, JSON for programs, sentences on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
"""The option that every command that lists has."""

_WIDE = 200


def out() -> Console:
    """Standard output, for people; wide where it is no terminal, so that tables are not folded into a file."""
    return Console(width=None if sys.stdout.isatty() else _WIDE)


def err() -> Console:
    """Standard error: questions, progress, and what went wrong."""
    return Console(stderr=True, highlight=False)


def say(sentence: str) -> None:
    """Tell the person something, on standard error, so that standard output holds results only."""
    err().print(sentence, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print ``value`` as JSON; moments in ISO 8601."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool, columns: Iterable[str], title: str = "") -> None:
    """Print ``rows`` as JSON, whole, or as a table of ``columns``, which are keys of the rows."""
    if as_json:
        print_json(list(rows))
        return
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    out().print(table, markup=False)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that hurts; ends the command where the answer is no, or nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        say(f"{question} Say so with --yes.")
        raise typer.Exit(1)
    if not typer.confirm(question, err=True):
        say("Nothing was changed.")
        raise typer.Exit(1)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not for JSON")


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M %Z")
        case list() | tuple():
            return ", ".join(str(each) for each in value)
        case _:
            return str(value)
