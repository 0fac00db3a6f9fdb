"""What a server asks for with Retry-After (RFC 9110 §10.2.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from hxdav.net.pauses import LONGEST_PAUSE, pause_of, pause_of_milliseconds

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "pause"),
    [
        ("7", timedelta(seconds=7)),
        (" 120 ", timedelta(seconds=120)),
        ("Sun, 22 Nov 2026 00:00:30 GMT", timedelta(seconds=30)),
        ("Sat, 21 Nov 2026 23:00:00 GMT", timedelta(0)),
        ("3600", LONGEST_PAUSE),
        ("3601", LONGEST_PAUSE),
        ("Mon, 23 Nov 2026 00:00:00 GMT", LONGEST_PAUSE),
        ("9" * 40, None),
        ("-1", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_pause_is_asked_for_in_seconds_or_by_a_date_and_is_an_hour_at_most(
    written: str, pause: timedelta | None
) -> None:
    assert pause_of(written, now=NOW) == pause


def test_a_date_is_taken_from_now_on() -> None:
    pause = pause_of(format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True))

    assert pause is not None
    assert timedelta(minutes=4) < pause <= timedelta(minutes=5)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("", None), ("0", None), ("-1", None), ("soon", None), ("7000", 7), ("9" * 18, 3_600), ("9" * 5_000, None)],
)
def test_a_pause_in_milliseconds_is_a_number_of_some_digits(written: str, seconds: int | None) -> None:
    assert pause_of_milliseconds(written) == (None if seconds is None else timedelta(seconds=seconds))
