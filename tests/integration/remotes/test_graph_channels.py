"""Subscriptions: asked for both addresses, for less than seven days, and one for each calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from hxdav.remote import CalendarId, CalendarUnavailable, NotTaken
from hxdav.remotes.graph.account import CHANNEL_LIFE
from tests.contract.remotes.graph_places import a_hook
from tests.integration.remotes.graph_desk import Desk, a_desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


def test_a_channel_is_for_this_calendar_and_tells_its_life_there_too(desk: Desk) -> None:
    with a_hook() as hook:
        channel = desk.remote.open_channel(desk.calendar_id, channel_id="c1", token="opaque", address=hook.address)

    (subscription,) = desk.graph.subscriptions.open.values()
    assert (channel.channel_id, channel.ticket) == ("c1", subscription.id)
    assert subscription.calendar == desk.calendar_id
    assert (subscription.address, subscription.lifecycle_address) == (hook.address, hook.address)
    assert (subscription.state, subscription.immutable) == ("opaque", True)


def test_a_channel_ends_before_graph_would_refuse_it(desk: Desk) -> None:
    with a_hook() as hook:
        channel = desk.remote.open_channel(desk.calendar_id, channel_id="c1", token="opaque", address=hook.address)
    assert channel.expires_at == desk.today.moment + CHANNEL_LIFE
    assert timedelta(days=6) < CHANNEL_LIFE < timedelta(days=7)


def test_an_address_that_does_not_answer_is_not_taken(desk: Desk) -> None:
    with a_hook() as hook:
        address = hook.address
    with pytest.raises(NotTaken):
        desk.remote.open_channel(desk.calendar_id, channel_id="c1", token="opaque", address=address)


def test_a_calendar_that_is_gone_gets_no_channel(desk: Desk) -> None:
    with desk.graph.world.lock:
        desk.calendar.is_deleted = True
    with a_hook() as hook, pytest.raises(CalendarUnavailable):
        desk.remote.open_channel(desk.calendar_id, channel_id="c1", token="opaque", address=hook.address)


def test_where_graph_allows_one_the_stale_one_goes_first(desk: Desk) -> None:
    desk.graph.quirks.one_subscription_each = True
    other = desk.remote.make_calendar("HX_Other", marker="m-2", zone="UTC")
    with a_hook() as hook:
        kept, _, last = (
            desk.remote.open_channel(CalendarId(one), channel_id="c", token="opaque", address=hook.address)
            for one in (other, desk.calendar_id, desk.calendar_id)
        )
    assert desk.graph.subscriptions.open.keys() == {kept.ticket, last.ticket}


def test_a_channel_that_graph_has_forgotten_is_closed(desk: Desk) -> None:
    with a_hook() as hook:
        channel = desk.remote.open_channel(desk.calendar_id, channel_id="c1", token="opaque", address=hook.address)
    desk.graph.subscriptions.lose()
    desk.remote.close_channel(channel.channel_id, channel.ticket)
