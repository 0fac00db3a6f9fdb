"""``hxdav audit``: who did what, out of the append-only log."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO
from zoneinfo import ZoneInfo

import typer

from hxdav.cli.arguments import day
from hxdav.cli.console import say
from hxdav.cli.session import installation
from hxdav.domain.practice import PracticeGroup
from hxdav.errors import NotFound, UseCaseError
from hxdav.services.practice.audit_export import csv_lines, days_between, json_lines
from hxdav.store.store import Tx
from hxdav.store.trail import AuditEntry, AuditSearch


class AuditFormat(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSON = "json"


def export(
    ctx: typer.Context,
    *,
    since: Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="From this day.")] = None,
    until: Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="To this day's end.")] = None,
    practice_group: Annotated[str | None, typer.Option(metavar="KEY", help="Of one practice group only.")] = None,
    form: Annotated[AuditFormat, typer.Option("--format", help="json: one object a line.")] = AuditFormat.CSV,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to, all or nothing; by default standard output.")
    ] = None,
) -> None:
    """Export the audit log in the order in which it was written, its moments in UTC.

    Days are UTC's, or with --practice-group those of its zone. In CSV, a text that a spreadsheet would take for a
    formula (it begins with =, +, -, @, a tab or a line break) is led by an apostrophe; JSON has it as it is.
    """
    if since is not None and until is not None and until < since:
        raise UseCaseError("The days of --since and --until are the wrong way round.")
    here = installation(ctx)
    with here.store.snapshot() as tx:
        group = _named(tx, practice_group) if practice_group else None
        within = days_between(since, until, ZoneInfo(group.zone) if group else UTC)
        wanted = AuditSearch(practice_group_id=group.id if group else None, within=within)
        with _target(output) as target:
            count = _written(target, _LINES[form](tx.trail.audit_entries(wanted))) - _HEADINGS[form]
    if output:
        say(f"{count} entries are in {output}.")


def _named(tx: Tx, key: str) -> PracticeGroup:
    found = next((each for each in tx.people.practice_groups() if each.key == key), None)
    if found is None:
        raise NotFound(f"There is no practice group {key}.")
    return found


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    """Where to write: a file that only its owner reads, and that is there only when it is whole."""
    if output is None:
        yield sys.stdout
        return
    draft = output.with_name(output.name + ".part")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        draft.replace(output)
    except OSError as error:
        raise UseCaseError(f"{output} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _written(target: TextIO, lines: Iterable[str]) -> int:
    written = 0
    for line in lines:
        target.write(line)
        written += 1
    return written


_LINES: dict[AuditFormat, Callable[[Iterable[AuditEntry]], Iterator[str]]] = {
    AuditFormat.CSV: csv_lines,
    AuditFormat.JSON: json_lines,
}
_HEADINGS = {AuditFormat.CSV: 1, AuditFormat.JSON: 0}
"""Lines that are no entry."""
