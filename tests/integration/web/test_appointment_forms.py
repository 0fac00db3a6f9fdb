"""Adding and changing appointments on the pages, and turning personal ones into those with patients."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from markupsafe import escape

from hxdav.domain.appointment import Appointment, AppointmentKind
from hxdav.domain.edit import Authority
from hxdav.domain.ids import AppointmentId, PatientId
from hxdav.domain.times import Interval
from hxdav.ical.objects import object_of
from hxdav.ical.recurrence import occurrences
from tests.builders import PracticeWorld, a_practice, an_object
from tests.integration.web.browsing import Browser
from tests.integration.web.desk import Desk

SYDNEY = ZoneInfo("Australia/Sydney")

APPOINTMENTS = "/app/appointments"
TYPED = {"title": "Supervision", "kind": "personal", "day": "2026-11-24", "from": "09:00", "until": "10:00"}


def personal(practice: PracticeWorld, *lines: str) -> Appointment:
    return practice.book(an_object("p@x", *lines), kind=AppointmentKind.PERSONAL)


def patient(practice: PracticeWorld, name: str) -> PatientId:
    with practice.store.transaction() as tx:
        return tx.people.patient_named(tx.people.practitioner(practice.practitioner_id).practice_group_id, name)


def intervals(text: str) -> list[Interval]:
    within = Interval(datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    return [each.interval for each in occurrences(object_of(text), practice_zone=SYDNEY, within=within)]


def every(practice: PracticeWorld) -> list[Appointment]:
    with practice.store.snapshot() as tx:
        return tx.appointments.of(practice.practitioner_id)


def names_of(practice: PracticeWorld, appointment: Appointment) -> list[str]:
    with practice.store.snapshot() as tx:
        return [each.name for each in tx.people.patients(appointment.practice.patient_ids)]


def test_a_personal_appointment_is_added_by_the_practices_clock(maya: Browser, desk: Desk) -> None:
    maya.get(f"{APPOINTMENTS}/new?day=2026-11-24")

    answer = maya.post(f"{APPOINTMENTS}/new", **TYPED, place="Room 2", comment="First\r\nSecond")

    (found,) = every(desk.practice)
    assert answer.headers["Location"] == f"{APPOINTMENTS}/{found.id}"
    assert found.kind is AppointmentKind.PERSONAL
    assert "DTSTART;TZID=Australia/Sydney:20261124T090000" in found.text
    assert "LOCATION:Room 2" in found.text
    assert "DESCRIPTION:First\\nSecond" in found.text
    with desk.store.snapshot() as tx:
        source = tx.appointments.versions(found.id)[-1].source
    assert (source.authority, source.user_id) == (Authority.PRACTICE, desk.practice.user_id)


def test_an_appointment_with_a_patient_is_added(maya: Browser, desk: Desk) -> None:
    maya.get(f"{APPOINTMENTS}/new")

    maya.post(f"{APPOINTMENTS}/new", **(TYPED | {"kind": "patient", "patient": "Anna Berg"}))

    (found,) = every(desk.practice)
    assert found.kind is AppointmentKind.PATIENT
    assert names_of(desk.practice, found) == ["Anna Berg"]


def test_an_all_day_one_needs_no_times(maya: Browser, desk: Desk) -> None:
    maya.get(f"{APPOINTMENTS}/new")

    maya.post(f"{APPOINTMENTS}/new", **(TYPED | {"from": "", "until": "", "all_day": "yes", "last": "2026-11-25"}))

    (found,) = every(desk.practice)
    assert "DTSTART;VALUE=DATE:20261124" in found.text
    assert "DTEND;VALUE=DATE:20261126" in found.text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"title": " "}, "Say what it is called."),
        ({"day": "tomorrow"}, "Say on which day it is."),
        ({"day": "9999-12-31"}, "Say on which day it is."),
        ({"last": "later"}, "Say on which day it ends"),
        ({"from": ""}, "Say from when until when it is"),
        ({"from": "09:00+02:00"}, "Say from when until when it is"),
        ({"until": "08:00"}, "It ends before it starts."),
        ({"kind": "patient"}, "Type the name of the patient."),
        ({"title": "\x00\x1b"}, "Say what it is called."),
    ],
)
def test_what_cannot_be_says_why_and_keeps_what_was_typed(
    maya: Browser, desk: Desk, wrong: dict[str, str], sentence: str
) -> None:
    maya.get(f"{APPOINTMENTS}/new")

    answer = maya.post(f"{APPOINTMENTS}/new", **(TYPED | {"place": "Room 2"} | wrong))

    assert answer.status_code == 400
    assert sentence in answer.text
    assert 'value="Room 2"' in answer.text
    assert every(desk.practice) == []


def test_only_what_is_typed_otherwise_is_changed(maya: Browser, desk: Desk) -> None:
    lines = ("X-COLOUR:green", "LOCATION:Park")
    number = personal(desk.practice, *lines).id
    page = maya.get(f"{APPOINTMENTS}/{number}/edit").text
    assert 'value="09:00"' in page

    maya.post(f"{APPOINTMENTS}/{number}/edit", **(TYPED | {"title": "Walk", "place": "Park"}))

    after = desk.practice.appointment(number).text
    assert "SUMMARY:Walk" in after
    assert "X-COLOUR:green" in after
    assert "DTSTART;TZID=Australia/Sydney:20261124T090000" in after


def test_what_a_form_cannot_show_stays_unless_it_is_typed_otherwise(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice, "LOCATION:Level 2\\n1 High St", "DESCRIPTION:One  \\n\\n Two").id
    before = desk.practice.appointment(number).text
    maya.get(f"{APPOINTMENTS}/{number}/edit")

    typed = TYPED | {"place": "Level 2 1 High St", "comment": "One  \r\n\r\n Two"}
    maya.post(f"{APPOINTMENTS}/{number}/edit", **typed)

    assert desk.practice.appointment(number).text == before


@pytest.mark.parametrize("path", ["", "/edit", "/patients", "/cancel", "/versions/1"])
def test_a_number_that_no_appointment_can_have_is_not_found(maya: Browser, path: str) -> None:
    assert maya.get(f"{APPOINTMENTS}/{10**30}{path}").status_code == 404


def test_what_is_no_patients_number_is_nobody(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id
    maya.get(f"{APPOINTMENTS}/{number}/patients")

    answer = maya.post(f"{APPOINTMENTS}/{number}/patients", patient=str(10**30))

    assert "Choose a patient" in answer.text


def test_an_appointment_in_another_zone_keeps_its_zone_where_its_times_stay(maya: Browser, desk: Desk) -> None:
    text = an_object(start="DTSTART:20261123T220000Z", end="DTEND:20261123T230000Z")
    number = desk.practice.book(text, kind=AppointmentKind.PERSONAL).id
    maya.get(f"{APPOINTMENTS}/{number}/edit")

    maya.post(f"{APPOINTMENTS}/{number}/edit", **(TYPED | {"title": "Walk"}))
    assert "DTSTART:20261123T220000Z" in desk.practice.appointment(number).text

    maya.get(f"{APPOINTMENTS}/{number}/edit")
    maya.post(f"{APPOINTMENTS}/{number}/edit", **(TYPED | {"title": "Walk", "until": "10:30"}))
    assert "DTEND;TZID=Australia/Sydney:20261124T103000" in desk.practice.appointment(number).text


def test_what_somebody_changed_meanwhile_is_not_overwritten(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id
    maya.get(f"{APPOINTMENTS}/{number}/edit")
    changed = an_object("p@x", summary="Otherwise")
    desk.practice.book(changed, appointment_id=number, kind=AppointmentKind.PERSONAL)

    answer = maya.post(f"{APPOINTMENTS}/{number}/edit", **TYPED)

    assert "It was changed in the meantime." in answer.text
    assert desk.practice.appointment(number).summary == "Otherwise"


def test_a_series_is_changed_in_the_calendar_program(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice, "RRULE:FREQ=DAILY").id
    assert "changed in your calendar program" in maya.get(f"{APPOINTMENTS}/{number}/edit").text

    answer = maya.post(f"{APPOINTMENTS}/{number}/edit", **TYPED, revision="1")

    assert answer.status_code == 400
    assert desk.practice.appointment(number).revision == 1


def test_a_cancelled_appointment_is_not_changed(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id
    desk.practice.cancel(number)
    maya.get(f"{APPOINTMENTS}/{number}/edit")

    assert "Bring it back first." in maya.post(f"{APPOINTMENTS}/{number}/edit", **TYPED).text


def test_patients_are_found_by_part_of_their_name(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id
    for name in ("Anna Berg", "Ben Carr", "100% Sure"):
        patient(desk.practice, name)
    patient(a_practice(desk.store, key="elsewhere", username="noa"), "Berga Elsewhere")

    page = maya.get(f"{APPOINTMENTS}/{number}/patients?find=BERG").text

    assert "Anna Berg" in page
    assert "Ben Carr" not in page
    assert "Berga Elsewhere" not in page
    assert "100% Sure" not in maya.get(f"{APPOINTMENTS}/{number}/patients?find=_").text


def test_nobody_is_shown_who_was_not_asked_for(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id
    patient(desk.practice, "Anna Berg")

    assert "Anna Berg" not in maya.get(f"{APPOINTMENTS}/{number}/patients").text


def test_a_personal_appointment_turns_into_one_with_a_patient(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id
    anna = patient(desk.practice, "Anna Berg")
    maya.get(f"{APPOINTMENTS}/{number}/patients?find=berg")

    maya.post(f"{APPOINTMENTS}/{number}/patients", patient=str(anna), title="Session")

    after = desk.practice.appointment(number)
    assert (after.kind, after.practice.patient_ids, after.summary) == (AppointmentKind.PATIENT, (anna,), "Session")


def test_a_new_patient_is_added_by_name(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id
    maya.get(f"{APPOINTMENTS}/{number}/patients")

    maya.post(f"{APPOINTMENTS}/{number}/patients", name="Cleo Dahl", title="")

    after = desk.practice.appointment(number)
    assert names_of(desk.practice, after) == ["Cleo Dahl"]
    assert after.summary == "Supervision"


def test_an_appointment_does_not_turn_without_a_patient(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id
    maya.get(f"{APPOINTMENTS}/{number}/patients")

    answer = maya.post(f"{APPOINTMENTS}/{number}/patients", name=" ")

    assert answer.status_code == 400
    assert "Choose a patient" in answer.text
    assert desk.practice.appointment(number).kind is AppointmentKind.PERSONAL


def test_the_patient_of_another_practice_is_none_to_choose(maya: Browser, desk: Desk) -> None:
    number = personal(desk.practice).id
    other = patient(a_practice(desk.store, key="elsewhere", username="noa"), "Ben Carr")
    maya.get(f"{APPOINTMENTS}/{number}/patients")

    answer = maya.post(f"{APPOINTMENTS}/{number}/patients", patient=str(other))

    assert "none of the practice" in answer.text
    assert "Ben Carr" not in answer.text
    assert desk.practice.appointment(number).kind is AppointmentKind.PERSONAL


@pytest.mark.parametrize(
    ("times", "key"),
    [
        ({}, "20261124T220000Z"),
        ({"start": "DTSTART:20261124T090000", "end": "DTEND:20261124T100000"}, "20261125T090000"),
        ({"start": "DTSTART;VALUE=DATE:20261124", "end": "DTEND;VALUE=DATE:20261125"}, "20261125"),
    ],
)
def test_of_a_series_the_dates_that_are_ticked_turn(maya: Browser, desk: Desk, times: dict[str, str], key: str) -> None:
    text = an_object("p@x", "RRULE:FREQ=DAILY;COUNT=4", "LOCATION:Park", **times)
    number = desk.practice.book(text, kind=AppointmentKind.PERSONAL).id
    page = maya.get(f"{APPOINTMENTS}/{number}/patients").text
    assert len(re.findall('name="date"', page)) == 4

    maya.post(f"{APPOINTMENTS}/{number}/patients", date=key, name="Anna Berg")

    series, session = every(desk.practice)
    assert (series.kind, session.kind) == (AppointmentKind.PERSONAL, AppointmentKind.PATIENT)
    assert names_of(desk.practice, session) == ["Anna Berg"]
    assert "LOCATION:Park" in session.text
    left = maya.get(f"{APPOINTMENTS}/{number}/patients").text
    assert len(re.findall('name="date"', left)) == 3
    assert f'value="{key}"' not in left
    assert "Wed 25 Nov 2026" in maya.get(f"{APPOINTMENTS}/{session.id}").text


def test_a_date_that_was_moved_turns_as_it_is(maya: Browser, desk: Desk) -> None:
    zone = "TZID=Australia/Sydney:20261125T"
    override = "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:p@x\r\nDTSTAMP:20261101T000000Z\r\nSUMMARY:Moved"
    moved = f"RECURRENCE-ID;{zone}090000\r\nDTSTART;{zone}150000\r\nDTEND;{zone}160000"
    number = personal(desk.practice, "RRULE:FREQ=DAILY;COUNT=4", override, moved).id
    maya.get(f"{APPOINTMENTS}/{number}/patients")

    maya.post(f"{APPOINTMENTS}/{number}/patients", date="20261124T220000Z", name="Anna Berg")

    series, session = every(desk.practice)
    assert "Moved" not in series.text
    assert "EXDATE;TZID=Australia/Sydney:20261125T090000" in series.text
    assert session.summary == "Moved"
    assert "DTSTART;TZID=Australia/Sydney:20261125T150000" in session.text


def test_a_date_from_which_on_others_were_moved_turns_alone(maya: Browser, desk: Desk) -> None:
    zone = "TZID=Australia/Sydney:20261125T"
    override = "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:p@x\r\nDTSTAMP:20261101T000000Z\r\nSUMMARY:Moved"
    moved = f"RECURRENCE-ID;RANGE=THISANDFUTURE;{zone}090000\r\nDTSTART;{zone}150000\r\nDTEND;{zone}160000"
    number = personal(desk.practice, "RRULE:FREQ=DAILY;COUNT=4", override, moved).id
    maya.get(f"{APPOINTMENTS}/{number}/patients")

    maya.post(f"{APPOINTMENTS}/{number}/patients", date="20261124T220000Z", name="Anna Berg")

    series, session = every(desk.practice)
    assert "DTSTART;TZID=Australia/Sydney:20261125T150000" in session.text
    starts = [each.starts.astimezone(SYDNEY).isoformat() for each in intervals(series.text)]
    assert starts == ["2026-11-24T09:00:00+11:00", "2026-11-26T15:00:00+11:00", "2026-11-27T15:00:00+11:00"]


@pytest.mark.parametrize("key", ["", "20300101T000000Z", "nonsense"])
def test_a_date_that_is_none_of_the_series_is_refused(maya: Browser, desk: Desk, key: str) -> None:
    number = personal(desk.practice, "RRULE:FREQ=DAILY;COUNT=4").id
    maya.get(f"{APPOINTMENTS}/{number}/patients")

    answer = maya.post(f"{APPOINTMENTS}/{number}/patients", date=key, name="Anna Berg")

    assert "Tick the dates that you mean" in answer.text
    assert len(every(desk.practice)) == 1


def test_a_patient_appointment_does_not_turn_again(maya: Browser, desk: Desk) -> None:
    number = desk.practice.book(an_object(), patients=("Anna Berg",)).id
    maya.get(f"{APPOINTMENTS}/{number}/patients")

    assert "with patients already" in maya.post(f"{APPOINTMENTS}/{number}/patients", name="Ben Carr").text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_what_is_written_anywhere_is_shown_as_text_in_the_forms(maya: Browser, desk: Desk, hostile: str) -> None:
    lines = (f"LOCATION:{hostile}", f"DESCRIPTION:{hostile}")
    number = desk.practice.book(an_object("h@x", *lines, summary=hostile), kind=AppointmentKind.PERSONAL).id
    patient(desk.practice, f"Anna {hostile}")

    for path in ("edit", "patients?find=Anna", f"patients?find={hostile}"):
        page = maya.get(f"{APPOINTMENTS}/{number}/{path}").text
        assert hostile not in page
        assert str(escape(hostile)) in page


@pytest.mark.parametrize("path", ["edit", "patients"])
def test_nobody_reaches_the_forms_of_another_practices_appointment(maya: Browser, desk: Desk, path: str) -> None:
    number = personal(a_practice(desk.store, key="elsewhere", username="noa")).id
    assert maya.get(f"{APPOINTMENTS}/{number}/{path}").status_code == 404
    maya.get(APPOINTMENTS)

    assert maya.post(f"{APPOINTMENTS}/{number}/{path}", **TYPED, revision="1", name="Ben").status_code == 404
    assert desk.practice.appointment(number).revision == 1


@pytest.mark.parametrize("path", ["new", "1/edit", "1/patients"])
def test_a_form_without_the_pages_token_is_refused(maya: Browser, desk: Desk, path: str) -> None:
    personal(desk.practice)
    maya.hidden.clear()

    assert maya.post(f"{APPOINTMENTS}/{path}", **TYPED, revision="1", name="Ben").status_code == 400
    assert desk.practice.appointment(AppointmentId(1)).revision == 1
    assert len(every(desk.practice)) == 1
