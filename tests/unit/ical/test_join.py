from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from recurring_ical_events import of as occurrences_of  # type: ignore[import-untyped]

from hxdav.ical.join import join
from hxdav.ical.timezones import vtimezone
from tests.unit.ical.calendars import a_calendar, a_vevent

START = "DTSTART:20261123T000000Z"
HEAD = "VERSION:2.0\r\nPRODID:-//hxdav//EN\r\n"
CUSTOM = "Customized Time Zone"


def a_zone(key: str, *, name: str, year: int = 2026) -> str:
    lines = (f"TZID:{name}" if line.startswith("TZID:") else line for line in vtimezone(key, year))
    return "".join(f"{line}\r\n" for line in lines)


def an_event(tzid: str, local: str = "20270708T090000", *more: str, uid: str = "one") -> str:
    return a_vevent(f"DTSTART;TZID={tzid}:{local}", "DURATION:PT1H", *more, uid=uid)


def starts(joined: str) -> dict[str, datetime]:
    """When each event takes place by the reading of another library, which takes a zone from its VTIMEZONE alone."""
    calendar: Any = icalendar.Calendar.from_ical(joined)
    zones = {str(zone["TZID"]): zone.to_tz(lookup_tzid=False) for zone in calendar.walk("VTIMEZONE")}
    found = {}
    for event in calendar.walk("VEVENT"):
        local = datetime.fromisoformat(str(event["DTSTART"].to_ical().decode()))
        zone = zones.get(event["DTSTART"].params.get("TZID"))
        found[str(event["UID"])] = local.replace(tzinfo=zone or local.tzinfo).astimezone(UTC)
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_objects_stand_in_one_calendar_under_its_name() -> None:
    one, two = a_vevent(START), a_vevent(START, uid="two")
    joined = join([a_calendar(one), a_calendar(two).replace("\r\n", "\n")], name="HX_Practice")
    expected = a_calendar(one, two.replace("\r\n", "\n"), head=f"{HEAD}X-WR-CALNAME:HX_Practice\r\n")
    assert joined == expected.replace("END:VEVENT\nEND:VCALENDAR", "END:VEVENT\r\nEND:VCALENDAR")


def test_a_calendar_without_objects_and_name_is_empty() -> None:
    assert join([]) == a_calendar(head=HEAD)


def test_a_zone_that_all_define_alike_is_defined_once() -> None:
    zone = a_zone("Europe/Berlin", name=CUSTOM)
    joined = join([a_calendar(zone, an_event(CUSTOM)), a_calendar(zone, an_event(CUSTOM, uid="two"))])
    assert joined.count(f"TZID:{CUSTOM}\r\n") == joined.count("BEGIN:VTIMEZONE") == 1


def test_two_zones_of_one_name_are_told_apart() -> None:
    keys = ("Europe/Berlin", "America/New_York", "Asia/Tokyo")
    texts = [a_calendar(a_zone(key, name=CUSTOM), an_event(CUSTOM, uid=key)) for key in keys]
    assert starts(join(texts)) == {
        "Europe/Berlin": moment("2027-07-08 07:00"),
        "America/New_York": moment("2027-07-08 13:00"),
        "Asia/Tokyo": moment("2027-07-08 00:00"),
    }


def test_a_label_and_the_zone_of_that_name_are_told_apart() -> None:
    texts = [
        a_calendar(a_zone("Australia/Sydney", name="EST"), an_event("EST")),
        a_calendar(an_event("EST", uid="two")),
    ]
    assert starts(join(texts)) == {"one": moment("2027-07-07 23:00"), "two": moment("2027-07-08 14:00")}


@pytest.mark.parametrize(
    ("tzid", "expected"),
    [
        ("Asia/Tokyo", "2027-07-08 00:00"),
        ("W. Europe Standard Time", "2027-07-08 07:00"),
        ('"tzone://Microsoft/Utc"', "2027-07-08 09:00"),
        ("UTC", "2027-07-08 09:00"),
    ],
)
def test_each_zone_that_is_named_is_defined(tzid: str, expected: str) -> None:
    assert starts(join([a_calendar(an_event(tzid))])) == {"one": moment(expected)}


def test_what_an_object_says_of_a_zone_that_everybody_knows_is_not_lent_to_others() -> None:
    clipped = a_zone("Africa/Algiers", name="Europe/Berlin")
    texts = [a_calendar(clipped, an_event("Europe/Berlin")), a_calendar(an_event("Europe/Berlin", uid="two"))]
    assert starts(join(texts)) == dict.fromkeys(("one", "two"), moment("2027-07-08 07:00"))


def test_a_zone_is_defined_for_all_objects_whichever_comes_first() -> None:
    years = (2027, 2005, 2024)
    zone = "America/New_York"
    texts = [
        a_calendar(a_zone(zone, name=zone, year=year), an_event(zone, f"{year}0325T090000", uid=str(year)))
        for year in years
    ]
    local = {str(year): datetime(year, 3, 25, 9, tzinfo=ZoneInfo(zone)) for year in years}
    assert starts(join(texts)) == {uid: when.astimezone(UTC) for uid, when in local.items()}


@pytest.mark.parametrize(
    ("name", "expected"), [("W. Europe Standard Time", "2027-07-08 07:00"), ("Nowhere", None)], ids=["known", "unknown"]
)
def test_a_zone_that_cannot_be_read_does_not_spoil_the_rest(name: str, expected: str | None) -> None:
    broken = a_zone("Europe/Berlin", name=name).replace("+0200", "+02:00")
    joined = join([a_calendar(broken, an_event(name)), a_calendar(an_event("Asia/Tokyo", uid="two"))])
    found = starts(joined)
    assert found["two"] == moment("2027-07-08 00:00")
    assert "+02:00" not in joined
    if expected:
        assert found["one"] == moment(expected)
    else:
        # It floats there as it floats here.
        assert "DTSTART:20270708T090000\r\n" in joined


def test_every_line_of_an_object_that_is_told_apart_names_the_same_zone() -> None:
    series = an_event(CUSTOM, "20270701T090000", "RRULE:FREQ=DAILY;COUNT=3", f"EXDATE;TZID={CUSTOM}:20270702T090000")
    texts = [
        a_calendar(a_zone("Asia/Tokyo", name=CUSTOM), an_event(CUSTOM, uid="other")),
        a_calendar(a_zone("America/New_York", name=CUSTOM), series),
    ]
    events = occurrences_of(icalendar.Calendar.from_ical(join(texts))).between((2027, 7, 1), (2027, 7, 6))
    assert [event["DTSTART"].dt.astimezone(UTC).day for event in events] == [1, 3]


def test_names_that_need_quotes_and_escapes_have_them() -> None:
    name = "(UTC+09:00) Here, there"
    escaped = name.replace(",", "\\,")
    zone = a_zone("Asia/Tokyo", name=escaped)
    joined = join([a_calendar(zone, an_event(f'"{spelled}"', uid=spelled)) for spelled in (name, escaped)])
    assert joined.count(f"TZID:{escaped}\r\n") == 1
    assert joined.count(f'DTSTART;TZID="{name}":') == 2
