"""Events and calendars of the Graph simulator: made, read in every shape, changed, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest

from tests.simulators.graph.cases import BERLIN, IMMUTABLE, MARK, MONDAY, Desk, a_desk, refusal, told

TEXT = 'outlook.body-content-type="text"'


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def test_the_account_says_who_it_is(desk: Desk) -> None:
    me = told(desk.ask("GET", "/me?$select=id,mail,userPrincipalName"))

    assert me["mail"] == me["userPrincipalName"] == "anna@example.com"
    assert "displayName" not in me


def test_a_second_calendar_of_one_name_is_refused_with_409(desk: Desk) -> None:
    answer = desk.ask("POST", "/me/calendars", {"name": "hx_harbour"})

    assert refusal(answer) == (409, "ErrorFolderExists")


def test_a_calendar_is_renamed_and_deleted(desk: Desk) -> None:
    renamed = told(desk.ask("PATCH", desk.calendar, {"name": "Mine"}))
    gone = desk.ask("DELETE", desk.calendar)

    assert renamed["name"] == "Mine"
    assert gone.status_code == 204
    assert refusal(desk.ask("GET", desk.calendar)) == (404, "ErrorItemNotFound")
    assert refusal(desk.ask("GET", f"{desk.calendar}/events")) == (404, "ErrorItemNotFound")


def test_a_calendar_is_found_by_its_extended_property(desk: Desk) -> None:
    mark = [{"id": MARK, "value": "it's ours"}]
    made = told(desk.ask("POST", "/me/calendars", {"name": "HX", "singleValueExtendedProperties": mark}), 201)
    option = quote(f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARK}' and ep/value eq 'it''s ours')")

    found = told(desk.ask("GET", f"/me/calendars?$filter={option}"))["value"]

    assert "singleValueExtendedProperties" not in made
    assert [one["id"] for one in found] == [made["id"]]


def test_a_repeated_transaction_makes_nothing_new(desk: Desk) -> None:
    first = desk.create(transactionId="one")
    again = desk.create(transactionId="one")

    assert again["id"] == first["id"]
    assert again["transactionId"] == "one"
    assert len(desk.anna.events(desk.calendar_id)) == 1


def test_a_transaction_of_another_calendar_is_refused_with_409(desk: Desk) -> None:
    desk.create(transactionId="one")

    answer = desk.ask("POST", "/me/calendar/events", {**MONDAY, "transactionId": "one"})

    assert refusal(answer) == (409, "ErrorDuplicateTransactionId")


def test_a_transaction_can_be_used_again_after_a_deletion(desk: Desk) -> None:
    first = desk.create(transactionId="one")
    desk.delete(first["id"])

    assert desk.create(transactionId="one")["id"] != first["id"]


def test_an_extended_property_is_told_only_where_it_is_expanded(desk: Desk) -> None:
    made = desk.create(singleValueExtendedProperties=[{"id": MARK, "value": "uid"}])
    expanded = quote(f"singleValueExtendedProperties($filter=id eq '{MARK}')", safe="$()=")

    with_it = desk.get(made["id"], f"?$select=subject&$expand={expanded}")

    assert "singleValueExtendedProperties" not in made
    assert "singleValueExtendedProperties" not in desk.get(made["id"])
    assert with_it["singleValueExtendedProperties"] == [{"id": MARK, "value": "uid"}]
    assert with_it.keys() == {"@odata.etag", "id", "subject", "singleValueExtendedProperties"}


def test_expanding_extended_properties_without_their_ids_is_refused(desk: Desk) -> None:
    made = desk.create()

    answer = desk.ask("GET", f"/me/events/{made['id']}?$expand=singleValueExtendedProperties")

    assert refusal(answer) == (400, "ErrorInvalidUrlQuery")


def test_an_event_is_found_by_its_extended_property(desk: Desk) -> None:
    made = desk.create(singleValueExtendedProperties=[{"id": MARK, "value": "1"}])
    named = MARK.replace("d4a7b1d6", "D4A7B1D6")
    option = quote(f"singleValueExtendedProperties/any(e:e/id eq '{named}' and e/value eq '1')")

    listed = told(desk.ask("GET", f"{desk.calendar}/events?$filter={option}"))["value"]

    assert [one["id"] for one in listed] == [made["id"]]


def test_a_stale_etag_is_refused_with_412(desk: Desk) -> None:
    made = desk.create()
    changed = desk.patch(made["id"], subject="New")

    for method in ("PATCH", "DELETE"):
        answer = desk.ask(method, f"/me/events/{made['id']}", {"subject": "Old"}, If_Match=made["@odata.etag"])
        assert refusal(answer) == (412, "ErrorIrresolvableConflict")
    answer = desk.ask("DELETE", f"/me/events/{made['id']}", If_Match=changed["@odata.etag"])
    assert answer.status_code == 204


def test_what_is_deleted_lies_in_deleted_items(desk: Desk) -> None:
    made = desk.create()

    desk.delete(made["id"])

    assert refusal(desk.ask("GET", f"/me/events/{made['id']}")) == (404, "ErrorItemNotFound")
    assert refusal(desk.ask("DELETE", f"/me/events/{made['id']}")) == (404, "ErrorItemNotFound")
    assert [one["id"] for one in desk.anna.deleted_items()] == [made["id"]]


def test_an_event_is_only_in_its_own_calendar(desk: Desk) -> None:
    made = desk.create()

    assert desk.ask("GET", f"{desk.calendar}/events/{made['id']}").status_code == 200
    assert refusal(desk.ask("GET", f"/me/calendar/events/{made['id']}")) == (404, "ErrorItemNotFound")


def test_an_immutable_id_survives_a_move_and_an_ordinary_one_does_not(desk: Desk) -> None:
    made = desk.create()
    ordinary = desk.get(made["id"], Prefer="")["id"]

    desk.anna.move_event(made["id"], "Calendar")

    assert desk.get(made["id"])["id"] == made["id"]
    assert refusal(desk.ask("GET", f"/me/events/{ordinary}")) == (404, "ErrorItemNotFound")
    assert refusal(desk.ask("GET", f"{desk.calendar}/events/{made['id']}")) == (404, "ErrorItemNotFound")


def test_an_id_in_other_letters_is_another_id(desk: Desk) -> None:
    made = desk.create()
    other = made["id"][:-20] + made["id"][-20:].swapcase()

    assert refusal(desk.ask("GET", f"/me/events/{other}")) == (404, "ErrorItemNotFound")
    assert refusal(desk.ask("GET", "/me/events/nonsense")) == (400, "ErrorInvalidIdMalformed")


def test_text_comes_back_as_html_unless_text_is_preferred(desk: Desk) -> None:
    made = desk.create(body={"contentType": "text", "content": "One & two\nthree"})

    as_html = desk.get(made["id"])["body"]
    answer = desk.ask("GET", f"/me/events/{made['id']}", Prefer=f"{TEXT}, {IMMUTABLE}")

    assert as_html["contentType"] == "html"
    assert as_html["content"].startswith("<html><head>")
    assert "One &amp; two<br>" in as_html["content"]
    assert answer.json()["body"] == {"contentType": "text", "content": "One & two\r\nthree"}
    assert TEXT in answer.headers["Preference-Applied"]


def test_html_is_rewritten_and_read_as_text(desk: Desk) -> None:
    made = desk.create(body={"contentType": "html", "content": "<p>One&nbsp;&amp; two</p><p>three</p>"})

    assert desk.get(made["id"])["body"]["content"] != "<p>One&nbsp;&amp; two</p><p>three</p>"
    text = desk.get(made["id"], Prefer=TEXT)["body"]["content"]
    assert text.replace("\xa0", " ") == "One & two\r\nthree"


@pytest.mark.parametrize("zone", ["W. Europe Standard Time", BERLIN])
def test_a_time_is_told_in_utc_or_as_it_is_preferred(desk: Desk, zone: str) -> None:
    when = {"dateTime": "2026-11-23T09:00:00", "timeZone": zone}
    made = desk.create(start=when, end=when)

    by_clock = desk.get(made["id"], Prefer=f'outlook.timezone="{zone}"')

    assert made["start"] == {"dateTime": "2026-11-23T08:00:00.0000000", "timeZone": "UTC"}
    assert by_clock["start"] == {"dateTime": "2026-11-23T09:00:00.0000000", "timeZone": zone}
    assert made["originalStartTimeZone"] == zone


def test_an_unknown_zone_is_refused(desk: Desk) -> None:
    when = {"dateTime": "2026-11-23T09:00:00", "timeZone": "Mars/Olympus"}

    answer = desk.ask("POST", f"{desk.calendar}/events", {**MONDAY, "start": when})

    assert refusal(answer) == (400, "TimeZoneNotSupportedException")


def test_zones_may_be_told_by_names_that_nobody_gave(desk: Desk) -> None:
    desk.graph.quirks.windows_names = True
    made = desk.create()
    desk.anna.name_zone(made["id"], "tzone://Microsoft/Custom")

    assert made["originalStartTimeZone"] == "W. Europe Standard Time"
    custom = desk.get(made["id"])
    assert custom["originalStartTimeZone"] == "tzone://Microsoft/Custom"
    assert custom["start"] == made["start"]


def test_an_all_day_event_is_told_at_midnight_utc_in_any_zone(desk: Desk) -> None:
    made = desk.anna.add_event(desk.calendar_id, date(2026, 11, 23), date(2026, 11, 25), zone=BERLIN, subject="Away")

    shown = desk.get(made["id"], Prefer=f'outlook.timezone="{BERLIN}"')

    assert shown["isAllDay"] is True
    assert shown["start"] == {"dateTime": "2026-11-23T00:00:00.0000000", "timeZone": "UTC"}
    assert shown["end"] == {"dateTime": "2026-11-25T00:00:00.0000000", "timeZone": "UTC"}


def test_an_all_day_event_needs_midnights_and_a_day(desk: Desk) -> None:
    midnight = {"dateTime": "2026-11-23T00:00:00", "timeZone": "UTC"}

    late = desk.ask("POST", f"{desk.calendar}/events", {**MONDAY, "isAllDay": True})
    short = desk.ask("POST", f"{desk.calendar}/events", {"isAllDay": True, "start": midnight, "end": midnight})

    assert refusal(late) == refusal(short) == (400, "ErrorPropertyValidationFailure")


def test_an_end_before_the_start_is_refused(desk: Desk) -> None:
    answer = desk.ask("POST", f"{desk.calendar}/events", {"start": MONDAY["end"], "end": MONDAY["start"]})

    assert refusal(answer) == (400, "ErrorCalendarEndDateIsEarlierThanStartDate")


def test_what_is_not_named_in_a_patch_stays(desk: Desk) -> None:
    made = desk.create(sensitivity="private", showAs="free", isReminderOn=False, reminderMinutesBeforeStart=5)

    changed = desk.patch(made["id"], location={"displayName": "Room"})

    assert changed["location"]["displayName"] == "Room"
    kept = ("subject", "start", "end", "sensitivity", "showAs", "isReminderOn", "reminderMinutesBeforeStart")
    assert [changed[name] for name in kept] == [made[name] for name in kept]
    assert changed["@odata.etag"] != made["@odata.etag"]


def test_a_listing_is_in_pages_with_absolute_links(desk: Desk) -> None:
    for number in range(3):
        desk.create(subject=str(number))

    first = told(desk.ask("GET", f"{desk.calendar}/events?$top=2&$select=subject"))
    second = told(desk.ask("GET", first["@odata.nextLink"]))

    assert first["@odata.nextLink"].startswith(desk.graph.url)
    subjects = [one["subject"] for one in first["value"] + second["value"]]
    assert sorted(subjects) == ["0", "1", "2"]
    assert "@odata.nextLink" not in second


def test_the_calendar_view_shows_what_touches_the_window(desk: Desk) -> None:
    desk.create()
    window = {"startDateTime": "2026-11-23T08:30:00Z", "endDateTime": "2026-11-23T08:45:00Z"}

    assert len(desk.view(**window)) == 1
    assert desk.view(startDateTime="2026-11-23T09:00:00Z") == []
    assert refusal(desk.ask("GET", f"{desk.calendar}/calendarView")) == (400, "ErrorInvalidParameter")


def test_attendees_are_noted_because_they_get_mail(desk: Desk) -> None:
    desk.create()
    assert desk.graph.world.mailed == []

    made = desk.create(attendees=[{"emailAddress": {"address": "ben@example.com"}, "type": "required"}])

    assert desk.graph.world.mailed == [made["id"]]


def test_the_agenda_shows_what_the_application_made(desk: Desk) -> None:
    made = desk.create()

    agenda = desk.anna.agenda("HX_Harbour", datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))

    assert [one["id"] for one in agenda] == [made["id"]]


def test_the_person_brings_things_back(desk: Desk) -> None:
    made = desk.create()
    desk.delete(made["id"])
    desk.anna.delete_calendar(desk.calendar_id)

    desk.anna.restore_calendar(desk.calendar_id)
    desk.anna.restore_event(made["id"])

    assert desk.get(made["id"])["subject"] == "Desk"
    assert desk.anna.deleted_items() == []
