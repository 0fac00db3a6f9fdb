"""The appointments on the pages: the week, each one's story and history, and what the practice may do about it."""

from __future__ import annotations

import pytest
from markupsafe import escape

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus, RecordMark
from hxdav.domain.edit import Authority
from hxdav.domain.ids import AppointmentId
from tests.builders import PracticeWorld, a_practice, an_object
from tests.integration.web.browsing import Browser
from tests.integration.web.desk import Desk

APPOINTMENTS = "/app/appointments"
WEEK = f"{APPOINTMENTS}?day=2026-11-24"
LATER = {
    "start": "DTSTART;TZID=Australia/Sydney:20261124T110000",
    "end": "DTEND;TZID=Australia/Sydney:20261124T120000",
}


def a_session(practice: PracticeWorld, *, note: RecordMark = RecordMark.NONE) -> Appointment:
    text = an_object(summary="Anna Berg", start="DTSTART:20261123T230000Z", end="DTEND:20261124T000000Z")
    return practice.book(text, patients=("Anna Berg",), note=note)


def test_a_week_lists_what_takes_place_by_the_practices_clock(maya: Browser, desk: Desk) -> None:
    found = a_session(desk.practice)

    page = maya.get(WEEK).text

    assert "23 November – 29 November 2026" in page
    assert "10:00–11:00" in page
    assert "Anna Berg" in page
    assert f'href="{APPOINTMENTS}/{found.id}"' in page


def test_the_weeks_before_and_after_are_a_link_away(maya: Browser, desk: Desk) -> None:
    a_session(desk.practice)

    page = maya.get(WEEK).text

    assert f"{APPOINTMENTS}?day=2026-11-16" in page
    assert f"{APPOINTMENTS}?day=2026-11-30" in page
    assert "Anna Berg" not in maya.get(f"{APPOINTMENTS}?day=2026-11-30").text


def test_an_appointment_in_an_unknown_time_zone_says_so(maya: Browser, desk: Desk) -> None:
    text = an_object("one@example", start="DTSTART;TZID=Nowhere <b>:20261124T090000", end="DURATION:PT1H")
    found = desk.practice.book(text, kind=AppointmentKind.PERSONAL)

    page = maya.get(f"{APPOINTMENTS}/{found.id}").text

    assert "does not know the time zone Nowhere &lt;b&gt; and uses Australia/Sydney instead." in page
    assert "does not know" not in maya.get(f"{APPOINTMENTS}/{a_session(desk.practice).id}").text


@pytest.mark.parametrize("day", ["", "yesterday", "0001-01-01", "9999-12-31"])
def test_a_day_that_is_none_is_today(maya: Browser, day: str) -> None:
    # It is Sunday 22 November there.
    assert "Sunday 22 November · today" in maya.get(f"{APPOINTMENTS}?day={day}").text


def test_a_series_shows_on_each_of_its_days_but_the_cancelled_ones(maya: Browser, desk: Desk) -> None:
    day = "TZID=Australia/Sydney:20261125T"
    override = "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:one@example\r\nDTSTAMP:20261101T000000Z\r\nSTATUS:CANCELLED"
    times = f"RECURRENCE-ID;{day}090000\r\nDTSTART;{day}090000\r\nDTEND;{day}100000\r\nSUMMARY:Run"
    text = an_object("one@example", "RRULE:FREQ=DAILY", override, times, summary="Run")
    desk.practice.book(text, kind=AppointmentKind.PERSONAL)

    page = maya.get(WEEK).text

    assert page.count("<strong>Run</strong>") == 5
    assert page.count("repeats") == 5


def test_what_lasts_over_midnight_shows_on_both_days(maya: Browser, desk: Desk) -> None:
    text = an_object(
        start="DTSTART;TZID=Australia/Sydney:20261124T220000", end="DTEND;TZID=Australia/Sydney:20261125T020000"
    )
    desk.practice.book(text, kind=AppointmentKind.PERSONAL)

    page = maya.get(WEEK).text

    assert "from 22:00" in page
    assert "until 02:00" in page


