"""``make bench-startup``: what a command costs before it has done anything, and what the processes weigh.

CPU (user and system, of the whole tree of processes) as the median of five, and as a ratio to a plain import in the
same run: the machine's speed cancels out. Memory as the proportional set size (PSS), which counts a shared page once.
Everything goes over the command line, so that BENCH_BIN=/path/to/another/.venv/bin measures another version.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
from rich.console import Console
from rich.table import Table

from bench import servers

BIN = Path(os.environ.get("BENCH_BIN") or Path(sys.executable).parent)
ROUNDS = 5
IDLE_SECONDS = int(os.environ.get("BENCH_IDLE_SECONDS", "60"))
MANY = 5240
ORM, TYPER = "import sqlalchemy.orm", "import typer, rich"
COMPLETING = {"_HXDAV_COMPLETE": "complete_bash", "COMP_WORDS": "hxdav integrations ", "COMP_CWORD": "2"}

_POLL = '<propfind xmlns="DAV:"><prop><sync-token/></prop></propfind>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure, and what it may be at most."""

    title: str
    value: float
    unit: str
    at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A command whose CPU is compared with that of an import."""

    title: str
    arguments: Sequence[str]
    baseline: str
    settings: Mapping[str, str]


def cpu_of(command: Sequence[str], settings: Mapping[str, str]) -> float:
    """Seconds of CPU that a command takes, and what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, **settings}
    # The doctor finds something in a demo, and says so by its exit code.
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def cpu_used(pid: int) -> float:
    """Seconds of CPU that a running process and those below it have used."""
    used: float = sum(sum(each.cpu_times()[:2]) for each in family(pid))
    return used


def megabytes(pid: int) -> float:
    """What a process and those below it weigh (PSS)."""
    weight: float = sum(each.memory_full_info().pss for each in family(pid)) / 1e6
    return weight


def measured_commands(config: Path) -> list[Measured]:
    """The commands whose start is measured."""
    here = {"HXDAV_CONFIG": str(config)}
    return [
        Measured(title="hxdav --help", arguments=["--help"], baseline=TYPER, settings={}),
        Measured(title="hxdav --version", arguments=["--version"], baseline=TYPER, settings={}),
        Measured(title="completion in the shell", arguments=[], baseline=TYPER, settings=COMPLETING),
        Measured(title="integrations status", arguments=["integrations", "status"], baseline=ORM, settings=here),
        Measured(title="doctor", arguments=["doctor"], baseline=ORM, settings=here),
        Measured(title="appointments list, of 50", arguments=["appointments", "list"], baseline=ORM, settings=here),
    ]


def starts(config: Path) -> Iterator[Figure]:
    """The ratios: all commands in turn, several times over."""
    commands = measured_commands(config)
    taken: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for code in (TYPER, ORM):
            taken.setdefault(code, []).append(cpu_of([str(BIN / "python"), "-c", code], {}))
        for each in commands:
            taken.setdefault(each.title, []).append(cpu_of([str(BIN / "hxdav"), *each.arguments], each.settings))
        taken.setdefault("serve", []).append(cpu_until_answered(config))
    median = {title: statistics.median(values) for title, values in taken.items()}
    print("seconds of CPU: " + ", ".join(f"{title} {value:.2f}" for title, value in median.items()), flush=True)
    for each in commands:
        ratio = median[each.title] / median[each.baseline]
        yield Figure(title=f"{each.title}: times {each.baseline}", value=ratio, unit="×", at_most=2.0)
    ratio = median["serve"] / median[ORM]
    yield Figure(title=f"hxdav serve, to its first answer: times {ORM}", value=ratio, unit="×", at_most=3.0)


def cpu_until_answered(config: Path) -> float:
    """Seconds of CPU of ``hxdav serve`` and its worker until the first request is answered."""
    port = servers.free_port()
    settings = {"HXDAV_CONFIG": str(config), "HXDAV_SERVER__PORT": str(port), "HXDAV_SERVER__WORKERS": "1"}
    with servers.running([str(BIN / "hxdav"), "serve"], folder=config.parent / "served", settings=settings) as server:
        servers.wait_for(port)
        # As a calendar program asks first: the answer is that it has to log in.
        httpx.request("PROPFIND", f"http://127.0.0.1:{port}/", timeout=60, trust_env=False)
        return cpu_used(server.pid)


