from __future__ import annotations

import pytest

from hxdav.ical.freebusy import BusyPeriod, BusyType, busy, freebusy_text
from tests.unit.ical.calendars import SYDNEY, a_moment, a_range, an_object

DAY = a_range("2026-11-23", "2026-11-24")
START = "DTSTART:20261123T000000Z"


def a_period(starts: str, ends: str, kind: BusyType = BusyType.BUSY) -> BusyPeriod:
    return BusyPeriod(interval=a_range(starts, ends), type=kind)


@pytest.mark.parametrize(("line", "kind"), [("X-A:1", BusyType.BUSY), ("STATUS:TENTATIVE", BusyType.TENTATIVE)])
def test_an_event_takes_its_time(line: str, kind: BusyType) -> None:
    obj = an_object(START, "DURATION:PT1H", line)
    assert busy(obj, within=DAY, practice_zone=SYDNEY) == [a_period("2026-11-23 00:00", "2026-11-23 01:00", kind)]


def test_only_the_part_in_the_range_is_told() -> None:
    obj = an_object("DTSTART:20261122T000000Z", "DURATION:P9D")
    assert busy(obj, within=DAY, practice_zone=SYDNEY) == [a_period("2026-11-23", "2026-11-24")]


@pytest.mark.parametrize("line", ["TRANSP:TRANSPARENT", "STATUS:CANCELLED", "DTEND:20261123T000000Z"])
def test_what_takes_no_time_is_not_told(line: str) -> None:
    assert busy(an_object(START, line), within=DAY, practice_zone=SYDNEY) == []


def test_the_answer_merges_what_touches_and_keeps_types_apart() -> None:
    text = freebusy_text(
        [
            a_period("2026-11-23 03:00", "2026-11-23 04:00"),
            a_period("2026-11-23 00:00", "2026-11-23 02:00"),
            a_period("2026-11-23 01:00", "2026-11-23 01:30"),
            a_period("2026-11-23 02:00", "2026-11-23 02:30"),
            a_period("2026-11-23 01:00", "2026-11-23 05:00", BusyType.TENTATIVE),
        ],
        within=DAY,
        now=a_moment("2026-11-22"),
    )
    lines = text.split("\r\n")
    assert [line for line in lines if line.startswith("FREEBUSY")] == [
        "FREEBUSY;FBTYPE=BUSY:20261123T000000Z/20261123T023000Z",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261123T010000Z/20261123T050000Z",
        "FREEBUSY;FBTYPE=BUSY:20261123T030000Z/20261123T040000Z",
    ]
    assert {"DTSTAMP:20261122T000000Z", "DTSTART:20261123T000000Z", "DTEND:20261124T000000Z"} <= set(lines)