def test_an_all_day_one_has_no_times(maya: Browser, desk: Desk) -> None:
    text = an_object(start="DTSTART;VALUE=DATE:20261124", end="DTEND;VALUE=DATE:20261126", summary="Conference")
    found = desk.practice.book(text, kind=AppointmentKind.PERSONAL)

    assert maya.get(WEEK).text.count("all day") == 2
    assert "Tue 24 Nov 2026 to Wed 25 Nov 2026" in maya.get(f"{APPOINTMENTS}/{found.id}").text


def test_notes_invoices_and_deletions_that_wait_are_marked(maya: Browser, desk: Desk) -> None:
    a_session(desk.practice, note=RecordMark.PRESENT)
    calendar = desk.practice.integration()
    desk.practice.put(calendar, "run.ics", an_object("run@x", summary="Run"))
    desk.practice.remove(calendar, "run.ics")

    page = maya.get(WEEK).text

    assert '<span class="mark">note</span>' in page
    assert page.count("a deletion waits") == 1


def test_what_was_cancelled_is_not_in_the_week(maya: Browser, desk: Desk) -> None:
    desk.practice.cancel(a_session(desk.practice).id)

    assert "Anna Berg" not in maya.get(WEEK).text


def test_an_appointment_says_when_it_is_and_where_it_shows(maya: Browser, desk: Desk) -> None:
    calendar = desk.practice.integration()
    desk.practice.put(calendar, "run.ics", an_object("run@x", "LOCATION:Park", "DESCRIPTION:Slow\\nly", summary="Run"))

    page = maya.get(f"{APPOINTMENTS}/1").text

    assert "Tue 24 Nov 2026, 09:00–10:00" in page
    assert "Park" in page
    assert "Slow\nly" in page
    assert "It shows here; a device sees the last change at its next look." in page


def test_its_history_says_who_changed_what(maya: Browser, desk: Desk) -> None:
    calendar = desk.practice.integration()
    desk.practice.put(calendar, "run.ics", an_object("run@x", summary="Run"))
    desk.practice.put(calendar, "run.ics", an_object("run@x", summary="Run", **LATER))

    page = maya.get(f"{APPOINTMENTS}/1").text

    assert "Added by maya in HX_Harbour Street Psychology" in page
    assert "Changed by maya in HX_Harbour Street Psychology" in page
    assert "Tue 24 Nov 2026, 09:00–10:00</del>" in page
    assert "Tue 24 Nov 2026, 11:00–12:00</ins>" in page


def test_an_earlier_version_is_shown_and_brought_back(maya: Browser, desk: Desk) -> None:
    calendar = desk.practice.integration()
    desk.practice.put(calendar, "run.ics", an_object("run@x", summary="Run"))
    desk.practice.put(calendar, "run.ics", an_object("run@x", summary="Walk"))
    assert f"{APPOINTMENTS}/1/versions/1" in maya.get(f"{APPOINTMENTS}/1").text
    assert "Run</ins>" in maya.get(f"{APPOINTMENTS}/1/versions/1").text

    answer = maya.post(f"{APPOINTMENTS}/1/versions/1")

    assert answer.headers["Location"] == f"{APPOINTMENTS}/1"
    assert desk.practice.appointment(AppointmentId(1)).summary == "Run"
    with desk.store.snapshot() as tx:
        source = tx.appointments.versions(AppointmentId(1))[-1].source
    assert (source.authority, source.user_id) == (Authority.PRACTICE, desk.practice.user_id)


def test_what_can_no_longer_be_undone_says_why(maya: Browser, desk: Desk) -> None:
    calendar = desk.practice.integration()
    desk.practice.put(calendar, "run.ics", an_object("run@x", summary="Run"))
    desk.practice.put(calendar, "run.ics", an_object("run@x", summary="Walk"))
    desk.practice.clock.advance(days=31)
    maya.sign_in()
    maya.get(f"{APPOINTMENTS}/1/versions/1")

    maya.post(f"{APPOINTMENTS}/1/versions/1")

    assert "too long ago to be undone" in maya.get(f"{APPOINTMENTS}/1").text
    assert desk.practice.appointment(AppointmentId(1)).summary == "Walk"


def test_a_version_that_never_was_is_not_found(maya: Browser, desk: Desk) -> None:
    number = a_session(desk.practice).id

    assert maya.get(f"{APPOINTMENTS}/{number}/versions/9").status_code == 404


