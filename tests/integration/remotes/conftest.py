"""A Radicale whose answers a test can change, and the remote before it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import count

import pytest

from hxdav.remote import CalendarId
from hxdav.remotes.caldav import CalDavAccount, CalDavRemote, open_caldav
from tests.integration.remotes.rephrasing import LOOPBACK, Rephrased
from tests.simulators.caldav.listening import Backend, Listener
from tests.simulators.caldav.servers import RadicaleServer, a_radicale_server

NUMBERS = count(1)


@pytest.fixture(scope="module")
def radicale() -> Iterator[RadicaleServer]:
    with a_radicale_server() as server:
        yield server


@pytest.fixture
def server(radicale: RadicaleServer) -> Iterator[Rephrased]:
    account = radicale.add_account(f"visitor{next(NUMBERS)}")
    with contextlib.closing(Backend(account.url)) as backend:
        yield Rephrased(account=account, backend=backend)


@pytest.fixture
def remote(server: Rephrased) -> Iterator[CalDavRemote]:
    with Listener(server.respond) as listener:
        account = CalDavAccount(
            username=server.account.username,
            password=server.account.password,
            url=f"http://127.0.0.1:{listener.port}/",
        )
        with contextlib.closing(open_caldav(account, reach=LOOPBACK, page_size=4)) as remote:
            yield remote


@pytest.fixture
def calendar_id(remote: CalDavRemote) -> CalendarId:
    return remote.make_calendar("HX_One", marker="hxdav-0001", zone="Europe/Dublin")
