"""What stands before an Exchange server: TLS by an authority of its own, NTLM, an Autodiscover that answers."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import spnego
import trustme
from spnego.exceptions import SpnegoError

from tests.simulators.ews.people import Person
from tests.simulators.ews.simulator import ExchangeSimulator
from tests.simulators.ews.wire import WireRequest

Answered = tuple[int, dict[str, str], bytes]


class Handler(BaseHTTPRequestHandler):
    """Answers each POST by ``respond``; one of these serves one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def respond(self, body: bytes) -> Answered:
        raise NotImplementedError

    def do_POST(self) -> None:
        code, headers, body = self.respond(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def listening(handler: type[Handler]) -> Iterator[str]:
    """The URL of a server whose connections are served so."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def answering(respond: Callable[[bytes], Answered]) -> Iterator[str]:
    """The URL of a server that answers so."""

    class Answering(Handler):
        def respond(self, body: bytes) -> Answered:
            return respond(body)

    with listening(Answering) as url:
        yield url


class LettingIn(Handler):
    """Asks for NTLM, and passes on what comes over a connection that is let in by it."""

    is_let_in = False
    context: Any = None
    exchange: ExchangeSimulator
    credentials: str

    def respond(self, body: bytes) -> Answered:
        refusal = None if self.is_let_in else self._challenged()
        if refusal is not None:
            return refusal
        headers = {"authorization": f"Basic {self.credentials}"}
        answer = self.exchange.answer(WireRequest(method="POST", path=self.path, headers=headers, body=body))
        return answer.code, dict(answer.headers), answer.body

    def _challenged(self) -> Answered | None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "NTLM":
            return 401, {"WWW-Authenticate": "Negotiate, NTLM"}, b"Who are you?"
        if self.context is None:
            self.context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        try:
            challenge = self.context.step(base64.b64decode(token))
        except SpnegoError:
            self.context = None
            return 401, {"WWW-Authenticate": "NTLM"}, b"No."
        if not self.context.complete:
            return 401, {"WWW-Authenticate": f"NTLM {base64.b64encode(challenge).decode()}"}, b"Prove it."
        self.is_let_in = True
        return None


@contextmanager
def ntlm_before(exchange: ExchangeSimulator, kim: Person) -> Iterator[str]:
    """The URL of the server's EWS behind NTLM, which lets connections in, not requests.

    The names and passwords that it knows stand in the file that the variable NTLM_USER_FILE names.
    """
    told = base64.b64encode(f"{kim.email}:{kim.password}".encode()).decode()
    with listening(type("LettingKimIn", (LettingIn,), {"exchange": exchange, "credentials": told})) as url:
        yield f"{url}/EWS/Exchange.asmx"


def certificate_of_its_own() -> tuple[ssl.SSLContext, str]:
    """What a server on localhost shows, and the authority that vouches for it (PEM)."""
    authority = trustme.CA()
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(shown)
    return shown, authority.cert_pem.bytes().decode()
