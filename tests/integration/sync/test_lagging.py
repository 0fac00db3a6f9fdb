"""How long changes were on their way is written down where they arrive, and only of what was changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId
from hxdav.domain.privacy import PrivacyLevel
from hxdav.services.integrations.control import set_privacy
from hxdav.services.integrations.latency import DayOfLag, Journeys, day_of_lag
from hxdav.services.practice.retention import LAGS_KEPT_FOR, purge
from hxdav.store.latencies import Way
from hxdav.store.store import Store
from tests.bridges import BridgedWorld
from tests.builders import PracticeWorld, a_practice, an_object

PERSONAL = AppointmentKind.PERSONAL


def lag_of(practice: PracticeWorld, integration_id: IntegrationId) -> DayOfLag:
    with practice.store.snapshot() as tx:
        found = day_of_lag(tx, practice.clock, integration=tx.integrations.one(integration_id))
    assert found is not None
    return found


def told(journeys: Journeys | None) -> tuple[int, float, float] | None:
    """How many, and the middle one's and the slowest one's seconds."""
    if journeys is None:
        return None
    return journeys.number, journeys.median.total_seconds(), journeys.slowest.total_seconds()


def note(practice: PracticeWorld, integration_id: IntegrationId, *seconds: float, way: Way = Way.OUT) -> None:
    with practice.store.transaction() as tx:
        group = tx.integrations.one(integration_id).practice_group_id
        for each in seconds:
            tx.lags.note(
                integration_id,
                practice_group_id=group,
                way=way,
                at=practice.clock.now(),
                taken=timedelta(seconds=each),
            )


def test_what_a_new_calendar_is_filled_with_does_not_count(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    world.practice.clock.advance(days=1)
    number = world.connect()

    world.round()

    assert lag_of(world.practice, number).outward is None


def test_an_edit_counts_from_when_it_was_made(world: BridgedWorld) -> None:
    number = world.connect()
    world.round()
    booked = world.practice.book(an_object("first@practice"), kind=PERSONAL)
    world.practice.clock.advance(seconds=4)
    world.round()

    world.practice.book(an_object("first@practice", summary="Later"), appointment_id=booked.id, kind=PERSONAL)
    world.practice.clock.advance(seconds=30)
    world.round()

    assert told(lag_of(world.practice, number).outward) == (2, 4, 30)


def test_so_does_a_cancellation(world: BridgedWorld) -> None:
    number = world.connect()
    world.round()
    booked = world.practice.book(an_object("first@practice"))
    world.round()

    world.practice.cancel(booked.id)
    world.practice.clock.advance(seconds=9)
    world.round()

    assert told(lag_of(world.practice, number).outward) == (2, 0, 9)


def test_a_series_that_goes_as_single_events_counts_once(world: BridgedWorld) -> None:
    number = world.connect()
    world.round()
    world.practice.book(an_object("first@practice", "RRULE:FREQ=HOURLY;COUNT=3", end="DURATION:PT30M"), kind=PERSONAL)
    world.practice.clock.advance(seconds=5)

    world.round()

    assert len(world.provider.calendar().objects) == 3
    assert told(lag_of(world.practice, number).outward) == (1, 5, 5)


def test_what_goes_anew_because_less_of_it_is_told_does_not_count(world: BridgedWorld) -> None:
    number = world.connect()
    world.round()
    world.practice.book(an_object("first@practice"))
    world.round()
    world.practice.clock.advance(days=1, seconds=1)
    with world.practice.store.transaction() as tx:
        integration = tx.integrations.one(number)
        own_word = Source(authority=Authority.PRACTICE, user_id=world.practice.user_id)
        set_privacy(tx, world.practice.clock, integration=integration, level=PrivacyLevel.BUSY, source=own_word)

    world.round()

    assert world.remote_titles() == ["Busy"]
    assert lag_of(world.practice, number).outward is None


def test_a_change_there_counts_from_when_the_provider_says(world: BridgedWorld) -> None:
    number = world.connect()
    world.round()
    changed = world.practice.clock.now() + timedelta(seconds=20)
    world.provider.add(an_object("theirs@elsewhere", f"LAST-MODIFIED:{changed:%Y%m%dT%H%M%SZ}"))
    world.practice.clock.advance(seconds=27)

    world.look(number)

    assert told(lag_of(world.practice, number).inward) == (1, 7, 7)


@pytest.mark.parametrize("stamp", ["20200101T000000Z", "20200101T000000"])
def test_it_is_no_longer_ago_than_the_look_before(world: BridgedWorld, stamp: str) -> None:
    number = world.connect()
    world.round()
    world.provider.add(an_object("theirs@elsewhere", f"LAST-MODIFIED:{stamp}"))
    world.practice.clock.advance(seconds=40)

    world.look(number)

    assert told(lag_of(world.practice, number).inward) == ((1, 40, 40) if stamp.endswith("Z") else None)


def test_of_a_first_look_nothing_is_said(world: BridgedWorld) -> None:
    number = world.connect()
    world.round()
    world.provider.add(an_object("theirs@elsewhere", "LAST-MODIFIED:20261122T000000Z"))
    with world.practice.store.transaction() as tx:
        tx.bridges.change(number, is_cautious=True)

    world.look(number)

    assert lag_of(world.practice, number).inward is None


def test_the_middle_one_and_the_slowest_are_told(store: Store) -> None:
    practice = a_practice(store)
    number = a_bridge(practice)

    note(practice, number, 1.5, 0.2, 1.5, 600)
    note(practice, number, 3.0, way=Way.IN)

    found = lag_of(practice, number)
    assert told(found.outward) == (4, 1.5, 600)
    assert told(found.inward) == (1, 3, 3)


def test_each_quarter_of_an_hour_of_the_last_day_has_its_slowest(store: Store) -> None:
    practice = a_practice(store)
    number = a_bridge(practice)
    note(practice, number, 99)
    practice.clock.advance(hours=23, minutes=45)
    note(practice, number, 2, 5)

    first = lag_of(practice, number).outward
    practice.clock.advance(minutes=15)
    later = lag_of(practice, number).outward

    assert first is not None
    assert later is not None
    seconds = [each.total_seconds() if each else None for each in first.quarters]
    assert (seconds[0], seconds[-1], set(seconds[1:-1])) == (99, 5, {None})
    assert [each.total_seconds() if each else None for each in later.quarters][-2:] == [5, None]
    assert told(later) == (2, 2, 5)


def test_they_are_kept_for_two_days(store: Store) -> None:
    practice = a_practice(store)
    number = a_bridge(practice)
    note(practice, number, 1)
    practice.clock.advance(minutes=15)
    note(practice, number, 2)
    practice.clock.moment += LAGS_KEPT_FOR - timedelta(minutes=15)

    with practice.store.transaction() as tx:
        group = tx.integrations.one(number).practice_group_id
        assert purge(tx, practice.clock, practice.policy, practice_group_id=group) == 1


def test_a_native_calendar_has_none(store: Store) -> None:
    practice = a_practice(store)
    number = practice.integration()

    with store.snapshot() as tx:
        assert day_of_lag(tx, practice.clock, integration=tx.integrations.one(number)) is None


def a_bridge(practice: PracticeWorld) -> IntegrationId:
    return BridgedWorld(practice=practice).connect()
