from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from hxdav.net.proxies import networks
from hxdav.serving.connections import Connections


@dataclass(eq=False)
class Open:
    bounds: Connections
    origin: str
    waits_since: float | None = 0.0
    has_ended: bool = field(default=False, init=False)

    def late(self, now: float) -> bool:
        return self.waits_since is not None and now - self.waits_since > 10

    def end(self) -> None:
        self.has_ended = True
        self.bounds.remove(self)

    def shut_down(self) -> None:
        self.end()


@pytest.fixture
def bounds() -> Connections:
    return Connections(most=6, most_per_origin=3, proxies=networks(["10.0.0.0/24"]), now=lambda: 100.0)


def opened(bounds: Connections, address: str, *, waits_since: float | None = 0.0) -> Open:
    connection = Open(bounds, bounds.origin_of(address), waits_since)
    assert bounds.admit(connection)
    return connection


def test_the_connection_of_an_address_that_waits_longest_gives_way_to_its_next(bounds: Connections) -> None:
    other = opened(bounds, "192.0.2.9", waits_since=1.0)
    mine = [opened(bounds, "192.0.2.1", waits_since=moment) for moment in (5.0, 4.0, 6.0)]

    opened(bounds, "192.0.2.1", waits_since=7.0)

    assert [each.has_ended for each in (*mine, other)] == [False, True, False, False]


def test_a_connection_at_work_gives_way_to_none(bounds: Connections) -> None:
    busy = [opened(bounds, "192.0.2.1", waits_since=None) for _ in range(3)]

    assert not bounds.admit(Open(bounds, "192.0.2.1"))
    assert not any(each.has_ended for each in busy)


def test_when_all_places_are_taken_an_idle_one_of_any_address_gives_way(bounds: Connections) -> None:
    idle = [opened(bounds, f"192.0.2.{number}", waits_since=float(number)) for number in range(6)]

    opened(bounds, "192.0.2.77")

    assert [each.has_ended for each in idle] == [True, False, False, False, False, False]
    assert len(bounds) == 6


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("10.0.0.7", ""),
        ("", ""),
    ],
)
def test_an_address_counts_with_its_network_and_a_proxy_for_many(
    bounds: Connections, address: str, origin: str
) -> None:
    assert bounds.origin_of(address) == origin


def test_a_proxys_connections_are_bounded_in_all_only(bounds: Connections) -> None:
    for _ in range(6):
        opened(bounds, "10.0.0.7", waits_since=None)

    assert not bounds.admit(Open(bounds, ""))


def test_those_whose_client_takes_too_long_are_closed(bounds: Connections) -> None:
    late, early, busy = (opened(bounds, "192.0.2.1", waits_since=moment) for moment in (80.0, 95.0, None))

    bounds.end_late()

    assert [each.has_ended for each in (late, early, busy)] == [True, False, False]
