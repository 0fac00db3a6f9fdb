"""Calendars and the user's list of them, by Google's own client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.simulators.google.cases import ANNA, SYDNEY, Desk, a_desk, refused
from tests.simulators.google.clients import calendar_service
from tests.simulators.google.oauth import APP_CREATED, CALENDAR, LIST_READONLY


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def listed(desk: Desk, **query: bool) -> list[str]:
    return [entry["id"] for entry in desk.service.calendarList().list(**query).execute()["items"]]


def test_a_calendar_keeps_its_name_its_description_and_its_zone(desk: Desk) -> None:
    body = {"summary": "HX_Bay", "description": "hxdav: 7", "timeZone": "Europe/Berlin"}
    made = desk.service.calendars().insert(body=body).execute()
    assert body.items() <= desk.service.calendars().get(calendarId=made["id"]).execute().items()


def test_a_calendar_needs_a_title(desk: Desk) -> None:
    with refused(400, "required"):
        desk.service.calendars().insert(body={"timeZone": SYDNEY}).execute()


def test_the_same_calendar_made_twice_is_two_calendars(desk: Desk) -> None:
    desk.service.calendars().insert(body={"summary": "HX_Harbour"}).execute()
    assert len(desk.anna.calendars()) == 3


def test_a_patch_renames_a_calendar(desk: Desk) -> None:
    desk.service.calendars().patch(calendarId=desk.calendar_id, body={"summary": "HX_Cove"}).execute()
    assert desk.anna.calendar("HX_Cove").id == desk.calendar_id


def test_the_primary_entry_of_the_list_names_the_account(desk: Desk) -> None:
    entries = desk.service.calendarList().list().execute()["items"]
    assert [entry["id"] for entry in entries if entry.get("primary")] == [ANNA]


def test_listing_calendars_needs_a_scope_of_its_own(desk: Desk) -> None:
    with (
        calendar_service(desk.google, desk.anna.token(APP_CREATED)) as service,
        refused(403, "insufficientPermissions"),
    ):
        service.calendarList().list().execute()


def test_an_application_does_not_see_the_users_own_calendars(desk: Desk) -> None:
    own = desk.anna.add_calendar("Private")
    for calendar_id in (own.id, ANNA, "primary"):
        with refused(404, "notFound"):
            desk.service.calendars().get(calendarId=calendar_id).execute()
        with refused(404, "notFound"):
            desk.events.list(calendarId=calendar_id).execute()


def test_the_wide_scope_sees_them(desk: Desk) -> None:
    with calendar_service(desk.google, desk.anna.token(CALENDAR)) as service:
        assert service.calendars().get(calendarId="primary").execute()["id"] == ANNA


def test_nobody_sees_anothers_calendar(desk: Desk) -> None:
    token = desk.google.user("ben@example.com").token(APP_CREATED, LIST_READONLY, CALENDAR)
    with calendar_service(desk.google, token) as service, refused(404, "notFound"):
        service.calendars().get(calendarId=desk.calendar_id).execute()


def test_a_hidden_calendar_says_so_and_is_listed_only_when_asked_for(desk: Desk) -> None:
    assert "hidden" not in desk.service.calendarList().get(calendarId=desk.calendar_id).execute()
    desk.anna.hide(desk.calendar_id)
    assert desk.service.calendarList().get(calendarId=desk.calendar_id).execute()["hidden"] is True
    assert listed(desk) == [ANNA]
    assert listed(desk, showHidden=True) == [ANNA, desk.calendar_id]
    desk.anna.unhide(desk.calendar_id)
    assert listed(desk) == [ANNA, desk.calendar_id]


def test_the_users_own_name_and_tick_are_told(desk: Desk) -> None:
    desk.anna.rename(desk.calendar_id, "Work")
    desk.anna.untick(desk.calendar_id)
    entry = desk.service.calendarList().get(calendarId=desk.calendar_id).execute()
    assert (entry["summary"], entry["summaryOverride"], entry["selected"]) == ("HX_Harbour", "Work", False)


def test_the_application_may_hide_its_calendar_too(desk: Desk) -> None:
    body = {"hidden": True, "summaryOverride": "Work"}
    desk.service.calendarList().patch(calendarId=desk.calendar_id, body=body).execute()
    assert desk.anna.calendar(desk.calendar_id).is_hidden


def test_an_unsubscribed_calendar_leaves_the_list_and_still_answers(desk: Desk) -> None:
    desk.anna.unsubscribe(desk.calendar_id)
    with refused(404, "notFound"):
        desk.service.calendarList().get(calendarId=desk.calendar_id).execute()
    assert desk.service.calendars().get(calendarId=desk.calendar_id).execute()["id"] == desk.calendar_id


def test_a_deleted_calendar_is_gone_everywhere(desk: Desk) -> None:
    desk.anna.delete_calendar(desk.calendar_id)
    for found in (desk.service.calendarList(), desk.service.calendars()):
        with refused(404, "notFound"):
            found.get(calendarId=desk.calendar_id).execute()
    with refused(404, "notFound"):
        desk.list()


def test_the_primary_calendar_cannot_be_deleted(desk: Desk) -> None:
    token = desk.anna.token(CALENDAR)
    with calendar_service(desk.google, token) as service, refused(400, "cannotDeletePrimaryCalendar"):
        service.calendars().delete(calendarId="primary").execute()


@pytest.mark.parametrize(
    ("method", "path", "body", "violation"),
    [
        ("GET", "calendars/x/events?since=1", None, "events.list: unknown parameter since"),
        ("GET", "calendars/x/events?showDeleted=yes", None, "events.list: showDeleted: is no boolean"),
        ("GET", "calendars/x/events?timeMin=2026-11-22", None, "events.list: timeMin: it is no date-time"),
        ("POST", "calendars", {"title": "HX"}, "calendars.insert: body.title is unknown"),
        ("POST", "calendars", {"summary": 7}, "calendars.insert: body.summary is no string"),
        ("POST", "calendars/x/clear", None, "calendars.clear: not simulated"),
    ],
)
def test_what_the_published_schema_does_not_know_is_a_violation(
    desk: Desk, method: str, path: str, body: dict[str, object] | None, violation: str
) -> None:
    headers = {"Authorization": f"Bearer {desk.anna.token()}"}
    answer = httpx.request(method, f"{desk.google.url}/calendar/v3/{path}", json=body, headers=headers)
    assert (answer.status_code, desk.google.violations) == (400, [violation])
    desk.google.violations.clear()


def test_a_path_that_the_published_schema_does_not_know_is_a_violation(desk: Desk) -> None:
    assert httpx.post(f"{desk.google.url}/batch/calendar/v3").status_code == 404
    assert desk.google.violations == ["POST /batch/calendar/v3: no such method"]
    desk.google.violations.clear()
