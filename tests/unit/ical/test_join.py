from __future__ import annotations

from hxdav.ical.join import join
from tests.unit.ical.calendars import a_calendar, a_vevent

START = "DTSTART:20261123T000000Z"
ZONE = "BEGIN:VTIMEZONE\r\nTZID:Here\r\nEND:VTIMEZONE\r\n"
HEAD = "VERSION:2.0\r\nPRODID:-//hxdav//EN\r\n"


def test_objects_stand_in_one_calendar_that_defines_each_zone_once() -> None:
    one, two = a_vevent(START), a_vevent(START, uid="two")
    joined = "".join(join([a_calendar(ZONE, one), a_calendar(ZONE, two).replace("\r\n", "\n")], name="HX_Practice"))
    expected = a_calendar(ZONE, one, two.replace("\r\n", "\n"), head=f"{HEAD}X-WR-CALNAME:HX_Practice\r\n")
    assert joined == expected.replace("END:VEVENT\nEND:VCALENDAR", "END:VEVENT\r\nEND:VCALENDAR")


def test_a_calendar_without_objects_and_name_is_empty() -> None:
    assert "".join(join([])) == a_calendar(head=HEAD)
