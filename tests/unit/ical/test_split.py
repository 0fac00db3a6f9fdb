from __future__ import annotations

import pytest

from hxdav.domain.refusal import Reason
from tests.splitting import readings, refusals, split
from tests.unit.ical.calendars import a_calendar, a_vevent

START = "DTSTART:20261123T000000Z"
ZONE = "BEGIN:VTIMEZONE\r\nTZID:{0}\r\nBEGIN:STANDARD\r\nDTSTART:20000101T000000\r\nTZOFFSETFROM:+1000\r\nTZOFFSETTO:+1000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"  # noqa: E501


def test_an_object_that_can_be_kept_stays_as_it_is() -> None:
    text = a_calendar(a_vevent(START), head="X-WR-CALNAME:mine\r\n")
    (whole,) = readings(text.encode())
    assert (whole.uid, whole.text) == ("one@example.com", text)


def test_each_uid_becomes_an_object_with_the_zones_that_it_needs() -> None:
    here = a_vevent(
        "DTSTART;TZID=Here:20261123T090000", "BEGIN:VALARM", "TRIGGER;TZID=There:20261123T080000", "END:VALARM"
    )
    override = a_vevent("DTSTART;TZID=Here:20261124T090000", "RECURRENCE-ID;TZID=Here:20261124T090000")
    two = a_vevent(START, "DESCRIPTION:odd\r\n\t folding", uid="two")
    head = "VERSION:2.0\r\nPRODID:-//Them//EN\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n"
    zones = ZONE.format("Here") + ZONE.format("There") + ZONE.format("Elsewhere")
    first, second = readings(a_calendar(zones, here, two, override, head=head).encode())
    kept = head.replace("METHOD:PUBLISH\r\n", "")
    assert first.text == a_calendar(ZONE.format("Here"), ZONE.format("There"), here, override, head=kept)
    assert second.text == a_calendar(two, head=kept)


def test_several_calendars_are_read() -> None:
    text = a_calendar(a_vevent(START), head="") + a_calendar(a_vevent(START, uid="two"), head="")
    first, second = readings(text.encode())
    assert (first.uid, second.uid) == ("one@example.com", "two")
    assert "PRODID:-//hxdav//EN\r\n" in first.text


def test_an_event_without_a_calendar_gets_one() -> None:
    (whole,) = readings(a_vevent(START).replace("\r\n", "\n").encode())
    assert "\r" not in whole.text


def test_other_components_are_left_behind() -> None:
    (whole,) = readings(a_calendar(a_vevent(START), "BEGIN:VTODO\r\nUID:t\r\nEND:VTOOD\r\n").encode())
    assert "VTODO" not in whole.text


def test_an_event_that_cannot_be_kept_says_why_and_the_others_are_taken() -> None:
    body = a_calendar(a_vevent("SUMMARY:x"), a_vevent(START, uid="two")).encode()
    (broken,), (fine,) = refusals(body), readings(body)
    assert broken.reason is Reason.NOT_CALENDAR_DATA
    assert fine.uid == "two"


def test_events_without_uid_are_not_taken_for_one() -> None:
    body = a_calendar(a_vevent(START, uid=""), a_vevent(START, uid="")).encode()
    assert [part.uid for part in split(body)] == ["", ""]
    assert len(refusals(body)) == 2


@pytest.mark.parametrize("no_number", ["x", "9" * 5_000])
@pytest.mark.parametrize("newest_last", [True, False])
def test_of_two_revisions_the_newer_is_taken(no_number: str, *, newest_last: bool) -> None:
    revisions = [a_vevent(START, "SUMMARY:old", f"SEQUENCE:{no_number}"), a_vevent(START, "SUMMARY:new", "SEQUENCE:2")]
    body = a_calendar(*revisions if newest_last else revisions[::-1]).encode()
    (part,), (whole,) = split(body), readings(body)
    assert (part.events, part.superseded) == (2, 1)
    assert whole.summary == "new"


def test_an_event_that_is_not_utf_8_is_refused_and_the_others_are_taken() -> None:
    latin_1 = a_calendar(a_vevent(START, "SUMMARY:Grüße"), a_vevent(START, uid="two")).encode("latin-1")
    assert [(part.uid, type(part.reading).__name__) for part in split(latin_1)] == [
        ("one@example.com", "CalendarDataError"),
        ("two", "CalendarObject"),
    ]


def test_a_file_without_events_holds_nothing() -> None:
    assert split(a_calendar().encode()) == []
