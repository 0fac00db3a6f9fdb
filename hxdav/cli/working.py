"""``hxdav worker``: what happens by the clock, in a server process of its own."""

from __future__ import annotations

import signal
import threading

import typer

from hxdav.bootstrap.bridges import BridgeParts
from hxdav.bootstrap.working import make_worker
from hxdav.cli.console import say
from hxdav.cli.session import installation


def worker(ctx: typer.Context) -> None:
    """Do what is due by the clock until told to stop: settle removals, move horizons, renew, purge, mail.

    `hxdav serve` does the same beside its requests; any number of both share a database.
    """
    here = installation(ctx)
    # What could not be opened later is found, and said, before anything begins.
    _ = here.keyring, here.vault
    working = make_worker(here, BridgeParts(here))
    is_told_to_stop = threading.Event()
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, lambda *_: is_told_to_stop.set())
    working.start()
    say("The worker runs until Ctrl+C.")
    is_told_to_stop.wait()
    working.stop()
