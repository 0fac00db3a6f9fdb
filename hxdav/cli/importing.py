"""``hxdav import`` and ``hxdav export``: appointments from and to iCalendar files."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from hxdav.bootstrap import Installation
from hxdav.cli.console import AsJson, err, print_json, say
from hxdav.cli.session import BY_PRACTICE, installation, practitioner_named
from hxdav.domain.practice import Practitioner
from hxdav.errors import UseCaseError
from hxdav.ical.join import join
from hxdav.ical.split import SplitObject, split
from hxdav.services.importing import AT_ONCE, Fate, Imported, import_objects

Whose = Annotated[str, typer.Option("--practitioner", metavar="KEY", help="Whose appointments they are.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("import")(import_)
    app.command()(export)


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.ics", help="An iCalendar file; - for standard input.")],
    *,
    practitioner: Whose,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import the events of a file as personal appointments: one line for each, and why it was refused.

    Events whose UID is known update their appointment. Large files go in some hundred at a time; what an interrupted
    import took in is kept, and importing the file again goes on from there.
    """
    here = installation(ctx)
    whose = practitioner_named(here, practitioner)
    objects = split(_content(file))
    if not objects:
        raise UseCaseError(f"There are no events in {file}.")
    done = _import_all(here, whose, objects, dry_run=dry_run, as_json=as_json)
    if as_json:
        print_json([asdict(each) for each in done])
    counted = Counter(each.fate for each in done)
    total = ", ".join(f"{counted[fate]} {fate}" for fate in Fate)
    say(f"{total}{' (dry run: nothing was changed)' if dry_run else ''}.")
    if counted[Fate.REFUSED]:
        raise typer.Exit(1)


def export(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="By default standard output.")] = None,
    *,
    practitioner: Whose,
) -> None:
    """Write a practitioner's appointments to one iCalendar file."""
    here = installation(ctx)
    whose = practitioner_named(here, practitioner)
    with here.store.snapshot() as tx:
        texts = [each.text for each in tx.appointments.of(whose.id) if not each.is_gone]
    content = join(texts, name=whose.name).encode()
    if file is None:
        sys.stdout.buffer.write(content)
        return
    try:
        # Health data: for its owner only, whatever the folder is like.
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            target.write(content)
    except OSError as error:
        raise UseCaseError(f"{file} cannot be written: {error.strerror}.") from error
    say(f"Appointments written to {file}: {len(texts)}.")


def _content(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise UseCaseError(f"{file} cannot be read: {error.strerror}.") from error


def _import_all(
    here: Installation, whose: Practitioner, objects: list[SplitObject], *, dry_run: bool, as_json: bool
) -> list[Imported]:
    done: list[Imported] = []
    console = err()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Importing", total=len(objects))
        for start in range(0, len(objects), AT_ONCE):
            some = _import_some(here, whose, objects[start : start + AT_ONCE], dry_run=dry_run)
            for each in some:
                if not as_json:
                    typer.echo(f"{each.fate}  {each.uid}{f'  {each.reason}' if each.reason else ''}")
            done += some
            progress.advance(bar, len(some))
    return done


def _import_some(
    here: Installation, whose: Practitioner, objects: list[SplitObject], *, dry_run: bool
) -> list[Imported]:
    with here.store.rehearsal() if dry_run else here.store.transaction() as tx:
        return import_objects(
            tx, here.clock, here.policy, practitioner_id=whose.id, objects=objects, source=BY_PRACTICE
        )
