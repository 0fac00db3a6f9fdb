"""``hxdav audit``: who did what, out of the append-only log."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO
from zoneinfo import ZoneInfo

import typer

from hxdav.cli.arguments import day
from hxdav.cli.console import say
from hxdav.cli.session import installation
from hxdav.domain.practice import PracticeGroup
from hxdav.domain.times import Interval, days_after, midnight
from hxdav.errors import NotFound, UseCaseError
from hxdav.store.store import Tx
from hxdav.store.trail import AuditEntry

app = typer.Typer(help="The audit log: appended to, never changed, and never purged.")

_COLUMNS = tuple(AuditEntry.__dataclass_fields__)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula."""


class AuditFormat(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSON = "json"


@app.command()
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
    here = installation(ctx)
    with here.store.snapshot() as tx:
        group = _named(tx, practice_group) if practice_group else None
        within = _days(since or date.min, until or date.max, ZoneInfo(group.zone) if group else UTC)
        entries = tx.trail.audit_entries(within, practice_group_id=group.id if group else None)
        with _target(output) as target:
            count = _WRITERS[form](target, map(asdict, entries))
    if output:
        say(f"{count} entries are in {output}.")


def _named(tx: Tx, key: str) -> PracticeGroup:
    found = next((each for each in tx.people.practice_groups() if each.key == key), None)
    if found is None:
        raise NotFound(f"There is no practice group {key}.")
    return found


def _days(first: date, last: date, zone: tzinfo) -> Interval:
    if last < first:
        raise UseCaseError("The days of --since and --until are the wrong way round.")
    # At the ends of what a date can express there is no midnight in every zone.
    starts = datetime.min.replace(tzinfo=UTC) if first == date.min else midnight(first, zone)
    ends = datetime.max.replace(tzinfo=UTC) if last >= date(9999, 12, 30) else midnight(days_after(last, 1), zone)
    return Interval(starts, ends)


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


def _write_csv(target: TextIO, entries: Iterable[dict[str, Any]]) -> int:
    writer = csv.DictWriter(target, _COLUMNS)
    writer.writeheader()
    written = 0
    for entry in entries:
        writer.writerow({name: _cell(value) for name, value in entry.items()})
        written += 1
    return written


def _cell(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
        case _:
            return value


def _write_json(target: TextIO, entries: Iterable[dict[str, Any]]) -> int:
    written = 0
    for entry in entries:
        target.write(json.dumps(entry | {"at": entry["at"].isoformat()}, ensure_ascii=False) + "\n")
        written += 1
    return written


_WRITERS: dict[AuditFormat, Callable[[TextIO, Iterable[dict[str, Any]]], int]] = {
    AuditFormat.CSV: _write_csv,
    AuditFormat.JSON: _write_json,
}
