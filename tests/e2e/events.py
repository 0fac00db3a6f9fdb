"""Calendar objects at days from today, in the demo practice's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.builders import SYDNEY, an_object

OUTSIDE = 300
"""Days from today that lie outside every window."""


def a_day(days: int) -> date:
    """The day so many days from today."""
    return datetime.now(ZoneInfo(SYDNEY)).date() + timedelta(days=days)


def until_midnight() -> timedelta:
    """How long today still lasts."""
    zone = ZoneInfo(SYDNEY)
    # In UTC, because a night may be an hour shorter or longer than the hands of the clock say.
    return datetime.combine(a_day(1), time(), tzinfo=zone).astimezone(UTC) - datetime.now(UTC)


def an_event(uid: str, *lines: str, days: int, hour: int = 12, summary: str = "Supervision") -> str:
    """A calendar object with an event of one hour, so many days from today."""
    day = f"{a_day(days):%Y%m%d}"
    return an_object(
        uid,
        *lines,
        start=f"DTSTART;TZID={SYDNEY}:{day}T{hour:02}0000",
        end=f"DTEND;TZID={SYDNEY}:{day}T{hour + 1:02}0000",
        summary=summary,
    )


def on_another_day(text: str, *, days: int) -> str:
    """``text`` with its days, wherever they stand in local time or UTC, put so many days from today."""
    day = f"{a_day(days):%Y%m%d}"
    return "".join(_on_day(line, day) for line in text.splitlines(keepends=True))


def _on_day(line: str, day: str) -> str:
    name, colon, value = line.partition(":")
    if not name.startswith(("DTSTART", "DTEND")):
        return line
    return f"{name}{colon}{day}{value[8:]}"
