"""What ends at a provider ends here, and is not put back (rules 4 and 7)."""

from __future__ import annotations

import pytest

from hxdav.domain.notification import NotificationKind
from hxdav.domain.removal import RemovalState
from hxdav.ical.patch import set_lines
from tests.bridges import BridgedWorld, retitled
from tests.builders import an_object

FIRST = "DTSTART;TZID=Australia/Sydney:20261124T090000"
BOTH = "EXDATE;TZID=Australia/Sydney:20261124T090000,20261125T090000"


@pytest.mark.parametrize(
    "lines",
    [
        {"RRULE": ["RRULE:FREQ=WEEKLY;UNTIL=20261125T000000Z"]},
        {"RRULE": ["RRULE:FREQ=WEEKLY;COUNT=2"], "EXDATE": ["EXDATE;TZID=Australia/Sydney:20261201T090000"]},
    ],
    ids=["until", "exdate"],
)
def test_a_series_that_ended_before_the_connection_stays_so(world: BridgedWorld, lines: dict[str, list[str]]) -> None:
    native = world.practice.integration()
    world.practice.put(native, "a.ics", an_object("mine@phone", "RRULE:FREQ=WEEKLY", start=FIRST))
    world.practice.clock.advance(days=30)
    bridge = world.connect()
    world.round()

    world.provider.edit(world.remote_id_of("Supervision"), lambda text: set_lines(text, lines))
    world.look(bridge)
    world.look(bridge)

    assert lines["RRULE"][0] in world.practice.text_of(native, "a.ics")
    (shown,) = world.provider.calendar().objects.values()
    assert lines["RRULE"][0] in shown.text
    assert NotificationKind.BEFORE_WINDOW not in world.practice.told()


def test_a_series_emptied_by_exceptions_is_a_removal(world: BridgedWorld) -> None:
    native = world.practice.integration()
    world.practice.put(native, "a.ics", an_object("mine@phone", "RRULE:FREQ=DAILY;COUNT=2"))
    bridge = world.connect()
    world.round()

    world.provider.edit(world.remote_id_of("Supervision"), lambda text: set_lines(text, {"EXDATE": [BOTH]}))
    world.look(bridge)

    assert [each.state for each in world.practice.removals()] == [RemovalState.HELD]
    assert NotificationKind.EDIT_OVERRULED not in world.practice.told()
    world.practice.clock.advance(minutes=5)
    world.practice.settle()
    world.round()
    assert world.practice.shown(native) == {}
    assert world.remote_titles() == []


def test_what_a_series_says_besides_when_it_is_emptied_is_kept(world: BridgedWorld) -> None:
    native = world.practice.integration()
    world.practice.put(native, "a.ics", an_object("mine@phone", "RRULE:FREQ=DAILY;COUNT=2"))
    bridge = world.connect()
    world.round()

    world.provider.edit(
        world.remote_id_of("Supervision"), lambda text: set_lines(retitled("Theirs")(text), {"EXDATE": [BOTH]})
    )
    world.look(bridge)

    assert [each.state for each in world.practice.removals()] == [RemovalState.HELD]
    assert NotificationKind.EDIT_OVERRULED in world.practice.told()


def test_the_last_event_of_a_series_that_went_as_singles_is_a_removal_that_can_be_kept(world: BridgedWorld) -> None:
    native = world.practice.integration()
    bridge = world.connect()
    series = an_object("mine@phone", "RRULE:FREQ=HOURLY;COUNT=2", end="DURATION:PT30M")
    world.practice.put(native, "a.ics", series)
    world.round()

    for remote_id in sorted(world.provider.calendar().objects):
        world.provider.delete(remote_id)
        world.look(bridge)

    (removal,) = world.practice.removals()
    assert removal.state is RemovalState.HELD
    assert "EXDATE" in world.practice.text_of(native, "a.ics")
    world.practice.put(native, "a.ics", series)
    world.look(bridge)
    assert [each.state for each in world.practice.removals()] == [RemovalState.KEPT]
    assert world.remote_titles() == ["Supervision", "Supervision"]
