"""``make bench``: hxdav on SQLite and on PostgreSQL beside stock Radicale, all measured in turns in one run.

Ours to choose, by environment: BENCH_EVENTS=5000, BENCH_SECONDS=3 for each measurement, BENCH_APPOINTMENTS=100000 for
the pages, and BENCH_COMPARE=0, BENCH_GROWTH=0 or BENCH_PAGES=0 to leave one of the tables out. Everything stays on this
machine, ends by itself and leaves only a file under ``bench/results/``.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import caldav_bench, pages, servers

EVENTS = int(os.environ.get("BENCH_EVENTS", "5000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
ROUNDS = 3
FEW, MANY = 100, 50_000
GROWTH_MARK = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One of the script's operations, and how many times stock's rate hxdav shall reach in it."""

    key: str
    title: str
    sqlite_mark: float | None = None
    postgresql_mark: float | None = None
    # What makes or removes objects stops after so many, so that the collection keeps about its size.
    most: int = 4000


OPERATIONS = (
    Operation(key="a", title="poll", sqlite_mark=300, postgresql_mark=300),
    Operation(key="b", title="unchanged sync", sqlite_mark=200, postgresql_mark=200),
    Operation(key="c", title="changed sync", sqlite_mark=100, postgresql_mark=100),
    Operation(key="d", title="multiget of 50", sqlite_mark=1.5, postgresql_mark=1.5),
    Operation(key="e", title="week query", sqlite_mark=40, postgresql_mark=40),
    Operation(key="f", title="PUT new", sqlite_mark=30, postgresql_mark=15, most=500),
    Operation(key="g", title="PUT changed"),
    Operation(key="h", title="DELETE", sqlite_mark=10, postgresql_mark=5, most=500),
    Operation(key="i", title="listing"),
)
GROWING = tuple(operation for operation in OPERATIONS if operation.key in {"a", "c", "f"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The best of the rounds, or why there is none."""

    operation: str
    target: str
    rate: float = 0.0
    p95_ms: float = 0.0
    failure: str = ""

    @property
    def shown(self) -> str:
        """The cell of a table."""
        return "FAIL" if self.failure else f"{self.rate:,.1f} /s, {self.p95_ms:,.1f} ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A server that is measured, and the names of the objects that were loaded into it."""

    target: caldav_bench.Target
    names: Sequence[str]


def measure(operation: Operation, subject: Subject) -> Measurement:
    """One round with one client."""
    try:
        seen = caldav_bench.run_op(
            operation.key, subject.target, {"names": subject.names}, nclients=1, secs=SECONDS, mn=3, mx=operation.most
        )
    except Exception as error:  # noqa: BLE001 - a server that fails one operation is still measured in the others
        return Measurement(operation=operation.key, target=subject.target.name, failure=f"{error!r:.300}")
    return Measurement(operation=operation.key, target=subject.target.name, rate=seen["rps"], p95_ms=seen["p95"])


def best_of(rounds: Sequence[Measurement]) -> Measurement:
    """The fastest round, or the first that failed."""
    return next((seen for seen in rounds if seen.failure), max(rounds, key=lambda seen: seen.rate))


def best_of_rounds(operations: Sequence[Operation], subjects: Sequence[Subject]) -> list[list[Measurement]]:
    """For each operation the best measurement of each subject; the subjects take turns within a round."""
    table = []
    for operation in operations:
        rounds = [[measure(operation, subject) for subject in subjects] for _ in range(ROUNDS)]
        table.append([best_of(column) for column in zip(*rounds, strict=True)])
        seen_by_target = (f"{seen.target} {seen.failure or seen.shown}" for seen in table[-1])
        print(f"{operation.title}:", "; ".join(seen_by_target), flush=True)
    return table


def ratio(ours: Measurement, theirs: Measurement) -> float:
    """How many times their rate ours is; 0 where there is nothing to compare."""
    return ours.rate / theirs.rate if theirs.rate else 0.0


def verdict(seen: float, mark: float | None) -> str:
    """Whether the mark is met, where there is one."""
    if mark is None:
        return ""
    return "yes" if seen >= mark else "[bold]no[/bold]"


def events_of(folder: Path) -> list[str]:
    """The names under which the folder's events are loaded, in the script's order."""
    return sorted(path.name for path in folder.glob("*.ics"))


def loaded(target: caldav_bench.Target, folder: Path) -> Subject:
    """The target with the folder's events put into its calendar."""
    print(target.name, end=": ", flush=True)
    caldav_bench.load(target, str(folder), 4, mkcal=False, whole=False)
    return Subject(target=target, names=events_of(folder))


def compare(scratch: Path) -> tuple[Table, list[list[Measurement]]]:
    """Stock, then hxdav on both databases, all serving at once and measured in turns."""
    events = scratch / "events"
    caldav_bench.gen(str(events), EVENTS)
    with ExitStack() as stack:
        stock = stack.enter_context(servers.radicale(scratch / "stock", events))
        sqlite = stack.enter_context(servers.hxdav("SQLite", scratch / "sqlite"))
        database_url = stack.enter_context(servers.postgresql(scratch))
        postgresql = stack.enter_context(servers.hxdav("PostgreSQL", scratch / "pg", database_url=database_url))
        subjects = [Subject(target=stock, names=events_of(events)), loaded(sqlite, events), loaded(postgresql, events)]
        measured = best_of_rounds(OPERATIONS, subjects)

    table = Table(title=f"{EVENTS:,} events, one client, best of {ROUNDS}: requests per second, p95")
    for heading in ("", "stock Radicale", "SQLite", "× stock", "mark", "met", "PostgreSQL", "× stock", "mark", "met"):
        table.add_column(heading, justify="left" if not heading or heading == "met" else "right")
    for operation, (theirs, *ours) in zip(OPERATIONS, measured, strict=True):
        cells = [f"{operation.key} {operation.title}", theirs.shown]
        for seen, mark in zip(ours, (operation.sqlite_mark, operation.postgresql_mark), strict=True):
            times = ratio(seen, theirs)
            cells += [seen.shown, f"{times:,.1f}", f"{mark:g}" if mark else "", verdict(times, mark)]
        table.add_row(*cells)
    return table, measured


def grow(scratch: Path) -> tuple[Table, list[list[Measurement]]]:
    """hxdav on SQLite with few and with many events, measured in turns."""
    with ExitStack() as stack:
        subjects = []
        for count in (FEW, MANY):
            events = scratch / f"{count}-events"
            caldav_bench.gen(str(events), count)
            target = stack.enter_context(servers.hxdav(f"{count}", scratch / f"{count}"))
            subjects.append(loaded(target, events))
        # The script changes the hundred and first to the hundred and tenth: with few events, the first ones again.
        subjects = [Subject(target=one.target, names=[*one.names, *one.names[:10]]) for one in subjects]
        measured = best_of_rounds(GROWING, subjects)

    table = Table(title="Growth on SQLite: requests per second, p95; cost is that of one request")
    for heading in ("", f"{FEW:,} events", f"{MANY:,} events", "× cost", "at most", "met"):
        table.add_column(heading, justify="right" if heading else "left")
    for operation, (few, many) in zip(GROWING, measured, strict=True):
        cost = ratio(few, many)
        met = "yes" if 0 < cost <= GROWTH_MARK else "[bold]no[/bold]"
        table.add_row(f"{operation.key} {operation.title}", few.shown, many.shown, f"{cost:.2f}", f"{GROWTH_MARK}", met)
    return table, measured


def main() -> None:
    """Measure, print the tables, and keep the figures."""
    began = datetime.now(UTC)
    parts: dict[str, Callable[[Path], tuple[Table, Sequence[Sequence[Any]]]]] = {
        name: part
        for name, part in (("compare", compare), ("growth", grow), ("pages", pages.measure))
        if os.environ.get(f"BENCH_{name.upper()}") != "0"
    }
    figures: dict[str, object] = {
        "began": began.isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "events": EVENTS,
    }
    tables = []
    for name, part in parts.items():
        with servers.scratch() as scratch:
            table, measured = part(scratch)
        tables.append(table)
        figures[name] = [asdict(seen) for row in measured for seen in row]

    results = Path(__file__).parent / "results" / f"{began:%Y%m%dT%H%M%S}.json"
    results.parent.mkdir(exist_ok=True)
    results.write_text(json.dumps(figures, indent=1) + "\n")
    console = Console(width=max(150, Console().width))
    for table in tables:
        console.print(table)
    print(f"figures: {results.relative_to(Path.cwd())}" if results.is_relative_to(Path.cwd()) else results)


if __name__ == "__main__":
    main()
