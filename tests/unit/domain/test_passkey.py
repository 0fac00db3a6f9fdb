"""For which addresses passkeys are made, and what a device's counter says."""

from __future__ import annotations

import pytest

from hxdav.domain.passkey import counts_backwards, relying_party


@pytest.mark.parametrize(
    ("public_url", "host", "origin"),
    [
        ("https://hx.example", "hx.example", "https://hx.example"),
        ("https://hx.example:443", "hx.example", "https://hx.example"),
        ("https://hx.example:8443", "hx.example", "https://hx.example:8443"),
        ("https://HX.Example", "hx.example", "https://hx.example"),
        ("http://localhost:5232", "localhost", "http://localhost:5232"),
    ],
)
def test_passkeys_are_made_for_a_name(public_url: str, host: str, origin: str) -> None:
    party = relying_party(public_url)

    assert party is not None
    assert (party.host, party.origin) == (host, origin)


@pytest.mark.parametrize(
    "public_url", ["http://hx.example", "https://192.0.2.7:8443", "http://127.0.0.1:5232", "https://[2001:db8::1]", ""]
)
def test_browsers_make_none_for_a_bare_address_or_without_https(public_url: str) -> None:
    assert relying_party(public_url) is None


@pytest.mark.parametrize(
    ("before", "now", "is_copy"),
    [(0, 0, False), (0, 1, False), (1, 2, False), (1, 1, True), (2, 1, True), (5, 0, True)],
)
def test_a_counter_only_rises_or_stays_at_nothing(before: int, now: int, is_copy: bool) -> None:  # noqa: FBT001
    assert counts_backwards(before, now) is is_copy
