"""How an integration stands, and where an appointment shows and why: told in sentences."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.bridge import AccountState, ExternalAccount
from hxdav.domain.ids import AppointmentId, IntegrationId
from hxdav.domain.integration import IntegrationState
from hxdav.errors import UseCaseError
from hxdav.remote import CalendarState, Remote
from hxdav.services.integrations.explain import explain
from hxdav.services.integrations.health import Health, IntegrationHealth, health_of
from hxdav.store.store import Store
from tests.bridges import BridgedWorld
from tests.builders import SYDNEY, a_practice, an_object
from tests.simulators.memory import Fault


@pytest.fixture
def world(sqlite_store: Store) -> BridgedWorld:
    return BridgedWorld(practice=a_practice(sqlite_store))


def stands(world: BridgedWorld, integration_id: IntegrationId) -> IntegrationHealth:
    with world.practice.store.snapshot() as tx:
        return health_of(tx, world.practice.clock, integration=tx.integrations.one(integration_id))


def story(world: BridgedWorld, appointment_id: AppointmentId) -> dict[int, tuple[bool, str]]:
    with world.practice.store.snapshot() as tx:
        places = explain(tx, world.practice.clock, world.practice.policy, appointment_id=appointment_id)
    return {place.integration.id: (place.shows, place.sentence) for place in places}


def test_a_bridge_in_sync_says_since_when(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()
    world.practice.clock.advance(seconds=12)

    found = stands(world, bridge)

    assert (found.health, found.sentence) == (Health.WELL, "In sync 12 s ago.")


def test_what_waits_is_counted_with_its_lag(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()
    world.practice.book(an_object("first@practice"))
    world.practice.clock.advance(seconds=3)

    found = stands(world, bridge)

    assert (found.health, found.waiting, found.lag.total_seconds()) == (Health.WORKING, 1, 3)


def test_a_fresh_calendar_has_no_lag_for_what_was_booked_before(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    world.practice.clock.advance(minutes=11)

    found = stands(world, world.connect())

    assert (found.waiting, found.lag.total_seconds()) == (1, 0)


@pytest.mark.parametrize(
    ("state", "health"), [(CalendarState.HIDDEN, Health.PAUSED), (CalendarState.GONE, Health.TROUBLED)]
)
def test_a_calendar_out_of_sight_says_so(world: BridgedWorld, state: CalendarState, health: Health) -> None:
    bridge = world.connect()
    world.round()
    world.provider.calendar().state = state
    world.look(bridge)

    assert stands(world, bridge).health is health


def test_a_provider_in_trouble_is_told_with_cause_and_pause(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.provider.faults = [Fault.REFUSED]
    world.round()

    found = stands(world, bridge)

    assert found.health is Health.TROUBLED
    assert found.sentence == (
        "The provider of anna@example.com is busy, or received too many requests. It asks hxdav to wait. "
        "hxdav tries again in 1 s."
    )
    assert found.account is not None
    assert found.account.throttled_at is not None


def test_settings_that_are_missing_are_no_lost_access(world: BridgedWorld) -> None:
    bridge = world.connect()

    def open_remote(account: ExternalAccount) -> Remote:
        raise UseCaseError(f"{account.service.label} is not set up here.")

    world.engine.open_remote = open_remote
    world.wait_out(bridge)

    found = stands(world, bridge)

    assert found.account is not None
    assert found.account.state is AccountState.CONNECTED
    assert found.sentence.startswith("The settings of hxdav for the provider of anna@example.com are missing")


def test_status_and_explain_give_the_same_cause(world: BridgedWorld) -> None:
    bridge = world.connect()
    booked = world.practice.book(an_object("first@practice"))
    world.round()
    world.provider.lets_in = False
    world.wait_out(bridge)
    world.practice.book(an_object("second@practice"))
    with world.practice.store.snapshot() as tx:
        second = next(each for each in tx.appointments.of(world.practice.practitioner_id) if each.id != booked.id)

    cause = stands(world, bridge).sentence

    assert cause == (
        "The password for anna@example.com was not accepted. It was probably changed there. "
        "Connect the account again with the present password."
    )
    assert story(world, second.id)[bridge] == (False, f"It is not there yet. {cause}")


def test_what_is_left_alone_is_told_with_title_time_and_reason(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()
    world.provider.add(an_object("far@provider", start="DTSTART:20280101T000000Z", end=""))
    world.look(bridge)

    (left,) = stands(world, bridge).left_alone

    assert not left.ours
    assert left.about == "“Supervision”, 1 January 2028 at 11:00"
    assert "later than calendar synchronisation reaches" in left.why


def test_what_hxdav_cannot_read_is_told_without_a_title(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()
    world.provider.add("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    world.look(bridge)

    (left,) = stands(world, bridge).left_alone

    assert left.about == ""


def test_a_disconnected_calendar_says_so(world: BridgedWorld) -> None:
    bridge = world.connect()
    with world.practice.store.transaction() as tx:
        tx.integrations.set_state(bridge, IntegrationState.DISCONNECTED)

    assert stands(world, bridge).sentence == "This calendar is no longer connected, so it can only be read."


def test_an_appointment_tells_its_story_in_every_calendar(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    booked = world.practice.book(an_object("first@practice"))
    before = story(world, booked.id)
    world.round()
    after = story(world, booked.id)

    assert before[native][0]
    assert before[bridge] == (False, "It is not there yet. hxdav is sending it.")
    assert after[bridge] == (True, "It shows there as it is here.")


def test_an_appointment_does_not_show_in_a_calendar_that_is_missing(world: BridgedWorld) -> None:
    bridge = world.connect()
    booked = world.practice.book(an_object("first@practice"))
    world.round()
    world.provider.calendar().state = CalendarState.GONE
    world.look(bridge)
    began = f"{world.practice.clock.now().astimezone(ZoneInfo(SYDNEY)):%-d %B, %H:%M}"
    missing = story(world, booked.id)[bridge]
    world.wait_out(bridge)

    assert missing == (
        False,
        f"The provider has not found the calendar since {began}. hxdav looks again within minutes.",
    )
    shows, sentence = story(world, booked.id)[bridge]
    assert not shows
    assert sentence.startswith(f"The calendar has been missing at the provider since {began}. ")


def test_an_appointment_beyond_the_horizon_says_when_it_comes(world: BridgedWorld) -> None:
    native = world.practice.integration()
    booked = world.practice.book(
        an_object("far@practice", start="DTSTART:20280101T000000Z", end=""), kind=AppointmentKind.PERSONAL
    )

    assert story(world, booked.id)[native] == (
        False,
        "It starts later than calendar synchronisation reaches, and enters by itself when its day comes near.",
    )


def test_a_removal_on_its_way_is_part_of_the_story(world: BridgedWorld) -> None:
    native = world.practice.integration()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    with world.practice.store.snapshot() as tx:
        (appointment,) = tx.appointments.of(world.practice.practitioner_id)

    world.practice.remove(native, "a.ics")
    held = story(world, appointment.id)
    world.practice.clock.advance(seconds=61)
    world.practice.settle()

    assert held[native] == (False, "It was deleted here, and that is about to be carried out.")
    assert story(world, appointment.id)[native][1] == "It was deleted from outside; the practice can bring it back."
