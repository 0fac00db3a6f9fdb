"""A bridge that is frozen because a phone was lost: nothing comes in, ours is put back, and ours goes on going out."""

from __future__ import annotations

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.services.integrations import control
from tests.bridges import BridgedWorld, retitled
from tests.builders import an_object


def freeze(world: BridgedWorld, number: IntegrationId) -> None:
    practice = world.practice
    source = Source(authority=Authority.PRACTICE, user_id=practice.user_id)
    with world.practice.store.transaction() as tx:
        integration = tx.integrations.one(number)
        control.freeze(tx, practice.clock, practice.policy, integration=integration, source=source)


def thaw(world: BridgedWorld, number: IntegrationId) -> None:
    practice = world.practice
    source = Source(authority=Authority.PRACTICE, user_id=practice.user_id)
    with world.practice.store.transaction() as tx:
        control.thaw(tx, practice.clock, integration=tx.integrations.one(number), source=source)


def test_an_edit_there_is_put_back(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()
    freeze(world, bridge)

    world.provider.edit(world.remote_id_of("Supervision"), retitled("Written by a thief"))
    world.look(bridge)
    world.round()

    assert "SUMMARY:Supervision" in world.practice.text_of(native, "a.ics")
    assert world.remote_titles() == ["Supervision"]
    assert NotificationKind.FROZEN in world.practice.told()


def test_a_deletion_there_is_no_removal_and_is_put_back(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()
    freeze(world, bridge)

    world.provider.delete(world.remote_id_of("Supervision"))
    world.look(bridge)
    world.round()

    assert world.practice.removals() == []
    assert world.remote_titles() == ["Supervision"]


def test_what_is_new_there_is_left_alone(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.round()
    freeze(world, bridge)

    world.provider.add(an_object("theirs@provider", summary="Lunch"))
    world.look(bridge)

    assert world.practice.shown(native) == {}
    assert world.remote_titles() == ["Lunch"]


def test_what_the_practice_changes_goes_out_all_the_same(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.round()
    freeze(world, bridge)

    world.practice.put(native, "a.ics", an_object("mine@phone", summary="From another calendar"))
    world.round()

    assert world.remote_titles() == ["From another calendar"]


def test_edits_come_in_once_they_are_let_in_again(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()
    freeze(world, bridge)
    thaw(world, bridge)

    world.provider.edit(world.remote_id_of("Supervision"), retitled("Group supervision"))
    world.look(bridge)

    assert "SUMMARY:Group supervision" in world.practice.text_of(native, "a.ics")
