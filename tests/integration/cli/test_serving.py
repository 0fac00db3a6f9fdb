"""``hxdav serve`` and ``hxdav demo`` as processes: what they say, and that nothing of them stays behind."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.cli.command_line import CommandLine

SECONDS = 300


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@contextmanager
def running(*arguments: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """``hxdav`` with these arguments, as a process group of its own, ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hxdav", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def first_line(process: subprocess.Popen[str], *, of_errors: bool = False) -> str:
    stream = process.stderr if of_errors else process.stdout
    assert stream is not None
    ready, _, _ = select.select([stream], [], [], SECONDS)
    assert ready, "it said nothing"
    return stream.readline()


def announced(process: subprocess.Popen[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(first_line(process))
    return found


def poll_status(url: str, username: str, app_password: str, *, authority: Path | None = None) -> int:
    """The status of a poll, once something answers at the address."""
    parts = urlsplit(url)
    assert parts.hostname
    credentials = base64.b64encode(f"{username}:{app_password}".encode()).decode()
    deadline = time.monotonic() + SECONDS
    while True:
        context = ssl.create_default_context(cafile=authority) if authority else None
        connection = (
            HTTPSConnection(parts.hostname, parts.port, timeout=SECONDS, context=context)
            if context
            else HTTPConnection(parts.hostname, parts.port, timeout=SECONDS)
        )
        try:
            connection.request("PROPFIND", parts.path, headers={"Authorization": f"Basic {credentials}", "Depth": "0"})
            return connection.getresponse().status
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        finally:
            connection.close()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def becomes_free(port: int) -> bool:
    deadline = time.monotonic() + SECONDS
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_the_demo_announces_one_line_and_serves(tmp_path: Path, port: int) -> None:
    with running("demo", "--json", "--port", str(port), "--data", tmp_path) as process:
        told = announced(process)
        maya = told["users"]["maya"]

        assert told["base_url"] == f"http://127.0.0.1:{port}"
        assert set(told["users"]) == {"robin", "maya", "tom"}
        assert (told["users"]["robin"]["app_password"], told["users"]["robin"]["calendar_url"]) == (None, None)
        assert poll_status(maya["calendar_url"], "maya", maya["app_password"]) == 207


def test_the_demos_passwords_are_the_same_on_every_start(tmp_path: Path, port: int) -> None:
    arguments = ("demo", "--json", "--port", str(port), "--data", tmp_path)
    with running(*arguments) as process:
        first = announced(process)
        process.terminate()
        process.wait(SECONDS)
    with running(*arguments) as process:
        second = announced(process)

    assert second == first
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_commands_work_beside_the_running_demo(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with running("demo", "--json", "--port", str(port), "--data", tmp_path) as process:
        maya = announced(process)["users"]["maya"]
        poll_status(maya["calendar_url"], "maya", maya["app_password"])
        done = subprocess.run(
            [sys.executable, "-m", "hxdav", "appointments", "list", "--json", "--practitioner", "maya"],
            env={**os.environ, "HXDAV_CONFIG": str(tmp_path / "hxdav.toml")},
            capture_output=True,
            check=True,
        )

    rows = json.loads(done.stdout)
    assert len(rows) == 25
    assert {row["kind"] for row in rows} == {"patient", "personal"}
    assert {"present"} <= {row["note"] for row in rows} & {row["invoice"] for row in rows}


def test_the_demo_serves_https_with_its_own_authority(tmp_path: Path, port: int) -> None:
    arguments = ("demo", "--json", "--tls", "--unlimited", "--port", str(port), "--data", tmp_path)
    with running(*arguments) as process:
        maya = announced(process)["users"]["maya"]

        assert maya["calendar_url"].startswith(f"https://localhost:{port}/maya/hx-")
        authority = tmp_path / "tls" / "ca.pem"
        assert poll_status(maya["calendar_url"], "maya", maya["app_password"], authority=authority) == 207


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        with running("demo", "--json", "--port", taken, "--data", tmp_path) as process:
            out, err = process.communicate(timeout=SECONDS)

    assert (process.returncode, out) == (1, "")
    assert err.startswith(f"hxdav: Something already listens on 127.0.0.1, port {taken}.")


def test_a_server_that_is_told_to_end_ends(hxdav: CommandLine, port: int) -> None:
    with running("--config", hxdav.config, "serve", HXDAV_SERVER__PORT=str(port)) as process:
        said = first_line(process, of_errors=True)
        poll_status(f"http://127.0.0.1:{port}/", "maya", "none")
        process.terminate()
        code = process.wait(SECONDS)

    assert said == f"hxdav serves http://127.0.0.1:{port}\n"
    assert code == 0
    assert is_free(port)


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_the_worker_runs_alone_until_it_is_told_to_end(practice: CommandLine, told: signal.Signals) -> None:
    with running("--config", practice.config, "worker") as process:
        said = first_line(process, of_errors=True)
        process.send_signal(told)
        code = process.wait(SECONDS)

    assert (said, code) == ("The worker runs until Ctrl+C.\n", 0)


def test_a_worker_whose_parent_is_killed_gives_the_port_back(hxdav: CommandLine, port: int) -> None:
    with running("--config", hxdav.config, "serve", HXDAV_SERVER__PORT=str(port), HXDAV_SERVER__WORKERS="2") as process:
        poll_status(f"http://127.0.0.1:{port}/", "maya", "none")
        process.kill()
        process.wait(SECONDS)

        assert becomes_free(port)


def test_doctor_recognises_the_running_server(tmp_path: Path, port: int) -> None:
    with running("demo", "--json", "--port", str(port), "--data", tmp_path) as process:
        maya = announced(process)["users"]["maya"]
        poll_status(maya["calendar_url"], "maya", maya["app_password"])
        done = subprocess.run(
            [sys.executable, "-m", "hxdav", "--config", str(tmp_path / "hxdav.toml"), "doctor", "--json"],
            capture_output=True,
            check=True,
        )

    findings = {row["check"]: row for row in json.loads(done.stdout)}
    assert findings["port"]["found"] == f"{port}, served by hxdav"
