"""A practitioner subscribes with a CalDAV client and edits; the practice's command line says the same at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from caldav.davclient import DAVClient
from caldav.lib.error import AuthorizationError, NotFoundError

from tests.builders import SYDNEY
from tests.e2e.events import a_day, an_event
from tests.e2e.serving import DemoServer
from tests.waiting import until

NAME = "HX_Harbour Street Psychology"
ZONE = ZoneInfo(SYDNEY)


@pytest.mark.parametrize("path", ["", "/", "/maya/"])
def test_the_calendar_is_found_by_name_from_any_address(demo_server: DemoServer, path: str) -> None:
    with a_client(demo_server, path) as client:
        calendars = client.principal().calendars()

    assert [calendar.get_display_name() for calendar in calendars] == [NAME]
    assert str(calendars[0].url) == demo_server.user.calendar_url


def test_it_is_found_from_where_the_well_known_address_leads_before_anyone_has_logged_in(
    demo_server: DemoServer,
) -> None:
    asked = httpx.request("PROPFIND", f"{demo_server.base_url}/.well-known/caldav", headers={"Depth": "0"})
    assert asked.status_code == httpx.codes.MOVED_PERMANENTLY

    with a_client(demo_server, asked.headers["Location"]) as client:
        calendar = client.principal().calendar(name=NAME)

    assert str(calendar.url) == demo_server.user.calendar_url


def test_a_wrong_password_finds_nothing(demo_server: DemoServer) -> None:
    with (
        DAVClient(url=demo_server.base_url, username="maya", password="wrong") as client,
        pytest.raises(AuthorizationError),
    ):
        client.principal()


def test_what_is_added_and_moved_is_in_the_practice_at_once_and_what_is_deleted_soon(
    fresh_demo_server: DemoServer,
) -> None:
    server = fresh_demo_server
    with a_calendar(server) as calendar:
        before = listed(server)
        shown = [each for each in before if each["start"] >= moment(0, 0)]
        assert len(calendar.events()) == len(shown)

        added = calendar.save_event(an_event("moves@example", days=3, hour=11, summary="Dentist"))
        (new,) = [each for each in listed(server) if each not in before]
        assert (new["title"], new["kind"], new["start"]) == ("Dentist", "personal", moment(3, 11))

        read = calendar.event_by_url(added.url)
        assert read.icalendar_component["SUMMARY"] == "Dentist"

        read.icalendar_component.start = datetime.combine(a_day(4), time(15), tzinfo=ZONE)
        read.icalendar_component.end = datetime.combine(a_day(4), time(16), tzinfo=ZONE)
        read.save()
        (moved,) = [each for each in listed(server) if each not in before]
        assert (moved["id"], moved["start"]) == (new["id"], moment(4, 15))
        assert calendar.event_by_url(added.url).icalendar_component.start.hour == 15

        read.delete()
        with pytest.raises(NotFoundError):
            calendar.event_by_url(added.url)
        until(lambda: listed(server) == before, what="the removal")


def test_a_search_of_a_week_finds_the_weekly_series_and_the_sessions_of_that_week(demo_server: DemoServer) -> None:
    with a_calendar(demo_server) as calendar:
        first, ninth = (calendar.search(event=True, **between(days, days + 1)) for days in (1, 1 + 8 * 7))
        none = calendar.search(event=True, **between(2 + 8 * 7, 7 + 8 * 7))

    assert {found.icalendar_component["SUMMARY"] for found in first} >= {"Supervision"}
    assert len(first) == 3
    assert [found.icalendar_component["SUMMARY"] for found in ninth] == ["Supervision"]
    assert none == []


def test_a_search_with_expansion_gives_the_instances_of_the_series(demo_server: DemoServer) -> None:
    with a_calendar(demo_server) as calendar:
        # The client asks for a day more on each side.
        found = calendar.search(event=True, server_expand=True, **between(5 * 7 - 1, 7 * 7 + 4))

    starts = sorted(each.icalendar_component.start for each in found)
    assert [start.astimezone(ZONE).isoformat() for start in starts] == [moment(1 + week * 7, 16) for week in (5, 6, 7)]


def test_over_tls_it_is_the_same_for_who_trusts_the_local_authority(tls_demo_server: DemoServer) -> None:
    server = tls_demo_server
    assert server.user.calendar_url.startswith(f"https://localhost:{server.port}/maya/hx-")

    with a_calendar(server) as calendar:
        calendar.save_event(an_event("tls@example", days=3, summary="Over TLS"))

    assert "Over TLS" in {each["title"] for each in listed(server)}


def test_over_tls_a_client_that_does_not_trust_the_authority_is_told_so(tls_demo_server: DemoServer) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(tls_demo_server.base_url)


@contextmanager
def a_client(server: DemoServer, path: str = "") -> Iterator[Any]:
    # The library's types are those of its asynchronous client as well.
    user = server.user
    trusted = str(server.authority) if server.authority.exists() else True
    with DAVClient(
        url=server.base_url + path, username=user.username, password=user.app_password, ssl_verify_cert=trusted
    ) as client:
        yield client


@contextmanager
def a_calendar(server: DemoServer) -> Iterator[Any]:
    with a_client(server) as client:
        yield client.principal().calendar(name=NAME)


def listed(server: DemoServer) -> list[dict[str, Any]]:
    """What the practice's command line lists of the practitioner."""
    return server.appointments("--practitioner", server.user.username)


def moment(days: int, hour: int) -> str:
    return datetime.combine(a_day(days), time(hour), tzinfo=ZONE).isoformat()


def between(days: int, until: int) -> dict[str, datetime]:
    start, end = (datetime.combine(a_day(each), time(), tzinfo=ZONE) for each in (days, until))
    return {"start": start, "end": end - timedelta(seconds=1)}
