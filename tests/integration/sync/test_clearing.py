from __future__ import annotations

import pytest

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.ical.objects import object_of
from hxdav.remote import (
    AccessLost,
    CalendarId,
    CalendarUnavailable,
    ObjectGone,
    RemoteError,
    RemoteObject,
    TryLater,
)
from hxdav.services.integrations import bridges, connection, reconnection
from hxdav.store.store import Store
from tests.bridges import BridgedWorld, retitled
from tests.builders import a_practice, an_object
from tests.simulators.memory import Fault, MemoryCalendar, MemoryProvider, MemoryRemote

AHEAD = "DTSTART;TZID=Australia/Sydney:20261201T090000"
TODAY = "DTSTART;TZID=Australia/Sydney:20261122T090000"


@pytest.fixture
def world(sqlite_store: Store) -> BridgedWorld:
    return BridgedWorld(practice=a_practice(sqlite_store))


def own_word(world: BridgedWorld) -> Source:
    return Source(authority=Authority.PRACTICE, user_id=world.practice.user_id)


def disconnect(world: BridgedWorld, integration_id: IntegrationId) -> None:
    with world.practice.store.transaction() as tx:
        integration = tx.integrations.one(integration_id)
        connection.disconnect(tx, world.practice.clock, integration=integration, source=own_word(world))


def reconnect(world: BridgedWorld) -> IntegrationId:
    """Connect the same account again, as a person does."""
    practice = world.practice
    account_id = world.account()
    with practice.store.transaction() as tx:
        integration = bridges.connect_bridge(
            tx,
            practice.clock,
            practitioner=tx.people.practitioner(practice.practitioner_id),
            account=tx.external_accounts.one(account_id),
            taken_names=[each.name for each in world.provider.calendars.values()],
            source=own_word(world),
        )
    practice.store.in_turns(
        lambda tx: reconnection.take_out(tx, practice.clock, practice.policy, integration_id=integration.id)
    )
    world.admit(integration.id)
    return integration.id


def titles(calendar: MemoryCalendar) -> list[str]:
    return sorted(object_of(each.text).summary for each in calendar.objects.values())


def filled(world: BridgedWorld) -> IntegrationId:
    """A bridge with one appointment of this morning and two that lie ahead."""
    first = world.connect()
    for title, start in (("past", TODAY), ("ahead", AHEAD), ("edited", AHEAD)):
        text = an_object(f"{title}@practice", start=start, end="DURATION:PT50M", summary=title)
        world.practice.book(text, kind=AppointmentKind.PERSONAL)
    world.round()
    return first


def test_what_lies_ahead_moves_to_the_new_calendar_and_the_past_stays(world: BridgedWorld) -> None:
    first = filled(world)
    disconnect(world, first)
    (old,) = world.provider.calendars.values()
    assert titles(old) == ["ahead", "edited", "past"], "disconnecting touches nothing outside"

    reconnect(world)
    world.round()

    old, new = world.provider.calendars.values()
    assert titles(old) == ["past"]
    assert titles(new) == ["ahead", "edited", "past"]
    assert new.name == "HX_Harbour Street Psychology (2026-11-22)"


def test_what_was_edited_in_the_old_calendar_is_left_there_and_told(world: BridgedWorld) -> None:
    first = filled(world)
    disconnect(world, first)
    world.provider.edit(world.remote_id_of("edited"), retitled("edited by hand"))

    reconnect(world)
    world.round()

    old, new = world.provider.calendars.values()
    assert titles(old) == ["edited by hand", "past"]
    assert titles(new) == ["ahead", "edited", "past"]
    assert world.practice.told().count(NotificationKind.OLD_CALENDAR_EDITED) == 1


def test_a_clearing_that_was_cut_short_goes_on(world: BridgedWorld) -> None:
    first = filled(world)
    disconnect(world, first)
    reconnect(world)
    # Making the calendar takes two requests, looking at it and pulling two more; the first removal's answer is lost.
    world.provider.faults = [None, None, None, None, Fault.LOST]

    world.round()
    world.practice.clock.advance(minutes=1)
    world.round()

    old, new = world.provider.calendars.values()
    assert titles(old) == ["past"]
    assert titles(new) == ["ahead", "edited", "past"]


@pytest.mark.parametrize(
    "error",
    [
        TryLater("The server failed.", code="server_error"),
        AccessLost("The account may not do that.", code="forbidden"),
        ObjectGone("It is not there."),
        CalendarUnavailable("It is not there."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_is_wrong_with_the_old_calendar_the_new_one_is_filled(world: BridgedWorld, error: RemoteError) -> None:
    first = filled(world)
    disconnect(world, first)
    old_id = world.bridge(first).calendar_id
    world.engine.open_remote = lambda _account: _Broken(world.provider, old_id, error)

    reconnect(world)
    world.round()

    old, new = world.provider.calendars.values()
    assert titles(new) == ["ahead", "edited", "past"]
    world.engine.open_remote = lambda _account: MemoryRemote(world.provider)
    world.practice.clock.advance(minutes=11)
    world.round()
    assert titles(old) == ["past"], "what could not be cleared is cleared later"


class _Broken(MemoryRemote):
    """A provider that fails wherever the calendar ``calendar_id`` is meant."""

    def __init__(self, provider: MemoryProvider, calendar_id: str | None, error: RemoteError) -> None:
        super().__init__(provider)
        self._broken = calendar_id
        self._error = error

    def remove(self, calendar_id: CalendarId, known: RemoteObject) -> None:
        if calendar_id == self._broken:
            raise self._error
        super().remove(calendar_id, known)


def test_an_old_calendar_that_was_deleted_is_no_obstacle(world: BridgedWorld) -> None:
    first = filled(world)
    disconnect(world, first)
    world.provider.calendars.clear()

    reconnect(world)
    world.round()

    assert titles(world.provider.calendar()) == ["ahead", "edited", "past"]
