from __future__ import annotations

import pytest

from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.ical.objects import read_object
from hxdav.ical.split import split
from tests.unit.ical.calendars import a_calendar, a_vevent

START = "DTSTART:20261123T000000Z"
ZONE = "BEGIN:VTIMEZONE\r\nTZID:{0}\r\nBEGIN:STANDARD\r\nDTSTART:20000101T000000\r\nTZOFFSETFROM:+1000\r\nTZOFFSETTO:+1000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"  # noqa: E501


def test_an_object_that_can_be_kept_stays_as_it_is() -> None:
    text = a_calendar(a_vevent(START), head="X-WR-CALNAME:mine\r\n")
    (whole,) = split(text.encode())
    assert (whole.uid, whole.text, whole.error) == ("one@example.com", text, None)


def test_each_uid_becomes_an_object_with_the_zones_that_it_needs() -> None:
    here = a_vevent(
        "DTSTART;TZID=Here:20261123T090000", "BEGIN:VALARM", "TRIGGER;TZID=There:20261123T080000", "END:VALARM"
    )
    override = a_vevent("DTSTART;TZID=Here:20261124T090000", "RECURRENCE-ID;TZID=Here:20261124T090000")
    two = a_vevent(START, "DESCRIPTION:odd\r\n\t folding", uid="two")
    head = "VERSION:2.0\r\nPRODID:-//Them//EN\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n"
    zones = ZONE.format("Here") + ZONE.format("There") + ZONE.format("Elsewhere")
    first, second = split(a_calendar(zones, here, two, override, head=head).encode())
    kept = head.replace("METHOD:PUBLISH\r\n", "")
    assert first.text == a_calendar(ZONE.format("Here"), ZONE.format("There"), here, override, head=kept)
    assert second.text == a_calendar(two, head=kept)


def test_several_calendars_are_read() -> None:
    text = a_calendar(a_vevent(START), head="") + a_calendar(a_vevent(START, uid="two"), head="")
    assert [(one.uid, one.error) for one in split(text.encode())] == [("one@example.com", None), ("two", None)]
    assert "PRODID:-//hxdav//EN\r\n" in split(text.encode())[0].text


def test_an_event_without_a_calendar_gets_one() -> None:
    (whole,) = split(a_vevent(START).replace("\r\n", "\n").encode())
    assert whole.error is None
    assert "\r" not in whole.text


def test_other_components_are_left_behind() -> None:
    (whole,) = split(a_calendar(a_vevent(START), "BEGIN:VTODO\r\nUID:t\r\nEND:VTOOD\r\n").encode())
    assert whole.error is None
    assert "VTODO" not in whole.text


def test_an_event_that_cannot_be_kept_says_why_and_the_others_are_taken() -> None:
    broken, fine = split(a_calendar(a_vevent("SUMMARY:x"), a_vevent(START, uid="two")).encode())
    assert broken.error is not None
    assert broken.error.reason is Reason.NOT_CALENDAR_DATA
    assert fine.error is None


def test_events_without_uid_are_not_taken_for_one() -> None:
    parts = split(a_calendar(a_vevent(START, uid=""), a_vevent(START, uid="")).encode())
    assert [(part.uid, part.error is None) for part in parts] == [("", False), ("", False)]


@pytest.mark.parametrize("newest_last", [True, False])
def test_of_two_revisions_the_newer_is_taken(*, newest_last: bool) -> None:
    revisions = [a_vevent(START, "SUMMARY:old", "SEQUENCE:x"), a_vevent(START, "SUMMARY:new", "SEQUENCE:2")]
    (whole,) = split(a_calendar(*revisions if newest_last else revisions[::-1]).encode())
    assert whole.error is None
    assert read_object(whole.text.encode()).summary == "new"


def test_a_file_that_is_not_utf_8_is_refused_as_a_whole() -> None:
    with pytest.raises(CalendarDataError):
        split(b"\xff\xfe")


def test_a_file_without_events_holds_nothing() -> None:
    assert split(a_calendar().encode()) == []