def test_an_appointment_is_cancelled_after_asking(maya: Browser, desk: Desk) -> None:
    number = a_session(desk.practice, note=RecordMark.PRESENT).id
    asked = maya.get(f"{APPOINTMENTS}/{number}/cancel").text
    assert "Cancel this appointment?" in asked
    assert "Those stay." in asked

    maya.post(f"{APPOINTMENTS}/{number}/cancel")

    assert desk.practice.appointment(number).practice.status is AppointmentStatus.CANCELLED
    page = maya.get(f"{APPOINTMENTS}/{number}").text
    assert "Cancelled by maya" in page
    assert "Cancel appointment" not in page


def test_a_deletion_and_what_becomes_of_it_are_told(maya: Browser, desk: Desk) -> None:
    calendar = desk.practice.integration()
    desk.practice.put(calendar, "run.ics", an_object("run@x", summary="Run"))
    desk.practice.remove(calendar, "run.ics")

    page = maya.get(f"{APPOINTMENTS}/1").text

    assert "Sun 22 Nov 2026, 12:00 by maya in HX_Harbour Street Psychology: held; applied at" in page


def test_what_a_calendar_sent_in_vain_is_shown_with_the_reason(maya: Browser, desk: Desk) -> None:
    calendar = desk.practice.integration()
    desk.practice.put(calendar, "run.ics", an_object("run@x", summary="Run"))
    desk.practice.put(calendar, "run.ics", an_object("other@x", summary="Another <b>one</b>"))

    page = maya.get(f"{APPOINTMENTS}/1").text

    assert "An appointment keeps its UID" in page
    assert "Another &lt;b&gt;one&lt;/b&gt;" in page


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 70003 * 7 }}"])
def test_what_is_written_in_an_appointment_is_shown_as_text(maya: Browser, desk: Desk, hostile: str) -> None:
    lines = (f"LOCATION:{hostile}", f"DESCRIPTION:{hostile}", f"X-{'A' * 3}:{hostile}")
    found = desk.practice.book(an_object("x@x", *lines, summary=hostile), patients=(hostile,))
    desk.practice.book(an_object("x@x"), appointment_id=found.id)
    desk.practice.book(an_object("x@x", *lines, summary=hostile), appointment_id=found.id, patients=(hostile,))

    for path in (WEEK, f"{APPOINTMENTS}/{found.id}", f"{APPOINTMENTS}/{found.id}/versions/2"):
        page = maya.get(path).text
        assert "490021" not in page if "{{" in hostile else hostile not in page
        assert str(escape(hostile)) in page


@pytest.mark.parametrize("path", ["", "/cancel", "/versions/1"])
def test_nobody_sees_an_appointment_of_another_practice(maya: Browser, desk: Desk, path: str) -> None:
    number = a_session(a_practice(desk.store, key="elsewhere", username="noa")).id

    assert maya.get(f"{APPOINTMENTS}/{number}{path}").status_code == 404
    assert "Anna Berg" not in maya.get(WEEK).text


@pytest.mark.parametrize("path", ["/cancel", "/versions/1"])
def test_nobody_changes_an_appointment_of_another_practice(maya: Browser, desk: Desk, path: str) -> None:
    number = a_session(a_practice(desk.store, key="elsewhere", username="noa")).id
    maya.get(WEEK)

    assert maya.post(f"{APPOINTMENTS}/{number}{path}").status_code == 404
    assert desk.practice.appointment(number).revision == 1


@pytest.mark.parametrize("path", ["/cancel", "/versions/1"])
def test_a_change_without_the_pages_token_is_refused(maya: Browser, desk: Desk, path: str) -> None:
    number = a_session(desk.practice).id
    maya.hidden.clear()

    assert maya.post(f"{APPOINTMENTS}/{number}{path}").status_code == 400
    assert desk.practice.appointment(number).revision == 1


@pytest.mark.parametrize("path", ["", "/1", "/1/cancel", "/1/versions/1"])
def test_appointments_are_for_those_who_have_signed_in(desk: Desk, path: str) -> None:
    answer = Browser(desk.application).get(f"{APPOINTMENTS}{path}")

    assert "/app/sign-in" in answer.headers["Location"]
