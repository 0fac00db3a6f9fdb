# ruff: noqa: DTZ001 - wall-clock times without a zone are what these tests are about
from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.domain.times import Zoned
from hxdav.ical.clocks import unknown_zones
from hxdav.ical.timeline import dtstart_of
from hxdav.ical.timezones import vtimezone
from hxdav.ical.zones import Zones
from tests.unit.ical.calendars import a_vevent, an_object_of

WINDOWS = """BEGIN:VTIMEZONE
TZID:Practice Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+1100
TZOFFSETTO:+1000
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=4
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+1000
TZOFFSETTO:+1100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=10
END:DAYLIGHT
END:VTIMEZONE
"""


def a_zone(text: str) -> tzinfo:
    zone = Zones(texts={"x": text}).get("x")
    assert zone is not None
    return zone


def an_observance(*lines: str) -> str:
    return "\n".join(["BEGIN:VTIMEZONE", "TZID:x", "BEGIN:DAYLIGHT", *lines, "END:DAYLIGHT", "END:VTIMEZONE", ""])


@given(st.datetimes(datetime(2010, 1, 1), datetime(2060, 1, 1)))
def test_a_vtimezone_tells_the_same_as_the_zone_that_it_describes(moment: datetime) -> None:
    ours, theirs = a_zone(WINDOWS), ZoneInfo("Australia/Sydney")
    aware = moment.replace(tzinfo=UTC)
    assert aware.astimezone(ours).replace(tzinfo=None) == aware.astimezone(theirs).replace(tzinfo=None)
    assert aware.astimezone(ours).fold == aware.astimezone(theirs).fold
    assert aware.astimezone(ours).astimezone(UTC) == aware


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("hour", [datetime(2026, 4, 5, 2, 30), datetime(2026, 10, 4, 2, 30)])
def test_hours_that_come_twice_or_never_are_read_as_zoneinfo_reads_them(hour: datetime, fold: int) -> None:
    local = hour.replace(fold=fold)
    ours = local.replace(tzinfo=a_zone(WINDOWS))
    assert ours.utcoffset() == local.replace(tzinfo=ZoneInfo("Australia/Sydney")).utcoffset()


def test_an_object_zone_names_itself() -> None:
    zone = a_zone(WINDOWS)
    assert zone.tzname(None) == "Practice Time"
    assert (zone.utcoffset(None), zone.dst(None)) == (None, None)
    assert zone.dst(datetime(2026, 1, 1)) == timedelta(0)
    assert "Practice Time" in repr(zone)


def test_the_iana_database_is_believed_before_the_object() -> None:
    assert Zones(texts={"Europe/Berlin": WINDOWS}).get("Europe/Berlin") == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("tzid", ["AUS Eastern Standard Time", "/example.org/Australia/Sydney"])
def test_a_vtimezone_that_says_what_its_name_says_is_the_zone_of_that_name(tzid: str) -> None:
    assert str(Zones(texts={tzid: WINDOWS}).get(tzid)) == "Australia/Sydney"


@pytest.mark.parametrize("tzid", ["EST", "GMT", "UTC", "EST5EDT", "W. Europe Standard Time", "/example.org/Asia/Tokyo"])
def test_the_object_is_believed_about_names_that_people_use_as_labels(tzid: str) -> None:
    zone = Zones(texts={tzid: WINDOWS}).get(tzid)
    assert zone is not None
    assert zone.utcoffset(datetime(2027, 7, 8, 9)) == timedelta(hours=10)


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\n",
        WINDOWS.replace("+1000", "+10:00"),
    ],
    ids=["empty", "with offsets that are none"],
)
def test_a_vtimezone_that_cannot_be_read_leaves_the_name_to_tell(text: str) -> None:
    assert Zones(texts={"W. Europe Standard Time": text}).get("W. Europe Standard Time") == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "written", [r"TZID:(UTC+10:00) Here\, there\; and back", "TZID:(UTC+10:00) Here, there; and back"]
)
@pytest.mark.parametrize("named", ["(UTC+10:00) Here, there; and back", r"(UTC+10:00) Here\, there\; and back"])
def test_a_tzid_is_the_same_escaped_and_in_quotes(written: str, named: str) -> None:
    zone = WINDOWS.replace("TZID:Practice Time", written).replace("\n", "\r\n")
    obj = an_object_of(zone, a_vevent(f'DTSTART;TZID="{named}":20270708T090000'))
    assert dtstart_of(obj.main, obj.zones) == Zoned(datetime(2027, 7, 7, 23, tzinfo=UTC))


