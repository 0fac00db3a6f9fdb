"""One serving process: the application, its connections, and the way to end."""

from __future__ import annotations

import asyncio
import math
import resource
import signal
import socket
import ssl
import sys

import uvloop

from hxdav.bootstrap.request_log import WsgiApplication
from hxdav.bootstrap.serving import Serving
from hxdav.config import ServerSettings, Settings
from hxdav.net.proxies import networks
from hxdav.serving.connections import Connections
from hxdav.serving.front import FrontLimits, ThreadFront
from hxdav.serving.link import READY
from hxdav.serving.listening import ListeningSockets

ENDS_WITHIN_SECONDS = 8.0
"""How long a request may go on after the server was told to end."""

_LARGEST_REPORT = 1_000_000
_SWITCHES_EVERY_SECONDS = 0.001
_BODIES = 64_000_000


def run(settings: Settings, *, listener: socket.socket, link: socket.socket, number: int) -> None:
    """Serve until told to end, or until the supervisor at the other end of ``link`` is gone.

    Process ``number`` 0 also does what is due by the clock; the others only answer.
    """
    _allow_many_files()
    # A thread that computes gives way to the others after a millisecond instead of five.
    sys.setswitchinterval(_SWITCHES_EVERY_SECONDS)
    application = Serving(settings).application(with_worker=number == 0)
    uvloop.run(_serve(settings.server, application, _limits(settings), listener=listener, link=link))


async def _serve(
    server: ServerSettings,
    application: WsgiApplication,
    limits: FrontLimits,
    *,
    listener: socket.socket,
    link: socket.socket,
) -> None:
    loop = asyncio.get_running_loop()
    told_to_end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_end.set)
    # Nothing is ever received: it becomes readable when the supervisor has ended, however it did.
    loop.add_reader(link, told_to_end.set)
    bounds = Connections(
        most=_share(server.connections, server),
        most_per_origin=_share(server.connections_per_address, server),
        proxies=networks(map(str, server.trusted_proxies)),
    )
    listening = ListeningSockets(ThreadFront(application, limits), listener=listener, bounds=bounds, tls=_tls(server))
    listening.start()
    link.sendall(READY)
    await told_to_end.wait()
    await listening.stop(within_seconds=ENDS_WITHIN_SECONDS)


def _share(most: int, server: ServerSettings) -> int:
    """Return this process's part of what all may have together."""
    return math.ceil(most / server.processes)


def _limits(settings: Settings) -> FrontLimits:
    return FrontLimits(
        # One octet more than may be there, so that the application sees that it was too much.
        kept=max(settings.dav.max_resource_size, _LARGEST_REPORT) + 1,
        read_past=settings.dav.max_body_size,
        threads=settings.server.threads,
        bodies=_share(_BODIES, settings.server),
    )


def _tls(server: ServerSettings) -> ssl.SSLContext | None:
    if server.tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Calendar clients of 2019 and older speak nothing newer.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server.tls.certificate, server.tls.key)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _allow_many_files() -> None:
    """Allow as many open files as the machine lets this user have: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
