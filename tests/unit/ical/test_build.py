# ruff: noqa: DTZ001 - wall-clock times without a zone are what these tests are about
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

import pytest

from hxdav.domain.ids import Uid
from hxdav.domain.times import AllDay, Floating, When, Zoned
from hxdav.ical.build import NewObject, build_object, text_line, time_line, with_timezones
from hxdav.ical.objects import read_object
from hxdav.ical.patch import set_lines
from hxdav.ical.recurrence import occurrences
from tests.unit.ical.calendars import BERLIN, SYDNEY, YEAR_2026, a_calendar, a_moment, a_vevent

NOW = a_moment("2026-11-22")


def nine(zone: tzinfo = SYDNEY) -> Zoned:
    return Zoned(datetime(2026, 11, 23, 9, tzinfo=zone))


def an_appointment(**fields: object) -> str:
    values: dict = {"uid": Uid("a@hxdav"), "summary": "Supervision", "starts": nine()}
    values |= {"ends": Zoned(values["starts"].moment + timedelta(hours=1))} | fields
    return build_object(NewObject(**values), now=NOW)


def test_a_new_object_is_one_that_we_would_accept() -> None:
    text = an_appointment(
        summary="Größe; 50%, x\\y",
        location="Room 2",
        description="one\ntwo " + "ü" * 80,
        private=True,
        rrule="FREQ=WEEKLY;COUNT=2",
        status="TENTATIVE",
    )
    obj = read_object(text.encode())
    assert obj.summary == "Größe; 50%, x\\y"
    assert obj.status == "TENTATIVE"
    assert obj.main.value("CLASS") == "PRIVATE"
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert len(occurrences(obj, practice_zone=BERLIN, within=YEAR_2026)) == 2


def test_a_plain_object_holds_nothing_that_was_not_given() -> None:
    obj = read_object(an_appointment().encode())
    names = [line.name for line in obj.main.properties]
    assert names == ["UID", "DTSTAMP", "CREATED", "DTSTART", "DTEND", "SUMMARY", "STATUS"]
    assert [zone.value("TZID") for zone in obj.calendar.named("VTIMEZONE")] == ["Australia/Sydney"]


def test_each_zone_of_an_object_is_defined_once() -> None:
    text = an_appointment(ends=Zoned(datetime(2027, 1, 1, tzinfo=BERLIN)))
    zones = [zone.value("TZID") for zone in read_object(text.encode()).calendar.named("VTIMEZONE")]
    assert zones == ["Australia/Sydney", "Europe/Berlin"]
    assert an_appointment().count("BEGIN:VTIMEZONE") == 1


@pytest.mark.parametrize(
    ("when", "line"),
    [
        (AllDay(date(2026, 11, 23)), "DTSTART;VALUE=DATE:20261123"),
        (Floating(datetime(2026, 11, 23, 9)), "DTSTART:20261123T090000"),
        (nine(), "DTSTART;TZID=Australia/Sydney:20261123T090000"),
        (nine(UTC), "DTSTART:20261123T090000Z"),
        (nine(timezone(timedelta(hours=1))), "DTSTART:20261123T080000Z"),
    ],
)
def test_a_moment_is_written_as_what_it_is(when: When, line: str) -> None:
    assert time_line("DTSTART", when) == line


def test_days_and_floating_times_need_no_zone() -> None:
    text = an_appointment(starts=AllDay(date(2026, 11, 23)), ends=Floating(datetime(2026, 11, 24, 9)))
    assert "VTIMEZONE" not in text


def test_text_is_escaped() -> None:
    assert text_line("LOCATION", "a,b\nc") == "LOCATION:a\\,b\\nc"


def test_an_appointment_can_be_moved_to_another_zone() -> None:
    text = a_calendar(a_vevent("DTSTART:20261123T000000Z")).replace("\r\n", "\n")
    moved = with_timezones(set_lines(text, {"DTSTART": [time_line("DTSTART", nine())]}), [nine(), nine(UTC)])
    assert [zone.value("TZID") for zone in read_object(moved.encode()).calendar.named("VTIMEZONE")] == [SYDNEY.key]
    assert "\r" not in moved
    assert with_timezones(moved, [nine()]) == moved
