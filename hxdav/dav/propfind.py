"""PROPFIND (RFC 4918 §9.1): the listing of a calendar streams from rows, the rest is Radicale's, made complete.

Radicale finds the resources, tests the rights on each, and answers the properties that it knows well; what it does not
know, or answers for another kind of server, is put in before its answer is written out.
"""

from __future__ import annotations

from urllib.parse import unquote
from xml.etree.ElementTree import Element, SubElement

from hxdav.dav.addresses import ResourceKind
from hxdav.dav.documents import Properties, PropertyRequest
from hxdav.dav.request import CalDavRequest
from hxdav.dav.resources import View
from hxdav.dav.response_elements import ObjectWriter, described
from hxdav.dav.responses import Response, multistatus
from hxdav.dav.xmltext import CALDAV, DAV, document, standalone
from hxdav.store.feed import Poll

_HOSTS = frozenset(
    f"{DAV}{name}"
    for name in (
        "current-user-principal",
        "getcontenttype",
        "getetag",
        "principal-collection-set",
        "resourcetype",
        "sync-token",
    )
) | {f"{CALDAV}supported-calendar-component-set"}
"""What Radicale is asked for; everything else it either does not know or knows otherwise."""


def listing(request: CalDavRequest, poll: Poll, asked: Properties) -> Response | None:
    """The calendar and its objects, where properties are asked for by name."""
    if request.target.kind is not ResourceKind.CALENDAR or asked.asked is not PropertyRequest.NAMED:
        return None
    writer = ObjectWriter(request, poll, asked)
    if writer.needs_data:
        # It is no property, though reports ask for it as for one (RFC 4791 §9.6).
        return None
    with request.backend.store.snapshot() as tx:
        calendar = View(request, tx).calendar()
        if calendar is None:
            return None
        first = described(calendar, asked, minimal=request.wants_minimal)
        if writer.needs_object:
            rest = [writer.found(shown) for shown in tx.feed.every_object(poll.integration_id)]
        else:
            rest = [writer.listed(row.href, row.etag) for row in tx.feed.listing(poll.integration_id) if row.etag]
    return multistatus(document("D:multistatus", (first, *rest)))


def reduced(asked: Properties) -> Element:
    """The request that Radicale gets to read."""
    root = Element(f"{DAV}propfind")
    prop = SubElement(root, f"{DAV}prop")
    names = asked.names if asked.asked is PropertyRequest.NAMED else ()
    for name in _HOSTS.intersection(names):
        SubElement(prop, name)
    return root


def completed(tree: Element, view: View, asked: Properties, *, minimal: bool) -> bytes:
    """Radicale's multistatus with everything that was asked for."""
    return document(
        "D:multistatus",
        (
            described(
                view.found[unquote(each.findtext(f"{DAV}href", ""))], asked, minimal=minimal, known=_answered(each)
            )
            for each in tree.iterfind(f"{DAV}response")
        ),
    )


def _answered(tree: Element) -> dict[str, str]:
    """The properties that Radicale found, as XML."""
    return {
        prop.tag: standalone(prop)
        for propstat in tree.iterfind(f"{DAV}propstat")
        if " 200 " in propstat.findtext(f"{DAV}status", "")
        for prop in propstat.iterfind(f"{DAV}prop/*")
    }
