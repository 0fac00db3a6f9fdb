"""Which servers may be called: by their names, and by the addresses that those lead to."""

from __future__ import annotations

import pytest

from hxdav.errors import CallFailed, NotReachable
from hxdav.net.addresses import joined, parts_of
from hxdav.net.reach import Reach
from hxdav.net.session import http_session

PUBLIC = ("17.248.190.1", "142.250.70.206", "2606:4700:4700::1111", "::ffff:17.248.190.1", "64:ff9b::17.248.190.1")
NOT_PUBLIC = {
    "private": ("10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1"),
    "loopback": ("127.0.0.1", "127.255.255.254", "::1"),
    "link-local, the cloud's metadata among them": ("169.254.169.254", "fe80::1", "fe80::1%eth0", "fec0::1"),
    "multicast": ("224.0.0.1", "239.255.255.255", "ff02::1"),
    "reserved": ("240.0.0.1", "255.255.255.255", "192.0.0.8", "192.88.99.1", "100::1", "5f00::1"),
    "documentation and benchmarks": ("192.0.2.1", "198.18.0.1", "203.0.113.9", "2001:db8::1", "3fff::1"),
    "unspecified": ("0.0.0.0", "0.1.2.3", "::"),
    "carrier-grade NAT": ("100.64.0.1", "100.127.255.255"),
    "IPv4 in IPv6": ("::ffff:127.0.0.1", "::ffff:10.0.0.5", "::ffff:169.254.169.254", "::ffff:100.64.0.1"),
    "IPv4 in IPv6, of old": ("::127.0.0.1", "::10.0.0.5"),
    "NAT64": ("64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"),
    "6to4": ("2002:7f00:1::1", "2002:a00:5::", "2002:a9fe:a9fe::"),
    "Teredo": ("2001:0:4136:e378:8000:63bf:3fff:fdd2",),
    "no address at all": ("", "calendar.example", "127.1"),
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called(address: str) -> None:
    assert Reach().reachable("calendar.example", [address]) == (address,)


@pytest.mark.parametrize("address", [address for kind in NOT_PUBLIC.values() for address in kind])
def test_an_address_that_is_not_public_may_not_be_called(address: str) -> None:
    with pytest.raises(NotReachable, match="its address is not a public one"):
        Reach().reachable("calendar.example", [address])


def test_of_several_addresses_only_the_public_ones_are_called() -> None:
    assert Reach().reachable("calendar.example", ["10.0.0.5", "17.248.190.1"]) == ("17.248.190.1",)


def test_a_host_without_an_address_may_not_be_called() -> None:
    with pytest.raises(NotReachable):
        Reach().reachable("calendar.example", [])


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3"])
def test_an_allowed_network_may_be_called_in_whichever_form(address: str) -> None:
    assert Reach(allowed=("10.0.0.0/8",)).reachable("calendar.example", [address])


def test_an_allowed_network_allows_no_other() -> None:
    with pytest.raises(NotReachable):
        Reach(allowed=("10.0.0.0/8", "fd00::/8")).reachable("calendar.example", ["192.168.1.1"])


def test_an_allowed_host_may_have_any_address() -> None:
    reach = Reach(allowed=("exchange.practice.example",))

    assert reach.reachable("Exchange.Practice.example.", ["192.168.1.1"])
    with pytest.raises(NotReachable):
        reach.reachable("evil.example", ["192.168.1.1"])


def test_an_allowed_suffix_allows_what_is_below_it() -> None:
    reach = Reach(allowed=("*.practice.example",))

    assert reach.reachable("mail.practice.example", ["10.0.0.5"])
    with pytest.raises(NotReachable):
        reach.reachable("evilpractice.example", ["10.0.0.5"])


def test_a_network_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="99"):
        Reach(allowed=("10.0.0.0/99",))


@pytest.mark.parametrize("scheme", ["http", "ftp", "file", ""])
def test_only_https_is_called(scheme: str) -> None:
    with pytest.raises(NotReachable, match="https"):
        Reach().require("calendar.example", scheme=scheme)


@pytest.mark.parametrize(
    ("host", "allowed"), [("127.0.0.1", "127.0.0.0/8"), ("::1", "::1"), ("localhost", "localhost")]
)
def test_an_allowed_host_is_called_without_tls(host: str, allowed: str) -> None:
    Reach(allowed=(allowed,)).require(host, scheme="http")


def test_a_name_is_not_called_without_tls_for_the_network_that_it_may_lead_to() -> None:
    with pytest.raises(NotReachable, match="https"):
        Reach(allowed=("127.0.0.1",)).require("calendar.example", scheme="http")


@pytest.mark.parametrize("host", ["caldav.icloud.com", "P34-CalDAV.iCloud.com", "p34-caldav.icloud.com."])
def test_a_host_of_the_provider_is_called(host: str) -> None:
    Reach(hosts=("*.icloud.com",)).require(host, scheme="https")


@pytest.mark.parametrize(
    "host", ["icloud.com", "icloud.com.evil.example", "evilicloud.com", "evil.example", "17.248.190.1"]
)
def test_a_host_of_another_is_not(host: str) -> None:
    with pytest.raises(NotReachable, match="no server of its provider"):
        Reach(hosts=("*.icloud.com",)).require(host, scheme="https")


def test_the_error_names_the_host_and_is_a_failed_call() -> None:
    with pytest.raises(CallFailed) as caught:
        Reach().reachable("calendar.example", ["10.0.0.5"])

    assert caught.value.host == "calendar.example"
    assert "10.0.0.5" not in str(caught.value)


NO_ADDRESSES = (
    "https://[::1",
    "http://[",
    "//[",
    "https://xn--/",
    "https://xn--zzzz-/",
    "https://x:y/",
    "https://x:99999/",
    "https://[::1]]/",
    "https://\x00/",
    "https://a\u2100b/",
    "https://\u2603.example/",
)


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_address_is_told_as_such(url: str) -> None:
    with pytest.raises(NotReachable, match="spelt right"):
        parts_of(url)
    with pytest.raises(NotReachable):
        joined("https://calendar.example/dav/", url)
    with http_session(Reach()) as session, pytest.raises(NotReachable):
        session.get(url)


@pytest.mark.parametrize(
    "url", ["https://calendar.example:8443/a?b", "https://[2606:4700::1]/", "/a", "", "https://b\u00fccher.example/"]
)
def test_an_address_is_taken_apart(url: str) -> None:
    assert parts_of(url).geturl() == url
