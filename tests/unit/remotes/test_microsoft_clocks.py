"""Clocks as Microsoft's calendars know them: what cannot be said by the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hxdav.domain.times import Zoned
from hxdav.remotes.exchange.items_out import can_express as can_express_at_exchange
from hxdav.remotes.microsoft.events_out import can_express
from hxdav.remotes.microsoft.times import graph_time
from tests.builders import an_object


def a_series(rule: str, *, zone: str, start: str, end: str) -> str:
    return an_object(
        "one@example", f"RRULE:{rule}", start=f"DTSTART;TZID={zone}:{start}", end=f"DTEND;TZID={zone}:{end}"
    )


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("Australia/Sydney", datetime(2027, 4, 4, 2, 30)),  # noqa: DTZ001 - its zone stands beside it
        ("America/New_York", datetime(2027, 3, 14, 2, 30)),  # noqa: DTZ001
        ("Antarctica/Troll", datetime(2027, 6, 1, 9)),  # noqa: DTZ001
    ],
    ids=["shown twice", "skipped", "in a zone that Windows does not know"],
)
@pytest.mark.parametrize("fold", [0, 1])
def test_a_time_that_could_be_misread_goes_out_in_utc(zone: str, local: datetime, fold: int) -> None:
    when = Zoned(local.replace(tzinfo=ZoneInfo(zone), fold=fold))

    sent = graph_time(when)

    assert sent["timeZone"] == "UTC"
    assert datetime.fromisoformat(sent["dateTime"]).replace(tzinfo=UTC) == when.moment.astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "end", "rule"),
    [
        ("20270312T023000", "20270312T033000", "FREQ=DAILY;COUNT=5"),
        ("20261121T220000", "20261122T060000", "FREQ=WEEKLY"),
        ("20261213T013000", "20261213T043000", "FREQ=MONTHLY;BYDAY=2SU"),
        ("20270314T003000", "20270314T013000", "FREQ=YEARLY"),
        ("20271101T003000", "20271101T013000", "FREQ=YEARLY"),
    ],
    ids=["at a skipped time", "through the night", "over a month's night", "before a change", "at a time shown twice"],
)
def test_a_series_on_nights_of_a_change_is_left_to_single_events(start: str, end: str, rule: str) -> None:
    text = a_series(rule, zone="America/New_York", start=start, end=end)

    assert can_express(text) is (end == "20270314T013000")
    assert can_express_at_exchange(text) is (end == "20270314T013000")


@pytest.mark.parametrize(
    ("zone", "start", "end", "rule"),
    [
        ("America/New_York", "20261123T090000", "20261123T100000", "FREQ=DAILY"),
        ("America/New_York", "20261123T220000", "20261124T060000", "FREQ=WEEKLY"),
        ("America/New_York", "20260615T013000", "20260615T033000", "FREQ=DAILY;COUNT=30"),
        ("Asia/Kolkata", "20261121T220000", "20261122T060000", "FREQ=DAILY"),
    ],
    ids=["by day", "on nights of no change", "ended before a change", "where no clock is changed"],
)
def test_a_series_that_meets_no_change_goes_as_one(zone: str, start: str, end: str, rule: str) -> None:
    assert can_express(a_series(rule, zone=zone, start=start, end=end))
    assert can_express_at_exchange(a_series(rule, zone=zone, start=start, end=end))


def test_a_series_in_a_zone_that_windows_does_not_know_is_left_to_single_events() -> None:
    text = a_series("FREQ=WEEKLY", zone="Antarctica/Troll", start="20261123T090000", end="20261123T100000")

    assert not can_express(text)
