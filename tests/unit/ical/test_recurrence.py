from __future__ import annotations

from datetime import UTC, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events  # type: ignore[import-untyped]

from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.domain.times import Interval
from hxdav.ical.objects import CalendarObject
from hxdav.ical.recurrence import MAX_INSTANCES, Occurrence, check_bounded, extent, occurrences
from hxdav.ical.timeline import EARLIEST, LATEST
from tests.unit.ical.calendars import (
    SYDNEY,
    YEAR_2026,
    a_moment,
    a_range,
    a_vevent,
    an_object,
    an_object_of,
)

EVER = Interval(EARLIEST, LATEST)
HORIZON = a_moment("2027-06-12")
MINUTE = timedelta(minutes=1)


def found(obj: CalendarObject, within: Interval = YEAR_2026) -> list[Occurrence]:
    return occurrences(obj, practice_zone=SYDNEY, within=within)


def starts(obj: CalendarObject, within: Interval = YEAR_2026) -> list[str]:
    return [f"{occurrence.interval.starts:%m-%d %H:%M}" for occurrence in found(obj, within)]


def spans(obj: CalendarObject, within: Interval = YEAR_2026) -> list[str]:
    return [f"{one.interval.starts:%m-%dT%H:%M}/{one.interval.ends:%m-%dT%H:%M}" for one in found(obj, within)]


def test_a_single_event_occurs_once_and_has_no_recurrence_id() -> None:
    obj = an_object("DTSTART:20261123T000000Z", "DTEND:20261123T010000Z", "STATUS:tentative", "TRANSP:TRANSPARENT")
    assert found(obj) == [
        Occurrence(
            interval=a_range("2026-11-23 00:00", "2026-11-23 01:00"),
            recurrence_id="",
            transparent=True,
            status="TENTATIVE",
        )
    ]


def test_an_event_outside_the_range_does_not_occur_in_it() -> None:
    assert found(an_object("DTSTART:20261123T000000Z"), a_range("2026-11-24", "2026-11-25")) == []


def test_a_long_event_that_began_before_the_range_occurs_in_it() -> None:
    obj = an_object("DTSTART:20260101T000000Z", "DURATION:P60D", "RRULE:FREQ=YEARLY")
    assert starts(obj, a_range("2026-02-20", "2026-02-21")) == ["01-01 00:00"]


def test_an_appointment_at_nine_stays_at_nine_over_the_change_of_the_clock() -> None:
    obj = an_object("DTSTART;TZID=Australia/Sydney:20261003T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2")
    assert starts(obj) == ["10-02 23:00", "10-03 22:00"]


def test_a_time_that_the_clock_skips_is_read_with_the_offset_before_the_change() -> None:
    obj = an_object("DTSTART;TZID=Australia/Sydney:20261003T023000", "RRULE:FREQ=DAILY;COUNT=3")
    assert starts(obj) == ["10-02 16:30", "10-03 16:30", "10-04 15:30"]


def test_an_end_gives_each_instance_the_same_exact_length() -> None:
    obj = an_object(
        "DTSTART;TZID=Australia/Sydney:20261002T220000",
        "DTEND;TZID=Australia/Sydney:20261003T060000",
        "RRULE:FREQ=DAILY;COUNT=2",
    )
    assert spans(obj) == ["10-02T12:00/10-02T20:00", "10-03T12:00/10-03T20:00"]


def test_a_duration_in_days_counts_days_and_one_in_hours_counts_hours() -> None:
    days = an_object("DTSTART;TZID=Australia/Sydney:20261003T120000", "DURATION:P1D")
    hours = an_object("DTSTART;TZID=Australia/Sydney:20261003T120000", "DURATION:PT24H")
    assert spans(days) == ["10-03T02:00/10-04T01:00"]
    assert spans(hours) == ["10-03T02:00/10-04T02:00"]


