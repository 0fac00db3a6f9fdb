"""``hxdav serve``: the supervisor and its serving processes."""

from __future__ import annotations

import typer

from hxdav.cli.console import say
from hxdav.cli.session import installation
from hxdav.serving.supervisor import Supervisor, listener_for


def serve(ctx: typer.Context) -> None:
    """Serve the calendars until told to stop."""
    here = installation(ctx)
    server = here.settings.server
    with listener_for(server) as listener:
        # What would stop every process is found, and said, before there is one.
        _ = here.store, here.keyring, here.vault
        say(f"hxdav serves {server.url}")
        here.close()
        Supervisor(listener, count=server.processes).run()
