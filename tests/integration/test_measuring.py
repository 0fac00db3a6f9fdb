"""What whoever watches over the server is told: counts over the whole store, which agree with what people are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from hxdav.domain.bridge import AccountState, BridgeState
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import IntegrationState, Service
from hxdav.domain.notification import NotificationKind
from hxdav.remote import CalendarState
from hxdav.services.access import sign_in
from hxdav.services.integrations.health import Health, health_of
from hxdav.services.practice.metrics import IntegrationKind, Measured, measured
from hxdav.store.store import Store
from hxdav.store.trail import Subject
from tests.bridges import BridgedWorld
from tests.builders import PracticeWorld, a_practice, an_object
from tests.simulators.memory import Fault


@pytest.fixture
def practice(store: Store) -> PracticeWorld:
    return a_practice(store)


@pytest.fixture
def world(practice: PracticeWorld) -> BridgedWorld:
    return BridgedWorld(practice=practice)


def now(practice: PracticeWorld) -> Measured:
    with practice.store.snapshot() as tx:
        return measured(tx, practice.clock)


def hidden(world: BridgedWorld, bridge: IntegrationId) -> None:
    world.round()
    world.provider.calendar().state = CalendarState.HIDDEN
    world.look(bridge)


def gone(world: BridgedWorld, bridge: IntegrationId) -> None:
    world.round()
    world.provider.calendar().state = CalendarState.GONE
    world.look(bridge)


def put_off(world: BridgedWorld, bridge: IntegrationId) -> None:
    assert bridge
    world.provider.faults = [Fault.REFUSED]
    world.round()


def refused(world: BridgedWorld, bridge: IntegrationId) -> None:
    world.round()
    account = world.bridge(bridge).account_id
    with world.practice.store.transaction() as tx:
        tx.connection.exec_driver_sql(
            f"UPDATE external_account SET state = '{AccountState.REFUSED}' WHERE id = {account}"
        )


def stopped(world: BridgedWorld, bridge: IntegrationId) -> None:
    world.round()
    with world.practice.store.transaction() as tx:
        tx.bridges.change(bridge, state=BridgeState.STOPPED)


def suspended(world: BridgedWorld, bridge: IntegrationId) -> None:
    with world.practice.store.transaction() as tx:
        tx.integrations.set_state(bridge, IntegrationState.SUSPENDED)


def connecting(world: BridgedWorld, bridge: IntegrationId) -> None:
    with world.practice.store.transaction() as tx:
        tx.integrations.set_state(bridge, IntegrationState.CONNECTING)


def unpaid(world: BridgedWorld, _bridge: IntegrationId) -> None:
    with world.practice.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE subscription SET state = 'paused'")


def in_sync(world: BridgedWorld, _bridge: IntegrationId) -> None:
    world.round()


def untouched(_world: BridgedWorld, _bridge: IntegrationId) -> None:
    pass


@pytest.mark.parametrize(
    ("come_about", "health"),
    [
        (untouched, Health.WORKING),
        (in_sync, Health.WELL),
        (hidden, Health.PAUSED),
        (gone, Health.TROUBLED),
        (put_off, Health.TROUBLED),
        (refused, Health.TROUBLED),
        (stopped, Health.PAUSED),
        (suspended, Health.PAUSED),
        (connecting, Health.WORKING),
        (unpaid, Health.PAUSED),
    ],
)
def test_integrations_are_counted_by_the_health_that_their_people_are_told(
    world: BridgedWorld, come_about: Callable[[BridgedWorld, IntegrationId], None], health: Health
) -> None:
    bridge = world.connect()

    come_about(world, bridge)

    with world.practice.store.snapshot() as tx:
        told = health_of(tx, world.practice.clock, integration=tx.integrations.one(bridge)).health
    assert now(world.practice).integrations == {IntegrationKind(service=Service.GOOGLE, health=health): 1}
    assert told is health


def test_what_is_disconnected_does_not_count(world: BridgedWorld) -> None:
    native, bridge = world.practice.integration(), world.connect()
    with world.practice.store.transaction() as tx:
        tx.integrations.set_state(bridge, IntegrationState.DISCONNECTED)

    assert native
    assert now(world.practice).integrations == {IntegrationKind(service=Service.NATIVE, health=Health.WELL): 1}


def test_what_waits_is_counted_with_the_oldest_ones_lag(world: BridgedWorld) -> None:
    world.connect()
    world.round()
    world.practice.book(an_object("first@practice"))
    world.practice.clock.advance(seconds=3)
    world.practice.book(an_object("second@practice"))
    world.practice.clock.advance(seconds=2)

    waiting = now(world.practice)
    world.round()
    done = now(world.practice)

    assert (waiting.waiting, waiting.lag) == (2, timedelta(seconds=5))
    assert (done.waiting, done.lag) == (0, timedelta())


@pytest.mark.parametrize("come_about", [hidden, stopped, suspended, unpaid])
def test_what_is_paused_waits_for_nobody(
    world: BridgedWorld, come_about: Callable[[BridgedWorld, IntegrationId], None]
) -> None:
    bridge = world.connect()
    world.round()
    come_about(world, bridge)

    world.practice.book(an_object("first@practice"))

    assert now(world.practice).waiting == 0


def test_what_is_removed_is_an_appointment_no_more(practice: PracticeWorld) -> None:
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object("a@x"))
    practice.put(calendar, "b.ics", an_object("b@x"))
    assert now(practice).appointments == 2

    practice.removed(calendar, "a.ics")

    assert now(practice).appointments == 1


def test_removals_that_wait_for_an_answer_are_counted(practice: PracticeWorld) -> None:
    calendar = practice.integration()
    for each in range(5):
        practice.put(calendar, f"{each}.ics", an_object(f"{each}@x"))
    for each in range(5):
        practice.remove(calendar, f"{each}.ics")

    assert now(practice).reviews == 5


def test_requests_are_summed_up_by_service(world: BridgedWorld) -> None:
    world.connect()
    world.round()

    (number,) = now(world.practice).requests.values()

    with world.practice.store.snapshot() as tx:
        assert number == sum(each.requests for each in tx.external_accounts.all()) > 0


def test_what_nobody_has_seen_or_been_mailed_is_counted(practice: PracticeWorld) -> None:
    with practice.store.transaction() as tx:
        group = tx.people.user(practice.user_id).practice_group_id
        subject = Subject(practice_group_id=group, practitioner_id=practice.practitioner_id)
        tx.notifications.tell(subject, kind=NotificationKind.CALENDAR_DISCONNECTED, at=practice.clock.now())
        tx.notifications.tell(subject, kind=NotificationKind.BEFORE_WINDOW, at=practice.clock.now())
    told = now(practice)

    with practice.store.transaction() as tx:
        latest = tx.notifications.latest(practice.practitioner_id, limit=1)[0].id
        tx.notifications.see(practice.practitioner_id, upto=latest, now=practice.clock.now())

    # Of the two, one is mailed.
    assert (told.unseen, told.mail_due) == (2, 1)
    assert now(practice).unseen == 0


def test_browsers_count_while_they_are_signed_in(practice: PracticeWorld) -> None:
    with practice.store.transaction() as tx:
        user = tx.people.user(practice.user_id)
        sign_in.begin(tx, practice.clock, practice.keyring, user=user, agent="Firefox")
    assert now(practice).sessions == 1

    practice.clock.advance(minutes=60)

    assert now(practice).sessions == 0
