"""Which servers may be called: public addresses, and what the administrator allows (SSRF, OWASP ASVS 12.6)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from hxdav.errors import NotReachable

Resolver = Callable[[str, int], Sequence[str]]
"""From a host's name and a port to its addresses, as text; raises OSError where the name is not known."""

_NAT64 = ip_network("64:ff9b::/96")
"""IPv4 addresses behind a translator (RFC 6052 §2.1): the last four octets say where it leads."""

_SPECIAL = tuple(
    map(
        ip_network,
        (
            # Not public by the IANA registries (RFC 6890), and not told so by each Python that we run on.
            "100.64.0.0/10",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "3fff::/20",
            "5f00::/16",
            "fec0::/10",
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which servers may be called.

    ``allowed`` is the administrator's list: networks and addresses ("10.0.0.0/8", "127.0.0.1"), which need not be
    public, and names of hosts ("exchange.practice.example"), which may have any address. An allowed name, or an allowed
    address that stands in the URL itself, may also be called without TLS.
    ``hosts``, where there are any, are the only names that may be called: "caldav.example" is that one,
    "*.icloud.com" each below it. Raises ValueError where an entry is neither.
    """

    allowed: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for entry in self.allowed:
            if "/" in entry:
                ip_network(entry, strict=False)

    def require(self, host: str, *, scheme: str) -> None:
        """Raise NotReachable unless a URL with this scheme and host may be called; its address is not known yet."""
        host = _plain(host)
        if not host or scheme not in {"http", "https"}:
            raise NotReachable(host, "hxdav calls addresses only that begin with https:// and name a host.")
        if self.hosts and not self.names(host):
            raise NotReachable(host, f"hxdav does not call {host} for this account: it is no server of its provider.")
        if scheme == "http" and not self._is_allowed(host):
            raise NotReachable(
                host,
                f"hxdav calls {host} by https:// only. Ask for its https address;"
                " where it has none, an administrator can add the host to those that are allowed.",
            )

    def names(self, host: str) -> bool:
        """Whether ``hosts`` names that host."""
        return _is_among(_plain(host), self.hosts)

    def reachable(self, host: str, addresses: Sequence[str]) -> tuple[str, ...]:
        """Those of a host's addresses that may be called; raises NotReachable where there is none."""
        host = _plain(host)
        found = tuple(address for address in addresses if self._may_call(host, address))
        if not found:
            raise NotReachable(
                host,
                f"hxdav does not call {host}: its address is not a public one."
                " If it is a server of your own, an administrator can add it to the hosts that are allowed.",
            )
        return found

    def _may_call(self, host: str, address: str) -> bool:
        parsed = _address(address)
        if parsed is None:
            return False
        return _is_public(parsed) or self._allows(parsed) or _is_among(host, self.allowed)

    def _is_allowed(self, host: str) -> bool:
        parsed = _address(host)
        return _is_among(host, self.allowed) if parsed is None else self._allows(parsed)

    def _allows(self, address: IPv4Address | IPv6Address) -> bool:
        target = _target(address)
        networks = [network for network in map(_network, self.allowed) if network is not None]
        return any(target in network for network in networks if network.version == target.version)


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the operating system knows of a host; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    target = _target(address)
    if not target.is_global or target.is_multicast or target.is_reserved:
        return False
    return not any(target in network for network in _SPECIAL if network.version == target.version)


def _target(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Where a connection to an address leads: the IPv4 address that is written into some IPv6 ones."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _plain(host: str) -> str:
    return host.lower().rstrip(".")


def _is_among(host: str, patterns: Sequence[str]) -> bool:
    plain = [_plain(pattern) for pattern in patterns]
    return any(host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern for pattern in plain)
