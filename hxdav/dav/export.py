"""A whole calendar as one text (GET of the collection): what programs read that know iCalendar and no CalDAV."""

from __future__ import annotations

from http import HTTPStatus

from hxdav.dav.objects import shown_text
from hxdav.dav.request import CalDavRequest
from hxdav.dav.responses import CALENDAR, Response, plain
from hxdav.ical.join import join


def get(request: CalDavRequest) -> Response:
    """All objects of the calendar in one VCALENDAR, each time zone once."""
    if request.poll is None:
        return plain(HTTPStatus.NOT_FOUND, "There is no calendar at this address.")
    with request.backend.store.snapshot() as tx:
        name = tx.integrations.one(request.poll.integration_id).name
        texts = map(shown_text, tx.feed.every_object(request.poll.integration_id))
        text = join(texts, name=name)
    return Response(status=HTTPStatus.OK, headers={"Content-Type": CALENDAR}, body=text.encode())
