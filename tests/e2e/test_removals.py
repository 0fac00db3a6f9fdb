"""Deletions by a real client: settled, reviewed, kept and taken back (rule 7), in quicker time.

The settle time is one second here instead of sixty; the fifteen minutes are as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from caldav.davclient import DAVClient
from caldav.lib.error import NotFoundError

from tests.e2e.events import an_event
from tests.e2e.neighbours import Neighbours, settle
from tests.e2e.serving import DemoServer, DemoUser
from tests.waiting import until

BRIEFLY, SLOWLY = (Neighbours(key=key, synchronising=("ada",)) for key in ("briefly", "slowly"))
"""A practice for a test, as the demo's own is: what is removed in one is not counted in another."""


@pytest.fixture(scope="module")
def server(demo_server: DemoServer) -> DemoServer:
    settle(demo_server, BRIEFLY, SLOWLY)
    return demo_server


def test_three_deleted_appointments_are_gone_when_their_batch_is_settled(server: DemoServer) -> None:
    ada = server.users[BRIEFLY.username("ada")]
    with a_calendar(server, ada) as calendar:
        events = [calendar.save_event(an_event(f"{name}@example", days=3, summary=name)) for name in "ABC"]
        for event in events:
            event.delete()

        until(lambda: not titles(server, ada) & {"A", "B", "C"}, what="the removals")

    assert reviews(server, ada) == []


def test_four_deleted_one_by_one_open_a_review_and_what_is_kept_comes_back(server: DemoServer) -> None:
    ada = server.users[SLOWLY.username("ada")]
    with a_calendar(server, ada) as calendar:
        events = {name: calendar.save_event(an_event(f"{name}@example", days=3, summary=name)) for name in "ABCDEF"}
        synced = calendar.get_objects_by_sync_token(load_objects=True)
        for name in "ABC":
            events[name].delete()
            until(lambda name=name: name not in titles(server, ada), what=f"{name} to be settled")  # type: ignore[misc]

        for name in "DEF":
            events[name].delete()
        synced.sync()
        assert not {summary(each) for each in synced} & set("ABCDEF")

        (review,) = reviews(server, ada)
        waiting = {each["title"]: each for each in server_says(server, "review", "show", ada.username)}
        assert review["waiting"] == 3
        assert set(waiting) == {"D", "E", "F"}
        assert {each["device"] for each in waiting.values()} == {"Tablet"}
        assert titles(server, ada) >= {"D", "E", "F"}

        server.hxdav("review", "keep", ada.username, str(waiting["D"]["id"]), str(waiting["F"]["id"]))
        server.hxdav("review", "apply", ada.username, "--all", "--yes")
        synced.sync()

        assert {summary(each) for each in synced} & set("ABCDEF") == {"D", "F"}
        assert calendar.event_by_url(events["D"].url).icalendar_component["SUMMARY"] == "D"
        with pytest.raises(NotFoundError):
            calendar.event_by_url(events["E"].url)
        assert titles(server, ada) & set("ABCDEF") == {"D", "F"}


def test_a_removed_patient_appointment_put_under_another_name_is_the_same_with_its_patient(
    server: DemoServer,
) -> None:
    maya = server.user
    with a_calendar(server, maya) as calendar:
        event = next(each for each in calendar.events() if summary(each) == "Demo Patient 11")
        (before,) = [each for each in appointments(server, maya) if each["title"] == "Demo Patient 11"]
        text = event.data
        event.delete()
        until(lambda: status(server, before["id"]) == "cancelled", what="the removal")

        calendar.client.put(str(calendar.url.join("another-name.ics")), text, {"Content-Type": "text/calendar"})

        after = shown(server, before["id"])
        assert (after["status"], after["patients"]) == ("booked", ["Demo Patient 11"])
        again = calendar.event_by_url(calendar.url.join("another-name.ics"))
        assert summary(again) == "Demo Patient 11"
        assert len([each for each in appointments(server, maya) if each["title"] == "Demo Patient 11"]) == 1


@contextmanager
def a_calendar(server: DemoServer, user: DemoUser) -> Iterator[Any]:
    # The library's types are those of its asynchronous client as well.
    with DAVClient(url=server.base_url, username=user.username, password=user.app_password) as client:
        yield client.principal().calendars()[0]


def summary(event: Any) -> str:
    return str(event.icalendar_component["SUMMARY"])


def server_says(server: DemoServer, *command: str) -> Any:
    return json.loads(server.hxdav(*command, "--json"))


def reviews(server: DemoServer, user: DemoUser) -> list[dict[str, Any]]:
    return [each for each in server_says(server, "review", "list") if each["practitioner"] == user.username]


def appointments(server: DemoServer, user: DemoUser) -> list[dict[str, Any]]:
    return server.appointments("--practitioner", user.username)


def titles(server: DemoServer, user: DemoUser) -> set[str]:
    return {each["title"] for each in appointments(server, user) if each["status"] == "booked"}


def shown(server: DemoServer, number: int) -> dict[str, Any]:
    found: dict[str, Any] = server_says(server, "appointments", "show", str(number))
    return found


def status(server: DemoServer, number: int) -> str:
    return str(shown(server, number)["status"])
