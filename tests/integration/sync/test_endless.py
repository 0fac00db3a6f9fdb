"""Providers by which hxdav could be made to write without end, or not to get on at all."""

from __future__ import annotations

import random

import pytest

from hxdav.domain.appointment import AppointmentKind, RecordMark
from hxdav.remote import CalendarId, RemoteId, RemoteObject, RemoteState, TryLater
from hxdav.store.store import Store
from tests.bridges import BridgedWorld
from tests.builders import a_practice, an_object
from tests.simulators.memory import Fault, MemoryProvider, MemoryRemote


@pytest.fixture
def world(sqlite_store: Store) -> BridgedWorld:
    return BridgedWorld(practice=a_practice(sqlite_store))


def trouble(world: BridgedWorld) -> str | None:
    with world.practice.store.snapshot() as tx:
        return tx.external_accounts.one(world.account()).trouble


def pass_seconds(world: BridgedWorld, seconds: int) -> None:
    """Let the worker do what is due in each second."""
    for _ in range(seconds):
        world.round()
        world.practice.clock.advance(seconds=1)


def test_a_provider_that_takes_appointments_for_one_another_is_hardly_written_to(world: BridgedWorld) -> None:
    for number in range(20):
        world.practice.book(an_object(f"{number}@practice"))
    world.connect()
    world.engine.open_remote = lambda _account: _MixingUp(world.provider)

    pass_seconds(world, 300)

    assert trouble(world) == "mixed_up"
    assert world.provider.requests["create"] <= 12


def test_a_provider_that_drops_what_it_takes_is_written_to_three_times_and_others_go_on(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"), note=RecordMark.PRESENT)
    world.connect()
    world.engine.open_remote = lambda _account: _Dropping(world.provider)
    pass_seconds(world, 60)
    world.practice.book(an_object("second@practice"))

    pass_seconds(world, 600)

    assert trouble(world) == "not_kept"
    assert world.provider.requests["create"] == 3 + 1
    assert len(world.provider.calendar().objects) == 1


def test_a_provider_that_shows_another_object_than_it_was_asked_for_is_asked_again_later(world: BridgedWorld) -> None:
    for number in range(2):
        world.practice.book(an_object(f"{number}@practice"))
    bridge = world.connect()
    world.round()
    world.engine.open_remote = lambda _account: _Misreading(world.provider)
    world.provider.forgotten_before = 10**9
    world.provider.faults = [None, None, Fault.EMPTY]

    world.look(bridge)

    assert trouble(world) == "mixed_up"
    assert world.practice.removals() == []


def test_what_arrives_of_a_third_that_is_not_answered_is_all_there_within_a_minute(world: BridgedWorld) -> None:
    for number in range(60):
        world.practice.book(an_object(f"{number}@practice"))
    world.connect()
    chance = random.Random(7)
    world.engine.open_remote = lambda _account: _Forgetting(world.provider, chance)

    pass_seconds(world, 60)

    assert len(world.provider.calendar().objects) == 60


def test_one_object_on_which_the_provider_fails_keeps_no_other_waiting(world: BridgedWorld) -> None:
    for number in range(30):
        text = an_object(f"{number}@practice", summary="Poison" if number == 3 else "Supervision")
        world.practice.book(text, kind=AppointmentKind.PERSONAL)
    world.connect()
    world.engine.open_remote = lambda _account: _Failing(world.provider)

    world.round()

    assert len(world.provider.calendar().objects) == 29


class _MixingUp(MemoryRemote):
    """A provider that finds the same object, whatever it is asked for."""

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        made = super().create(calendar_id, text)
        calendar = self._calendar(calendar_id)
        first = next(iter(calendar.objects.values()))
        if made.remote_id == first.remote_id:
            return made
        calendar.drop(made.remote_id)
        return calendar.put(first.remote_id, text, tag=self._provider.tag(), key=first.key)


class _Dropping(MemoryRemote):
    """A provider that says three times that it has taken an object, and has not."""

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        made = super().create(calendar_id, text)
        calendar = self._calendar(calendar_id)
        if len(calendar.objects) == 1 and self._provider.requests["create"] <= 3:
            calendar.drop(made.remote_id)
            self._provider.notify(calendar)
        return made


class _Misreading(MemoryRemote):
    """A provider that shows some other object."""

    def read(self, calendar_id: CalendarId, remote_id: RemoteId) -> RemoteState:
        others = [each for each in self._calendar(calendar_id).objects if each != remote_id]
        return super().read(calendar_id, RemoteId(others[0]))


class _Forgetting(MemoryRemote):
    """A provider of whose writes three in ten are not answered."""

    def __init__(self, provider: MemoryProvider, chance: random.Random) -> None:
        super().__init__(provider)
        self._chance = chance

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        made = super().create(calendar_id, text)
        if self._chance.random() < 0.3:
            raise TryLater("The answer did not come.", code="no_answer")
        return made


class _Failing(MemoryRemote):
    """A provider that fails on one object."""

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        if "SUMMARY:Poison" in text:
            raise TryLater("The server failed.", code="server_error")
        return super().create(calendar_id, text)
