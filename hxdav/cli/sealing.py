"""``hxdav secrets``: the keys with which passwords and tokens of accounts elsewhere are sealed."""

from __future__ import annotations

import typer

from hxdav.cli.console import say
from hxdav.cli.session import installation
from hxdav.services.practice import secret_rotation


def rotate(ctx: typer.Context) -> None:
    """Seal every secret with a new key, then drop the old ones; the server may run, and this may be repeated."""
    here = installation(ctx)
    vault = here.vault
    vault.add_key()
    sealed = here.store.in_turns(lambda tx: secret_rotation.seal_anew(tx, vault))
    with here.store.transaction() as tx:
        dropped = secret_rotation.drop_keys(tx, vault)
        is_done = secret_rotation.keys_in_use(tx) <= {vault.sealing_key()}
    say(f"{sealed} secrets are sealed with a new key; {dropped} old ones are dropped from {vault.path}.")
    if not is_done:
        say("Some were sealed meanwhile with an old key, which is kept: run this again.")
    say(f"Back up {vault.path} now. Backups of the database from before open with the vault of their time only.")