def test_days_last_from_midnight_to_midnight_where_the_practice_is() -> None:
    obj = an_object("DTSTART;VALUE=DATE:20261003", "DTEND;VALUE=DATE:20261004", "RRULE:FREQ=DAILY;COUNT=2")
    assert spans(obj) == ["10-02T14:00/10-03T14:00", "10-03T14:00/10-04T13:00"]


@pytest.mark.parametrize("line", ["DTEND;VALUE=DATE:20261003", "X-NO:END"])
def test_a_day_without_an_end_lasts_the_day(line: str) -> None:
    assert spans(an_object("DTSTART;VALUE=DATE:20261003", line)) == ["10-02T14:00/10-03T14:00"]


def test_floating_times_are_read_where_the_practice_is() -> None:
    obj = an_object("DTSTART:20261123T090000", "DTEND:20261123T100000", "RRULE:FREQ=DAILY;COUNT=1")
    assert spans(obj) == ["11-22T22:00/11-22T23:00"]
    assert found(obj)[0].recurrence_id == "20261123T090000"


def test_a_date_may_end_a_time_and_a_time_a_date() -> None:
    assert spans(an_object("DTSTART:20261123T000000Z", "DTEND;VALUE=DATE:20261124")) == ["11-23T00:00/11-24T00:00"]
    assert spans(an_object("DTSTART;VALUE=DATE:20261123", "DTEND:20261123T120000Z")) == ["11-22T13:00/11-23T12:00"]
    assert spans(an_object("DTSTART:20261123T000000Z", "DTEND;VALUE=DATE:20261122")) == ["11-23T00:00/11-23T00:00"]


def test_dtstart_counts_even_where_the_rule_does_not_meet_it() -> None:
    obj = an_object("DTSTART:20261124T000000Z", "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2")
    assert starts(obj) == ["11-24 00:00", "11-30 00:00", "12-07 00:00"]
    assert starts(an_object("DTSTART:20261124T000000Z", "RRULE:FREQ=DAILY;UNTIL=20261101")) == ["11-24 00:00"]


@pytest.mark.parametrize("until", ["20261125", "20261125T010000Z", "20261125T120000"])
def test_until_may_be_a_date_in_utc_or_local(until: str) -> None:
    obj = an_object("DTSTART;TZID=Australia/Sydney:20261123T120000", f"RRULE:FREQ=DAILY;UNTIL={until}")
    assert len(found(obj)) == 3


@pytest.mark.parametrize("until", ["20261125", "20261125T235959Z"])
def test_until_of_days_is_a_day(until: str) -> None:
    assert len(found(an_object("DTSTART;VALUE=DATE:20261123", f"RRULE:FREQ=DAILY;UNTIL={until}"))) == 3


def test_count_and_until_together_both_hold() -> None:
    assert len(found(an_object("DTSTART:20261101T000000Z", "RRULE:FREQ=DAILY;COUNT=9;UNTIL=20261103"))) == 3
    assert len(found(an_object("DTSTART:20261101T000000Z", "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20261130"))) == 2


def test_rules_dates_and_exceptions_make_one_set() -> None:
    obj = an_object(
        "DTSTART:20261101T000000Z",
        "RRULE:FREQ=DAILY;COUNT=4",
        "RRULE:FREQ=DAILY;COUNT=5",
        "EXRULE:FREQ=DAILY;INTERVAL=2;COUNT=2",
        "RDATE:20261120T000000Z,20261102T000000Z",
        "EXDATE;TZID=Australia/Sydney:20261104T110000",
    )
    assert starts(obj) == ["11-02 00:00", "11-05 00:00", "11-20 00:00"]


def test_a_date_among_times_means_that_day() -> None:
    obj = an_object(
        "DTSTART;TZID=Australia/Sydney:20261101T090000",
        "RRULE:FREQ=DAILY;COUNT=3",
        "EXDATE;VALUE=DATE:20261102",
        "RDATE;VALUE=DATE:20261110",
    )
    assert starts(obj) == ["10-31 22:00", "11-02 22:00", "11-09 22:00"]


