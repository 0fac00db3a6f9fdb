"""A mail server in the test's own process: real SMTP, over loopback, that can refuse and be stopped."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from hxdav.cli.certificates import local_certificates
from hxdav.mail.settings import MailSettings, Security
from tests.ports import free_port

USERNAME = "hxdav"
PASSWORD = "correct horse battery"
SENDER = "hxdav@practice.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as it arrived, and for whom."""

    addresses: list[str]
    octets: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        parsed = message_from_bytes(self.octets, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def body(self) -> str:
        """Its text."""
        content: str = self.message.get_content()
        return content


@dataclass
class MailServer:
    """Keeps what it receives. ``refusals`` are its replies to recipients, ``answers`` those to the next messages."""

    controller_options: dict[str, Any] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    security: Security = Security.NONE

    port: int = field(default_factory=free_port)

    def start(self) -> None:
        """Take connections, also after a stop."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self.controller_options)
        self._controller.start()

    def stop(self) -> None:
        """Take no connections."""
        self._controller.stop(no_assert=True)

    def settings(self, **others: Any) -> MailSettings:
        """The settings of somebody who sends by this server."""
        values: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": self.security,
            "sender": SENDER,
            "timeout_seconds": 5,
            "link": "https://calendar.example",
        }
        return MailSettings(**(values | others))

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name and signature, here and below
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        """Answer to a recipient."""
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        """Answer to a message."""
        self.received.append(Received(addresses=list(envelope.rcpt_tos), octets=envelope.content))
        return self.answers.pop(0) if self.answers else "250 OK"


@contextmanager
def a_mail_server(**options: Any) -> Iterator[MailServer]:
    """A mail server, started, that speaks without TLS and wants no login."""
    server = MailServer(controller_options=options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def a_careful_mail_server(folder: Path, *, security: Security) -> Iterator[MailServer]:
    """A mail server that wants TLS, and takes a login; its certificate is of an authority in ``folder``."""
    files = local_certificates(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    options: dict[str, Any] = {"authenticator": _authenticate}
    if security is Security.TLS:
        # aiosmtpd knows of no TLS but its own STARTTLS, and would take no login here, let alone demand one.
        options |= {"ssl_context": context, "auth_require_tls": False}
    else:
        options |= {"tls_context": context, "require_starttls": True, "auth_required": True}
    with a_mail_server(**options) as server:
        server.security = security
        yield server


@contextmanager
def a_server_that_hangs_up() -> Iterator[int]:
    """The port of a server that greets, reads a line, and is gone."""

    class Rude(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            self.rfile.readline()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Rude) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _authenticate(_server: object, _session: object, _envelope: object, _mechanism: str, given: Any) -> AuthResult:
    known = isinstance(given, LoginPassword) and given == LoginPassword(USERNAME.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=known)
