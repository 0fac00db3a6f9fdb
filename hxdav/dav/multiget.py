"""CALDAV:calendar-multiget (RFC 4791 §7.9): the objects at the addresses that a client names."""

from __future__ import annotations

from collections.abc import Iterator

from hxdav.dav.addresses import ResourceKind, target_of_url
from hxdav.dav.calendardata import data_writer
from hxdav.dav.documents import Multiget
from hxdav.dav.request import CalDavRequest
from hxdav.dav.response_elements import ObjectWriter, gone
from hxdav.dav.responses import Response, multistatus
from hxdav.dav.xmltext import document, escaped
from hxdav.store.feed import Poll


def report(request: CalDavRequest, poll: Poll, asked: Multiget) -> Response:
    """Each object named, and 404 for each address at which this collection shows none."""
    return multistatus(document("D:multistatus", _responses(request, poll, asked)))


def _responses(request: CalDavRequest, poll: Poll, asked: Multiget) -> Iterator[str]:
    hrefs = {url: _href_here(request, url) for url in asked.urls}
    wanted = list(dict.fromkeys(href for href in hrefs.values() if href is not None))
    with request.backend.store.single_read() as tx:
        objects = tx.feed.objects(poll.integration_id, wanted)
    writer = ObjectWriter(request, poll, asked.properties)
    data_of = data_writer(request, poll, asked.properties.data)
    for href in wanted:
        shown = objects.get(href)
        if shown is None:
            yield writer.gone(href)
        else:
            yield writer.found(shown, data_of and data_of(shown))
    for url, elsewhere in hrefs.items():
        if elsewhere is None:
            yield gone(escaped(url.strip()))


def _href_here(request: CalDavRequest, url: str) -> str | None:
    """The last segment of the address of an object in this collection; None where ``url`` leads elsewhere."""
    target, here = target_of_url(url, request.backend.settings.prefix), request.target
    if target is None or target.kind is not ResourceKind.OBJECT:
        return None
    return target.href if (target.username, target.slug) == (here.username, here.slug) else None
