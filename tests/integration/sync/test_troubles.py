"""What a provider refuses for a while, and what it refuses for good."""

from __future__ import annotations

import pytest

from hxdav.domain.bridge import AccountState, BridgeState, ExternalAccount
from hxdav.domain.notification import NotificationKind
from hxdav.domain.removal import RemovalState
from hxdav.remote import CalendarId, CalendarState, Cursor, Page, TryLater
from hxdav.store.store import Store
from hxdav.worker.jobs import Jobs
from tests.bridges import BridgedWorld
from tests.builders import a_practice, an_object
from tests.simulators.memory import Fault, MemoryProvider, MemoryRemote


@pytest.fixture
def world(sqlite_store: Store) -> BridgedWorld:
    return BridgedWorld(practice=a_practice(sqlite_store))


def account(world: BridgedWorld) -> ExternalAccount:
    with world.practice.store.snapshot() as tx:
        return tx.external_accounts.one(world.account())


def test_a_calendar_that_is_missing_for_six_minutes_stops_nothing_and_nobody_is_told(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()

    world.provider.calendar().state = CalendarState.GONE
    world.look(bridge)
    before = world.provider.requests.total()
    for _ in range(6 * 60):
        world.practice.clock.advance(seconds=1)
        world.round()
    assert 2 <= world.provider.requests.total() - before <= 4, "it is looked for a few times, and not more"
    assert world.bridge(bridge).state is BridgeState.MISSING

    world.provider.calendar().state = CalendarState.VISIBLE
    world.practice.book(an_object("second@practice"))
    world.practice.clock.advance(minutes=5)
    world.round()

    assert world.bridge(bridge).state is BridgeState.RUNNING
    assert len(world.provider.calendar().objects) == 2
    assert world.practice.told() == []


def test_a_calendar_that_was_lost_is_looked_for_each_hour_and_taken_up_again(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    world.practice.book(an_object("second@practice"))
    bridge = world.connect()
    world.round()
    world.provider.calendar().state = CalendarState.GONE
    world.wait_out(bridge)
    before = world.provider.requests.total()
    for _ in range(3):
        world.practice.clock.advance(hours=1)
        world.round()
    assert world.provider.requests.total() - before == 3

    calendar = world.provider.calendar()
    calendar.state = CalendarState.VISIBLE
    calendar.drop(next(iter(calendar.objects)))
    world.practice.clock.advance(hours=1)
    world.round()

    assert world.bridge(bridge).state is BridgeState.RUNNING
    assert [each.state for each in world.practice.removals()] == [RemovalState.REVIEW], "nothing goes unasked"
    assert world.practice.told().count(NotificationKind.BRIDGE_GONE) == 1
    assert world.practice.told().count(NotificationKind.BRIDGE_RESUMED) == 1


def test_access_that_is_refused_for_six_minutes_needs_nobody(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()

    world.provider.lets_in = False
    world.look(bridge)
    before = world.provider.requests.total()
    for _ in range(6 * 60):
        world.practice.clock.advance(seconds=1)
        world.round()
    assert 2 <= world.provider.requests.total() - before <= 4, "a password that is tried too often is locked"
    assert account(world).state is AccountState.CONNECTED

    world.provider.lets_in = True
    world.practice.clock.advance(minutes=5)
    world.round()

    assert (account(world).trouble, account(world).failures) == (None, 0)
    assert world.practice.told() == []


def test_one_calendars_trouble_keeps_no_other_of_the_account_waiting(world: BridgedWorld) -> None:
    first = world.connect()
    world.round()
    second = world.connect()
    broken = world.bridge(first).calendar_id
    world.engine.open_remote = lambda _account: _Broken(world.provider, broken)
    world.practice.book(an_object("first@practice"))

    world.look(first)

    filled = world.provider.calendars[world.bridge(second).calendar_id or ""]
    assert len(filled.objects) == 1
    assert account(world).trouble == "server_error"


def test_a_bridge_that_gets_nothing_done_for_fifteen_minutes_is_told_once(world: BridgedWorld) -> None:
    first = world.connect()
    world.round()
    second = world.connect()
    broken = world.bridge(first).calendar_id
    world.engine.open_remote = lambda _account: _Broken(world.provider, broken)
    jobs = Jobs(store=world.practice.store, clock=world.practice.clock, policy=world.practice.policy)

    world.look(first)
    told_at = []
    for minute in range(40):
        world.round()
        if jobs.tell_stalled():
            told_at.append(minute)
        world.practice.clock.advance(minutes=1)

    assert told_at == [15]
    assert world.bridge(second).troubled_since is None
    world.engine.open_remote = lambda _account: MemoryRemote(world.provider)
    world.practice.clock.advance(minutes=15)
    world.round()
    assert world.bridge(first).troubled_since is None
    assert world.practice.told() == [NotificationKind.BRIDGE_STALLED, NotificationKind.BRIDGE_RESUMED]


def test_a_calendar_that_takes_one_object_in_ten_minutes_stands_not_still(world: BridgedWorld) -> None:
    for number in range(4):
        world.practice.book(an_object(f"{number}@practice"))
    bridge = world.connect()
    jobs = Jobs(store=world.practice.store, clock=world.practice.clock, policy=world.practice.policy)

    for _ in range(4):
        world.provider.faults = [None, None, None, None, Fault.LOST]
        world.look(bridge)
        world.practice.clock.advance(minutes=10)
        assert jobs.tell_stalled() == 0

    assert len(world.provider.calendar().objects) == 4


class _Broken(MemoryRemote):
    """A provider that fails wherever the calendar ``calendar_id`` is meant."""

    def __init__(self, provider: MemoryProvider, calendar_id: str | None) -> None:
        super().__init__(provider)
        self._broken = calendar_id

    def pull(self, calendar_id: CalendarId, cursor: Cursor | None) -> Page:
        if calendar_id == self._broken:
            raise TryLater("The server failed.", code="server_error")
        return super().pull(calendar_id, cursor)
