"""Days and times in the words of the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from hxdav.services.appointments.summary import Summary


def day_words(day: date) -> str:
    """A day, as Tue 24 Nov 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def moment_words(moment: datetime) -> str:
    """A day and a time, as Tue 24 Nov 2026, 09:00."""
    return f"{day_words(moment)}, {moment:%H:%M}"


def local_words(zone: tzinfo) -> Callable[[datetime], str]:
    """Says moments by the clock on the practice's wall."""
    return lambda moment: moment_words(moment.astimezone(zone))


def span_words(said: Summary) -> str:
    """When an appointment takes place, of a series for the first time."""
    starts, ends = said.starts, said.ends
    if said.all_day:
        return f"{day_words(starts)}, all day" if starts == ends else f"{day_words(starts)} to {day_words(ends)}"
    if starts.date() == ends.date():
        return f"{moment_words(starts)}–{ends:%H:%M}"
    return f"{moment_words(starts)} to {moment_words(ends)}"
