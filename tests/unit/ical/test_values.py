# ruff: noqa: DTZ001 - wall-clock times without a zone are what these tests are about
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.domain.times import AllDay, Floating, Zoned
from hxdav.ical.text import escape, unescape
from hxdav.ical.values import duration_of, when_from, when_text
from hxdav.ical.zones import Zones

NO_ZONES = Zones(texts={})


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n")))
def test_unescaping_undoes_escaping(text: str) -> None:
    assert unescape(escape(text)) == text


def test_what_cannot_be_written_is_left_out() -> None:
    assert escape("a\x07b\r\nc\rd\te") == "ab\\nc\\nd\te"


@pytest.mark.parametrize(
    ("value", "tzid", "when"),
    [
        ("20260228", "", AllDay(date(2026, 2, 28))),
        ("20260228T090000", "", Floating(datetime(2026, 2, 28, 9))),
        ("20260228T090000", "Not/A_Zone", Floating(datetime(2026, 2, 28, 9))),
        (" 20260228t090060z ", "Europe/Berlin", Zoned(datetime(2026, 2, 28, 9, 0, 59, tzinfo=UTC))),
    ],
)
def test_a_moment_is_read_by_its_form(value: str, tzid: str, when: object) -> None:
    assert when_from(value, tzid, NO_ZONES) == when


@pytest.mark.parametrize("value", ["", "2026-02-28", "20260230", "20260228T250000", "20260228T0900"])
def test_what_is_no_moment_is_an_error(value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        when_from(value, "", NO_ZONES)


@pytest.mark.parametrize("value", ["00011231", "99991231T000000Z"])
def test_a_year_that_not_every_zone_can_express_is_out_of_range(value: str) -> None:
    with pytest.raises(OverflowError):
        when_from(value, "", NO_ZONES)


def test_a_moment_has_one_spelling() -> None:
    nine_in_berlin = when_from("20260228T090000", "Europe/Berlin", NO_ZONES)
    assert when_text(nine_in_berlin) == "20260228T080000Z"
    assert when_text(Floating(datetime(826, 2, 8, 9))) == "08260208T090000"
    assert when_text(AllDay(date(826, 2, 8))) == "08260208"


@pytest.mark.parametrize(
    ("value", "days", "exact"),
    [
        ("P1W", 7, timedelta(0)),
        ("-P1DT2H3M4S", -1, -timedelta(hours=2, minutes=3, seconds=4)),
        ("+pt90m", 0, timedelta(minutes=90)),
    ],
)
def test_a_duration_has_days_and_an_exact_rest(value: str, days: int, exact: timedelta) -> None:
    duration = duration_of(value)
    assert (duration.days, duration.exact) == (days, exact)


@pytest.mark.parametrize("value", ["", "P", "PT", "P1DT", "1D", "P1Y"])
def test_what_is_no_duration_is_an_error(value: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration_of(value)


@pytest.mark.parametrize("value", ["P99999999999W", "P9999999D", "PT999999999999999999999H"])
def test_a_duration_beyond_all_dates_is_out_of_range(value: str) -> None:
    with pytest.raises(OverflowError):
        duration_of(value)
