"""``hxdav import`` and ``hxdav export``: appointments from and to iCalendar files."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, BinaryIO

import typer
from rich.progress import Progress

from hxdav.bootstrap.installation import Installation
from hxdav.cli.console import AsJson, say
from hxdav.cli.session import BY_PRACTICE, installation, practitioner_named
from hxdav.cli.terminal import err
from hxdav.domain.practice import Practitioner
from hxdav.errors import UseCaseError
from hxdav.ical.join import join
from hxdav.ical.split import CalendarFile
from hxdav.services.appointments.ics_import import AT_ONCE, Fate, Imported, import_objects

_INTERRUPTED = 130
"""What shells give a command that Ctrl+C ends."""

Whose = Annotated[str, typer.Option("--practitioner", metavar="KEY", help="Whose appointments they are.")]


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.ics", help="An iCalendar file; - for standard input.")],
    *,
    practitioner: Whose,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import the events of a file as personal appointments. Prints a line for each, and why it was refused.

    An event with a known UID updates its appointment, unless the appointment is newer. A changed or cancelled
    occurrence is laid over its series. A large file is imported in parts of some hundred events: after an interruption,
    import it again to go on.
    """
    here = installation(ctx)
    whose = practitioner_named(here, practitioner)
    counted: Counter[Fate] = Counter()
    interrupted = False
    with _opened(file) as source:
        events = CalendarFile(source)
        if not len(events):
            raise UseCaseError(f"There are no events in {file}.")
        with _json_list() if as_json else nullcontext(_lines) as show:
            try:
                for done in _import_all(here, whose, events, dry_run=dry_run):
                    counted.update(each.fate for each in done)
                    show(done)
            except KeyboardInterrupt:
                interrupted = True
    total = ", ".join(f"{counted[fate]} {fate}" for fate in Fate)
    say(f"{total}{' (dry run: nothing was changed)' if dry_run else ''}.")
    if interrupted:
        say(f"Interrupted after {counted.total()} of {len(events)} events. Import the file again to go on.")
        raise typer.Exit(_INTERRUPTED)
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


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """A file to be read at any offset; what comes from a pipe is kept in a temporary file meanwhile."""
    with ExitStack() as stack:
        try:
            source = sys.stdin.buffer if str(file) == "-" else stack.enter_context(file.open("rb"))
            if not source.seekable():
                pipe, source = source, stack.enter_context(TemporaryFile())
                shutil.copyfileobj(pipe, source)
        except OSError as error:
            raise UseCaseError(f"{file} cannot be read: {error.strerror}.") from error
        yield source


@contextmanager
def _json_list() -> Iterator[Callable[[list[Imported]], None]]:
    """Print one JSON list, item by item, and end it even when the command is interrupted."""
    before = "["

    def show(done: list[Imported]) -> None:
        nonlocal before
        items = []
        for each in done:
            items.append(f"{before}\n  {json.dumps(asdict(each), ensure_ascii=False)}")
            before = ","
        typer.echo("".join(items), nl=False)

    try:
        yield show
    finally:
        typer.echo("[]" if before == "[" else "\n]")


def _lines(done: list[Imported]) -> None:
    typer.echo("\n".join(f"{each.fate}  {each.uid}{f'  {each.reason}' if each.reason else ''}" for each in done))


def _import_all(
    here: Installation, whose: Practitioner, events: CalendarFile, *, dry_run: bool
) -> Iterator[list[Imported]]:
    """Import the file in parts, each in a transaction of its own. A part is read before its transaction begins."""
    console = err()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Importing", total=len(events))
        objects = iter(events)
        while some := list(islice(objects, AT_ONCE)):
            with here.store.rehearsal() if dry_run else here.store.transaction() as tx:
                done = import_objects(
                    tx, here.clock, here.policy, practitioner_id=whose.id, objects=some, source=BY_PRACTICE
                )
            yield done
            progress.advance(bar, sum(each.events for each in some))