def test_a_time_among_dates_means_its_day() -> None:
    obj = an_object(
        "DTSTART;VALUE=DATE:20261101", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261102T000000,20261103T000000Z"
    )
    assert starts(obj) == ["10-31 13:00"]


def test_a_period_has_a_length_of_its_own() -> None:
    obj = an_object(
        "DTSTART:20261101T000000Z",
        "DURATION:PT1H",
        "RDATE;VALUE=PERIOD:20261102T000000Z/PT3H,20261103T000000Z/20261103T020000Z",
    )
    assert spans(obj) == ["11-01T00:00/11-01T01:00", "11-02T00:00/11-02T03:00", "11-03T00:00/11-03T02:00"]


SERIES = a_vevent("DTSTART;TZID=Australia/Sydney:20261101T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3")


def test_an_override_takes_the_place_of_its_instance() -> None:
    moved = a_vevent("RECURRENCE-ID:20261101T220000Z", "DTSTART:20261101T230000Z", "STATUS:CANCELLED")
    occurred = found(an_object_of(SERIES, moved))
    assert [(one.recurrence_id, one.status) for one in occurred] == [
        ("20261031T220000Z", ""),
        ("20261101T220000Z", "CANCELLED"),
        ("20261102T220000Z", ""),
    ]
    assert occurred[1].interval.starts == a_moment("2026-11-01 23:00")


def test_an_override_is_found_where_it_was_moved_to() -> None:
    moved = a_vevent("RECURRENCE-ID;VALUE=DATE:20261102", "DTSTART:20261201T000000Z", "DURATION:PT1H")
    obj = an_object_of(SERIES, moved)
    assert starts(obj, a_range("2026-12-01", "2026-12-02")) == ["12-01 00:00"]
    assert starts(obj, a_range("2026-11-01 12:00", "2026-11-02")) == []


def test_overrides_without_a_master_occur_by_themselves() -> None:
    obj = an_object_of(
        a_vevent("RECURRENCE-ID:20261102T000000", "DTSTART:20261102T010000"),
        a_vevent("RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20261109", "DTSTART:20261109T000000Z"),
    )
    assert [one.recurrence_id for one in found(obj)] == ["20261102T000000", "20261109"]
    assert extent(obj, practice_zone=SYDNEY).ends == a_moment("2026-11-09")


def test_a_distant_range_of_an_endless_series_is_found_at_once() -> None:
    obj = an_object("DTSTART:19000101T000000Z", "DTEND:19000101T010000Z", "RRULE:FREQ=DAILY")
    assert starts(obj, a_range("2026-05-05", "2026-05-07")) == ["05-05 00:00", "05-06 00:00"]


def test_a_question_about_all_time_is_answered_in_part() -> None:
    assert len(found(an_object("DTSTART:20260101T000000Z", "RRULE:FREQ=DAILY"), EVER)) == MAX_INSTANCES


