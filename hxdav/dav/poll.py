"""Polls: the PROPFIND by which a client asks whether anything has changed, answered from what let it in."""

from __future__ import annotations

from hxdav.dav.addresses import ResourceKind
from hxdav.dav.documents import Properties, PropertyRequest, propfind_of
from hxdav.dav.request import CalDavRequest, token_now
from hxdav.dav.response_elements import response
from hxdav.dav.responses import Response, multistatus
from hxdav.dav.xmltext import CALENDARSERVER, DAV, document, element
from hxdav.domain.integration import IntegrationState

_KNOWN = frozenset({f"{CALENDARSERVER}getctag", f"{DAV}sync-token"})


def answer(request: CalDavRequest) -> Response | None:
    """The answer, if this is a poll of a calendar that is there."""
    poll = request.poll
    is_about_calendar = request.target.kind is ResourceKind.CALENDAR and request.header("DEPTH").strip() in {"", "0"}
    if not is_about_calendar or poll is None or poll.state is IntegrationState.SUSPENDED or not request.body:
        return None
    asked = propfind_of(request.body)
    if not _is_poll(asked):
        return None
    token = token_now(request, poll)
    found = [element(name, token) for name in asked.names]
    return multistatus(document("D:multistatus", [response(request.calendar_url, found, ())]))


def _is_poll(asked: Properties) -> bool:
    return asked.asked is PropertyRequest.NAMED and bool(asked.names) and _KNOWN.issuperset(asked.names)
