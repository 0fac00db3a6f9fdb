"""Calendar object resources: GET, PUT, DELETE and MOVE (RFC 4791 §5.3, RFC 4918 §9.9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import assert_never
from urllib.parse import quote

from hxdav.dav.addresses import ResourceKind, target_of_url
from hxdav.dav.conditions import Missing, barred, error, refused
from hxdav.dav.preconditions import precondition_of
from hxdav.dav.request import CalDavRequest
from hxdav.dav.responses import CALENDAR, Response, plain
from hxdav.domain.edit import Applied, Held, Merged, Outcome, Refused
from hxdav.domain.ids import Href
from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.gate import Change, MoveObject, PutObject, RemoveObject, read_body, submit
from hxdav.ical.patch import replace_uid
from hxdav.store.feed import Poll, ShownObject

_OBJECT = f"{CALENDAR}; component=VEVENT"
_NOTHING_HERE = "There is no appointment at this address."
_NO_CALENDAR = "There is no calendar at this address."


def shown_text(shown: ShownObject) -> str:
    """The text of an object as this integration knows it: under the UID that it has here."""
    if shown.uid == shown.shown_uid:
        return shown.text
    return replace_uid(shown.text, old=shown.uid, new=shown.shown_uid)


def http_date(moment: datetime) -> str:
    """``moment`` as HTTP writes it (RFC 9110 §5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def get(request: CalDavRequest) -> Response:
    """The object, or 304 where the client has it already."""
    if request.poll is None:
        return plain(HTTPStatus.NOT_FOUND, _NO_CALENDAR)
    with request.backend.store.single_read() as tx:
        shown = tx.feed.objects(request.poll.integration_id, [request.target.href]).get(request.target.href)
    if shown is None:
        return plain(HTTPStatus.NOT_FOUND, _NOTHING_HERE)
    headers = {"ETag": shown.etag, "Last-Modified": http_date(shown.changed_at)}
    if _has_it(request, shown):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    body = shown_text(shown).encode()
    return Response(status=HTTPStatus.OK, headers={**headers, "Content-Type": _OBJECT}, body=body)


def put(request: CalDavRequest) -> Response:
    """Store what was sent, by the rules of the gate."""
    if request.poll is None:
        return error(HTTPStatus.CONFLICT, sentence="There is no calendar that this could be put into.")
    if request.target.kind is ResourceKind.DEEPER:
        return error(HTTPStatus.CONFLICT, sentence="The name of an appointment has no slash in it.")
    body = request.body
    change = PutObject(
        integration_id=request.poll.integration_id,
        href=Href(request.target.href),
        body=body or b"",
        reading=CalendarDataError(Reason.TOO_LARGE) if body is None else read_body(body),
        precondition=precondition_of(request),
    )
    return _translated(request, _submit(request, request.poll, change), privilege="write-content")


def delete(request: CalDavRequest) -> Response:
    """Remove the object, by the rules of the gate."""
    if request.poll is None:
        return error(HTTPStatus.NOT_FOUND, sentence=_NOTHING_HERE)
    change = RemoveObject(
        integration_id=request.poll.integration_id,
        href=Href(request.target.href),
        precondition=precondition_of(request),
    )
    return _translated(request, _submit(request, request.poll, change), privilege="unbind")


def move(request: CalDavRequest) -> Response:
    """Give the object another address in its collection."""
    if request.poll is None:
        return error(HTTPStatus.NOT_FOUND, sentence=_NOTHING_HERE)
    url = request.header("DESTINATION").strip()
    destination = target_of_url(url, request.backend.settings.prefix) if url else None
    if destination is None:
        return error(HTTPStatus.BAD_REQUEST, sentence="The Destination header names no address of this server.")
    here = (request.target.username, request.target.slug)
    if destination.kind is not ResourceKind.OBJECT or (destination.username, destination.slug) != here:
        return barred(Reason.OTHER_COLLECTION, Missing(url=request.calendar_url, privilege="unbind"))
    change = MoveObject(
        integration_id=request.poll.integration_id,
        href=Href(request.target.href),
        to_href=Href(destination.href),
        overwrite=request.header("OVERWRITE").strip().upper() != "F",
        precondition=precondition_of(request),
    )
    return _translated(request, _submit(request, request.poll, change), privilege="unbind")


def _submit(request: CalDavRequest, poll: Poll, change: Change) -> Outcome:
    backend = request.backend
    with backend.store.transaction() as tx:
        return submit(tx, backend.clock, backend.policy, change=change, source=request.source(poll.integration_id))


def _translated(request: CalDavRequest, outcome: Outcome, *, privilege: str) -> Response:
    match outcome:
        case Applied():
            # An entity tag says that what is stored is what was sent (RFC 4791 §5.3.4): DELETE has none to give.
            headers = {"ETag": outcome.etag} if outcome.etag and request.method != "DELETE" else {}
            return _done(created=outcome.created, headers=headers)
        case Merged():
            return _done(created=outcome.created, headers={})
        case Held():
            return _done(created=False, headers={})
        case Refused():
            url = request.calendar_url + quote(request.target.href)
            conflicting = request.calendar_url + quote(outcome.href) if outcome.href else None
            return refused(outcome, Missing(url=url, privilege=privilege), conflicting=conflicting)
    assert_never(outcome)


def _done(*, created: bool, headers: Mapping[str, str]) -> Response:
    if created:
        return Response(status=HTTPStatus.CREATED, headers=headers, body=b"")
    return Response(status=HTTPStatus.NO_CONTENT, headers=headers)


def _has_it(request: CalDavRequest, shown: ShownObject) -> bool:
    """Whether the client's copy is the present one (RFC 9110 §13.1.2, §13.1.3)."""
    precondition = precondition_of(request)
    if precondition.if_none_match_any or precondition.if_none_match is not None:
        return precondition.if_none_match is None or shown.etag in precondition.if_none_match
    since = request.header("IF_MODIFIED_SINCE")
    try:
        return bool(since) and shown.changed_at.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False
