"""The limit on requests: never more than so many in any sixty seconds, and no second lost beyond that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.remotes.google.quota import WINDOW, RateLimit


class Time:
    """A clock that a sleep moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def run(limit: RateLimit, time: Time, steps: list[tuple[float, float]]) -> list[float]:
    """Make a request after each pause, each of which takes its time; tell when each was made."""
    made = []
    for pause, length in steps:
        time.now += pause
        with limit.request():
            made.append(time.now)
            time.now += length
    return made


def test_as_many_as_allowed_pass_without_a_wait() -> None:
    time = Time()
    run(RateLimit(5, clock=lambda: time.now, sleep=time.sleep), time, [(0, 0.1)] * 5)
    assert time.slept == []


def test_the_next_one_waits_until_the_first_is_a_minute_old() -> None:
    time = Time()
    made = run(RateLimit(2, clock=lambda: time.now, sleep=time.sleep), time, [(0, 1), (0, 1), (0, 1)])
    assert made == [0, 1, 61]


def test_a_request_that_fails_counts() -> None:
    time = Time()
    limit = RateLimit(1, clock=lambda: time.now, sleep=time.sleep)
    with pytest.raises(ZeroDivisionError), limit.request():
        1 // 0  # noqa: B018
    with limit.request():
        assert time.slept == [WINDOW]


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 5)), max_size=60), st.integers(1, 8))
def test_no_minute_has_more_than_are_allowed(steps: list[tuple[float, float]], most: int) -> None:
    time = Time()
    made = run(RateLimit(most, clock=lambda: time.now, sleep=time.sleep), time, steps)
    for start in made:
        # To the nanosecond: sums of seconds are not exact.
        assert sum(start <= other < start + WINDOW - 1e-9 for other in made) <= most
