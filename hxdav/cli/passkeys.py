"""``hxdav accounts passkeys``: the way out for whoever has lost their passkeys and their recovery codes."""

from __future__ import annotations

from typing import Annotated

import typer

from hxdav.cli.console import confirm, say
from hxdav.cli.session import BY_PRACTICE, installation
from hxdav.services.access import logins, recovery_codes


def remove(
    ctx: typer.Context,
    username: Annotated[str, typer.Argument(metavar="USER", help="Who has lost their passkeys.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take all passkeys and recovery codes away from a user, and sign them out everywhere.

    From then on their web password is enough: make sure that it is they who ask.
    """
    here = installation(ctx)
    confirm(f"The web password of {username} is enough after this. Is it they who ask?", yes=yes)
    with here.store.transaction() as tx:
        user = logins.known_user(tx, username)
        removed = recovery_codes.take_away_passkeys(tx, here.clock, user=user, source=BY_PRACTICE)
    say(f"Passkeys taken away from {username}: {removed}. They are signed out everywhere.")