def listing(config: Path, practitioner: str) -> Iterator[Figure]:
    """How long the list of many appointments takes."""
    settings = {"HXDAV_CONFIG": str(config)}
    latest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//hxdav//bench//EN"]
    for number in range(MANY - 50):
        begins = latest - timedelta(hours=number)
        lines += ["BEGIN:VEVENT", f"UID:{number}@bench", "DTSTAMP:20261101T000000Z", f"DTSTART:{begins:%Y%m%dT%H%M%SZ}"]
        lines += ["DURATION:PT50M", f"SUMMARY:Session {number}", "END:VEVENT"]
    file = config.parent / "many.ics"
    file.write_text("\r\n".join([*lines, "END:VCALENDAR", ""]))
    cpu_of([str(BIN / "hxdav"), "import", str(file), "--practitioner", practitioner], settings)
    taken = statistics.median(cpu_of([str(BIN / "hxdav"), "appointments", "list"], settings) for _ in range(3))
    yield Figure(title=f"hxdav appointments list, of {MANY:,}", value=taken, unit="s", at_most=2.0)


@contextmanager
def an_account(folder: Path) -> Iterator[str]:
    """A CalDAV account elsewhere (Radicale); its address."""
    port = servers.free_port()
    (folder / "users").write_text("bench:bench\n")
    (folder / "config").write_text(servers.RADICALE.format(port=port, folder=folder))
    command = [sys.executable, "-m", "radicale", "--config", str(folder / "config")]
    with servers.running(command, folder=folder):
        servers.wait_for(port)
        yield f"http://127.0.0.1:{port}/"


def weights(folder: Path) -> Iterator[Figure]:
    """What a demo weighs once it has shown a page, answered a poll and filled a bridge, and what it costs when idle."""
    with an_account(folder) as url:
        with servers.hxdav_demo(folder, executable=BIN / "hxdav", settings=_ALLOWED) as demo:
            use(demo, url)
            parts = [each.memory_full_info().pss / 1e6 for each in family(demo.pid)]
            print("PSS of the demo's processes: " + ", ".join(f"{part:.0f} MB" for part in parts), flush=True)
            yield Figure(title="demo: parent and worker, used", value=sum(parts), unit="MB", at_most=140)
        with servers.hxdav_demo(folder / "idle", executable=BIN / "hxdav", settings=_ALLOWED) as demo:
            time.sleep(10)
            before = cpu_used(demo.pid)
            time.sleep(IDLE_SECONDS)
            busy = (cpu_used(demo.pid) - before) / IDLE_SECONDS * 100
            yield Figure(title="an idle demo: of a core", value=busy, unit="%", at_most=0.2)
        config = folder / "demo" / "hxdav.toml"
        settings = {"HXDAV_CONFIG": str(config), **_ALLOWED}
        command = [str(BIN / "hxdav"), "worker"]
        with servers.running(command, folder=folder / "worker", settings=settings) as worker:
            time.sleep(20)
            yield Figure(title="hxdav worker, with a bridge", value=megabytes(worker.pid), unit="MB", at_most=100)


_ALLOWED = {"HXDAV_BRIDGES__ALLOWED_ADDRESSES": '["127.0.0.1"]', "HXDAV_SERVER__WORKERS": "1"}


def use(demo: servers.Demo, url: str) -> None:
    """Have a demo show a page, answer a poll, and fill a calendar in an account elsewhere."""
    with httpx.Client(base_url=demo.base_url, timeout=60, trust_env=False, follow_redirects=True) as browser:
        browser.get("/app/").raise_for_status()
        credentials = (demo.username, demo.app_password)
        browser.request("PROPFIND", demo.calendar_url, content=_POLL, auth=credentials).raise_for_status()
    add = [str(BIN / "hxdav"), "integrations", "add", "--service", "caldav", "--url", url, "--account", "bench"]
    settings = {**os.environ, **_ALLOWED, "HXDAV_CONFIG": str(demo.config), "HXDAV_WEB_PASSWORD": demo.web_password}
    command = [*add, "--as", demo.username, "--app-password-stdin"]
    subprocess.run(command, env=settings, input="bench\n", text=True, check=True, stdout=subprocess.DEVNULL)
    # The bridge fills by itself; nothing tells from outside when that is done.
    time.sleep(20)


def main() -> None:
    """Measure, and print the figures beside their marks."""
    with servers.scratch() as folder:
        config = folder / "demo" / "hxdav.toml"
        with servers.hxdav_demo(folder, executable=BIN / "hxdav") as demo:
            practitioner = demo.practitioner
        figures = [*starts(config), *listing(config, practitioner)]
    with servers.scratch() as folder:
        figures += weights(folder)
    table = Table(title="Start and weight")
    for heading in ("", "measured", "at most", "met"):
        table.add_column(heading, justify="right" if heading else "left")
    for figure in figures:
        met = "yes" if figure.value <= figure.at_most else "[bold]no[/bold]"
        table.add_row(figure.title, f"{figure.value:.2f} {figure.unit}", f"{figure.at_most:g} {figure.unit}", met)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


if __name__ == "__main__":
    main()
