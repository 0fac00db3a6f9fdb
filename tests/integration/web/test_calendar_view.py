"""What the calendar on the appointments' page is told, how much it may ask for, and what it may move."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from werkzeug.test import TestResponse

from hxdav.domain.appointment import Appointment, AppointmentKind, RecordMark
from hxdav.domain.edit import Authority
from tests.builders import PracticeWorld, a_practice, an_object
from tests.integration.web.browsing import Browser
from tests.integration.web.desk import Desk

APPOINTMENTS = "/app/appointments"
WEEK = f"{APPOINTMENTS}/between?start=2026-11-23&end=2026-11-30"
VENDOR = "/app/files/vendor/fullcalendar.js"
LATER = {"start": "2026-11-24T11:00:00", "end": "2026-11-24T12:00:00"}


def personal(practice: PracticeWorld, *lines: str, summary: str = "Run", **times: str) -> Appointment:
    return practice.book(an_object("p@x", *lines, summary=summary, **times), kind=AppointmentKind.PERSONAL)


def found_by(browser: Browser, path: str = WEEK) -> list[dict[str, Any]]:
    answer = browser.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    found: list[dict[str, Any]] = answer.get_json()
    return found


def move(browser: Browser, number: int, **said: str) -> TestResponse:
    """What the script posts when an appointment was dragged."""
    browser.get(f"{APPOINTMENTS}/new")
    return browser.cookies.post(
        f"{APPOINTMENTS}/{number}/move",
        data={"revision": "1", "all_day": "", **LATER, **said},
        headers={"X-CSRFToken": browser.hidden["csrf_token"]},
        base_url=browser.base,
    )


def test_an_appointment_is_told_by_the_practices_clock(maya: Browser, desk: Desk) -> None:
    text = an_object("a@x", "LOCATION:Room 2", start="DTSTART:20261123T230000Z", end="DTEND:20261124T000000Z")
    appointment = desk.practice.book(text, patients=("Anna Berg",), note=RecordMark.PRESENT, invoice=RecordMark.UNKNOWN)

    (found,) = found_by(maya)

    assert (found["id"], found["url"]) == (str(appointment.id), f"{APPOINTMENTS}/{appointment.id}")
    assert (found["start"], found["end"]) == ("2026-11-24T10:00:00", "2026-11-24T11:00:00")
    assert (found["allDay"], found["kind"], found["patients"]) == (False, "patient", ["Anna Berg"])
    assert (found["marks"], found["place"]) == (["note", "invoice not known"], "Room 2")
    assert (found["mayMove"], found["revision"], found["waits"]) == (True, 1, False)


def test_an_all_day_one_is_told_in_days_up_to_the_one_after_its_last(maya: Browser, desk: Desk) -> None:
    personal(desk.practice, start="DTSTART;VALUE=DATE:20261124", end="DTEND;VALUE=DATE:20261126")

    (found,) = found_by(maya)

    assert (found["start"], found["end"], found["allDay"]) == ("2026-11-24", "2026-11-26", True)


def test_each_time_of_a_series_is_told_and_none_may_be_moved(maya: Browser, desk: Desk) -> None:
    personal(desk.practice, "RRULE:FREQ=DAILY;COUNT=3")

    found = found_by(maya)

    assert [each["start"] for each in found] == [f"2026-11-{day}T09:00:00" for day in (24, 25, 26)]
    assert all(each["repeats"] and not each["mayMove"] for each in found)


def test_a_deletion_that_waits_is_told(maya: Browser, desk: Desk) -> None:
    calendar = desk.practice.integration()
    desk.practice.put(calendar, "run.ics", an_object("run@x", summary="Run"))
    desk.practice.remove(calendar, "run.ics")

    (found,) = found_by(maya)

    assert found["waits"]
    assert found["marks"] == ["a deletion waits"]


def test_what_was_cancelled_is_not_told(maya: Browser, desk: Desk) -> None:
    desk.practice.cancel(personal(desk.practice).id)

    assert found_by(maya) == []


def test_two_months_are_told_at_once_and_the_answer_is_not_kept(maya: Browser) -> None:
    answer = maya.get(f"{APPOINTMENTS}/between?start=2026-11-01&end=2027-01-02")

    assert (answer.status_code, answer.get_json()) == (200, [])
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "start=2026-11-23",
        "start=2026-11-23&end=2026-11-23",
        "start=2026-11-24&end=2026-11-23",
        "start=2026-11-01&end=2027-01-03",
        "start=yesterday&end=2026-11-23",
        "start=0001-01-01&end=0001-01-02",
        "start=9999-12-30&end=9999-12-31",
    ],
)
def test_more_or_less_than_that_is_not_told(maya: Browser, asked: str) -> None:
    answer = maya.get(f"{APPOINTMENTS}/between?{asked}")

    assert answer.status_code == 400
    assert answer.get_json() == {"told": "Ask for one day or more, and for no more than 62."}


def test_nothing_is_told_before_sign_in(desk: Desk) -> None:
    answer = Browser(desk.application).get(WEEK)

    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/app/sign-in")


def test_nobody_is_told_of_another_practice(maya: Browser, desk: Desk) -> None:
    personal(a_practice(desk.store, key="elsewhere", username="noa"))

    assert found_by(maya) == []


def test_what_is_dragged_is_moved_and_nothing_else_of_it_changes(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice, "LOCATION:Park", "X-COLOUR:green", "DESCRIPTION:Slow\\nly").id

    answer = move(maya, number)

    assert (answer.status_code, answer.get_json()) == (200, {"told": "Moved to Tue 24 Nov 2026, 11:00–12:00."})
    after = desk.practice.appointment(number)
    assert "DTSTART;TZID=Australia/Sydney:20261124T110000" in after.text
    assert {"LOCATION:Park", "X-COLOUR:green", "DESCRIPTION:Slow\\nly", "SUMMARY:Run"} <= set(after.text.splitlines())
    with desk.store.snapshot() as tx:
        version = tx.appointments.versions(number)[-1]
    assert (version.revision, version.source.authority) == (2, Authority.PRACTICE)
    assert version.source.user_id == desk.practice.user_id


def test_what_is_dragged_to_whole_days_ends_on_the_day_before_the_calendars_end(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id

    answer = move(maya, number, start="2026-11-25T00:00:00", end="2026-11-27T00:00:00", all_day="yes")

    assert answer.get_json() == {"told": "Moved to Wed 25 Nov 2026 to Thu 26 Nov 2026."}
    assert "DTSTART;VALUE=DATE:20261125" in desk.practice.appointment(number).text
    assert "DTEND;VALUE=DATE:20261127" in desk.practice.appointment(number).text


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"revision": "7"}, "It was changed in the meantime."),
        ({"revision": ""}, "It was changed in the meantime."),
        ({"end": "2026-11-24T10:00:00"}, "It ends before it starts."),
        ({"start": "tomorrow"}, "Say from when until when it is."),
        ({"start": "2026-11-24T11:00:00+02:00"}, "Say from when until when it is."),
        ({"start": "0001-01-01T00:00:00"}, "Say from when until when it is."),
        ({"end": "0001-01-01T00:00:00", "all_day": "yes"}, "Say from when until when it is."),
    ],
)
def test_a_move_that_cannot_be_says_why(maya: Browser, desk: Desk, said: dict[str, str], sentence: str) -> None:
    number = personal(desk.practice).id

    answer = move(maya, number, **said)

    assert answer.status_code == 409
    assert answer.get_json()["told"].startswith(sentence)
    assert desk.practice.appointment(number).revision == 1


def test_a_series_is_not_moved(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice, "RRULE:FREQ=DAILY;COUNT=3").id

    answer = move(maya, number)

    assert answer.status_code == 409
    assert answer.get_json()["told"].startswith("It repeats")


def test_what_was_cancelled_is_not_moved(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id
    desk.practice.cancel(number)

    assert move(maya, number, revision="2").get_json()["told"].startswith("It does not take place any more.")


def test_nobody_moves_an_appointment_of_another_practice(maya: Browser, desk: Desk) -> None:
    number = personal(a_practice(desk.store, key="elsewhere", username="noa")).id

    assert move(maya, number).status_code == 404
    assert desk.practice.appointment(number).revision == 1


def test_nothing_is_moved_without_the_pages_token(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id

    answer = maya.cookies.post(f"{APPOINTMENTS}/{number}/move", data={**LATER, "revision": "1"}, base_url=maya.base)

    assert answer.status_code == 400
    assert desk.practice.appointment(number).revision == 1


@pytest.mark.parametrize("hostile", ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_what_is_written_in_an_appointment_is_told_as_data(maya: Browser, desk: Desk, hostile: str) -> None:
    text = an_object("x@x", f"LOCATION:{hostile}", summary=hostile)
    desk.practice.book(text, patients=(f"P {hostile}",))

    answer = maya.get(WEEK)

    (found,) = answer.get_json()
    assert (found["title"], found["place"], found["patients"]) == (hostile, hostile, [f"P {hostile}"])
    assert (answer.mimetype, answer.headers["X-Content-Type-Options"]) == ("application/json", "nosniff")
    assert hostile not in maya.get(f"{APPOINTMENTS}?day=2026-11-24").text


def test_the_page_has_the_calendar_and_the_list_that_stands_for_it(maya: Browser) -> None:
    page, agenda = maya.get(APPOINTMENTS).text, maya.get(f"{APPOINTMENTS}?view=agenda").text

    assert (VENDOR in page, "data-between=" in page, 'id="agenda"' in page) == (True, True, True)
    assert (VENDOR in agenda, "data-between=" in agenda, 'id="agenda"' in agenda) == (False, False, True)
    assert "view=agenda" in agenda, "the weeks before and after it are lists too"


def test_a_free_time_fills_the_form_in(maya: Browser) -> None:
    page = maya.get(f'{APPOINTMENTS}/new?day=2026-11-24&from=15:30&until=16:20&last=">').text

    assert 'value="15:30"' in page
    assert 'value="16:20"' in page
    assert 'value="&#34;&gt;"' in page, "what is in an address is text like all else"


@pytest.mark.parametrize(("takes", "encoding"), [("gzip, br", "gzip"), ("", None), ("gzip;q=0", None)])
def test_the_calendar_travels_as_small_as_the_browser_takes_it(maya: Browser, takes: str, encoding: str | None) -> None:
    answer = maya.cookies.get(VENDOR, headers={"Accept-Encoding": takes}, base_url=maya.base)

    assert (answer.status_code, answer.headers.get("Content-Encoding")) == (200, encoding)
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("text/javascript", "public, max-age=3600")
    assert "Accept-Encoding" in answer.vary
    script = gzip.decompress(answer.data) if encoding else answer.data
    assert b"FullCalendar" in script[:200]
    answer.close()
