"""The commands that look after a bridge, beside the running server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.bridged import SHOWN, BridgedDemo, a_moment
from tests.e2e.faces import GoogleFace, NativeFace
from tests.waiting import until

EMAIL = "maya@gmail.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A practitioner's Google calendar and its number, beside their own calendar."""

    demo: BridgedDemo
    native: NativeFace
    google: GoogleFace
    number: str

    def says(self, *command: str) -> Any:
        """What a command about it says."""
        return json.loads(self.demo.server.hxdav("integrations", *command, "--json"))

    def status(self) -> dict[str, Any]:
        (row,) = self.says("status", self.number)
        return dict(row)


@pytest.fixture(scope="module")
def bridge(bridged_demo: BridgedDemo) -> Iterator[Bridge]:
    row = bridged_demo.connect_google("maya", EMAIL)
    google = bridged_demo.google_face(EMAIL)
    until(lambda: len(google.seen()) == SHOWN, what="the demo's appointments")
    with bridged_demo.native_face("maya") as native:
        yield Bridge(demo=bridged_demo, native=native, google=google, number=str(row["id"]))


def test_a_paused_calendar_stands_still_says_so_and_goes_on_when_it_is_resumed(bridge: Bridge) -> None:
    bridge.demo.own("maya", "integrations", "pause", bridge.number)
    bridge.native.move(bridge.native.one_at(a_moment(2, 9)), a_moment(2, 10))
    paused = bridge.status()
    assert (paused["health"], paused["waiting"]) == ("paused", 1)
    assert not bridge.google.at(a_moment(2, 10))

    bridge.demo.own("maya", "integrations", "resume", bridge.number)

    until(lambda: bridge.google.titles_at(a_moment(2, 10)) == ["Appointment"], what="the edit")
    status = until(
        lambda: well if (well := bridge.status())["health"] == "well" else None, what="the bridge to be well"
    )
    assert (status["waiting"], status["left_alone"]) == (0, [])
    assert status["last_sync"]
    assert status["requests"] > SHOWN


def test_an_appointment_explains_where_it_shows(bridge: Bridge) -> None:
    listed = bridge.demo.server.appointments("--practitioner", "maya")
    (number,) = [each["id"] for each in listed if each["title"] == "Lunch with Ana"]

    places = bridge.says("explain", str(number))

    assert {place["service"]: place["shows"] for place in places} == {"native": True, "google": True}
    assert all(place["story"] for place in places)


def test_what_google_lost_behind_everybodys_back_is_found_and_repaired(bridge: Bridge) -> None:
    assert bridge.says("verify", bridge.number) == []
    lost = bridge.google.one_at(a_moment(3, 9))
    # No tombstone, no call: what no incremental listing will ever tell.
    with bridge.demo.google.world.lock:
        del bridge.demo.google.world.calendars[bridge.google.calendar_id].events[lost.key]

    found = bridge.says("verify", bridge.number, "--repair", "--yes")

    assert len(found) == 1
    waiting = until(
        lambda: json.loads(bridge.demo.server.hxdav("review", "show", "maya", "--json")), what="the removal in review"
    )
    assert [each["title"] for each in waiting] == ["Demo Patient 11"]
    bridge.demo.server.hxdav("review", "keep", "maya", "--all")
    until(lambda: bridge.google.titles_at(a_moment(3, 9)) == ["Appointment"], what="it to be in Google again")
