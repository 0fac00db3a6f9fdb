"""``hxdav serve``: granian around the WSGI application."""

from __future__ import annotations

import errno
import os
import socket

import typer
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from hxdav.cli.console import say
from hxdav.cli.session import installation
from hxdav.config import ServerSettings
from hxdav.errors import ConfigurationError, UseCaseError

_ENDS_WITHIN_SECONDS = 10
"""How long a request may go on after the server was told to end."""

# granian's own lines join the others, on standard error.
_GRANIAN_LOG = {"handlers": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}}


def serve(ctx: typer.Context) -> None:
    """Serve the calendars until told to stop."""
    here = installation(ctx)
    require_free_port(here.settings.server)
    # What would stop every worker is found, and said, before there is one.
    _ = here.store, here.keyring, here.vault
    server = here.settings.server
    say(f"hxdav serves {server.url}")
    here.close()
    run_server(server)


def run_server(server: ServerSettings) -> None:
    """Run granian, whose workers read the settings that HXDAV_CONFIG names; returns when told to stop."""
    Server(
        "hxdav.wsgi:application",
        factory=True,
        interface=Interfaces.WSGI,
        address=str(server.host),
        port=server.port,
        workers=server.workers,
        blocking_threads=server.threads,
        # Calendar clients of 2019 and older speak nothing newer.
        ssl_protocol_min=SSLProtocols.tls12,
        ssl_cert=server.tls.certificate if server.tls else None,
        ssl_key=server.tls.key if server.tls else None,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(keep_alive=True),
        workers_kill_timeout=_ENDS_WITHIN_SECONDS,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=_GRANIAN_LOG,
    ).serve()


def require_free_port(server: ServerSettings) -> None:
    """Raise a sentence where nobody could listen: granian's workers share a port even with a stranger's."""
    family = socket.AF_INET6 if ":" in str(server.host) else socket.AF_INET
    with socket.socket(family) as probe:
        # Connections of an earlier server that are still fading away do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((str(server.host), server.port))
        except OSError as error:
            where = f"{server.host}, port {server.port}"
            if error.errno == errno.EADDRINUSE:
                raise UseCaseError(f"Something already listens on {where}. Stop it, or choose another port.") from None
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise ConfigurationError(f"hxdav cannot listen on {where}: {reason}.") from None
