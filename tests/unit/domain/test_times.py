"""Moments and spans, DST nights included."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from hxdav.domain.times import AllDay, Floating, Interval, Zoned, days_after, instant, midnight

SYDNEY = ZoneInfo("Australia/Sydney")
BERLIN = ZoneInfo("Europe/Berlin")
SANTIAGO = ZoneInfo("America/Santiago")


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_an_all_day_value_begins_at_the_practices_midnight() -> None:
    assert instant(AllDay(date(2026, 11, 22)), SYDNEY) == _utc(2026, 11, 21, 13)


def test_a_floating_time_is_read_in_the_practices_zone() -> None:
    assert instant(Floating(datetime(2026, 7, 1, 9)), SYDNEY) == _utc(2026, 6, 30, 23)  # noqa: DTZ001


def test_a_zoned_time_keeps_its_moment() -> None:
    assert instant(Zoned(datetime(2026, 7, 1, 9, tzinfo=BERLIN)), SYDNEY) == _utc(2026, 7, 1, 7)


def test_a_time_that_the_spring_night_skips_is_read_with_the_offset_before_it() -> None:
    # 02:30 on 29 March 2026 does not exist in Berlin.
    assert instant(Floating(datetime(2026, 3, 29, 2, 30)), BERLIN) == _utc(2026, 3, 29, 1, 30)  # noqa: DTZ001


def test_a_time_that_the_autumn_night_repeats_is_its_first() -> None:
    assert instant(Floating(datetime(2026, 10, 25, 2, 30)), BERLIN) == _utc(2026, 10, 25, 0, 30)  # noqa: DTZ001


def test_a_day_whose_midnight_is_skipped_begins_at_the_change() -> None:
    # Chile's clocks go from 24:00 on 5 September 2026 to 01:00.
    assert midnight(date(2026, 9, 6), SANTIAGO) == _utc(2026, 9, 6, 4)


def test_a_naive_zoned_time_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        Zoned(datetime(2026, 1, 1))  # noqa: DTZ001


def test_an_aware_floating_time_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        Floating(_utc(2026, 1, 1))


@pytest.mark.parametrize(
    "bounds",
    [
        (_utc(2026, 1, 2), _utc(2026, 1, 1)),
        (datetime(2026, 1, 1), _utc(2026, 1, 2)),  # noqa: DTZ001
    ],
)
def test_an_interval_is_aware_and_runs_forward(bounds: tuple[datetime, datetime]) -> None:
    with pytest.raises(ValueError, match="interval"):
        Interval(*bounds)


@pytest.mark.parametrize(
    ("first", "last", "overlaps"),
    [(0, 1, False), (0, 2, True), (1, 3, True), (3, 4, False), (1, 1, True), (3, 3, False)],
)
def test_an_interval_overlaps_what_shares_time_with_it(first: int, last: int, *, overlaps: bool) -> None:
    day = Interval(_utc(2026, 1, 1, 1), _utc(2026, 1, 1, 3))

    assert Interval(_utc(2026, 1, 1, first), _utc(2026, 1, 1, last)).overlaps(day) is overlaps


def test_days_end_where_dates_do() -> None:
    assert days_after(date(9999, 12, 30), 5) == date.max
    assert days_after(date(1, 1, 3), -5) == date.min
