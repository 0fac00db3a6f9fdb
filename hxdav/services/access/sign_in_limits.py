"""Limits on wrong web passwords and recovery codes: for each user, for each address, and for each known browser.

A browser in which the user has signed in before keeps a mark. Its tries are counted for that browser alone, so that a
stranger who tries passwords does not lock the user out.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest
from ipaddress import IPv6Address, IPv6Network, ip_address

from hxdav.domain.practice import User
from hxdav.domain.times import Clock
from hxdav.secrets.keyring import Keyring
from hxdav.store.sign_in_tries import SignInCount
from hxdav.store.store import Tx

WITHIN = timedelta(minutes=5)
"""The time in which wrong ones are counted together, from the first one on."""

WRONG_FOR_USER = 10
"""How many may be wrong for one user name, from all unknown browsers together."""

WRONG_FOR_ADDRESS = 30
"""How many may be wrong from one address, for all user names together: a whole practice may share an address."""

WRONG_FOR_BROWSER = 10
"""How many may be wrong in one known browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who tries to sign in, from which address; ``mark`` is what the browser keeps from the last time, or empty."""

    username: str
    address: str
    mark: str


def new_mark(tx: Tx, keyring: Keyring, *, user: User) -> str:
    """What a browser keeps to be known again as this user's, until the web password changes."""
    number = secrets.token_hex(16)
    return f"{number}.{_signature(tx, keyring, user=user, number=number)}"


def wait(tx: Tx, clock: Clock, keyring: Keyring, *, origin: Origin) -> timedelta | None:
    """How long to wait before another try, where too many were wrong; counts nothing."""
    return _wait(tx, clock, _allowed(tx, keyring, origin))


def count(tx: Tx, clock: Clock, keyring: Keyring, *, origin: Origin) -> timedelta | None:
    """Count a try before it is looked at; how long to wait instead, where too many were wrong.

    Tries are counted first, because many that are looked at together would all pass. ``take_back`` follows a right one.
    """
    allowed, now = _allowed(tx, keyring, origin), clock.now()
    refused = _wait(tx, clock, allowed)
    if refused is not None:
        return refused
    tx.sign_in_tries.forget(now - WITHIN)
    counts = tx.sign_in_tries.add(allowed.keys(), now=now)
    return _longest_wait(clock, [each for each in counts if each.number > allowed[each.subject]])


def take_back(tx: Tx, keyring: Keyring, *, origin: Origin) -> None:
    """Count a try no longer, because it was right."""
    tx.sign_in_tries.take_back(_allowed(tx, keyring, origin).keys())


def _wait(tx: Tx, clock: Clock, allowed: Mapping[str, int]) -> timedelta | None:
    counts = tx.sign_in_tries.of(allowed.keys(), since=clock.now() - WITHIN)
    return _longest_wait(clock, [each for each in counts if each.number >= allowed[each.subject]])


def _allowed(tx: Tx, keyring: Keyring, origin: Origin) -> dict[str, int]:
    """The subjects for which a try counts, and how many may be wrong for each."""
    browser = _known_browser(tx, keyring, origin)
    if browser is not None:
        return {keyring.sign_in_subject("browser", browser): WRONG_FOR_BROWSER}
    return {
        keyring.sign_in_subject("user", origin.username): WRONG_FOR_USER,
        keyring.sign_in_subject("address", _network(origin.address)): WRONG_FOR_ADDRESS,
    }


def _known_browser(tx: Tx, keyring: Keyring, origin: Origin) -> str | None:
    """The number of a browser in which this user has signed in before, with the present web password."""
    number, _, signature = origin.mark.partition(".")
    user = tx.people.user_named(origin.username) if signature else None
    if user is None:
        return None
    expected = _signature(tx, keyring, user=user, number=number)
    return number if compare_digest(expected.encode(), signature.encode()) else None


def _signature(tx: Tx, keyring: Keyring, *, user: User, number: str) -> str:
    return keyring.browser_signature(f"{user.id} {number} {tx.people.web_password_hash(user.id) or ''}")


def _network(address: str) -> str:
    """The address, or of IPv6 its /64: one household or machine has all of that (RFC 6177 §2)."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found), 64), strict=False))


def _longest_wait(clock: Clock, exhausted: list[SignInCount]) -> timedelta | None:
    return max((each.began_at + WITHIN - clock.now() for each in exhausted), default=None)