def test_a_rule_that_is_never_met_leaves_dtstart() -> None:
    assert starts(an_object("DTSTART:20260101T000000Z", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")) == ["01-01 00:00"]


@pytest.mark.parametrize(
    ("lines", "starts_at", "ends_at"),
    [
        (("DTSTART:20261101T000000Z", "DURATION:PT1H"), "2026-11-01 00:00", "2026-11-01 01:00"),
        (("DTSTART:20261101T000000Z", "RRULE:FREQ=DAILY;COUNT=3"), "2026-11-01 00:00", "2026-11-03 00:00"),
        (("DTSTART:20261101T000000Z", "RDATE:20260101T000000Z"), "2026-01-01 00:00", "2026-11-01 00:00"),
        (("DTSTART:20261101T000000Z", "RRULE:FREQ=DAILY"), "2026-11-01 00:00", None),
        (("DTSTART:20261101T000000Z", "RRULE:FREQ=DAILY;COUNT=99999999999"), "2026-11-01 00:00", None),
        (("DTSTART:20261101T000000Z", "RRULE:FREQ=DAILY;BYSETPOS=2;COUNT=2"), "2026-11-01 00:00", None),
    ],
)
def test_an_extent_bounds_every_occurrence(lines: tuple[str, ...], starts_at: str, ends_at: str | None) -> None:
    bounds = extent(an_object(*lines), practice_zone=SYDNEY)
    assert bounds.starts == a_moment(starts_at)
    assert bounds.ends == (None if ends_at is None else a_moment(ends_at))


def test_what_lies_at_the_ends_of_time_breaks_nothing() -> None:
    early = an_object("DTSTART;VALUE=DATE:00020101", "DURATION:P1D")
    late_day = an_object("DTSTART;VALUE=DATE:99981231", "DURATION:P3652000D")
    late = an_object("DTSTART:99981231T000000Z", "DURATION:P3652000D", "RRULE:FREQ=YEARLY")
    assert len(found(early, EVER)) == 1
    assert found(late, EVER)[-1].interval.ends == LATEST
    assert extent(late, practice_zone=SYDNEY).starts == a_moment("9998-12-31")
    assert len(occurrences(late_day, practice_zone=ZoneInfo("America/New_York"), within=EVER)) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART:20260101T000000Z",),
        ("DTSTART:19900101T000000Z", "RRULE:FREQ=DAILY"),
        ("DTSTART;VALUE=DATE:19000101", "RRULE:FREQ=YEARLY"),
        ("DTSTART:20260101T000000Z", "RRULE:FREQ=HOURLY"),
        ("DTSTART:20260101T000000Z", "RRULE:FREQ=DAILY;COUNT=1000000"),
    ],
)
def test_ordinary_series_are_bounded(lines: tuple[str, ...]) -> None:
    check_bounded(an_object(*lines), practice_zone=SYDNEY, until=HORIZON)


def test_an_override_alone_is_bounded_whatever_rule_it_carries() -> None:
    obj = an_object("RECURRENCE-ID:20260101T000000Z", "DTSTART:20260101T000000Z", "RRULE:FREQ=SECONDLY")
    check_bounded(obj, practice_zone=SYDNEY, until=HORIZON)


BOMBS = [
    "RRULE:FREQ=SECONDLY",
    "RRULE:FREQ=MINUTELY;COUNT=1000000",
    "RRULE:FREQ=SECONDLY;BYHOUR=3;BYMINUTE=59",
    "RRULE:FREQ=DAILY;BYSETPOS=366",
    "EXRULE:FREQ=SECONDLY",
]


@pytest.mark.parametrize("rule", BOMBS)
def test_a_bomb_is_found_out_well_within_a_second(rule: str) -> None:
    obj = an_object("DTSTART:20260101T000000Z", rule)
    began = process_time()
    with pytest.raises(CalendarDataError) as refusal:
        check_bounded(obj, practice_zone=SYDNEY, until=HORIZON)
    assert refusal.value.reason is Reason.TOO_MANY_INSTANCES
    # Alone on a slow machine it takes half of it; the rest is for machines that do other work as well.
    assert process_time() - began < 3


def test_many_bombs_share_one_allowance() -> None:
    obj = an_object("DTSTART:20260101T000000Z", *["RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"] * 50)
    began = process_time()
    found(obj)
    assert process_time() - began < 3


def test_an_instance_at_a_skipped_hour_takes_place_an_hour_later_and_counts() -> None:
    lines = ("DTSTART;TZID=Europe/Vienna:20260328T023000", "DURATION:PT30M", "RRULE:FREQ=DAILY;COUNT=3")
    obj = an_object(*lines)
    # 02:30, 03:30 and 02:30 there.
    assert starts(obj) == ["03-28 01:30", "03-29 01:30", "03-30 00:30"]
    theirs = recurring_ical_events.of(icalendar.Calendar.from_ical(obj.text)).between((2026, 3, 1), (2026, 4, 30))
    assert [f"{event['DTSTART'].dt.astimezone(UTC):%m-%d %H:%M}" for event in theirs] == starts(obj)


# -- THISANDFUTURE

