"""SMTP (RFC 5321) by the standard library: a conversation with the mail server, and how it can fail."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage

from hxdav.errors import HxdavError
from hxdav.mail.settings import MailSettings, Security

_PERMANENT = 500
"""From this code on a refusal is for good (RFC 5321 §4.2.1)."""

_FAILURES: tuple[tuple[type[OSError], str], ...] = (
    (smtplib.SMTPAuthenticationError, "refuses the user name or the password"),
    (smtplib.SMTPNotSupportedError, "offers no STARTTLS, or no login"),
    (ssl.SSLCertVerificationError, "shows a certificate that is not trusted for that name"),
    (ssl.SSLError, "does not speak TLS there"),
    (socket.gaierror, "is not known by that name"),
    (ConnectionRefusedError, "takes no connections there"),
    (TimeoutError, "does not answer in time"),
    # All that smtplib raises is one of these, too.
    (OSError, "does not go on as a mail server does"),
)


class MailServerFailed(HxdavError):
    """Nothing can be sent now; the text names the server, and ``cause`` the exception's type, for the log."""

    def __init__(self, settings: MailSettings, error: OSError) -> None:
        does = next(sentence for kind, sentence in _FAILURES if isinstance(error, kind))
        super().__init__(f"The mail server {settings.host}, port {settings.port}, {does}.")
        self.cause = type(error).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What the server did with a message: for how many it took it, and the codes by which it did not."""

    taken: int
    refused: tuple[int, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether somebody will get it, and nobody else would by trying again."""
        return self.taken > 0 and all(code >= _PERMANENT for code in self.refused)


class Conversation:
    """An open connection to the mail server."""

    def __init__(self, smtp: smtplib.SMTP, settings: MailSettings) -> None:
        self._smtp = smtp
        self._settings = settings

    def send(self, message: EmailMessage, *, addresses: Sequence[str]) -> Delivery:
        """Hand a message over; raises MailServerFailed where the conversation breaks off, and all ends."""
        try:
            refused = self._smtp.send_message(message, from_addr=self._settings.sender, to_addrs=addresses)
        except smtplib.SMTPRecipientsRefused as error:
            return Delivery(taken=0, refused=tuple(code for code, _ in error.recipients.values()))
        except smtplib.SMTPResponseException as error:
            return Delivery(taken=0, refused=(error.smtp_code,))
        except OSError as error:
            raise MailServerFailed(self._settings, error) from error
        return Delivery(taken=len(addresses) - len(refused), refused=tuple(code for code, _ in refused.values()))


@contextmanager
def conversation(settings: MailSettings) -> Iterator[Conversation]:
    """Connect and log in, with the server's certificate verified; raises MailServerFailed."""
    try:
        smtp = _connected(settings)
    except OSError as error:
        raise MailServerFailed(settings, error) from error
    try:
        yield Conversation(smtp, settings)
    finally:
        with suppress(OSError):
            smtp.quit()
        smtp.close()


def _connected(settings: MailSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.security is Security.TLS:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=settings.timeout_seconds, context=context
        )
    else:
        smtp = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_seconds)
    try:
        if settings.security is Security.STARTTLS:
            # Where the server does not offer it, this raises: nothing is ever sent in the clear instead.
            smtp.starttls(context=context)
        if settings.username:
            smtp.login(settings.username, settings.password)
    except BaseException:
        smtp.close()
        raise
    return smtp
