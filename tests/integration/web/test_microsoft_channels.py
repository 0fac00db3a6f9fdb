"""A channel's life with Graph at the other end: opened, heard, renewed at half of it, and made anew where it ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from tests.integration.web.microsoft_desk import PERSONAL, MicrosoftDesk
from tests.simulators.graph.posting import Delivery
from tests.simulators.graph.subscriptions import LONGEST, Subscription
from tests.waiting import until

NAME = "HX_Harbour Street Psychology"


@pytest.fixture
def desk(microsoft_desk: MicrosoftDesk) -> MicrosoftDesk:
    return microsoft_desk


@pytest.fixture
def connected(desk: MicrosoftDesk) -> IntegrationId:
    integration_id = desk.connect()
    desk.round()
    return integration_id


def channel_of(desk: MicrosoftDesk) -> Subscription:
    (subscription,) = desk.graph.subscriptions.open.values()
    return subscription


def delivered(desk: MicrosoftDesk) -> list[Delivery]:
    """What was delivered, once nothing is on its way."""
    post = desk.graph.subscriptions.post
    until(lambda: post.is_idle, what="everything to be delivered")
    return post.deliveries


def add_event(desk: MicrosoftDesk) -> None:
    starts = desk.practice.clock.now() + timedelta(days=1)
    desk.graph.user(PERSONAL).add_event(NAME, starts, starts + timedelta(hours=1), subject="Supervision")


@pytest.mark.parametrize("service", [Service.OUTLOOK, Service.OFFICE365])
def test_a_channel_is_opened_with_the_calendar_and_lives_less_than_seven_days(
    desk: MicrosoftDesk, service: Service
) -> None:
    integration_id = desk.connect(service)

    desk.round()

    subscription, bridge = channel_of(desk), desk.bridge(integration_id)
    assert subscription.address == subscription.lifecycle_address == f"{desk.hooks_at}/hooks/microsoft"
    assert (subscription.calendar, subscription.id) == (bridge.calendar_id, bridge.channel_ticket)
    assert subscription.until == bridge.channel_expires_at
    assert timedelta(days=6) < subscription.until - desk.practice.clock.now() < LONGEST


def test_only_a_hash_of_the_token_is_stored(desk: MicrosoftDesk, connected: IntegrationId) -> None:
    token = channel_of(desk).state
    with desk.store.snapshot() as tx:
        (row,) = tx.connection.exec_driver_sql("SELECT * FROM bridge").all()

    assert token
    assert token not in map(str, row)
    assert desk.practice.keyring.channel_token_digest(token) in row


def test_what_changes_is_told_and_the_bridge_is_looked_at(desk: MicrosoftDesk, connected: IntegrationId) -> None:
    desk.be_idle(connected)

    add_event(desk)

    assert {each.code for each in delivered(desk)} == {202}
    assert desk.bridge(connected).pull_due_at == desk.practice.clock.now()


def test_a_calendar_is_looked_at_once_more_when_its_channel_is_open(desk: MicrosoftDesk) -> None:
    integration_id = desk.connect()
    starts = desk.practice.clock.now() + timedelta(days=1)
    post, person = desk.graph.subscriptions.post, desk.graph.user(PERSONAL)
    shake = post.handshake

    def add_meanwhile(address: str, token: str) -> bool:
        """Somebody adds something after the last look, before the channel is open."""
        if address not in added:
            added.append(address)
            person.add_event(NAME, starts, starts + timedelta(hours=1), subject="In between")
        return shake(address, token)

    added: list[str] = []
    post.handshake = add_meanwhile  # type: ignore[method-assign]

    desk.round()

    assert delivered(desk) == []
    with desk.store.snapshot() as tx:
        links = tx.connection.exec_driver_sql("SELECT base FROM link").scalars().all()
    assert any("In between" in base for base in links)
    assert desk.bridge(integration_id).channel_id


@pytest.mark.parametrize("one_each", [False, True])
def test_half_way_through_its_life_a_channel_gives_way_to_a_new_one(
    desk: MicrosoftDesk, connected: IntegrationId, *, one_each: bool
) -> None:
    desk.graph.quirks.one_subscription_each = one_each
    first = channel_of(desk)
    desk.practice.clock.moment += (first.until - desk.practice.clock.now()) / 2 - timedelta(minutes=1)
    desk.round()
    assert channel_of(desk) == first

    desk.practice.clock.advance(minutes=11)
    desk.round()

    second = channel_of(desk)
    assert second.id != first.id
    assert second.state != first.state
    desk.be_idle(connected)
    desk.graph.subscriptions.deliveries.clear()
    add_event(desk)
    assert [each.code for each in delivered(desk)] == [202]
    assert desk.bridge(connected).pull_due_at == desk.practice.clock.now()


def test_the_token_of_a_channel_that_gave_way_wakes_nobody(desk: MicrosoftDesk, connected: IntegrationId) -> None:
    old = channel_of(desk).state
    desk.practice.clock.advance(days=4)
    desk.round()
    desk.be_idle(connected)

    answer = desk.pages.post("/hooks/microsoft", json={"value": [{"clientState": old}]})

    assert answer.status_code == 202
    assert desk.bridge(connected).pull_due_at is None


@pytest.mark.parametrize("word", ["reauthorizationRequired", "subscriptionRemoved"])
def test_a_channel_that_ended_before_its_time_is_made_anew(
    desk: MicrosoftDesk, connected: IntegrationId, word: str
) -> None:
    first = channel_of(desk)
    desk.practice.clock.advance(seconds=5)
    desk.graph.subscriptions.lifecycle(word)
    assert [each.code for each in delivered(desk)] == [202]

    desk.round()

    second = channel_of(desk)
    assert (second.id != first.id, second.is_dark) == (True, False)


def test_an_account_that_lets_hxdav_in_again_gets_another_channel(
    desk: MicrosoftDesk, connected: IntegrationId
) -> None:
    desk.graph.subscriptions.lose()
    with desk.store.transaction() as tx:
        tx.external_accounts.shut_out(desk.bridge(connected).account_id, trouble="access_lost")

    desk.connect()
    desk.round()

    assert channel_of(desk).id == desk.bridge(connected).channel_ticket


def test_what_was_missed_is_fetched(desk: MicrosoftDesk, connected: IntegrationId) -> None:
    first = channel_of(desk)
    desk.graph.subscriptions.troubles.drop_rate = 1.0
    add_event(desk)
    desk.graph.subscriptions.lifecycle("missed")
    delivered(desk)

    desk.round()

    assert channel_of(desk) == first
    with desk.store.snapshot() as tx:
        bases = tx.connection.exec_driver_sql("SELECT base FROM link").scalars().all()
    assert any("Supervision" in base for base in bases)


def test_a_channel_that_cannot_be_opened_now_leaves_the_account_alone_and_is_tried_again(desk: MicrosoftDesk) -> None:
    integration_id = desk.connect()
    desk.graph.faults.refuse(503, "serviceNotAvailable", method="POST", path=r"/subscriptions$")

    desk.round()

    bridge = desk.bridge(integration_id)
    assert (bridge.channel_id, bridge.pulled_at) == (None, desk.practice.clock.now())
    desk.practice.clock.advance(minutes=11)
    desk.round()
    assert channel_of(desk).id == desk.bridge(integration_id).channel_ticket


def test_a_hook_that_cannot_be_reached_costs_the_channel_and_nothing_else(desk: MicrosoftDesk) -> None:
    desk.hooks_at = "http://127.0.0.1:9"
    integration_id = desk.connect()

    desk.round()

    bridge = desk.bridge(integration_id)
    assert (bridge.channel_id, bridge.calendar_id is not None) == (None, True)
    assert desk.graph.subscriptions.open == {}
