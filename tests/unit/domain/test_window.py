"""The window of rule 4 as a value."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hxdav.domain.policy import Policy
from hxdav.domain.window import Window

SYDNEY = ZoneInfo("Australia/Sydney")
NOON = datetime(2026, 11, 22, 1, tzinfo=UTC)


def _local(day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=SYDNEY)


def _window(now: datetime = NOON, connected_on: date = date(2026, 11, 22)) -> Window:
    return Window.of(Policy(), connected_on=connected_on, now=now, practice_zone=SYDNEY)


@pytest.mark.parametrize(
    ("start", "admitted"),
    [
        (_local(date(2026, 11, 22)), True),
        (_local(date(2026, 11, 21), 23, 59, 59), False),
        (_local(date(2027, 6, 11), 23, 59, 59), True),
        (_local(date(2027, 6, 12)), False),
    ],
)
def test_it_reaches_from_the_connection_days_midnight_to_the_end_of_day_201(start: datetime, *, admitted: bool) -> None:
    assert date(2027, 6, 11) - date(2026, 11, 22) == timedelta(days=201)
    assert _window().admits(start) is admitted


def test_the_horizon_moves_at_the_practices_midnight_on_a_dst_night_too() -> None:
    # Sydney's clocks go forward on 4 October 2026: that day has 23 hours.
    before = _window(_local(date(2026, 10, 4), 23, 59, 59), date(2026, 10, 1))
    after = _window(_local(date(2026, 10, 5)), date(2026, 10, 1))

    assert after.interval.ends - before.interval.ends == timedelta(days=1)
    assert before.interval.ends == _local(date(2026, 10, 4) + timedelta(days=202))


def test_an_integration_that_is_connected_today_has_the_whole_of_today() -> None:
    assert _window().admits(_local(date(2026, 11, 22), 0, 0, 1))


def test_an_open_window_admits_everything() -> None:
    window = Window.of(Policy(window_days=None), connected_on=date.max, now=NOON, practice_zone=SYDNEY)

    assert window.admits(datetime(1900, 1, 1, tzinfo=UTC))
    assert window.admits(datetime(2900, 1, 1, tzinfo=UTC))
