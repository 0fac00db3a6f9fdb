"""``hxdav serve``: the supervisor and its serving processes."""

from __future__ import annotations

import typer

from hxdav import log
from hxdav.cli.configured import settings_of
from hxdav.cli.console import say
from hxdav.serving.supervisor import Supervisor, listener_for


def serve(ctx: typer.Context) -> None:
    """Serve the calendars until told to stop."""
    settings = settings_of(ctx)
    log.configure(level=settings.log.level, as_json=settings.log.format == "json")
    with listener_for(settings.server) as listener:
        supervisor = Supervisor(listener, count=settings.server.processes)
        supervisor.run(ready=lambda: say(f"hxdav serves {settings.server.url}"))
