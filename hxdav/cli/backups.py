"""``hxdav backup`` and ``hxdav restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hxdav.cli.console import confirm, say
from hxdav.cli.session import installation
from hxdav.errors import SecretsError
from hxdav.services.integrations import sync_tokens
from hxdav.store import backup


def write(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup, a zip file.")]
) -> None:
    """Write everything but the keys to a file, as it is at one moment; the server may go on meanwhile."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        manifest = backup.write_backup(tx, file, now=here.clock.now())
    say(f"{sum(manifest.rows.values())} rows are in {file}. The key is not: keep {here.settings.key_file} as well.")
    if here.settings.vault_file.exists():
        say(f"Neither is the vault: keep {here.settings.vault_file}, as it is now, apart from the backup but with it.")


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Replace what is in the database without asking.")] = False,
) -> None:
    """Put a backup back, all of it or nothing; every client lists its calendars anew after that."""
    here = installation(ctx)
    manifest = backup.read_manifest(file)
    with here.store.snapshot() as tx:
        is_empty = backup.is_empty(tx)
    if not is_empty:
        confirm(f"The database is not empty. Replace all of it with the backup of {manifest.made_at}?", yes=yes)
    with here.store.transaction() as tx:
        backup.restore(tx, file)
        sync_tokens.begin_epoch(tx)
    say(f"{sum(manifest.rows.values())} rows are restored, as they were at {manifest.made_at}.")
    for look in (lambda: here.keyring, lambda: here.vault):
        try:
            look()
        except SecretsError as error:
            say(f"One thing is left to do. {error}")
