"""CALDAV:calendar-query (RFC 4791 §7.8): the objects that match a filter."""

from __future__ import annotations

from collections.abc import Iterator

from hxdav.budget import spend
from hxdav.dav.calendardata import data_writer, practice_zone
from hxdav.dav.documents import CalendarQuery
from hxdav.dav.request import CalDavRequest
from hxdav.dav.response_elements import ObjectWriter
from hxdav.dav.responses import Response, multistatus
from hxdav.dav.xmltext import document
from hxdav.domain.times import Interval
from hxdav.ical.objects import object_of
from hxdav.ical.query import CompFilter, matches
from hxdav.store.feed import InRange, Poll, ShownObject


def report(request: CalDavRequest, poll: Poll, asked: CalendarQuery) -> Response:
    """Each object that matches."""
    writer = ObjectWriter(request, poll, asked.properties)
    data_of = data_writer(request, poll, asked.properties.data)
    found = matching(request, poll, asked.filter)
    return multistatus(document("D:multistatus", (writer.found(shown, data_of and data_of(shown)) for shown in found)))


def matching(request: CalDavRequest, poll: Poll, filter_: CompFilter) -> Iterator[ShownObject]:
    """The objects that match ``filter_``; only those are read of which the index cannot tell."""
    vevent = _vevent_of(filter_)
    if vevent is None:
        yield from _tested(request, poll, filter_, candidates=_every_object(request, poll))
    elif vevent.time_range is None:
        every = _every_object(request, poll)
        yield from every if _is_bare(vevent) else _tested(request, poll, filter_, candidates=every)
    else:
        in_range = _in_range(request, poll, vevent.time_range)
        if _is_bare(vevent):
            yield from in_range.found
            yield from _tested(request, poll, filter_, candidates=in_range.candidates)
        else:
            yield from _tested(request, poll, filter_, candidates=[*in_range.found, *in_range.candidates])


def _vevent_of(filter_: CompFilter) -> CompFilter | None:
    """The filter of VEVENT, where it is all that there is to the whole."""
    if filter_.absent or filter_.props or len(filter_.comps) != 1:
        return None
    inner = filter_.comps[0]
    return inner if inner.name == "VEVENT" and not inner.absent else None


def _is_bare(vevent: CompFilter) -> bool:
    return not vevent.props and not vevent.comps


def _every_object(request: CalDavRequest, poll: Poll) -> list[ShownObject]:
    with request.backend.store.single_read() as tx:
        return list(tx.feed.every_object(poll.integration_id))


def _in_range(request: CalDavRequest, poll: Poll, within: Interval) -> InRange:
    with request.backend.store.snapshot() as tx:
        return tx.feed.in_range(poll.integration_id, within)


def _tested(
    request: CalDavRequest, poll: Poll, filter_: CompFilter, *, candidates: list[ShownObject]
) -> Iterator[ShownObject]:
    if not candidates:
        return
    zone = practice_zone(request, poll)
    for shown in candidates:
        spend()
        if matches(object_of(shown.text), filter_, practice_zone=zone):
            yield shown
