"""What the command line prints: JSON for programs, sentences on standard error; tables are in ``tables``."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
"""The option that every command that lists has."""


def say(sentence: str) -> None:
    """Tell the person something, on standard error, so that standard output holds results only."""
    typer.echo(sentence, err=True)


def print_json(value: Any) -> None:
    """Print ``value`` as JSON; moments in ISO 8601."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


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
