"""URLs that a person or another server has named: whatever cannot be taken apart is told as such, and never raised."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from hxdav.errors import NotReachable

_NO_ADDRESS = "This is not the address of a server. Is it spelt right?"


def parts_of(url: str) -> SplitResult:
    """The parts of a URL; raises NotReachable where they do not make an address (RFC 3986 §3, RFC 5891 §5)."""
    try:
        parts = urlsplit(url)
        # Both read it later, and neither by the rules of the other: port and host are looked at when asked for.
        _ = parts.port, httpx.URL(url).host
    except (ValueError, httpx.InvalidURL):
        raise NotReachable("", _NO_ADDRESS) from None
    return parts


def joined(base: str, reference: str) -> str:
    """A reference resolved against the URL where it stood (RFC 3986 §5); raises NotReachable as ``parts_of``."""
    try:
        url = urljoin(base, reference)
    except ValueError:
        raise NotReachable("", _NO_ADDRESS) from None
    parts_of(url)
    return url
