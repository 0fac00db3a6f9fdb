"""Listening: what changes elsewhere arrives without the clock, and whatever breaks is mended or taken over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from hxdav.domain.bridge import AccountState, BridgeState
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from hxdav.domain.notification import NotificationKind
from hxdav.remote import AccessLost, CalendarId, RemoteError, TryLater
from hxdav.store.store import Store
from hxdav.sync.failures import LONGEST_PAUSE
from hxdav.sync.listening import Wakes, rest_after
from hxdav.worker.listeners import Listeners
from hxdav.worker.worker import Worker
from tests.builders import a_practice, an_object
from tests.integration.listening_world import TUESDAY, HeardWorld, a_heard_world, comes, worker_at
from tests.simulators.ews.clients import faithful_exchange

LEASE = timedelta(seconds=60)


@pytest.fixture
def world(store: Store) -> HeardWorld:
    """A provider in memory that streams, on each database."""
    return a_heard_world(store)


@pytest.fixture
def at_exchange(sqlite_store: Store) -> Iterator[HeardWorld]:
    """Exchange, with Kim before Outlook."""
    with faithful_exchange() as exchange:
        kim = exchange.user("kim@practice.example", zone="Australia/Sydney")
        yield HeardWorld(practice=a_practice(sqlite_store), exchange=exchange, kim=kim)


def add(world: HeardWorld, bridge: IntegrationId, title: str) -> str:
    """Kim adds an appointment in Outlook."""
    assert world.kim is not None
    calendar_id = world.bridge(bridge).calendar_id
    assert calendar_id is not None
    return world.kim.add(calendar_id, TUESDAY, TUESDAY + timedelta(hours=1), Subject=title).id


def subscriptions(world: HeardWorld) -> int:
    assert world.exchange is not None
    return sum(one.reader is not None for one in list(world.exchange.subscriptions.by_id.values()))


def looks(world: HeardWorld) -> int:
    assert world.exchange is not None
    assert world.kim is not None
    return world.exchange.requests.made(world.kim.email, "SyncFolderItems")


# Over the wire of Exchange.


def test_what_changes_in_outlook_arrives_without_the_clock(at_exchange: HeardWorld) -> None:
    bridge = at_exchange.connected()
    with worker_at(at_exchange):
        assert comes(lambda: subscriptions(at_exchange))
        item = add(at_exchange, bridge, "Supervision")
        assert comes(lambda: at_exchange.titles() == ["Supervision"])
        assert at_exchange.kim is not None
        at_exchange.kim.change(item, Subject="Supervision, moved")
        assert comes(lambda: at_exchange.titles() == ["Supervision, moved"])
    at_exchange.require_no_fault_of_ours()


def test_what_happens_while_a_subscription_is_lost_is_found(at_exchange: HeardWorld) -> None:
    bridge = at_exchange.connected()
    assert at_exchange.exchange is not None
    with worker_at(at_exchange):
        assert comes(lambda: subscriptions(at_exchange))
        with at_exchange.exchange.world.lock:
            at_exchange.exchange.subscriptions.lose()
            add(at_exchange, bridge, "In between")
        assert comes(lambda: at_exchange.titles() == ["In between"])
        add(at_exchange, bridge, "Supervision")
        assert comes(lambda: at_exchange.titles() == ["In between", "Supervision"])


@pytest.mark.parametrize("how", ["ended", "broken off"])
def test_a_connection_that_is_over_is_opened_again(at_exchange: HeardWorld, how: str) -> None:
    bridge = at_exchange.connected()
    assert at_exchange.exchange is not None
    with worker_at(at_exchange):
        assert comes(lambda: subscriptions(at_exchange))
        end = at_exchange.exchange.subscriptions.end_streams if how == "ended" else at_exchange.exchange.hang_up
        with at_exchange.exchange.world.lock:
            at_exchange.exchange.subscriptions.are_dropped = True
            end()
            add(at_exchange, bridge, "In between")
        at_exchange.exchange.subscriptions.are_dropped = False
        # It was open for a moment only, and is not opened again at once.
        assert comes(
            lambda: at_exchange.titles() == ["In between"],
            meanwhile=lambda: at_exchange.practice.clock.advance(seconds=0.5),
        )


def test_notifications_that_never_come_are_made_up_for_by_the_clock(at_exchange: HeardWorld) -> None:
    bridge = at_exchange.connected()
    assert at_exchange.exchange is not None
    before = looks(at_exchange)
    with worker_at(at_exchange):
        # It looks once, because it has begun to listen.
        assert comes(lambda: looks(at_exchange) > before and at_exchange.is_calm())
        at_exchange.exchange.subscriptions.are_dropped = True
        add(at_exchange, bridge, "Supervision")
        assert not comes(at_exchange.titles, within=1)
        at_exchange.practice.clock.advance(seconds=60)
        assert comes(lambda: at_exchange.titles() == ["Supervision"])


def test_our_own_writing_is_no_reason_to_look_after_every_object(at_exchange: HeardWorld) -> None:
    bridge = at_exchange.connected()
    assert at_exchange.exchange is not None
    assert at_exchange.kim is not None
    kim, before = at_exchange.kim, looks(at_exchange)
    with worker_at(at_exchange):
        assert comes(lambda: looks(at_exchange) > before and at_exchange.is_calm())
        before = looks(at_exchange)
        for number in range(60):
            at_exchange.practice.book(an_object(f"{number}@practice"))
        calendar_id = at_exchange.bridge(bridge).calendar_id or ""
        assert comes(lambda: len(kim.items(calendar_id)) == 60 and at_exchange.is_calm())

    assert looks(at_exchange) - before < 20


def test_a_password_that_is_changed_ends_listening_until_the_account_is_connected_again(
    at_exchange: HeardWorld,
) -> None:
    bridge = at_exchange.connected()
    assert at_exchange.exchange is not None
    assert at_exchange.kim is not None
    with worker_at(at_exchange):
        assert comes(lambda: subscriptions(at_exchange))
        at_exchange.kim.change_password("another-Leaf-8")
        at_exchange.exchange.hang_up()
        assert comes(
            lambda: state_of(at_exchange) is AccountState.REFUSED,
            meanwhile=lambda: at_exchange.practice.clock.advance(seconds=30),
        )
        asked = at_exchange.exchange.requests.made(at_exchange.kim.email)
        assert at_exchange.practice.told().count(NotificationKind.ACCESS_LOST) == 1

        connect_again(at_exchange, password="another-Leaf-8")
        add(at_exchange, bridge, "Supervision")
        assert comes(lambda: at_exchange.titles() == ["Supervision"])
        assert at_exchange.exchange.requests.made(at_exchange.kim.email) > asked


def test_a_worker_that_stops_hangs_up_and_gives_the_account_back(at_exchange: HeardWorld) -> None:
    at_exchange.connected()
    assert at_exchange.exchange is not None
    with worker_at(at_exchange) as listeners:
        assert comes(lambda: subscriptions(at_exchange))
        listeners.stop(within_seconds=3)

        assert not any(at_exchange.exchange.subscriptions.open_streams.values())
        assert at_exchange.listening("other").take(at_exchange.account(Service.EXCHANGE))


def test_the_worker_begins_to_listen_and_ends_it(world: HeardWorld) -> None:
    world.connected()
    practice = world.practice
    worker = Worker(
        store=practice.store,
        clock=practice.clock,
        policy=practice.policy,
        listeners=Listeners(listening=world.listening(), most=1),
    )
    worker.start()
    assert comes(lambda: world.provider.listeners == 1)

    worker.stop()

    assert world.provider.listeners == 0


def state_of(world: HeardWorld) -> AccountState:
    with world.practice.store.snapshot() as tx:
        return tx.external_accounts.one(world.account(Service.EXCHANGE)).state


def connect_again(world: HeardWorld, *, password: str = "renewed") -> None:
    account_id = world.account(Service.EXCHANGE)
    with world.practice.store.transaction() as tx:
        tx.external_accounts.let_in(account_id, credentials=password, label="kim@practice.example", address="")
        tx.bridges.look_soon(account_id, now=world.practice.clock.now())


# Whatever the provider.


def test_one_worker_listens_to_an_account_at_a_time(world: HeardWorld) -> None:
    world.connected()
    account_id = world.account(Service.EXCHANGE)
    one, other = world.listening("one"), world.listening("other")

    assert other.unheard(limit=9) == [account_id]
    assert one.take(account_id)
    assert other.unheard(limit=9) == []
    assert not other.take(account_id)
    one.leave(account_id)
    assert other.take(account_id)
    assert (one.wanted(), list(other.wanted())) == ({}, [account_id])


def test_what_a_killed_worker_listened_to_is_taken_over_when_its_time_is_out(world: HeardWorld) -> None:
    bridge = world.connected()
    killed = world.listening("killed")
    assert killed.take(world.account(Service.EXCHANGE))
    with worker_at(world, worker="other"):
        world.practice.clock.advance(seconds=LEASE.total_seconds() - 1)
        assert not comes(lambda: world.provider.listeners, within=1.5)
        world.practice.clock.advance(seconds=1)
        assert comes(lambda: world.provider.listeners)
        world.provider.add(an_object("theirs", summary="Supervision"))
        assert comes(lambda: world.titles() == ["Supervision"])
    assert world.bridge(bridge).state is BridgeState.RUNNING


def test_a_worker_that_listens_keeps_its_accounts(world: HeardWorld) -> None:
    world.connected()
    account_id = world.account(Service.EXCHANGE)
    one = world.listening("one")
    assert one.take(account_id)

    world.practice.clock.advance(seconds=59)
    one.keep()
    world.practice.clock.advance(seconds=59)

    assert not world.listening("other").take(account_id)


def test_an_account_that_was_connected_anew_is_listened_to_anew(world: HeardWorld) -> None:
    world.connected()
    account_id = world.account(Service.EXCHANGE)
    one = world.listening("one")
    assert one.take(account_id)

    connect_again(world)

    assert one.wanted() == {}
    assert one.unheard(limit=9) == [account_id]


def test_an_account_that_gave_trouble_is_left_alone_for_a_while_by_all(world: HeardWorld) -> None:
    world.connected()
    account_id = world.account(Service.EXCHANGE)
    one, other = world.listening("one"), world.listening("other")
    assert one.take(account_id)

    one.leave(account_id, rest=timedelta(seconds=30))

    assert not other.take(account_id)
    world.practice.clock.advance(seconds=30)
    assert other.take(account_id)


def test_what_is_paused_stopped_or_not_made_yet_is_not_listened_to(world: HeardWorld) -> None:
    bridge = world.connect(Service.EXCHANGE)
    listening = world.listening()
    before = listening.unheard(limit=9)
    world.round()
    made = listening.unheard(limit=9)
    with world.practice.store.transaction() as tx:
        tx.bridges.change(bridge, state=BridgeState.STOPPED)

    assert (before, made, listening.unheard(limit=9)) == ([], [world.account(Service.EXCHANGE)], [])


def test_services_that_do_not_stream_are_not_listened_to(world: HeardWorld) -> None:
    world.connect(Service.GOOGLE)
    world.round()

    assert world.listening().unheard(limit=9) == []


def test_a_calendar_that_comes_later_is_listened_to_as_well(world: HeardWorld) -> None:
    world.connected()
    with worker_at(world):
        assert comes(lambda: world.provider.listeners)
        # Its worker makes the calendar, and nobody else: two would be in each other's way.
        second = world.connect(Service.EXCHANGE)
        assert comes(lambda: world.bridge(second).calendar_id)
        calendar = world.provider.calendars[world.bridge(second).calendar_id or ""]
        assert comes(lambda: len(world.listening("one").wanted()[world.account(Service.EXCHANGE)]) == 2)
        world.provider.add(an_object("theirs", summary="Supervision"), calendar)
        assert comes(lambda: world.titles() == ["Supervision"])


def test_a_worker_listens_to_no_more_accounts_than_it_may(world: HeardWorld) -> None:
    for number in range(3):
        world.connect(Service.EXCHANGE, subject=f"person{number}")
    world.round()
    with worker_at(world, most=2):
        assert comes(lambda: world.provider.listeners == 2)
        assert not comes(lambda: world.provider.listeners > 2, within=1.5)


def test_a_turn_under_way_is_not_disturbed_at_once(world: HeardWorld) -> None:
    bridge = world.connected()
    account_id = world.account(Service.EXCHANGE)
    calendar_id = world.bridge(bridge).calendar_id or ""
    due_at = world.bridge(bridge).pull_due_at
    wakes = Wakes(
        store=world.practice.store,
        clock=world.practice.clock,
        account_id=account_id,
        calendars={calendar_id: bridge},
    )
    with world.practice.store.transaction() as tx:
        now = world.practice.clock.now()
        assert tx.external_accounts.lease(account_id, worker="one", now=now, until=now + LEASE)

    wakes.hear(CalendarId(calendar_id))
    during = world.bridge(bridge).pull_due_at
    with world.practice.store.transaction() as tx:
        tx.external_accounts.give_back(account_id, worker="one")

    def is_due() -> bool:
        wakes.pass_on()
        return world.bridge(bridge).pull_due_at == world.practice.clock.now()

    assert during == due_at
    assert comes(is_due)


def test_many_changes_at_once_wake_a_bridge_a_few_times_only(world: HeardWorld) -> None:
    bridge = world.connected()
    calendar_id = world.bridge(bridge).calendar_id or ""
    wakes = Wakes(
        store=world.practice.store,
        clock=world.practice.clock,
        account_id=world.account(Service.EXCHANGE),
        calendars={calendar_id: bridge},
    )
    woken, began = 0, time.monotonic()
    for _ in range(100):
        wakes.hear(CalendarId(calendar_id))
        if world.bridge(bridge).pull_due_at == world.practice.clock.now():
            woken += 1
            with world.practice.store.transaction() as tx:
                tx.bridges.change(bridge, pull_due_at=None)

    assert 1 <= woken <= 1 + (time.monotonic() - began) / 0.25


@pytest.mark.parametrize(
    ("error", "least", "most"),
    [
        (AccessLost("No."), LONGEST_PAUSE, LONGEST_PAUSE),
        (TryLater("Wait.", after=timedelta(seconds=40)), timedelta(seconds=40), timedelta(seconds=40)),
        (TryLater("Wait."), timedelta(seconds=4), timedelta(seconds=8)),
        (None, timedelta(seconds=4), timedelta(seconds=8)),
    ],
)
def test_after_a_failure_an_account_is_left_alone(error: RemoteError | None, least: timedelta, most: timedelta) -> None:
    rests = [rest_after(error, failures=3) for _ in range(20)]

    assert all(least <= rest <= most for rest in rests)
