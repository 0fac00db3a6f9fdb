"""The server's processes: how they start, end, share a database, and what they take off the wire."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.events import an_event
from tests.e2e.serving import DemoServer, HxdavProcess, run_hxdav
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS, until

SETTINGS = """\
data_dir = "."

[server]
port = {port}
workers = {workers}
"""


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty database of the present schema, to copy."""
    folder = tmp_path_factory.mktemp("migrated")
    configure(folder, port=free_port())
    run_hxdav("db", "upgrade", config=folder / "hxdav.toml")
    return folder


@pytest.fixture
def installation(migrated: Path, tmp_path: Path) -> Path:
    """A folder with an installation of a test's own."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    return tmp_path


@contextmanager
def served(installation: Path, *, workers: int = 1) -> Iterator[tuple[HxdavProcess, int]]:
    """``hxdav serve`` on an installation, and its port."""
    port = free_port()
    configure(installation, port=port, workers=workers)
    server = HxdavProcess(installation, "serve", environment={"HXDAV_CONFIG": str(installation / "hxdav.toml")})
    try:
        wait_until_it_answers(server, port)
        yield server, port
    finally:
        server.kill_group()


def configure(folder: Path, *, port: int, workers: int = 1) -> None:
    (folder / "hxdav.toml").write_text(SETTINGS.format(port=port, workers=workers))


def test_a_server_that_is_told_to_end_does_so_and_frees_its_port(installation: Path) -> None:
    with served(installation) as (server, port):
        until(lambda: f"hxdav serves http://127.0.0.1:{port}\n" in server.log.read_text(), what="the address")
        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(timeout=PATIENCE_SECONDS) == 0
        assert server.members() == []
        assert can_listen(port)


def test_interrupting_it_from_the_keyboard_ends_it_too(installation: Path) -> None:
    with served(installation) as (server, port):
        os.killpg(server.process.pid, signal.SIGINT)

        assert server.process.wait(timeout=PATIENCE_SECONDS) == 0
        assert server.members() == []
        assert can_listen(port)


def test_killing_the_parent_leaves_no_worker_behind(installation: Path) -> None:
    with served(installation, workers=2) as (server, port):
        until(lambda: len(server.members()) == 3, what="both workers")
        server.process.kill()
        server.process.wait(timeout=PATIENCE_SECONDS)

        until(lambda: not server.members(), what="the end of the workers")
        until(lambda: can_listen(port), what="the port")


def test_a_serving_process_that_is_killed_is_replaced(installation: Path) -> None:
    with served(installation, workers=2) as (server, port):
        until(lambda: len(server.members()) == 3, what="both workers")
        before = set(server.members()) - {server.process.pid}
        for pid in before:
            os.kill(pid, signal.SIGKILL)

        until(lambda: not before & set(server.members()), what="the end of the killed processes")
        wait_until_it_answers(server, port)

        until(lambda: len(server.members()) == 3, what="as many workers as before")


def test_a_port_that_is_taken_is_refused_with_a_sentence(installation: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        configure(installation, port=port)

        said = run_hxdav("serve", config=installation / "hxdav.toml", expected_exit=1)

    assert f"port {port}" in said


def test_a_database_of_another_version_is_refused_with_the_command_that_mends_it(installation: Path) -> None:
    with closing(sqlite3.connect(installation / "hxdav.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000_of_long_ago'")
        connection.commit()

    assert "hxdav db upgrade" in run_hxdav("serve", config=installation / "hxdav.toml", expected_exit=1)


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_the_worker_runs_alone_until_it_is_told_to_end(installation: Path, told: signal.Signals) -> None:
    worker = HxdavProcess(installation, "worker", environment={"HXDAV_CONFIG": str(installation / "hxdav.toml")})
    try:
        until(worker.log.read_text, what="what it says first")
        worker.process.send_signal(told)
        code = worker.process.wait(timeout=PATIENCE_SECONDS)
    finally:
        worker.kill_group()

    assert (worker.log.read_text(), code) == ("The worker runs until Ctrl+C.\n", 0)


@pytest.mark.parametrize("size", [1, 200_000])
def test_a_body_in_chunks_is_stored_whole(unlimited_demo_server: DemoServer, size: int) -> None:
    name = f"chunks-{size}.ics"
    text = an_event(name, f"DESCRIPTION:{'x' * size}", days=3).encode()

    with unlimited_demo_server.http() as http:
        url = unlimited_demo_server.user.calendar_path + name
        response = http.put(url, content=iter([text[:10], text[10:1000], text[1000:]]))

        assert response.status_code == 201
        assert http.get(url).content == text


def test_a_client_that_waits_for_permission_to_send_its_body_gets_it(unlimited_demo_server: DemoServer) -> None:
    text = an_event("expect.ics", days=3).encode()
    with unlimited_demo_server.http() as http:
        url = unlimited_demo_server.user.calendar_path + "expect.ics"
        request = http.build_request("PUT", url, headers={"Expect": "100-continue", "Content-Length": str(len(text))})
        request = next(http.auth.auth_flow(request)) if http.auth else request

        with closing(
            socket.create_connection(("127.0.0.1", unlimited_demo_server.port), timeout=PATIENCE_SECONDS)
        ) as wire:
            wire.sendall(head_of(request))
            assert wire.recv(1000).startswith(b"HTTP/1.1 100 ")
            wire.sendall(text)
            assert wire.recv(1000).startswith(b"HTTP/1.1 201 ")

        assert http.get(url).content == text


def test_two_servers_on_one_database_serve_each_others_writes(fresh_demo_server: DemoServer, tmp_path: Path) -> None:
    user, port = fresh_demo_server.user, free_port()
    environment = {"HXDAV_CONFIG": str(fresh_demo_server.data / "hxdav.toml"), "HXDAV_SERVER__PORT": str(port)}
    second = HxdavProcess(tmp_path, "serve", environment=environment)
    auth = (user.username, user.app_password)
    try:
        wait_until_it_answers(second, port)
        with (
            fresh_demo_server.http() as here,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=auth, timeout=PATIENCE_SECONDS) as there,
        ):
            for number in range(20):
                writer, reader = (here, there) if number % 2 else (there, here)
                url = f"{user.calendar_path}shared-{number}.ics"
                text = an_event(f"shared-{number}", days=3)
                etag = writer.put(url, content=text).raise_for_status().headers["ETag"]
                assert (reader.get(url).text, reader.get(url).headers["ETag"]) == (text, etag)
                assert reader.delete(url, headers={"If-Match": etag}).is_success
                assert writer.get(url).status_code == 404
    finally:
        second.kill_group()


def wait_until_it_answers(server: HxdavProcess, port: int) -> None:
    def answers() -> bool:
        server.require_running()
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE_SECONDS)
        except httpx.TransportError:
            return False
        return True

    until(answers, what="an answer of hxdav serve")


def can_listen(port: int) -> bool:
    """Whether nobody listens on the port; connections that fade away do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def head_of(request: httpx.Request) -> bytes:
    lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()
