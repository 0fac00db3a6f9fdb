from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from hxdav.domain.appointment import Appointment, AppointmentKind, PracticeFields, RecordMark
from hxdav.domain.field import EVERY_FIELD, Field
from hxdav.domain.ids import AppointmentId, Modseq, PracticeGroupId, PractitionerId, Uid
from hxdav.domain.privacy import PrivacyLevel
from hxdav.ical.clocks import zoned
from hxdav.ical.fields import Parts, parts_of
from hxdav.ical.objects import object_of, read_object
from hxdav.outward.projection import initials_of, outward
from hxdav.remote import Capabilities
from tests.unit.ical.calendars import SYDNEY, a_calendar, a_vevent
from tests.unit.ical.objects_drawn import drawn_texts

FLOATS = Capabilities(
    carries=EVERY_FIELD,
    floating=True,
    hides=False,
    notifies=False,
    polled_every=timedelta(minutes=1),
    polled_eagerly=timedelta(seconds=15),
)
ZONED = replace(FLOATS, floating=False)
MADE = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
STAMP = "DTSTAMP:20261101T000000Z"
START = "DTSTART;TZID=Australia/Sydney:20261124T090000"
END = "DTEND;TZID=Australia/Sydney:20261124T100000"
SECRETS = (
    "SUMMARY:Anna Berg",
    "LOCATION:Room 2",
    "DESCRIPTION:diagnosis",
    "URL:https://example.org/anna",
    "ATTACH:https://example.org/scan",
    "CONFERENCE;VALUE=URI:https://example.org/call",
    "ORGANIZER:mailto:practice@example.org",
    "ATTENDEE:mailto:anna@example.org",
    "CATEGORIES:therapy",
    "COMMENT:anxious",
    "CONTACT:Anna",
    "X-ALT-DESC:<p>diagnosis</p>",
    "X-NOTE:diagnosis",
    *("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "DESCRIPTION:Anna Berg", "END:VALARM"),
)


def an_appointment(text: str, kind: AppointmentKind = AppointmentKind.PATIENT) -> Appointment:
    return Appointment(
        id=AppointmentId(1),
        practice_group_id=PracticeGroupId(1),
        practitioner_id=PractitionerId(1),
        kind=kind,
        uid=Uid("ours"),
        text=text,
        summary="Anna Berg",
        starts=MADE,
        ends=MADE,
        recurring=False,
        practice=PracticeFields(),
        revision=1,
        modseq=Modseq(1),
        created_at=MADE,
        updated_at=MADE,
        removed_at=None,
    )


def sent(
    *vevents: tuple[str, ...],
    kind: AppointmentKind = AppointmentKind.PERSONAL,
    level: PrivacyLevel = PrivacyLevel.APPOINTMENT,
    initials: str = "",
    capabilities: Capabilities = ZONED,
) -> str:
    return sent_text(
        a_calendar(*(a_vevent(*lines) for lines in vevents)),
        kind=kind,
        level=level,
        initials=initials,
        capabilities=capabilities,
    )


def sent_text(
    text: str,
    *,
    kind: AppointmentKind = AppointmentKind.PERSONAL,
    level: PrivacyLevel = PrivacyLevel.APPOINTMENT,
    initials: str = "",
    capabilities: Capabilities = ZONED,
) -> str:
    found = outward(
        an_appointment(text, kind),
        uid=Uid("theirs"),
        level=level,
        initials=initials,
        capabilities=capabilities,
        practice_zone=SYDNEY,
    )
    read_object(found.encode())
    return found


def event_lines(text: str) -> list[str]:
    """The content lines of the events, with what every one of them has left out."""
    events = text[text.index("BEGIN:VEVENT") :].replace("\r\n ", "").splitlines()
    return [line for line in events if not line.startswith(("BEGIN:", "END:", "UID:", "DTSTAMP:", "CLASS:"))]


def parts(text: str) -> Parts:
    return parts_of(object_of(text), carries=EVERY_FIELD, practice_zone=SYDNEY)


@pytest.mark.parametrize(
    ("level", "initials", "title"),
    [
        (PrivacyLevel.BUSY, "A. B.", "Busy"),
        (PrivacyLevel.APPOINTMENT, "A. B.", "Appointment"),
        (PrivacyLevel.INITIALS, "A. B.", "A. B."),
        (PrivacyLevel.INITIALS, "", "Appointment"),
    ],
)
def test_below_full_a_patient_appointment_goes_out_as_times_and_one_title(
    level: PrivacyLevel, initials: str, title: str
) -> None:
    lines = (STAMP, START, END, "TRANSP:OPAQUE", "STATUS:TENTATIVE", *SECRETS)
    text = sent(lines, kind=AppointmentKind.PATIENT, level=level, initials=initials)
    assert event_lines(text) == [START, END, f"SUMMARY:{title}", "STATUS:TENTATIVE", "TRANSP:OPAQUE"]


@pytest.mark.parametrize(
    ("kind", "level"),
    [(AppointmentKind.PATIENT, PrivacyLevel.FULL), *((AppointmentKind.PERSONAL, level) for level in PrivacyLevel)],
)
def test_words_go_out_where_no_level_hides_them_and_nothing_else_does(
    kind: AppointmentKind, level: PrivacyLevel
) -> None:
    text = sent((STAMP, START, END, *SECRETS), kind=kind, level=level)
    assert event_lines(text) == [START, END, *SECRETS[:3]]


def test_whatever_goes_out_is_private_and_under_the_uid_that_the_provider_knows() -> None:
    text = sent((STAMP, START, "RRULE:FREQ=DAILY"), (STAMP, START, "RECURRENCE-ID:20261124T220000Z"))
    assert text.count("CLASS:PRIVATE\r\n") == text.count("UID:theirs\r\n") == text.count("BEGIN:VEVENT\r\n") == 2


def test_what_changes_only_for_the_practice_changes_nothing_of_what_goes_out() -> None:
    appointment = an_appointment(a_calendar(a_vevent(STAMP, START, END)))
    later = replace(
        appointment, updated_at=MADE + timedelta(days=1), practice=PracticeFields(note=RecordMark.PRESENT), revision=2
    )
    texts = {
        outward(
            each,
            uid=Uid("theirs"),
            level=PrivacyLevel.BUSY,
            initials="",
            capabilities=ZONED,
            practice_zone=SYDNEY,
        )
        for each in (appointment, later)
    }
    assert len(texts) == 1


@pytest.mark.parametrize("lines", [(), ("DTSTAMP:yesterday",), ("DTSTAMP:20261101",), ("DTSTAMP:99991231T000000Z",)])
def test_a_text_without_a_stamp_gets_that_of_its_making(lines: tuple[str, ...]) -> None:
    assert "DTSTAMP:20261122T010000Z\r\n" in sent((*lines, START))


def test_floating_times_go_out_in_the_practices_zone_where_the_provider_keeps_none() -> None:
    series = (STAMP, "DTSTART:20261124T090000", "RRULE:FREQ=DAILY;UNTIL=20261231T090000", "EXDATE:20261125T090000")
    text = sent(series, (STAMP, "DTSTART:20261126T110000", "RECURRENCE-ID:20261126T090000"))
    assert event_lines(text) == [
        START,
        "DTEND;TZID=Australia/Sydney:20261124T090000",
        "RRULE:FREQ=DAILY;UNTIL=20261230T220000Z",
        "EXDATE;TZID=Australia/Sydney:20261125T090000",
        "RECURRENCE-ID;TZID=Australia/Sydney:20261126T090000",
        "DTSTART;TZID=Australia/Sydney:20261126T110000",
        "DTEND;TZID=Australia/Sydney:20261126T110000",
    ]
    assert text.count("BEGIN:VTIMEZONE") == 1


def test_floating_times_stay_where_the_provider_keeps_them() -> None:
    text = sent((STAMP, "DTSTART:20261124T090000", "DURATION:PT1H"), capabilities=FLOATS)
    assert event_lines(text) == ["DTSTART:20261124T090000", "DURATION:PT1H"]
    assert "VTIMEZONE" not in text


def test_zones_go_out_by_their_iana_names_and_written_out() -> None:
    long = "/example.org/2020/Australia/Sydney"
    text = sent((STAMP, f"DTSTART;TZID={long}:20261124T090000", f"DTEND;TZID={long}:20261124T100000"))
    assert event_lines(text) == [START, END]
    assert "TZID:Australia/Sydney\r\n" in text


@pytest.mark.parametrize("name", ["Over: there", "EST"])
def test_a_zone_that_only_the_object_knows_goes_with_it(name: str) -> None:
    here = (
        f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    tzid = f'"{name}"' if ":" in name else name
    lines = (f"DTSTART;TZID={tzid}:20261124T090000", "RRULE:FREQ=DAILY")
    text = sent_text(a_calendar(here, here.replace(name, "Nowhere"), a_vevent(STAMP, *lines)))
    assert text.count("BEGIN:VTIMEZONE") == 1
    assert here in text
    assert lines[0] in text


def test_a_change_of_this_and_the_future_goes_out_as_one() -> None:
    override = (
        STAMP,
        "DTSTART:20261125T010000Z",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20261124T220000Z",
        "DURATION:PT1H",
    )
    text = sent((STAMP, START, "RRULE:FREQ=DAILY"), override)
    assert "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Australia/Sydney:20261125T090000" in event_lines(text)


def test_a_zone_that_nothing_defines_is_read_as_floating() -> None:
    assert event_lines(sent((STAMP, "DTSTART;TZID=Nowhere:20261124T090000")))[0] == START


def test_a_cancelled_override_goes_out_as_an_exdate_and_names_of_instances_as_the_start_is_written() -> None:
    series = (STAMP, START, END, "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20261125", "RDATE:20261225T220000Z")
    text = sent(series, (STAMP, START, "RECURRENCE-ID:20261125T220000Z", "STATUS:CANCELLED"))
    assert event_lines(text) == [
        *(START, END, "RRULE:FREQ=DAILY", "RDATE;TZID=Australia/Sydney:20261226T090000"),
        *("EXDATE;TZID=Australia/Sydney:20261125T090000", "EXDATE;TZID=Australia/Sydney:20261126T090000"),
    ]


def test_periods_keep_their_lengths_and_empty_rules_stay_behind() -> None:
    text = sent((STAMP, START, END, "RRULE:", "RDATE;VALUE=PERIOD:20261125T220000Z/PT90M,20261126T220000Z/P1D"))
    lengths = "20261126T090000/P0DT5400S,20261127T090000/P1DT0S"
    assert event_lines(text) == [START, END, f"RDATE;VALUE=PERIOD;TZID=Australia/Sydney:{lengths}"]


@pytest.mark.parametrize(
    ("lines", "ends"),
    [
        (("DTSTART;VALUE=DATE:20261124",), "DTEND;VALUE=DATE:20261125"),
        (("DTSTART;VALUE=DATE:20261124", "DURATION:P2D"), "DTEND;VALUE=DATE:20261126"),
        ((START,), "DTEND;TZID=Australia/Sydney:20261124T090000"),
        ((START, "DURATION:PT1H"), "DURATION:PT1H"),
    ],
)
def test_an_end_is_always_there(lines: tuple[str, ...], ends: str) -> None:
    assert event_lines(sent((STAMP, *lines)))[1] == ends


@given(text=drawn_texts())
def test_what_goes_out_says_what_is_kept(text: str) -> None:
    obj = object_of(text)
    assert parts(sent_text(text, capabilities=FLOATS)) == parts(text)
    assert parts(sent_text(text)) == parts(zoned(obj, SYDNEY))
    assert sent_text(sent_text(text)) == sent_text(text)


@given(text=drawn_texts())
def test_below_full_no_word_of_the_text_goes_out(text: str) -> None:
    found = parts(sent_text(text, kind=AppointmentKind.PATIENT, level=PrivacyLevel.BUSY))
    assert all(fields[Field.TITLE] == "Busy" for fields in found.values())
    assert not any(fields[Field.LOCATION] or fields[Field.COMMENT] for fields in found.values())


@pytest.mark.parametrize(
    ("names", "initials"),
    [
        ([], ""),
        ([""], ""),
        (["Anna Berg"], "A. B."),
        (["anna-maria van der berg"], "A. B."),
        (["Berg, Anna"], "A. B."),
        (["Cher"], "C."),
        (["(Élodie) 2nd O'Neil"], "É. O."),
        (["Anna Berg", "Carl Dietz"], "A. B., C. D."),
        (["e\u0301lodie ßtein"], "É. S."),
    ],
)
def test_initials_are_the_first_letters_of_the_first_and_the_last_name(names: list[str], initials: str) -> None:
    assert initials_of(names) == initials
