"""After an edit that the practice's rules do not let through, two syncs give the client the server's text again."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.e2e.events import OUTSIDE, an_event, on_another_day
from tests.e2e.replay import AppleReplay, DavX5Replay, ReplayedClient
from tests.e2e.serving import DemoServer

FORBIDDEN = 403


@pytest.fixture(params=[DavX5Replay, AppleReplay])
def client(request: pytest.FixtureRequest, demo_server: DemoServer) -> Iterator[ReplayedClient]:
    with demo_server.http() as http:
        replayed = request.param(http, demo_server.user.calendar_path)
        replayed.sync()
        yield replayed


class OtherChanges:
    """What the person does beside: an object added, one changed, one removed."""

    def __init__(self, client: ReplayedClient) -> None:
        self.client = client
        self.changed, self.removed, self.added = (a_new_name() for _ in range(3))
        for name in (self.changed, self.removed):
            client.add(name, an_event(name, days=20))
        client.sync()

    def make(self) -> None:
        path = self.client.calendar_path
        self.client.add(self.added, an_event(self.added, days=21))
        self.client.edit(path + self.changed, an_event(self.changed, days=22))
        self.client.remove(path + self.removed)

    def went_through(self) -> bool:
        added, changed, removed = (
            self.client.http.get(self.client.calendar_path + name) for name in (self.added, self.changed, self.removed)
        )
        return (added.text, changed.text, removed.status_code) == (
            an_event(self.added, days=21),
            an_event(self.changed, days=22),
            404,
        )


def test_an_appointment_moved_out_of_the_window_comes_back(client: ReplayedClient) -> None:
    name = a_new_name()
    href = client.add(name, an_event(name, days=5))
    client.sync()
    others = OtherChanges(client)

    client.edit(href, an_event(name, days=OUTSIDE))
    others.make()
    client.sync()
    client.sync()

    (refused,) = client.refused
    assert refused.status_code == FORBIDDEN
    assert "max-date-time" in refused.text
    assert client.objects[href].text == an_event(name, days=5)
    assert_same_as_server(client)
    assert others.went_through()


def test_a_patient_appointment_moved_out_of_the_window_comes_back(client: ReplayedClient) -> None:
    href = client.href_of("SUMMARY:Demo Patient 11\r\n")
    kept = client.objects[href].text
    others = OtherChanges(client)

    client.edit(href, on_another_day(kept, days=OUTSIDE))
    others.make()
    client.sync()
    client.sync()

    assert [each.status_code for each in client.refused] == [FORBIDDEN]
    assert client.objects[href].text == kept
    assert_same_as_server(client)
    assert others.went_through()


def test_a_new_object_outside_the_window_stays_on_the_client_until_it_is_put_inside(client: ReplayedClient) -> None:
    name = a_new_name()
    others = OtherChanges(client)

    href = client.add(name, an_event(name, days=OUTSIDE))
    others.make()
    client.sync()
    client.sync()

    assert [each.status_code for each in client.refused] == [FORBIDDEN, FORBIDDEN]
    assert client.http.get(href).status_code == 404
    assert others.went_through()

    client.edit(href, an_event(name, days=6))
    client.sync()
    client.sync()

    assert client.http.get(href).text == an_event(name, days=6)
    assert_same_as_server(client)


def test_a_protected_appointment_that_was_deleted_comes_back(client: ReplayedClient, demo_server: DemoServer) -> None:
    href = client.href_of(f"SUMMARY:{title_of_protected(demo_server)}\r\n")
    kept = client.objects[href].text
    others = OtherChanges(client)

    client.remove(href)
    others.make()
    client.sync()
    client.sync()

    (refused,) = client.refused
    assert refused.status_code == FORBIDDEN
    assert "clinical note" in refused.text
    assert client.objects[href].text == kept
    assert_same_as_server(client)
    assert others.went_through()


def test_an_overruled_title_comes_back_and_the_new_time_stays(client: ReplayedClient) -> None:
    title = {DavX5Replay: "Demo Patient 12", AppleReplay: "Demo Patient 13"}[type(client)]
    href = client.href_of(f"SUMMARY:{title}\r\n")
    moved = on_another_day(client.objects[href].text, days=7)
    others = OtherChanges(client)

    client.edit(href, moved.replace(f"SUMMARY:{title}", "SUMMARY:Renamed"))
    others.make()
    client.sync()
    client.sync()

    assert client.refused == []
    assert client.objects[href].text == moved
    assert_same_as_server(client)
    assert others.went_through()


def assert_same_as_server(client: ReplayedClient) -> None:
    """Every object of the client is the server's, to the octet, under the server's entity tag, and none is missing."""
    fresh = DavX5Replay(client.http, client.calendar_path)
    fresh.sync()
    assert client.objects.keys() == fresh.objects.keys()
    for href, local in client.objects.items():
        served = client.http.get(href)
        assert (local.text.encode(), local.etag, local.dirty) == (served.content, served.headers["ETag"], False), href


def title_of_protected(server: DemoServer) -> str:
    """The title of an appointment in the calendar that has a clinical note."""
    (title,) = [each["title"] for each in server.appointments("--practitioner", "maya") if each["note"] == "present"]
    return str(title)


def a_new_name() -> str:
    return f"{uuid4()}.ics".upper().replace(".ICS", ".ics")
