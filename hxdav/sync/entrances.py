"""What opens an account, as it is sealed and kept: a password with a name, or a mailbox on an Exchange server."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """What a person says of a mailbox on an Exchange server.

    ``auth`` is "basic" or "ntlm"; ``authorities`` (PEM) are to be trusted for its server alone.
    """

    address: str
    username: str
    password: str = field(repr=False)
    auth: str = "basic"
    authorities: str = ""


def password_credentials(username: str, password: str) -> str:
    """The credentials of an account that is opened with a password, to be sealed."""
    return json.dumps({"username": username, "password": password})


def exchange_credentials(account: Mailbox) -> str:
    """The same of a mailbox on an Exchange server."""
    return json.dumps(asdict(account))
