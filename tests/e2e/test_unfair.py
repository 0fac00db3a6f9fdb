"""One client that takes all it can get: what the server holds stays bounded, and another user's poll is answered."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]
import pytest

from tests.e2e.events import an_event
from tests.e2e.serving import DemoServer
from tests.waiting import PATIENCE_SECONDS, until

POLL = '<propfind xmlns="DAV:"><prop><sync-token/></prop></propfind>'
HALF_A_PUT = b"PUT /there HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nBEGIN"
RANGE = 'start="20200101T000000Z" end="20400101T000000Z"'
STORM = f"""\
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><C:calendar-data><C:expand {RANGE}/></C:calendar-data></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range {RANGE}/>
</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""

MOST_OF_ONE_ADDRESS = 200
MEGABYTES_OF_A_STORM = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a server's processes hold together."""

    threads: int
    connections: int
    megabytes: float


def held(server: DemoServer) -> Held:
    processes = [psutil.Process(pid) for pid in server.running.members()]
    return Held(
        threads=sum(each.num_threads() for each in processes),
        connections=sum(len(each.net_connections("tcp")) for each in processes),
        megabytes=sum(each.memory_info().rss for each in processes) / 1e6,
    )


@pytest.fixture(scope="module")
def quiet(unlimited_demo_server: DemoServer) -> Held:
    """What the server holds that has answered a poll, and has nothing to do."""
    assert_others_are_answered(unlimited_demo_server)
    return held(unlimited_demo_server)


def test_bodies_that_arrive_slowly_take_no_thread(unlimited_demo_server: DemoServer, quiet: Held) -> None:
    with crowd(unlimited_demo_server, 40, HALF_A_PUT):
        assert_others_are_answered(unlimited_demo_server)

        assert held(unlimited_demo_server).threads == quiet.threads


def test_idle_connections_of_one_address_give_way(unlimited_demo_server: DemoServer, quiet: Held) -> None:
    with crowd(unlimited_demo_server, 2 * MOST_OF_ONE_ADDRESS):
        assert_others_are_answered(unlimited_demo_server)

        most = quiet.connections + MOST_OF_ONE_ADDRESS
        until(lambda: held(unlimited_demo_server).connections <= most, what="connections to be closed")


def test_a_storm_of_expansions_is_bounded_and_ends_with_its_client(
    unlimited_demo_server: DemoServer, quiet: Held
) -> None:
    server, maya = unlimited_demo_server, unlimited_demo_server.user
    with server.http() as http:
        for number in range(4):
            name = f"storm-{number}.ics"
            series = an_event(name, "RRULE:FREQ=HOURLY;COUNT=19990", days=2)
            assert http.put(maya.calendar_path + name, content=series).status_code == 201
    credentials = b64encode(f"{maya.username}:{maya.app_password}".encode()).decode()
    head = f"REPORT {maya.calendar_path} HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {credentials}\r\nDepth: 1\r\n"
    storm = f"{head}Content-Length: {len(STORM)}\r\n\r\n{STORM}".encode()

    with crowd(server, 60, storm):
        for _ in range(10):
            assert_others_are_answered(server)
            during = held(server)
            assert during.threads == quiet.threads
            assert during.megabytes < quiet.megabytes + MEGABYTES_OF_A_STORM

    # Were the requests carried out that nobody waits for any more, this one would wait too long for its turn: 503.
    with server.http() as http:
        assert http.request("REPORT", maya.calendar_path, content=STORM, headers={"Depth": "1"}).status_code == 403


@contextmanager
def crowd(server: DemoServer, count: int, octets: bytes = b"") -> Iterator[list[socket.socket]]:
    """Many connections that have sent ``octets`` and stay open until the end of the block."""
    with ExitStack() as stack:
        wires = []
        for _ in range(count):
            wire = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_SECONDS)
            wires.append(stack.enter_context(closing(wire)))
            wire.sendall(octets)
        yield wires


def assert_others_are_answered(server: DemoServer) -> None:
    """Another user's poll is answered, and so is the question after the server's health."""
    tom = server.users["tom"]
    with server.http(tom) as http:
        assert http.request("PROPFIND", tom.calendar_path, content=POLL, headers={"Depth": "0"}).status_code == 207
        assert http.get("/healthz").status_code == 200
