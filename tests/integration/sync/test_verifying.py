from __future__ import annotations

from hxdav.domain.appointment import AppointmentKind
from hxdav.ical.patch import set_lines
from hxdav.sync.verifying import DifferenceKindAtProvider
from tests.bridges import BridgedWorld, retitled
from tests.builders import an_object


def test_equal_sides_have_no_differences(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    bridge = world.connect()
    world.round()

    assert world.engine.verify(bridge) == []


def test_each_kind_of_difference_is_found(world: BridgedWorld) -> None:
    bridge = world.connect()
    ids = {
        title: world.practice.book(an_object(f"{title}@practice", summary=title), kind=AppointmentKind.PERSONAL).id
        for title in ("deleted", "retitled", "moved here")
    }
    world.round()
    calendar = world.provider.calendar()
    calendar.hooks.clear()
    world.provider.delete(world.remote_id_of("deleted"))
    world.provider.edit(world.remote_id_of("retitled"), retitled("Another title"))
    stray = world.provider.add(an_object("stray@provider"))
    world.practice.book(
        set_lines(an_object("moved here@practice", summary="moved here"), {"LOCATION": ["LOCATION:Room 2"]}),
        appointment_id=ids["moved here"],
        kind=AppointmentKind.PERSONAL,
    )
    fresh = world.practice.book(an_object("fresh@practice", summary="fresh"), kind=AppointmentKind.PERSONAL)

    found = {(each.finding, each.appointment_id or each.remote_id) for each in world.engine.verify(bridge)}

    assert found == {
        (DifferenceKindAtProvider.MISSING_THERE, ids["deleted"]),
        (DifferenceKindAtProvider.CHANGED_THERE, ids["retitled"]),
        (DifferenceKindAtProvider.CHANGED_HERE, ids["moved here"]),
        (DifferenceKindAtProvider.UNKNOWN_THERE, stray),
        (DifferenceKindAtProvider.NOT_SENT, fresh.id),
    }


def test_a_repair_brings_both_sides_in_line(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    world.practice.put(native, "a.ics", an_object("mine@phone"))
    world.round()
    world.look(bridge)
    # Behind everybody's back: the provider tells of no change.
    calendar = world.provider.calendar()
    remote_id = world.remote_id_of("Supervision")
    changes = list(calendar.changes)
    world.provider.edit(remote_id, retitled("Another title"))
    calendar.changes[:] = changes
    world.look(bridge)
    assert world.engine.verify(bridge) != []

    world.engine.repair(bridge)
    world.round()

    assert world.engine.verify(bridge) == []
    assert "SUMMARY:Another title" in world.practice.text_of(native, "a.ics")
