"""What CALDAV:calendar-data gives of an object: its text, or the instances that the client asks for (RFC 4791 §9.6)."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from hxdav.dav.documents import CalendarData
from hxdav.dav.objects import shown_text
from hxdav.dav.request import CalDavRequest
from hxdav.ical.expand import expand, limit_recurrence_set
from hxdav.ical.objects import object_of
from hxdav.store.feed import Poll, ShownObject


def practice_zone(request: CalDavRequest, poll: Poll) -> ZoneInfo:
    """The zone in which all-day and floating times are read."""
    with request.backend.store.snapshot() as tx:
        group_id = tx.integrations.one(poll.integration_id).practice_group_id
        return ZoneInfo(tx.people.practice_group(group_id).zone)


def data_writer(request: CalDavRequest, poll: Poll, asked: CalendarData) -> Callable[[ShownObject], str] | None:
    """What makes the data of an object; None where that is simply its text."""
    if asked.expand is None and asked.limit is None:
        return None
    zone = practice_zone(request, poll)

    def written(shown: ShownObject) -> str:
        content = object_of(shown_text(shown))
        if asked.expand is not None:
            return expand(content, within=asked.expand, practice_zone=zone)
        if asked.limit is not None:
            return limit_recurrence_set(content, within=asked.limit, practice_zone=zone)
        return content.text

    return written
