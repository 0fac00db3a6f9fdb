"""What an administrator can set of mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Security(StrEnum):
    """How the way to the mail server is protected: TLS asked for at the start, TLS throughout, or not at all."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


USUAL_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
"""Where mail servers listen (RFC 8314 §3.3, RFC 5321)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Without a ``host`` nothing is mailed. ``link`` is where a reader of a mail finds the server."""

    host: str = ""
    port: int = USUAL_PORTS[Security.STARTTLS]
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    timeout_seconds: int = 10
    link: str = ""

    @property
    def is_on(self) -> bool:
        """Whether anything is mailed."""
        return bool(self.host)
