"""hxdav as people run it: the demo as a server process in a group of its own, and the command line beside it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil  # type: ignore[import-untyped]

from tests.commands import run_command
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS, until

QUICK = {"HXDAV_RULES__SETTLE_SECONDS": "1"}
"""Removals come about after a second instead of sixty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    """Who may see which calendar, as ``hxdav demo --json`` says it."""

    username: str
    web_password: str
    app_password: str
    calendar_url: str

    @property
    def calendar_path(self) -> str:
        """The calendar's path on its server."""
        return urlsplit(self.calendar_url).path


class HxdavProcess:
    """``hxdav COMMAND`` as a process group of its own; what it says is kept in ``folder``."""

    def __init__(self, folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.log = folder / "server.log"
        self.output = folder / "server.out"
        with self.log.open("ab") as log, self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hxdav", *arguments],
                stdout=output,
                stderr=log,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def members(self) -> list[int]:
        """The processes of the group that still run."""
        return [process.pid for process in psutil.process_iter() if self._is_member(process)]

    def kill_group(self) -> None:
        """End every process of the group at once, as a power cut does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=PATIENCE_SECONDS)

    def require_running(self) -> None:
        """Raise with what the process said, where it has ended."""
        if self.process.poll() is not None:
            raise AssertionError(f"hxdav ended with {self.process.returncode}:\n{self.log.read_text(errors='replace')}")

    def _is_member(self, process: psutil.Process) -> bool:
        try:
            return os.getpgid(process.pid) == self.process.pid and process.status() != psutil.STATUS_ZOMBIE
        except (ProcessLookupError, psutil.NoSuchProcess):
            return False


class DemoServer:
    """``hxdav demo`` on a data folder, which outlives the process: it can be killed and started again."""

    def __init__(
        self, folder: Path, *options: str, port: int = 0, environment: Mapping[str, str] | None = None
    ) -> None:
        self.data = folder / "data"
        self.folder = folder
        self.port = port or free_port()
        self.environment = {**QUICK, **(environment or {})}
        self.announced = ""
        self.base_url = ""
        self.users: dict[str, DemoUser] = {}
        self._options = options
        self._running: HxdavProcess | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = ("demo", "--json", "--port", str(self.port), "--data", str(self.data), *self._options)
        self._running = HxdavProcess(self.folder, *command, environment=self.environment)
        self.announced = until(self._announcement, what="what hxdav demo --json says")
        announced = json.loads(self.announced)
        self.base_url = announced["base_url"]
        users = {name: user for name, user in announced["users"].items() if user and user["calendar_url"]}
        self.users = {name: DemoUser(**user) for name, user in users.items()}
        until(self._answers, what="an answer of hxdav demo")

    def kill(self) -> None:
        """End all its processes at once."""
        self.running.kill_group()

    @property
    def running(self) -> HxdavProcess:
        """The process that serves, or served last."""
        assert self._running is not None, "it was never started"
        return self._running

    @property
    def user(self) -> DemoUser:
        """A practitioner of the demo."""
        return self.users["maya"]

    @property
    def trusted(self) -> ssl.SSLContext | bool:
        """What a client trusts: the demo's own authority, where it has made one."""
        return ssl.create_default_context(cafile=self.authority) if self.authority.exists() else True

    @property
    def authority(self) -> Path:
        """The certificate of the demo's local authority."""
        return self.data / "tls" / "ca.pem"

    def http(self, user: DemoUser | None = None) -> httpx.Client:
        """A plain HTTP client of a user's, whose paths start at the server's root."""
        user = user or self.user
        return httpx.Client(
            base_url=self.base_url,
            auth=(user.username, user.app_password),
            verify=self.trusted,
            timeout=PATIENCE_SECONDS,
        )

    def hxdav(self, *arguments: str, expected_exit: int = 0, typed: str = "") -> str:
        """What a command says that runs beside the server, on the same installation."""
        return run_hxdav(
            *arguments, config=self.config, expected_exit=expected_exit, environment=self.environment, typed=typed
        )

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.data / "hxdav.toml"

    def appointments(self, *options: str) -> list[dict[str, Any]]:
        """What ``hxdav appointments list --json`` says."""
        listed: list[dict[str, Any]] = json.loads(self.hxdav("appointments", "list", "--json", *options))
        return listed

    def _announcement(self) -> str:
        self.running.require_running()
        line, end, _ = self.running.output.read_text().partition("\n")
        return line if end else ""

    def _answers(self) -> bool:
        self.running.require_running()
        with self.http() as client, contextlib.suppress(httpx.TransportError):
            return client.request("OPTIONS", "/").status_code < httpx.codes.INTERNAL_SERVER_ERROR
        return False


def run_hxdav(
    *arguments: str,
    config: Path,
    expected_exit: int = 0,
    environment: Mapping[str, str] | None = None,
    typed: str = "",
) -> str:
    """What a command of the command line says: standard output, or standard error where it is to fail.

    ``typed`` is what it may read.
    """
    done = run_command(*arguments, config=config, typed=typed, environment=environment)
    assert done.code == expected_exit, f"hxdav {' '.join(arguments)} ended with {done.code}:\n{done.err}"
    return done.err if expected_exit else done.out
