"""``hxdav demo``: what it announces, and the commands that run beside it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from tests.commands import run_command
from tests.e2e.serving import DemoServer


def test_it_announces_its_people_and_serves_their_calendars(demo_server: DemoServer) -> None:
    announced = json.loads(demo_server.announced)
    robin = announced["users"]["robin"]

    assert announced["base_url"] == f"http://127.0.0.1:{demo_server.port}"
    assert set(announced["users"]) == {"robin", "maya", "tom"}
    assert (robin["app_password"], robin["calendar_url"]) == (None, None)
    with demo_server.http() as http:
        polled = http.request("PROPFIND", demo_server.user.calendar_path, headers={"Depth": "0"})
    assert polled.status_code == 207


def test_its_passwords_are_the_same_on_every_start(demo_server: DemoServer) -> None:
    first = demo_server.announced
    demo_server.kill()
    demo_server.start()

    assert demo_server.announced == first
    assert (demo_server.data / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_commands_list_its_appointments(demo_server: DemoServer) -> None:
    rows = demo_server.appointments("--practitioner", "maya")

    assert len(rows) == 25
    assert {row["kind"] for row in rows} == {"patient", "personal"}
    assert {"present"} <= {row["note"] for row in rows} & {row["invoice"] for row in rows}


def test_doctor_recognises_the_running_server(demo_server: DemoServer) -> None:
    findings = {row["check"]: row for row in json.loads(demo_server.hxdav("doctor", "--json"))}

    assert findings["port"]["found"] == f"{demo_server.port}, served by hxdav"


def test_a_port_that_is_taken_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        done = run_command("demo", "--json", "--port", taken, "--data", tmp_path, config=tmp_path / "hxdav.toml")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"hxdav: Something already listens on 127.0.0.1, port {taken}.")
