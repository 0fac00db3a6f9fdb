"""Passkeys (WebAuthn): what is kept of one, and for which address one is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from hxdav.domain.ids import PasskeyId, UserId

_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """For whom devices make passkeys: ``host`` is its id (WebAuthn §5.1.2), ``origin`` what browsers call its pages."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePasskey:
    """A passkey as its device has just made it; none of it is a secret."""

    credential_id: bytes
    public_key: bytes
    counter: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A user's passkey; ``counter`` is what its device counted last, and stays 0 where the device does not count."""

    id: PasskeyId
    user_id: UserId
    credential_id: bytes
    public_key: bytes
    counter: int
    name: str
    added_at: datetime
    used_at: datetime | None


def relying_party(public_url: str) -> RelyingParty | None:
    """Whom the pages at this address are; None where browsers make no passkeys for it.

    They make none for a bare IP address, and without https only for the machine that they run on.
    """
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    if _is_address(host) or not (parts.scheme == "https" or host == "localhost"):
        return None
    port = "" if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f":{parts.port}"
    return RelyingParty(host=host, origin=f"{parts.scheme}://{host}{port}")


def counts_backwards(before: int, now: int) -> bool:
    """Whether a device's counter says that there is a copy of the passkey (WebAuthn §6.1.1)."""
    return now <= before and (now, before) != (0, 0)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
