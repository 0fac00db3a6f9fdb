"""How long the first pages take where the store is full: measured at the client, signed in, one request at a time.

One practitioner has all of the appointments, forty a week, as somebody keeps them: a hundred thousand for 48 years.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import httpx
import psutil  # type: ignore[import-untyped]
from rich.table import Table

from bench import servers
from hxdav.bootstrap.installation import Installation
from hxdav.config import load_settings
from hxdav.domain.edit import Authority, Source
from hxdav.ical.split import CalendarFile
from hxdav.services.appointments.ics_import import AT_ONCE, import_objects
from hxdav.store.rows import Base

APPOINTMENTS = int(os.environ.get("BENCH_APPOINTMENTS", "100000"))
ROUNDS = 100
MARK_MS = 100
A_WEEK = 40
IMPORTED = 2000
_AHEAD = timedelta(weeks=26)
_MINUTES = 50
BY_PRACTICE = Source(authority=Authority.PRACTICE)
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMeasurement:
    """How long a page took, how long the server worked for it, and how much it weighs before anything packs it."""

    path: str
    median_ms: float
    p95_ms: float
    server_ms: float
    octets: int


def measure(scratch: Path) -> tuple[Table, list[list[PageMeasurement]]]:
    """The pages' times, beside the mark."""
    folder = scratch / "pages"
    with servers.hxdav_demo(folder) as demo:
        _fill(demo)
        with httpx.Client(base_url=demo.base_url, timeout=60, trust_env=False) as browser:
            _sign_in(browser, demo)
            measured = [_measured(browser, demo, path) for path in _paths()]
    table = Table(title=f"Pages with {APPOINTMENTS:,} appointments, SQLite, one browser: milliseconds")
    for heading in ("", "median", "p95", "at most", "met", "server's work", "kB"):
        table.add_column(heading, justify="right" if heading else "left")
    for seen in measured:
        met = "yes" if seen.p95_ms <= MARK_MS else "[bold]no[/bold]"
        path = seen.path.partition("?")[0]
        times = (f"{seen.median_ms:.1f}", f"{seen.p95_ms:.1f}", f"{MARK_MS}", met, f"{seen.server_ms:.1f}")
        table.add_row(path, *times, f"{seen.octets / 1000:.0f}")
    return table, [measured]


def _paths() -> tuple[str, ...]:
    """The first page, the calendar, and what its script asks for at once: the days of a month's sheet."""
    monday = datetime.now(UTC).date()
    monday -= timedelta(days=monday.weekday())
    return (
        "/app/settings/integrations",
        "/app/appointments",
        f"/app/appointments/between?start={monday}&end={monday + timedelta(days=42)}",
    )


def _fill(demo: servers.Demo) -> None:
    """Have the practice keep the appointments, beside the running server: the latest are imported, the others copies.

    Copies lie so many whole weeks earlier. They have the rows that pages and calendars read, and no history.
    """
    began, now, some = perf_counter(), datetime.now(UTC), min(IMPORTED, APPOINTMENTS)
    here = Installation(load_settings(demo.config))
    with here.store.snapshot() as tx:
        practitioner_id = next(each.id for each in tx.people.practitioners() if each.key == demo.practitioner)
        before = tx.connection.exec_driver_sql("SELECT max(id) FROM appointment").scalar_one()
    for first in range(0, some, AT_ONCE):
        objects = list(CalendarFile(BytesIO("\r\n".join(_lines(now, range(first, first + AT_ONCE))).encode())))
        with here.store.transaction() as tx:
            import_objects(
                tx, here.clock, here.policy, practitioner_id=practitioner_id, objects=objects, source=BY_PRACTICE
            )
    for number in range(1, APPOINTMENTS // some):
        with here.store.transaction() as tx:
            for statement in _copying(number, first=before + 1, count=some):
                tx.connection.exec_driver_sql(statement)
    with here.store.snapshot() as tx:
        print(f"{tx.figures.appointments():,} appointments in {perf_counter() - began:.0f} s", flush=True)
    here.close()


def _copying(number: int, *, first: int, count: int) -> Iterator[str]:
    """The statements that copy ``count`` appointments, ``number`` times as many weeks earlier as they take."""
    distance, earlier = number * count, int((number * count * timedelta(weeks=1) / A_WEEK).total_seconds())
    changed = {
        "appointment_id": f"appointment_id + {distance}",
        "starts": f"starts - {earlier}",
        "ends": f"ends - {earlier}",
        "uid": f"uid || '-{number}'",
        "href": f"'{number}-' || href",
    }
    for table, key in (("appointment", "id"), ("occurrence", "appointment_id"), ("mirror", "appointment_id")):
        names = [column.name for column in Base.metadata.tables[table].columns if column.name != "id" or key == "id"]
        values = ", ".join(f"id + {distance}" if name == "id" else changed.get(name, name) for name in names)
        which = f"{key} BETWEEN {first} AND {first + count - 1}"
        yield f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} WHERE {which}"


def _lines(now: datetime, numbers: range) -> Iterator[str]:
    step = timedelta(weeks=1) / A_WEEK
    latest = now.replace(minute=0, second=0, microsecond=0) + _AHEAD
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//hxdav//bench//EN")
    for number in numbers:
        starts = latest - number * step
        yield from (
            "BEGIN:VEVENT",
            f"UID:bench-pages-{number}",
            "DTSTAMP:20260101T000000Z",
            f"DTSTART:{starts:%Y%m%dT%H%M%SZ}",
            f"DTEND:{starts + timedelta(minutes=_MINUTES):%Y%m%dT%H%M%SZ}",
            f"SUMMARY:Session {number}",
            "LOCATION:Room 2",
            "END:VEVENT",
        )
    yield "END:VCALENDAR\r\n"


def _sign_in(browser: httpx.Client, demo: servers.Demo) -> None:
    found = _TOKEN.search(browser.get("/app/sign-in").text)
    assert found is not None, "the sign-in page has a token"
    form = {"csrf_token": found[1], "username": demo.username, "password": demo.web_password}
    answer = browser.post("/app/sign-in", data=form)
    assert answer.status_code == 302, f"sign-in answered {answer.status_code}"


def _measured(browser: httpx.Client, demo: servers.Demo, path: str) -> PageMeasurement:
    times, octets, worked = [], 0, _worked(demo.pid)
    for _ in range(ROUNDS):
        began = perf_counter()
        answer = browser.get(path)
        times.append((perf_counter() - began) * 1000)
        octets = len(answer.raise_for_status().content)
    seen = PageMeasurement(
        path=path,
        median_ms=median(times),
        p95_ms=quantiles(times, n=20)[-1],
        server_ms=(_worked(demo.pid) - worked) * 1000 / ROUNDS,
        octets=octets,
    )
    print(f"{path.partition('?')[0]}: median {seen.median_ms:.1f} ms, p95 {seen.p95_ms:.1f} ms", flush=True)
    return seen


def _worked(pid: int) -> float:
    """The seconds that a server has had a processor for, which another load on the machine does not change."""
    parent = psutil.Process(pid)
    used = [each.cpu_times() for each in (parent, *parent.children(recursive=True))]
    return float(sum(each.user + each.system for each in used))
