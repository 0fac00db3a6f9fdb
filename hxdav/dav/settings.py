"""What an administrator can set of the CalDAV side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DavSettings:
    """``prefix`` is where the tree of calendars begins: empty, or a path with a slash before it and none behind.

    Sizes are in octets. A body larger than it may be is read past and thrown away up to ``max_body_size``, so that the
    client hears the answer; beyond that the connection may break. ``trusted_proxies`` are addresses or networks.
    ``failed_logins`` is how many wrong passwords one user and address may send ``failed_logins_within`` a time.
    """

    prefix: str = ""
    max_resource_size: int = 1_000_000
    max_body_size: int = 100_000_000
    trusted_proxies: tuple[str, ...] = ()
    realm: str = "hxdav"
    failed_logins: int = 10
    failed_logins_within: timedelta = timedelta(minutes=10)
