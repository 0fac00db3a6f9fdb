"""``hxdav db``: the database's schema, and the index over when appointments take place."""

from __future__ import annotations

import typer

from hxdav.cli.accounts import reindex
from hxdav.cli.console import AsJson, print_json, say
from hxdav.cli.session import installation
from hxdav.store import migrating, schema


def upgrade(ctx: typer.Context) -> None:
    """Bring the database to this version's schema; make it where there is none."""
    here = installation(ctx)
    with here.any_store.snapshot() as tx:
        before = schema.state(tx)
    migrating.upgrade(here.any_store, now=here.clock.now())
    if before.is_current:
        say(f"The database already is at schema {before.expected}.")
    else:
        say(f"The database is at schema {before.expected} now.")


def check(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Say whether the database is at this version's schema, and its tables as they should be."""
    here = installation(ctx)
    with here.any_store.snapshot() as tx:
        found = schema.state(tx)
        differences = [str(each) for each in migrating.differences(tx.connection)] if found.is_current else []
    if as_json:
        print_json({"present": found.present, "expected": found.expected, "differences": differences})
    elif not found.is_current:
        say(f"The database is at schema {found.present or 'none'}, and this version needs {found.expected}.")
        say("Run: hxdav db upgrade")
    for each in differences:
        say(f"Not as it should be: {each}")
    if differences or not found.is_current:
        raise typer.Exit(1)
    if not as_json:
        say(f"The database is at schema {found.expected}, as it should be.")


def reindex_all(ctx: typer.Context) -> None:
    """Index anew when appointments take place: where that was interrupted after a change of zone, or is doubted."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        groups = tx.people.practice_groups()
    for group in groups:
        reindex(here, group.id)
        say(f"The appointments of {group.key} are indexed.")
