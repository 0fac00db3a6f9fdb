"""Single events: ids, etags, tombstones, and how Google writes what it was given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.simulators.google.api import SentUpdates
from tests.simulators.google.cases import MONDAY, SYDNEY, Desk, a_desk, refused

ID = "0123456789abcdefghijklmnopqrstuv"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def test_an_event_is_made_under_the_clients_id(desk: Desk) -> None:
    made = desk.insert(id=ID, summary="Intake")
    assert (made["id"], made["iCalUID"], made["status"]) == (ID, f"{ID}@google.com", "confirmed")
    assert desk.get(ID) == made


def test_an_event_without_an_id_gets_one(desk: Desk) -> None:
    assert desk.get(desk.insert(iCalUID="1@hxdav")["id"])["iCalUID"] == "1@hxdav"


@pytest.mark.parametrize("event_id", ["hx00000", "ABCDE", "abcd", "abc_e", "a" * 1025])
def test_an_id_outside_base32hex_is_refused(desk: Desk, event_id: str) -> None:
    with refused(400, "invalid"):
        desk.insert(id=event_id)


def test_an_id_is_taken_once_and_for_all(desk: Desk) -> None:
    desk.insert(id=ID)
    with refused(409, "duplicate"):
        desk.insert(id=ID)
    desk.delete(ID)
    with refused(409, "duplicate"):
        desk.insert(id=ID)


def test_a_deleted_event_can_be_got_and_not_deleted_again(desk: Desk) -> None:
    desk.insert(id=ID, summary="Intake")
    desk.delete(ID)
    assert (desk.get(ID)["status"], desk.get(ID)["summary"]) == ("cancelled", "Intake")
    with refused(410, "deleted"):
        desk.delete(ID)


def test_an_unknown_event_is_not_found(desk: Desk) -> None:
    with refused(404, "notFound"):
        desk.get("unknown")
    with refused(404, "notFound"):
        desk.delete("unknown")


def test_a_patch_to_cancelled_deletes(desk: Desk) -> None:
    desk.insert(id=ID)
    desk.patch(ID, status="cancelled")
    assert desk.ids() == []


def test_a_deleted_event_comes_back_when_it_is_confirmed(desk: Desk) -> None:
    desk.insert(id=ID)
    desk.delete(ID)
    body = {**MONDAY, "status": "confirmed", "summary": "Back"}
    desk.events.update(calendarId=desk.calendar_id, eventId=ID, body=body).execute()
    assert [one["summary"] for one in desk.list()["items"]] == ["Back"]


def test_some_deleted_events_refuse_to_come_back(desk: Desk) -> None:
    desk.google.quirks.undeletable.add(ID)
    desk.insert(id=ID)
    desk.delete(ID)
    with refused(403, "forbidden"):
        desk.patch(ID, status="confirmed")


@pytest.mark.parametrize("method", ["update", "patch", "delete"])
def test_a_stale_etag_is_refused_with_412(desk: Desk, method: str) -> None:
    etag = desk.insert(id=ID)["etag"]
    desk.anna.change_event(desk.calendar_id, ID, summary="Moved on")
    body = {} if method == "delete" else {"body": MONDAY}
    request = getattr(desk.events, method)(calendarId=desk.calendar_id, eventId=ID, **body)
    request.headers["If-Match"] = etag
    with refused(412, "conditionNotMet"):
        request.execute()
    assert desk.get(ID)["summary"] == "Moved on"


def test_the_right_etag_is_let_through_and_changes(desk: Desk) -> None:
    etag = desk.insert(id=ID)["etag"]
    request = desk.events.patch(calendarId=desk.calendar_id, eventId=ID, body={"summary": "New"})
    request.headers["If-Match"] = etag
    assert request.execute()["etag"] != etag


def test_what_has_not_changed_is_not_sent_again(desk: Desk) -> None:
    etag = desk.insert(id=ID)["etag"]
    url = f"{desk.google.url}/calendar/v3/calendars/{desk.calendar_id}/events/{ID}"
    headers = {"Authorization": f"Bearer {desk.anna.token()}", "If-None-Match": etag}
    assert httpx.get(url, headers=headers).status_code == 304


def test_times_come_back_with_the_calendars_offset_and_the_events_zone(desk: Desk) -> None:
    start = {"dateTime": "2026-11-23T09:00:00", "timeZone": "Europe/Berlin"}
    end = {"dateTime": "2026-11-23T08:30:00Z", "timeZone": "Europe/Berlin"}
    made = desk.insert(id=ID, start=start, end=end)
    assert made["start"] == {"dateTime": "2026-11-23T19:00:00+11:00", "timeZone": "Europe/Berlin"}
    desk.google.quirks.event_zone_offsets = True
    assert desk.get(ID)["end"] == {"dateTime": "2026-11-23T09:30:00+01:00", "timeZone": "Europe/Berlin"}


def test_an_all_day_event_has_dates_and_an_exclusive_end(desk: Desk) -> None:
    desk.insert(id=ID, start={"date": "2026-11-23"}, end={"date": "2026-11-24"})
    assert (desk.get(ID)["start"], desk.get(ID)["end"]) == ({"date": "2026-11-23"}, {"date": "2026-11-24"})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"end": None}, "required"),
        ({"end": {"dateTime": "2026-11-23T08:00:00+11:00"}}, "timeRangeEmpty"),
        ({"start": {"date": "2026-11-23"}}, "invalid"),
        ({"start": {"date": "2026-11-23", "dateTime": "2026-11-23T09:00:00+11:00"}}, "invalid"),
        ({"start": {"dateTime": "2026-11-23T09:00:00"}}, "required"),
        ({"start": {"dateTime": "2026-11-23T09:00:00", "timeZone": "Sydney"}}, "invalid"),
        ({"recurrence": ["DTSTART:20261123T090000"]}, "invalid"),
        ({"recurrence": ["RRULE:FREQ=SOMETIMES"]}, "invalid"),
        ({"recurrence": ["RRULE:FREQ=DAILY"], "start": {"dateTime": "2026-11-23T09:00:00+11:00"}}, "required"),
        ({"visibility": "secret"}, "invalid"),
        ({"reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 1}] * 6}}, "invalid"),
        ({"extendedProperties": {"private": {"k" * 45: "v"}}}, "invalid"),
        ({"id": ID, "iCalUID": "1@hxdav"}, "invalid"),
    ],
)
def test_what_no_event_can_be_is_refused(desk: Desk, body: dict[str, Any], reason: str) -> None:
    whole = {key: value for key, value in {**MONDAY, **body}.items() if value is not None}
    with refused(400, reason):
        desk.events.insert(calendarId=desk.calendar_id, body=whole).execute()


def test_private_properties_are_kept_merged_and_searched(desk: Desk) -> None:
    desk.insert(id=ID, extendedProperties={"private": {"hx": "1", "rev": "1"}})
    desk.insert(extendedProperties={"private": {"hx": "2"}})
    desk.patch(ID, extendedProperties={"private": {"rev": "2"}})
    assert desk.get(ID)["extendedProperties"] == {"private": {"hx": "1", "rev": "2"}}
    assert desk.ids(privateExtendedProperty="hx=1") == [ID]
    assert desk.ids(privateExtendedProperty=["hx=1", "rev=1"]) == []


def test_an_update_takes_away_what_it_does_not_name_and_a_patch_what_is_null(desk: Desk) -> None:
    desk.insert(id=ID, summary="Intake", location="Room 1")
    assert "location" not in desk.patch(ID, location=None)
    body = {**MONDAY, "location": "Room 2"}
    assert "summary" not in desk.events.update(calendarId=desk.calendar_id, eventId=ID, body=body).execute()


def test_defaults_are_left_out_of_what_comes_back(desk: Desk) -> None:
    made = desk.insert(visibility="default", transparency="opaque", description="")
    assert not {"visibility", "transparency", "description"} & set(made)
    assert made["reminders"] == {"useDefault": True}
    made = desk.insert(visibility="private", transparency="transparent", reminders={"useDefault": False})
    assert (made["visibility"], made["transparency"]) == ("private", "transparent")
    assert made["reminders"] == {"useDefault": False}


def test_reminders_alone_change_the_etag_and_not_the_time_of_the_last_update(desk: Desk) -> None:
    made = desk.insert(id=ID)
    desk.clock.move(timedelta(minutes=1))
    later = desk.patch(ID, reminders={"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}]})
    assert later["updated"] == made["updated"]
    assert later["etag"] != made["etag"]
    assert desk.patch(ID, summary="New")["updated"] > made["updated"]


def test_the_sequence_rises_when_the_time_changes(desk: Desk) -> None:
    desk.insert(id=ID)
    assert desk.patch(ID, summary="New")["sequence"] == 0
    assert desk.patch(ID, end={"dateTime": "2026-11-23T11:00:00+11:00"})["sequence"] == 1


def test_google_may_rewrite_words(desk: Desk) -> None:
    desk.google.quirks.html_descriptions = desk.google.quirks.trims_summaries = True
    made = desk.insert(summary="Intake  ", description="a & b\nc")
    assert (made["summary"], made["description"]) == ("Intake", "<p>a &amp; b<br>c</p>")


def test_what_is_said_of_mail_to_guests_is_noted(desk: Desk) -> None:
    desk.insert(id=ID)
    desk.events.patch(calendarId=desk.calendar_id, eventId=ID, body={"summary": "New"}).execute()
    assert desk.google.api.send_updates == [
        SentUpdates(operation="events.insert", value="none"),
        SentUpdates(operation="events.patch", value=None),
    ]


def test_what_the_user_does_in_googles_app_is_what_the_api_gives(desk: Desk) -> None:
    made = desk.anna.add_event(desk.calendar_id, date(2026, 12, 1), date(2026, 12, 3), summary="Away")
    assert desk.get(made["id"])["start"] == {"date": "2026-12-01"}
    desk.anna.change_event(
        desk.calendar_id, made["id"], start=desk.clock.moment, end=desk.clock.moment + timedelta(hours=1)
    )
    assert desk.get(made["id"])["start"] == {"dateTime": "2026-11-22T12:00:00+11:00", "timeZone": SYDNEY}
    desk.anna.delete_event(desk.calendar_id, made["id"])
    assert [one["summary"] for one in desk.anna.tombstones(desk.calendar_id)] == ["Away"]
    assert desk.anna.events(desk.calendar_id) == []
