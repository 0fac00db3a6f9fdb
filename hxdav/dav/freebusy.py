"""CALDAV:free-busy-query (RFC 4791 §7.10): when the calendar's owner is busy."""

from __future__ import annotations

from http import HTTPStatus

from hxdav.dav.calendardata import practice_zone
from hxdav.dav.documents import FreeBusyQuery
from hxdav.dav.request import CalDavRequest
from hxdav.dav.responses import CALENDAR, Response
from hxdav.ical.freebusy import busy, freebusy_text
from hxdav.ical.objects import object_of
from hxdav.store.feed import Poll


def report(request: CalDavRequest, poll: Poll, asked: FreeBusyQuery) -> Response:
    """The times within the range that are taken, as a VFREEBUSY."""
    backend = request.backend
    zone = practice_zone(request, poll)
    with backend.store.snapshot() as tx:
        in_range = tx.feed.in_range(poll.integration_id, asked.within)
    periods = [
        period
        for shown in (*in_range.found, *in_range.candidates)
        for period in busy(object_of(shown.text), within=asked.within, practice_zone=zone)
    ]
    text = freebusy_text(periods, within=asked.within, now=backend.clock.now())
    return Response(status=HTTPStatus.OK, headers={"Content-Type": CALENDAR}, body=text.encode())
