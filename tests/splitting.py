"""Calendar files taken apart in memory."""

from __future__ import annotations

from io import BytesIO

from hxdav.domain.refusal import CalendarDataError
from hxdav.ical.objects import CalendarObject
from hxdav.ical.split import CalendarFile, SplitObject


def split(body: bytes) -> list[SplitObject]:
    """Return the objects of a file."""
    return list(CalendarFile(BytesIO(body)))


def readings(body: bytes) -> list[CalendarObject]:
    """Return the objects of a file that can be kept."""
    return [each.reading for each in split(body) if isinstance(each.reading, CalendarObject)]


def refusals(body: bytes) -> list[CalendarDataError]:
    """Return why the others cannot be kept."""
    return [each.reading for each in split(body) if isinstance(each.reading, CalendarDataError)]
