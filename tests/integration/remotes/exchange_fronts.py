"""What stands before an Exchange server: TLS by an authority of its own, NTLM, an Autodiscover that answers."""

from __future__ import annotations

import base64
import hashlib
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import spnego
import trustme
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from tests.simulators.ews.people import Person
from tests.simulators.ews.simulator import ExchangeSimulator
from tests.simulators.serving import HttpRequest

Answered = tuple[int, dict[str, str], bytes | Iterator[bytes]]
"""Code, headers and body, which may come in parts."""


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
        if isinstance(body, bytes):
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        else:
            self._send_parts(body)

    def _send_parts(self, parts: Iterator[bytes]) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        try:
            for part in parts:
                self.wfile.write(f"{len(part):X}\r\n".encode() + part + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        finally:
            # What was hanging ends with the connection.
            parts.close()  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificate:
    """What a server on localhost shows, and the authority that vouches for it (PEM)."""

    context: ssl.SSLContext
    authorities: str
    shown: bytes
    """The certificate itself (DER)."""

    @property
    def binding(self) -> GssChannelBindings:
        """What ties an NTLM proof to a connection over this certificate (RFC 5929 §4.1; it is signed with SHA-256)."""
        return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(self.shown).digest())


def certificate_of_its_own() -> OwnCertificate:
    """One that nobody trusts who is not told of its authority."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    shown = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    return OwnCertificate(context=context, authorities=authority.cert_pem.bytes().decode(), shown=shown)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing, where the other side has gone, or does not trust us: that is what tests are about."""
        if not isinstance(sys.exc_info()[1], ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


@contextmanager
def listening(handler: type[Handler], certificate: OwnCertificate | None = None) -> Iterator[str]:
    """The URL of a server whose connections are served so; over TLS where there is a certificate."""
    scheme, host = ("http", "127.0.0.1") if certificate is None else ("https", "localhost")
    with _Listener(("127.0.0.1", 0), handler) as server:
        if certificate is not None:
            server.socket = certificate.context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{scheme}://{host}:{server.server_port}"
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
    """Asks for NTLM, and passes on what comes over a connection that is let in by it.

    Where it has a ``binding``, the proof has to be tied to that (extended protection, as Exchange SE wants it).
    """

    is_let_in = False
    binding: GssChannelBindings | None = None
    context: Any = None
    exchange: ExchangeSimulator
    credentials: str

    def respond(self, body: bytes) -> Answered:
        refusal = None if self.is_let_in else self._challenged()
        if refusal is not None:
            return refusal
        headers = {"authorization": f"Basic {self.credentials}"}
        answer = self.exchange.answer(HttpRequest(method="POST", target=self.path, headers=headers, body=body))
        return answer.code, dict(answer.headers), answer.body if answer.parts is None else answer.parts

    def _challenged(self) -> Answered | None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "NTLM":
            return 401, {"WWW-Authenticate": "Negotiate, NTLM"}, b"Who are you?"
        if self.context is None:
            self.context = spnego.server(
                protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm, channel_bindings=self.binding
            )
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
def ntlm_before(
    exchange: ExchangeSimulator,
    kim: Person,
    *,
    certificate: OwnCertificate | None = None,
    binding: GssChannelBindings | None = None,
) -> Iterator[str]:
    """The URL of the server's EWS behind NTLM, which lets connections in, not requests.

    The names and passwords that it knows stand in the file that the variable NTLM_USER_FILE names. ``binding`` is what
    proofs have to be tied to: those of a server with a ``certificate`` to that, where nothing else is said.
    """
    wanted = binding or (certificate.binding if certificate else None)
    told = base64.b64encode(f"{kim.email}:{kim.password}".encode()).decode()
    within = {"exchange": exchange, "credentials": told, "binding": wanted}
    with listening(type("LettingKimIn", (LettingIn,), within), certificate) as url:
        yield f"{url}/EWS/Exchange.asmx"
