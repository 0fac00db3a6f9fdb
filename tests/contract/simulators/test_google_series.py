"""Series: masters, exceptions, cancelled instances, and what the user does to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.simulators.google.cases import SYDNEY, WEEKLY, Desk, a_desk, refused
from tests.simulators.google.wire import Json

ID = "abcde"
SECOND = "abcde_20261129T220000Z"
THIRD = "abcde_20261206T220000Z"
SECOND_START = datetime(2026, 11, 29, 22, tzinfo=UTC)
THIRD_START = datetime(2026, 12, 6, 22, tzinfo=UTC)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def series(desk: Desk, **body: Any) -> Json:
    return desk.insert(**{**WEEKLY, "id": ID, **body})


def instances(desk: Desk, **query: Any) -> list[Json]:
    page = desk.events.instances(calendarId=desk.calendar_id, eventId=ID, **query).execute()
    found: list[Json] = page["items"]
    return found


def test_a_series_is_listed_as_its_master(desk: Desk) -> None:
    made = series(desk)
    assert made["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=4"]
    assert desk.list()["items"] == [made]


def test_instances_are_named_for_their_start_in_utc(desk: Desk) -> None:
    series(desk)
    found = instances(desk)
    assert [one["id"] for one in found][1:3] == [SECOND, THIRD]
    assert found[1]["originalStartTime"] == {"dateTime": "2026-11-30T09:00:00+11:00", "timeZone": SYDNEY}
    assert found[1]["recurringEventId"] == ID
    assert "recurrence" not in found[1]


def test_instances_of_an_all_day_series_are_named_for_their_date(desk: Desk) -> None:
    series(desk, start={"date": "2026-11-23"}, end={"date": "2026-11-24"}, recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    assert [one["id"] for one in instances(desk)] == ["abcde_20261123", "abcde_20261124"]
    assert desk.get("abcde_20261124")["start"] == {"date": "2026-11-24"}


def test_a_series_keeps_its_hour_over_the_change_of_the_clocks(desk: Desk) -> None:
    start = {"dateTime": "2027-04-03T09:00:00", "timeZone": SYDNEY}
    end = {"dateTime": "2027-04-03T10:00:00", "timeZone": SYDNEY}
    series(desk, start=start, end=end, recurrence=["RRULE:FREQ=DAILY;UNTIL=20270404T230000Z"])
    assert [one["start"]["dateTime"] for one in instances(desk)] == [
        "2027-04-03T09:00:00+11:00",
        "2027-04-04T09:00:00+10:00",
        "2027-04-05T09:00:00+10:00",
    ]


def test_listed_dates_and_exceptions_are_counted(desk: Desk) -> None:
    lines = ["RRULE:FREQ=WEEKLY;COUNT=2", f"EXDATE;TZID={SYDNEY}:20261130T090000", "RDATE:20261202T030000Z"]
    series(desk, recurrence=lines)
    assert [one["id"] for one in instances(desk)] == ["abcde_20261122T220000Z", "abcde_20261202T030000Z"]


def test_an_endless_series_can_be_looked_at_through_a_window(desk: Desk) -> None:
    series(desk, recurrence=["RRULE:FREQ=DAILY"])
    window = {"timeMin": "2030-01-01T00:00:00Z", "timeMax": "2030-01-03T00:00:00Z"}
    assert desk.ids(**window) == [ID]
    assert len(desk.ids(singleEvents=True, orderBy="startTime", **window)) == 2


def test_a_changed_instance_becomes_a_resource_of_its_own(desk: Desk) -> None:
    series(desk)
    desk.patch(SECOND, summary="Longer", end={"dateTime": "2026-11-30T11:00:00+11:00"})
    assert desk.ids() == [ID, SECOND]
    changed = desk.get(SECOND)
    assert (changed["summary"], changed["recurringEventId"], changed["iCalUID"]) == ("Longer", ID, "abcde@google.com")
    assert changed["originalStartTime"]["dateTime"] == "2026-11-30T09:00:00+11:00"
    assert desk.ids(iCalUID="abcde@google.com") == [ID, SECOND]


def test_a_deleted_instance_is_listed_as_a_bare_cancelled_exception(desk: Desk) -> None:
    series(desk)
    desk.delete(SECOND)
    told = desk.list()["items"][1]
    assert set(told) == {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}
    assert [one["id"] for one in instances(desk)].count(SECOND) == 0
    assert [one["id"] for one in instances(desk, showDeleted=True)].count(SECOND) == 1
    with refused(410, "deleted"):
        desk.delete(SECOND)


def test_a_deleted_instance_comes_back_when_it_is_confirmed(desk: Desk) -> None:
    series(desk)
    desk.delete(SECOND)
    assert desk.patch(SECOND, status="confirmed")["summary"] == "Team"


def test_what_is_no_occurrence_is_no_instance(desk: Desk) -> None:
    series(desk)
    with refused(404, "notFound"):
        desk.get("abcde_20261201T220000Z")


def test_a_stale_etag_of_an_instance_is_refused(desk: Desk) -> None:
    series(desk)
    request = desk.events.patch(calendarId=desk.calendar_id, eventId=SECOND, body={"summary": "New"})
    request.headers["If-Match"] = desk.get(SECOND)["etag"]
    desk.anna.change_instance(desk.calendar_id, ID, SECOND_START, summary="Mine")
    with refused(412, "conditionNotMet"):
        request.execute()


def test_a_deleted_series_takes_its_exceptions_along_and_leaves_one_tombstone(desk: Desk) -> None:
    series(desk)
    desk.patch(SECOND, summary="Longer")
    token = desk.list()["nextSyncToken"]
    desk.delete(ID)
    assert [(one["id"], one["status"]) for one in desk.list(syncToken=token)["items"]] == [(ID, "cancelled")]
    assert desk.ids() == []
    assert desk.get(SECOND)["status"] == "cancelled"


def test_a_changed_rule_keeps_the_exceptions_that_still_match(desk: Desk) -> None:
    series(desk)
    desk.patch(SECOND, summary="Longer")
    desk.patch(THIRD, summary="Shorter")
    token = desk.list()["nextSyncToken"]
    desk.patch(ID, recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])
    assert desk.ids() == [ID, SECOND]
    told = [(one["id"], one["status"]) for one in desk.list(syncToken=token)["items"]]
    assert told == [(ID, "confirmed"), (THIRD, "cancelled")]
    assert desk.list(showDeleted=True)["items"] == desk.list()["items"]


def test_an_instance_that_its_series_has_again_is_told(desk: Desk) -> None:
    series(desk)
    desk.patch(THIRD, summary="Shorter")
    desk.patch(ID, recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])
    token = desk.list()["nextSyncToken"]
    desk.patch(ID, recurrence=["RRULE:FREQ=WEEKLY;COUNT=4"])
    told = [(one["id"], one["summary"]) for one in desk.list(syncToken=token)["items"]]
    assert told == [(ID, "Team"), (THIRD, "Shorter")]


def test_narrowing_one_instance_narrows_the_series_and_widening_one_does_nothing(desk: Desk) -> None:
    series(desk)
    desk.patch(SECOND, visibility="private")
    assert desk.get(ID)["visibility"] == "private"
    assert desk.patch(THIRD, visibility="public", summary="New")["visibility"] == "private"


def test_an_exception_moved_into_a_window_is_seen_there(desk: Desk) -> None:
    series(desk)
    start, end = ({"dateTime": f"2026-11-24T{hour}:00:00+11:00"} for hour in (14, 15))
    desk.patch(THIRD, start=start, end=end)
    window = {"timeMin": "2026-11-24T00:00:00+11:00", "timeMax": "2026-11-25T00:00:00+11:00"}
    assert desk.ids(singleEvents=True, **window) == [THIRD]
    assert [one["id"] for one in instances(desk, **window)] == [THIRD]
    assert len(instances(desk)) == 4


def test_this_and_following_ends_one_series_and_begins_another(desk: Desk) -> None:
    series(desk)
    desk.anna.change_following(desk.calendar_id, ID, THIRD_START, summary="Later")
    first, second = desk.list()["items"]
    assert first["recurrence"] == ["RRULE:FREQ=WEEKLY;UNTIL=20261206T215959Z"]
    assert (second["summary"], second["recurrence"]) == ("Later", ["RRULE:FREQ=WEEKLY;COUNT=2"])
    assert second["id"] == "abcde_R20261206T220000"
    week = desk.anna.agenda(desk.calendar_id, datetime(2026, 11, 22, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert [one["summary"] for one in week] == ["Team", "Team", "Later", "Later"]


def test_the_user_deletes_one_day_of_an_all_day_series(desk: Desk) -> None:
    series(desk, start={"date": "2026-11-23"}, end={"date": "2026-11-24"}, recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    desk.anna.delete_instance(desk.calendar_id, ID, date(2026, 11, 24))
    assert [one["id"] for one in desk.anna.tombstones(desk.calendar_id)] == ["abcde_20261124"]
    assert desk.list()["items"][1]["originalStartTime"] == {"date": "2026-11-24"}


def test_an_instance_at_a_time_that_the_clocks_leave_out_can_be_changed(desk: Desk) -> None:
    start = {"dateTime": "2026-10-03T02:30:00+10:00", "timeZone": SYDNEY}
    end = {"dateTime": "2026-10-03T03:30:00+10:00", "timeZone": SYDNEY}
    series(desk, start=start, end=end, recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    (_, second, _) = instances(desk)

    desk.patch(second["id"], summary="Early")

    assert [one["summary"] for one in instances(desk)] == ["Team", "Early", "Team"]