def test_a_zone_may_change_by_single_dates_and_count_seconds() -> None:
    text = an_observance("DTSTART:19000101", "RDATE:19100101T000000,", "TZOFFSETFROM:-002530", "TZOFFSETTO:0100")
    zone = a_zone(text)
    assert zone.utcoffset(datetime(1890, 1, 1)) == -timedelta(minutes=25, seconds=30)
    assert zone.utcoffset(datetime(1950, 1, 1)) == timedelta(hours=1)


def test_a_rule_of_a_zone_ends_with_its_until() -> None:
    text = an_observance(
        "DTSTART:20000326T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20010325T010000Z",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
    )
    assert a_zone(text).utcoffset(datetime(2020, 1, 1)) == timedelta(hours=2)


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART:20000326T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+5744"),
        ("DTSTART:20000326T020000", "TZOFFSETFROM:", "TZOFFSETTO:+0100"),
        ("TZOFFSETFROM:+0100", "TZOFFSETTO:+0100"),
        ("DTSTART:20000326T020000", "RRULE:FREQ=DAILY", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200"),
        ("DTSTART:20000326T020000", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "TZOFFSETFROM:+01", "TZOFFSETTO:+02"),
        (
            "DTSTART:20000326T020000",
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2",
            "TZOFFSETFROM:+0100",
            "TZOFFSETTO:+0200",
        ),
    ],
)
def test_a_zone_that_cannot_be_made_out_is_none(lines: tuple[str, ...]) -> None:
    assert Zones(texts={"x": an_observance(*lines)}).get("x") is None


def test_a_vtimezone_without_observances_is_no_zone() -> None:
    assert Zones(texts={"x": "BEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\n"}).get("x") is None


@pytest.mark.parametrize(
    "key", ["Australia/Sydney", "Europe/Berlin", "Asia/Tokyo", "Africa/Casablanca", "Africa/Cairo", "Africa/Monrovia"]
)
@pytest.mark.parametrize("year", [1971, 2026])
def test_a_vtimezone_that_we_write_tells_what_the_database_tells(key: str, year: int) -> None:
    written = a_zone("\r\n".join(vtimezone(key, year)))
    hours = (datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=step) for step in range(0, 24 * 365 * 5, 7))
    assert all(hour.astimezone(written).utcoffset() == hour.astimezone(ZoneInfo(key)).utcoffset() for hour in hours)


def test_a_zone_with_yearly_rules_is_written_with_them() -> None:
    assert sum(line.startswith("RRULE") for line in vtimezone("Australia/Sydney", 2026)) == 2
    assert len(vtimezone("Australia/Sydney", 2026)) < 20


def test_zones_that_nothing_explains_are_listed_once() -> None:
    obj = an_object_of(
        a_vevent(
            "DTSTART;TZID=Nowhere:20270708T090000",
            "DTEND;TZID=Nowhere:20270708T100000",
            "RRULE:FREQ=DAILY;COUNT=3",
            "EXDATE;TZID=Elsewhere:20270709T090000",
            "RDATE;TZID=Europe/Berlin:20270712T090000",
            "RDATE;TZID=Of no matter;VALUE=DATE:20270713",
        )
    )
    assert unknown_zones(obj) == ["Nowhere", "Elsewhere"]
