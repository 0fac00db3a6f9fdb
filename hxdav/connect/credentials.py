"""What opens an account, as it is sealed and kept: a password with a name, or a mailbox on an Exchange server."""

from __future__ import annotations

import json
import ssl
from dataclasses import asdict, dataclass, field

from hxdav.errors import UseCaseError


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxCredentials:
    """What a person says of a mailbox on an Exchange server.

    ``auth`` is "basic" or "ntlm"; ``authorities`` (PEM) are to be trusted for its server alone.
    """

    address: str
    username: str
    password: str = field(repr=False)
    auth: str = "basic"
    authorities: str = ""


def pasted_authorities(text: str) -> str:
    """Certificate authorities as a person pastes them (PEM); raises UseCaseError where there are none to be read."""
    pasted = text.strip()
    if not pasted:
        return ""
    try:
        pasted.encode("ascii")
        ssl.create_default_context(cadata=pasted)
    except (ValueError, ssl.SSLError):
        raise UseCaseError(
            "What you pasted holds no certificate that can be read: paste all of it, from BEGIN CERTIFICATE to END "
            "CERTIFICATE, with the dashes."
        ) from None
    return pasted


def password_credentials(username: str, password: str) -> str:
    """The credentials of an account that is opened with a password, to be sealed."""
    return json.dumps({"username": username, "password": password})


def exchange_credentials(account: MailboxCredentials) -> str:
    """The same of a mailbox on an Exchange server."""
    return json.dumps(asdict(account))
