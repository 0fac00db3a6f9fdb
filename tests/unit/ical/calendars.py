"""Builders: calendar texts and objects in as few words as a test needs."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hxdav.domain.times import Interval
from hxdav.ical.objects import CalendarObject, read_object

SYDNEY = ZoneInfo("Australia/Sydney")
BERLIN = ZoneInfo("Europe/Berlin")


def a_moment(text: str) -> datetime:
    """A moment in UTC: ``a_moment("2026-11-23 09:00")``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_range(starts: str, ends: str) -> Interval:
    """A range between two moments in UTC."""
    return Interval(a_moment(starts), a_moment(ends))


YEAR_2026 = a_range("2026-01-01", "2027-01-01")


def a_vevent(*lines: str, uid: str = "one@example.com") -> str:
    """A VEVENT with these content lines, each ended by CRLF."""
    return "".join(f"{line}\r\n" for line in ("BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"))


def a_calendar(*components: str, head: str = "VERSION:2.0\r\n") -> str:
    """A VCALENDAR around components."""
    return f"BEGIN:VCALENDAR\r\n{head}{''.join(components)}END:VCALENDAR\r\n"


def an_object(*lines: str) -> CalendarObject:
    """The object of a single VEVENT with these lines."""
    return read_object(a_calendar(a_vevent(*lines)).encode())


def an_object_of(*components: str) -> CalendarObject:
    """The object of a calendar with these components."""
    return read_object(a_calendar(*components).encode())
