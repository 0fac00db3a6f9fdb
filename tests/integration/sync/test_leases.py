from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from hxdav.sync.failures import backoff
from hxdav.sync.leases import LENGTH, LeaseLost, Leases
from hxdav.worker.runners import Runners
from tests.bridges import BridgedWorld, moved
from tests.builders import an_object
from tests.simulators.memory import Fault


def leases(world: BridgedWorld, worker: str) -> Leases:
    return Leases(store=world.practice.store, clock=world.practice.clock, worker=worker)


def test_an_account_is_one_workers_at_a_time(world: BridgedWorld) -> None:
    world.connect()
    account_id = world.account()
    one, other = leases(world, "one"), leases(world, "other")

    assert one.take(account_id) is not None
    assert other.take(account_id) is None
    one.give_back(account_id, ended_well=True)
    assert other.take(account_id) is not None


def test_two_turns_of_one_worker_never_have_the_same_account(world: BridgedWorld) -> None:
    world.connect()
    account_id = world.account()
    one = leases(world, "one")

    assert one.take(account_id) is not None
    assert one.take(account_id) is None


def test_what_a_killed_worker_had_is_taken_over_when_its_lease_ends(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    world.connect()
    assert leases(world, "killed").take(world.account()) is not None

    assert world.round() == 0
    world.practice.clock.advance(seconds=LENGTH.total_seconds())
    world.round()

    assert world.remote_titles() == ["Appointment"]


def test_a_lease_is_as_long_as_it_was_set_to_be(world: BridgedWorld) -> None:
    world.connect()
    account_id = world.account()
    killed = leases(world, "killed")
    killed.length = timedelta(seconds=5)
    assert killed.take(account_id) is not None

    world.practice.clock.advance(seconds=4)
    assert leases(world, "other").take(account_id) is None
    world.practice.clock.advance(seconds=1)
    assert leases(world, "other").take(account_id) is not None


def test_a_worker_whose_lease_was_taken_over_writes_no_more(world: BridgedWorld) -> None:
    world.connect()
    account_id = world.account()
    slow = leases(world, "slow").take(account_id)
    assert slow is not None
    slow.renewed -= 3600
    world.practice.clock.advance(seconds=LENGTH.total_seconds())
    assert leases(world, "other").take(account_id) is not None

    with pytest.raises(LeaseLost):
        slow.keep()


def test_after_a_killed_worker_the_provider_is_looked_at_before_anything_is_written(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()
    assert leases(world, "killed").take(world.account()) is not None
    world.practice.book(an_object("first@practice"))
    world.practice.clock.advance(seconds=LENGTH.total_seconds())
    asked: list[str] = []
    world.provider.writing = lambda: asked.append("write" if world.provider.requests["pull"] == before else "look")
    before = world.provider.requests["pull"]

    world.round()

    assert asked == ["look"]
    assert world.bridge(bridge).pulled_at == world.practice.clock.now()


def test_a_turn_that_failed_is_followed_by_a_look(world: BridgedWorld) -> None:
    world.connect()
    world.round()
    world.practice.book(an_object("first@practice"))
    world.provider.faults = [Fault.LOST]
    world.round()
    remote_id = world.remote_id_of("Appointment")
    # No call and no clock makes hxdav look.
    world.provider.calendar().hooks.clear()

    # The person is quicker than our next attempt.
    world.provider.edit(remote_id, moved("20261125T140000"))
    world.practice.clock.advance(seconds=2)
    world.round()

    with world.practice.store.snapshot() as tx:
        (kept,) = tx.trail.refused_bodies(world.practice.practitioner_id)
    assert b"20261125T140000" in kept.body, "what is put over is kept"
    assert len(world.provider.calendar().objects) == 1


def test_a_stopping_worker_ends_after_the_object_that_it_is_at(world: BridgedWorld) -> None:
    for number in range(5):
        world.practice.book(an_object(f"{number}@practice"))
    world.connect()
    created = 0

    def creating() -> None:
        nonlocal created
        created += 1
        if created == 2:
            world.engine.stop()

    world.provider.writing = creating
    world.engine.look_after(world.account())

    assert len(world.provider.calendar().objects) == 2
    world.engine = world.an_engine("next")
    world.round()
    assert len(world.provider.calendar().objects) == 5


def test_failures_in_a_row_wait_longer_each_time_and_end_with_a_success(world: BridgedWorld) -> None:
    world.provider.pause = timedelta()
    bridge = world.connect()
    world.provider.faults = [Fault.LOST]
    world.round()
    with world.practice.store.snapshot() as tx:
        failed = tx.external_accounts.one(tx.bridges.one(bridge).account_id)
    world.practice.clock.advance(minutes=1)
    world.round()
    with world.practice.store.snapshot() as tx:
        well = tx.external_accounts.one(tx.bridges.one(bridge).account_id)

    assert (failed.failures, failed.trouble) == (1, "unavailable")
    assert failed.retry_at is not None
    assert (well.failures, well.retry_at, well.trouble) == (0, None, None)


@pytest.mark.parametrize(("failures", "longest"), [(1, 2), (5, 32), (12, 900), (5000, 900)])
def test_a_pause_is_at_least_half_of_the_longest(failures: int, longest: int) -> None:
    pauses = [backoff(failures).total_seconds() for _ in range(50)]

    assert all(longest / 2 <= pause <= longest for pause in pauses)
    assert len(set(pauses)) > 1, "workers that failed together do not come back together"


def test_runners_take_up_a_change_within_a_second(world: BridgedWorld) -> None:
    world.connect()
    world.round()
    runners = Runners(engine=world.engine, runners=2)
    runners.start()
    arrived = threading.Event()
    world.provider.writing = arrived.set
    try:
        world.practice.book(an_object("first@practice"))
        assert arrived.wait(30)
    finally:
        runners.stop(within_seconds=10)
    world.require_no_fault_of_ours()
