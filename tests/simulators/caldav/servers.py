"""CalDAV servers that others wrote, as they come: Radicale and Xandikos, each a process with a folder of its own."""

from __future__ import annotations

import base64
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from tests.ports import free_port
from tests.simulators.caldav.listening import Answer, Asked, Backend, Listener
from tests.waiting import PATIENCE_SECONDS, until

USERNAME = "mara"
PASSWORD = "wrong horse battery"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaldavAccount:
    """What a person enters to reach their calendars."""

    url: str
    username: str
    password: str


class RadicaleServer:
    """A stock Radicale: users from a file, each the owner of what is below their name."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self._users = folder / "users"
        self._users.touch()
        self.configuration = folder / "config"
        self.configuration.write_text(
            f"[server]\nhosts = 127.0.0.1:{port}\nmax_connections = 64\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {self._users}\nhtpasswd_encryption = plain\n"
            f"[rights]\ntype = owner_only\n[storage]\nfilesystem_folder = {folder / 'data'}\n"
            f"[web]\ntype = none\n[logging]\nlevel = error\n"
        )

    def add_account(self, username: str = USERNAME, password: str = PASSWORD) -> CaldavAccount:
        """Another user; it reads the file anew at each request."""
        with self._users.open("a") as users:
            users.write(f"{username}:{password}\n")
        return CaldavAccount(url=self.url, username=username, password=password)


@contextmanager
def a_radicale_server() -> Iterator[RadicaleServer]:
    """A Radicale without users, as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="radicale-") as name:
        server = RadicaleServer(Path(name), free_port())
        with _running("radicale", "--config", str(server.configuration), url=server.url, folder=Path(name)):
            yield server


@contextmanager
def a_radicale() -> Iterator[CaldavAccount]:
    """An account on a Radicale of its own."""
    with a_radicale_server() as server:
        yield server.add_account()


@contextmanager
def a_xandikos() -> Iterator[CaldavAccount]:
    """An account on a Xandikos of its own, whose only user is let in by a check of the password before it.

    Xandikos asks for passwords over its own TLS only; behind a proxy that has checked one it believes the user's name.
    """
    with tempfile.TemporaryDirectory(prefix="xandikos-") as name:
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        arguments = (
            "serve", "--directory", f"{name}/data", "--state-dir", f"{name}/state", "--defaults",
            "--current-user-principal", f"/{quote(USERNAME)}/", "--no-detect-systemd", "--listen-address", "127.0.0.1",
            "--port", str(port), "--trust-x-remote-user-from", "127.0.0.1",
        )  # fmt: skip
        with (
            _running("xandikos", *arguments, url=url, folder=Path(name)),
            contextlib.closing(Backend(url)) as backend,
            Listener(lambda asked: _checked(asked, backend)) as front,
        ):
            yield CaldavAccount(url=f"http://127.0.0.1:{front.port}/", username=USERNAME, password=PASSWORD)


def basic_credentials(asked: Asked) -> tuple[str, str]:
    """User name and password of a request (RFC 7617), empty where there are none."""
    scheme, _, encoded = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    username, _, password = base64.b64decode(encoded).decode(errors="replace").partition(":")
    return username, password


def _checked(asked: Asked, backend: Backend) -> Answer:
    if basic_credentials(asked) != (USERNAME, PASSWORD):
        return Answer(code=401, headers={"WWW-Authenticate": 'Basic realm="Xandikos"'})
    return backend.ask(asked)


@contextmanager
def _running(module: str, *arguments: str, url: str, folder: Path) -> Iterator[None]:
    """A server as a process, from when it answers; what it said is shown where it ends too early."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=output, stderr=output)
    try:
        until(lambda: _answers(process, url, log), what=f"an answer of {module}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(process: subprocess.Popen[bytes], url: str, log: Path) -> bool:
    if process.poll() is not None:
        raise AssertionError(f"it ended with {process.returncode}:\n{log.read_text(errors='replace')}")
    with contextlib.suppress(httpx.TransportError):
        httpx.options(url, timeout=PATIENCE_SECONDS, trust_env=False)
        return True
    return False
