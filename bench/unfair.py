"""``make bench-unfair``: how long another user's poll takes beside one client that takes all it can get.

Measured at the client, over one connection, fifty times a second. BENCH_SECONDS=5 for each measurement.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

import httpx
from rich.console import Console
from rich.table import Table

from bench import caldav_bench, servers, startup

SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
MARK_MS = 100
STORMS, SERIES, IDLE, BODIES = 16, 8, 1000, 40

_POLL = '<propfind xmlns="DAV:"><prop><sync-token/></prop></propfind>'
_HALF_A_PUT = b"PUT /there HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nBEGIN"
_RANGE = '<C:{} start="20200101T000000Z" end="20400101T000000Z"/>'
_STORM = f"""\
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><C:calendar-data>{_RANGE.format("expand")}</C:calendar-data></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{_RANGE.format("time-range")}
</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""
_SERIES = """\
BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//hxdav//bench//EN\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20261101T000000Z\r
DTSTART:{begins:%Y%m%dT%H0000Z}\r
DURATION:PT5M\r
SUMMARY:Storm\r
RRULE:FREQ=HOURLY;COUNT=19990\r
END:VEVENT\r
END:VCALENDAR\r
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polls:
    """How the polls were answered beside what ``title`` names, and what the server weighed then (PSS)."""

    title: str
    milliseconds: list[float]
    failed: int
    megabytes: float


def polls(demo: servers.Demo, title: str) -> Polls:
    """Poll the neighbour's calendar for a while."""
    target, taken, failed = demo.neighbour, [], 0
    client = caldav_bench.Client(target)
    # The first one opens the database.
    client.request("PROPFIND", target.path, _POLL, caldav_bench.XML + "Depth: 0\r\n")
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        began = time.perf_counter()
        http_status, _, _ = client.request("PROPFIND", target.path, _POLL, caldav_bench.XML + "Depth: 0\r\n")
        taken.append((time.perf_counter() - began) * 1000)
        failed += http_status != httpx.codes.MULTI_STATUS
        time.sleep(0.02)
    client.close()
    return Polls(title=title, milliseconds=taken, failed=failed, megabytes=startup.megabytes(demo.pid))


@contextmanager
def crowd(demo: servers.Demo, count: int, octets: bytes = b"") -> Iterator[None]:
    """Have many connections open that have sent ``octets`` and say nothing more."""
    address = (httpx.URL(demo.base_url).host, httpx.URL(demo.base_url).port)
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(closing(socket.create_connection(address))).sendall(octets)
        yield


@contextmanager
def storm(demo: servers.Demo) -> Iterator[None]:
    """Have many threads of one user ask for expansions that cost too much, one after another."""
    ends = threading.Event()

    def ask() -> None:
        # The server ends before its last answers.
        with _a_client(demo) as http, suppress(httpx.TransportError):
            while not ends.is_set():
                http.request("REPORT", demo.calendar_url, content=_STORM, headers={"Depth": "1"})

    _put_series(demo)
    threads = [threading.Thread(target=ask, daemon=True) for _ in range(STORMS)]
    for thread in threads:
        thread.start()
    # Each serving process has begun to compute.
    time.sleep(1)
    yield
    ends.set()


def _put_series(demo: servers.Demo) -> None:
    begins = datetime.now(UTC) + timedelta(days=2)
    with _a_client(demo) as http:
        for number in range(SERIES):
            text = _SERIES.format(uid=f"storm-{number}", begins=begins)
            http.put(f"{demo.calendar_url}storm-{number}.ics", content=text).raise_for_status()


def _a_client(demo: servers.Demo) -> httpx.Client:
    return httpx.Client(auth=(demo.username, demo.app_password), timeout=120, trust_env=False)


def main() -> None:
    """Measure, and print the polls beside their mark."""
    with servers.scratch() as folder, servers.hxdav_demo(folder) as demo:
        measured = [polls(demo, "nothing")]
        with crowd(demo, BODIES, _HALF_A_PUT):
            measured.append(polls(demo, f"{BODIES} slow bodies"))
        with crowd(demo, IDLE):
            measured.append(polls(demo, f"{IDLE:,} idle connections"))
        with storm(demo):
            measured.append(polls(demo, f"{STORMS} expanding queries of {SERIES} series"))
    table = Table(title=f"A poll beside one unfair client: milliseconds; p95 at most {MARK_MS}")
    for heading in ("beside", "polls", "median", "p95", "worst", "failed", "MB", "met"):
        table.add_column(heading, justify="left" if heading == "beside" else "right")
    for each in measured:
        p95 = quantiles(each.milliseconds, n=20)[-1]
        figures = (median(each.milliseconds), p95, max(each.milliseconds))
        met = "yes" if p95 <= MARK_MS and not each.failed else "[bold]no[/bold]"
        told = [f"{figure:.0f}" for figure in figures]
        table.add_row(each.title, str(len(each.milliseconds)), *told, str(each.failed), f"{each.megabytes:.0f}", met)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


if __name__ == "__main__":
    main()
