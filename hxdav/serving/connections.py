"""The open connections of one process: how many there may be, and how long each may wait for its client."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Protocol

from hxdav.net.proxies import Network

_IPV6_PREFIX = 64
"""Bits of an IPv6 address that name a customer: they choose the rest as they like."""


class OpenConnection(Protocol):
    """A connection as the bounds see it. Moments are those of ``time.monotonic``."""

    origin: str
    """The address that it counts for."""
    waits_since: float | None
    """Since when it waits for the client; None while the server works on an answer."""

    def late(self, now: float) -> bool:
        """Return whether the client has taken longer than it may."""

    def end(self) -> None:
        """Close it; it is removed from the bounds at once."""

    def shut_down(self) -> None:
        """Close it as soon as its request under way is answered."""


class Connections:
    """Bounds connections: at most ``most`` in all, and ``most_per_origin`` from one address.

    Where a bound is reached, the connection that has waited for its client the longest gives way to the new one. Where
    every connection is at work, the new one is refused. Addresses in ``proxies`` count in all only.
    """

    def __init__(
        self,
        *,
        most: int,
        most_per_origin: int,
        proxies: tuple[Network, ...] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._most_per_origin = most_per_origin
        self._proxies = proxies
        self._now = now
        self._open: dict[OpenConnection, None] = {}
        self._by_origin: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def origin_of(self, address: str) -> str:
        """Return what an address counts for: itself, its /64 network, or "" for a proxy, which speaks for many."""
        try:
            known = ip_address(address.partition("%")[0])
        except ValueError:
            return ""
        if isinstance(known, IPv6Address):
            known = known.ipv4_mapped or known
        if any(known in network for network in self._proxies):
            return ""
        if isinstance(known, IPv4Address):
            return str(known)
        return str(ip_network((known, _IPV6_PREFIX), strict=False))

    def admit(self, connection: OpenConnection) -> bool:
        """Count a new connection; return False where there is no room for it."""
        origin = connection.origin
        if origin and self._by_origin[origin] >= self._most_per_origin and not self.make_room(origin):
            return False
        if len(self._open) >= self._most and not self.make_room():
            return False
        self._open[connection] = None
        self._by_origin[origin] += 1
        return True

    def make_room(self, origin: str | None = None) -> bool:
        """Close the connection that has waited the longest, of one origin or of all; return False if none waits."""
        waiting = [each for each in self._open if each.waits_since is not None and origin in {None, each.origin}]
        if not waiting:
            return False
        min(waiting, key=_waits_since).end()
        return True

    def remove(self, connection: OpenConnection) -> None:
        """Forget a connection that has ended; harmless for one that is not counted."""
        if connection not in self._open:
            return
        del self._open[connection]
        self._by_origin[connection.origin] -= 1
        if not self._by_origin[connection.origin]:
            del self._by_origin[connection.origin]

    def end_late(self) -> None:
        """Close every connection whose client has taken longer than it may."""
        now = self._now()
        for connection in [each for each in self._open if each.late(now)]:
            connection.end()

    def all(self) -> list[OpenConnection]:
        """Return the connections that are open."""
        return list(self._open)


def _waits_since(connection: OpenConnection) -> float:
    return connection.waits_since or 0.0
