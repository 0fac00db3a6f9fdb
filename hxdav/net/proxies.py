"""Proxies in front of the server: what is believed of what they say (RFC 7239 §8.1 on why not of everybody)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

Environ = dict[str, Any]
Network = IPv4Network | IPv6Network

_LAST_HOP = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
# Any client can send these, and Radicale would believe them.
_DROPPED = frozenset(
    {"HTTP_X_SCRIPT_NAME", "HTTP_FORWARDED", "HTTP_X_REMOTE_ADDR", "HTTP_X_REMOTE_USER", "REMOTE_USER"}
)


def networks(addresses: Iterable[str]) -> tuple[Network, ...]:
    """The networks that these addresses and networks are; ValueError where one is neither."""
    return tuple(ip_network(address, strict=False) for address in addresses)


def believe_proxies(environ: Environ, trusted: tuple[Network, ...]) -> None:
    """Take over what a trusted proxy says of the client, and remove it, trusted or not."""
    forwarded = {name: value for name, value in environ.items() if name.startswith("HTTP_X_FORWARDED_")}
    for name in (*forwarded, *_DROPPED):
        environ.pop(name, None)
    if not _is_within(environ.get("REMOTE_ADDR", ""), trusted):
        return
    chain = [address.strip() for address in forwarded.get("HTTP_X_FORWARDED_FOR", "").split(",") if address.strip()]
    for address in reversed(chain):
        environ["REMOTE_ADDR"] = address
        if not _is_within(address, trusted):
            break
    scheme, host = (forwarded.get(name, "").split(",")[-1].strip() for name in _LAST_HOP)
    if scheme in {"http", "https"}:
        environ["wsgi.url_scheme"] = scheme
    if host:
        environ["HTTP_HOST"] = host


def _is_within(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        return any(ip_address(address) in network for network in trusted)
    except ValueError:
        return False