WEEKLY = a_vevent(
    "DTSTART;TZID=Australia/Sydney:20260901T090000",
    "DTEND;TZID=Australia/Sydney:20260901T100000",
    "RRULE:FREQ=WEEKLY;COUNT=7",
    "SUMMARY:As it was",
)
"""Tuesdays at nine up to 13 October; the clock goes forward on 4 October."""


def a_change(day: str, *lines: str) -> str:
    return a_vevent(f"RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Australia/Sydney:{day}T090000", *lines)


def local_spans(*components: str) -> list[str]:
    """Each instance: when it starts in Sydney, and how many minutes it takes."""
    spans = ((one.interval.starts, one.interval.ends) for one in found(an_object_of(*components)))
    return [f"{begins.astimezone(SYDNEY):%m-%d %H:%M} {(ends - begins) // MINUTE}" for begins, ends in spans]


@pytest.mark.parametrize("start", ["DTSTART;TZID=Australia/Sydney:20260922T110000", "DTSTART:20260922T010000Z"])
def test_a_change_of_this_and_the_future_moves_and_shortens_the_later_ones(start: str) -> None:
    assert local_spans(WEEKLY, a_change("20260922", start, "DURATION:PT30M")) == [
        *("09-01 09:00 60", "09-08 09:00 60", "09-15 09:00 60"),
        *("09-22 11:00 30", "09-29 11:00 30", "10-06 11:00 30", "10-13 11:00 30"),
    ]


def test_the_last_change_counts_and_an_override_of_one_instance_stands() -> None:
    later = a_change("20261006", "DTSTART;TZID=Australia/Sydney:20261007T080000", "DURATION:PT1H")
    single = a_vevent(
        "RECURRENCE-ID:20260928T230000Z", "DTSTART;TZID=Australia/Sydney:20260929T150000", "DURATION:PT1H"
    )
    first = a_change("20260915", "DTSTART;TZID=Australia/Sydney:20260914T170000", "DURATION:PT1H")
    assert local_spans(WEEKLY, later, single, first) == [
        *("09-01 09:00 60", "09-08 09:00 60", "09-14 17:00 60", "09-21 17:00 60"),
        *("09-29 15:00 60", "10-07 08:00 60", "10-14 08:00 60"),
    ]


def test_times_become_days_from_an_instance_on() -> None:
    change = a_change("20261006", "DTSTART;VALUE=DATE:20261006")
    assert local_spans(WEEKLY, change)[-3:] == ["09-29 09:00 60", "10-06 00:00 1440", "10-13 00:00 1440"]


def test_an_instance_is_found_where_a_change_has_moved_it() -> None:
    change = a_change("20260908", "DTSTART;TZID=Australia/Sydney:20261008T090000", "DURATION:PT1H")
    obj = an_object_of(WEEKLY, change)
    assert starts(obj, a_range("2026-10-21", "2026-10-23")) == ["10-21 22:00"]
    assert starts(obj, a_range("2026-09-14", "2026-09-16")) == []
    assert extent(obj, practice_zone=SYDNEY).ends == a_moment("2026-11-11 23:00")


def test_a_change_tells_of_the_later_ones() -> None:
    change = a_change(
        "20261006", "DTSTART;TZID=Australia/Sydney:20261006T090000", "TRANSP:TRANSPARENT", "STATUS:TENTATIVE"
    )
    told = [(one.recurrence_id, one.transparent, one.status) for one in found(an_object_of(WEEKLY, change))[-3:]]
    assert told == [
        ("20260928T230000Z", False, ""),
        ("20261005T220000Z", True, "TENTATIVE"),
        ("20261012T220000Z", True, "TENTATIVE"),
    ]


def test_an_instance_that_is_left_out_may_begin_a_change() -> None:
    series = WEEKLY.replace("SUMMARY", "EXDATE;TZID=Australia/Sydney:20261006T090000\r\nSUMMARY")
    change = a_change("20261006", "DTSTART;TZID=Australia/Sydney:20261006T110000", "DURATION:PT1H")
    assert local_spans(series, change)[-2:] == ["09-29 09:00 60", "10-13 11:00 60"]
