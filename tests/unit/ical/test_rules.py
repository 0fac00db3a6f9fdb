# ruff: noqa: DTZ001 - wall-clock times without a zone are what these tests are about
from __future__ import annotations

from datetime import datetime
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from hxdav.ical.rules import Allowance, Exhausted, rule_of

START = datetime(2026, 1, 31, 9, 30)


def starts(value: str, after: datetime = START, limit: int = 20) -> list[datetime]:
    return list(islice(rule_of(value).starts(START, after, Allowance()), limit))


RULES = [
    "FREQ=YEARLY",
    "FREQ=YEARLY;BYDAY=20MO",
    "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
    "FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO",
    "FREQ=YEARLY;BYYEARDAY=1,-1",
    "FREQ=MONTHLY",
    "FREQ=MONTHLY;BYMONTHDAY=-1;INTERVAL=3",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=MO",
    "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2",
    "FREQ=DAILY;INTERVAL=3",
    "FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0",
    "FREQ=HOURLY;INTERVAL=5;BYDAY=TU",
    "FREQ=HOURLY;INTERVAL=3;BYHOUR=9,12",
    "FREQ=MINUTELY;INTERVAL=45",
    "FREQ=SECONDLY;INTERVAL=4000;BYSECOND=0,20,40",
]


@pytest.mark.parametrize("value", RULES)
@settings(max_examples=25)
@given(days=st.integers(0, 400))
def test_a_search_that_begins_late_finds_what_one_from_the_start_finds(value: str, days: int) -> None:
    after = datetime.fromordinal(START.toordinal() + days)
    expected = list(islice(rrulestr(value, dtstart=START).xafter(after, inc=True), 5))
    assert starts(value, max(after, START), 5) == [start for start in expected if start >= START]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "COUNT=3",
        "FREQ=SOMETIMES",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=many",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=DAILY;BYMONTHDAY=0",
        "FREQ=DAILY;BYDAY=0MO",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=DAILY;WKST=MONDAY",
        "FREQ=DAILY;UNTL=20260101",
        "FREQ=DAILY;COUNT=1;COUNT=2",
    ],
)
def test_what_is_no_rule_is_an_error(value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        rule_of(value)


def test_odd_but_clear_rules_are_read() -> None:
    assert starts("freq=daily;interval=1;byday=MO, TU;x-own=1;interval=1;", limit=2) == [
        datetime(2026, 2, 2, 9, 30),
        datetime(2026, 2, 3, 9, 30),
    ]
    assert starts("FREQ=MINUTELY;BYSECOND=60", limit=1) == [datetime(2026, 1, 31, 9, 30, 59)]


@pytest.mark.parametrize(
    "value",
    [
        "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2",
        "FREQ=DAILY;BYSETPOS=366",
        "FREQ=SECONDLY;BYHOUR=3;BYMINUTE=59;BYMONTHDAY=29;BYMONTH=2",
        "FREQ=YEARLY;BYDAY=53MO;BYYEARDAY=1",
        f"FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))};BYSECOND=0,1",
    ],
)
def test_a_rule_that_is_never_met_is_given_up(value: str) -> None:
    with pytest.raises(Exhausted):
        starts(value)


def test_a_rule_that_is_rarely_met_is_given_up_in_the_end() -> None:
    with pytest.raises(Exhausted):
        starts("FREQ=SECONDLY;BYHOUR=3;BYMINUTE=59", limit=20_000)


@pytest.mark.parametrize(
    "value",
    [
        "FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1",
        "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=5",
        "FREQ=MONTHLY;BYDAY=53MO",
        "FREQ=YEARLY;INTERVAL=999999999999999999",
        "FREQ=WEEKLY;INTERVAL=999999999999999999",
        "RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=5L",
    ],
)
def test_a_rule_that_contradicts_itself_or_leaves_the_calendar_gives_nothing_more(value: str) -> None:
    assert starts(value, START.replace(year=2027)) == []


@pytest.mark.parametrize(
    "value",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;BYMONTHDAY=31;BYMONTH=2,4",
        "FREQ=DAILY;BYMONTHDAY=-30;BYMONTH=2",
        "RSCALE=CHINESE;FREQ=YEARLY",
        "RSCALE=GREGORIAN;SKIP=FORWARD;FREQ=YEARLY",
    ],
)
def test_a_rule_without_any_date_ends_at_once(value: str) -> None:
    rule = rule_of(value)
    assert rule.is_empty
    assert not rule.is_endless
    assert starts(value) == []


@pytest.mark.parametrize(
    "value",
    ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=MONTHLY;BYMONTHDAY=31", "RSCALE=GREGORIAN;FREQ=DAILY;SKIP=OMIT"],
)
def test_a_rule_with_dates_is_not_empty(value: str) -> None:
    assert not rule_of(value).is_empty


def test_a_rule_without_count_and_until_is_endless() -> None:
    assert rule_of("FREQ=DAILY").is_endless
    assert not rule_of("FREQ=DAILY;COUNT=2").is_endless
    assert not rule_of("FREQ=DAILY;UNTIL=20270101").is_endless
    assert not rule_of("RSCALE=HEBREW;FREQ=DAILY").is_endless


def test_an_until_at_the_end_of_all_time_can_be_expressed() -> None:
    assert rule_of("FREQ=DAILY;UNTIL=99991231T235959Z").until == "99981231T235959Z"
