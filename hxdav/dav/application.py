"""The CalDAV application: Radicale's, with methods of our own in the place of every one that writes or reports."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, assert_never
from xml.etree.ElementTree import Element

from radicale import config
from radicale.app import Application
from radicale.types import WSGIResponse

from hxdav.dav import export, freebusy, multiget, objects, propfind, proppatch, query, synccollection
from hxdav.dav.addresses import ResourceKind
from hxdav.dav.backend import Backend
from hxdav.dav.conditions import Missing, barred, error, forbidden, over_budget
from hxdav.dav.documents import (
    CalendarQuery,
    FreeBusyQuery,
    Multiget,
    OtherReport,
    Properties,
    SyncCollection,
    propfind_of,
    report_of,
    tree_of,
)
from hxdav.dav.failures import busy, failed
from hxdav.dav.front import ALLOWED, REQUEST, CalDavFront
from hxdav.dav.plugins import Admitted, OwnTree
from hxdav.dav.request import CalDavRequest
from hxdav.dav.resources import View
from hxdav.dav.responses import FEATURES, RequestRefused, Response, plain
from hxdav.dav.settings import DavSettings
from hxdav.dav.storage import VIEW, ReadOnlyStorage
from hxdav.domain.integration import IntegrationState
from hxdav.domain.policy import Policy
from hxdav.domain.refusal import Reason
from hxdav.domain.times import Clock
from hxdav.errors import OverBudget, StoreBusy
from hxdav.secrets.keyring import Keyring
from hxdav.store.store import Store

_ASKED = "hxdav.asked"
_READS = frozenset({"GET", "HEAD", "PROPFIND", "REPORT"})
_NO_REMOVAL = "Calendars are disconnected in hxdav; a calendar program cannot delete them."
_NO_MAKING = "Calendars are connected in hxdav; a calendar program cannot make any."


def make_application(
    *, store: Store, keyring: Keyring, clock: Clock, policy: Policy, settings: DavSettings
) -> CalDavFront:
    """The WSGI application that serves the calendars of ``store``."""
    # Its lines hold paths. Whatever goes wrong in it comes up to our own edge, and is recorded there.
    logging.getLogger("radicale").setLevel(logging.CRITICAL + 1)
    backend = Backend(store=store, keyring=keyring, clock=clock, policy=policy, settings=settings)
    return CalDavFront(backend, CalendarApplication(_configuration(settings)))


def _configuration(settings: DavSettings) -> config.Configuration:
    """Radicale's, without any sleep, and without the restrictions that are meant for file names."""
    configuration = config.load()
    configuration.update(
        {
            "auth": {"type": Admitted, "delay": "0"},
            "rights": {"type": OwnTree},
            "storage": {"type": ReadOnlyStorage},
            "web": {"type": "none"},
            "server": {
                "delay_on_error": "0",
                "validate_path_value": "none",
                "validate_user_value": "none",
                "max_resource_size": str(settings.max_resource_size),
            },
        },
        "hxdav",
        privileged=True,
    )
    return configuration


def _get(request: CalDavRequest) -> Response:
    match request.target.kind:
        case ResourceKind.OBJECT:
            return objects.get(request)
        case ResourceKind.CALENDAR:
            return export.get(request)
        case ResourceKind.DEEPER:
            return plain(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
        case _:
            return _not_allowed(request)


def _put(request: CalDavRequest) -> Response:
    return (
        objects.put(request)
        if request.target.kind in {ResourceKind.OBJECT, ResourceKind.DEEPER}
        else _not_allowed(request)
    )


def _delete(request: CalDavRequest) -> Response:
    if request.target.kind in {ResourceKind.OBJECT, ResourceKind.DEEPER}:
        return objects.delete(request)
    return forbidden(_NO_REMOVAL, Missing(url=request.links.home, privilege="unbind"))


def _move(request: CalDavRequest) -> Response:
    if request.target.kind in {ResourceKind.OBJECT, ResourceKind.DEEPER}:
        return objects.move(request)
    return forbidden(_NO_REMOVAL, Missing(url=request.links.home, privilege="unbind"))


def _make(request: CalDavRequest) -> Response:
    is_inside = request.target.kind in {ResourceKind.OBJECT, ResourceKind.DEEPER}
    condition = "<C:calendar-collection-location-ok/>" if is_inside else ""
    return forbidden(_NO_MAKING, Missing(url=request.links.home, privilege="bind"), condition)


def _not_allowed(request: CalDavRequest) -> Response:
    allowed = {"Allow": ALLOWED[request.target.kind]}
    return plain(HTTPStatus.METHOD_NOT_ALLOWED, "This cannot be done at this address.", allowed)


def _report(request: CalDavRequest) -> Response:
    asked = report_of(request.body or b"")
    if isinstance(asked, OtherReport) or request.target.kind is not ResourceKind.CALENDAR:
        return error(HTTPStatus.FORBIDDEN, "<D:supported-report/>", sentence="This report is not supported here.")
    if request.poll is None:
        return error(HTTPStatus.NOT_FOUND, sentence="There is no calendar at this address.")
    match asked:
        case SyncCollection():
            return synccollection.report(request, request.poll, asked)
        case Multiget():
            return multiget.report(request, request.poll, asked)
        case CalendarQuery():
            return query.report(request, request.poll, asked)
        case FreeBusyQuery():
            return freebusy.report(request, request.poll, asked)
    assert_never(asked)


def _handed(answering: Callable[[CalDavRequest], Response], request: CalDavRequest) -> WSGIResponse:
    """What ``answering`` answers, in Radicale's form; the edge of the request within it."""
    try:
        answer = _unless_suspended(answering, request)
    except RequestRefused as refusal:
        answer = refusal.answer
    except StoreBusy as trouble:
        answer = busy(trouble)
    except OverBudget:
        answer = over_budget(request.method)
    except Exception as unforeseen:  # noqa: BLE001 - the edge of the request
        poll = request.poll
        answer = failed(
            unforeseen,
            method=request.method,
            user_id=request.caller.user_id,
            integration_id=poll.integration_id if poll else None,
        )
    return answer.status, answer.headers, answer.body, None


def _unless_suspended(answering: Callable[[CalDavRequest], Response], request: CalDavRequest) -> Response:
    """Suspending stops access; edits are refused by the gate, which writes that down."""
    is_suspended = request.poll is not None and request.poll.state is IntegrationState.SUSPENDED
    if is_suspended and request.method in _READS:
        return barred(Reason.SUSPENDED, Missing(url=request.calendar_url, privilege="read"))
    return answering(request)


def _own(answering: Callable[[CalDavRequest], Response]) -> Callable[..., WSGIResponse]:
    """A method of the application that answers by ``answering`` alone."""

    def method(_application: Application, environ: Any, *_: Any) -> WSGIResponse:
        return _handed(answering, environ[REQUEST])

    return method


class CalendarApplication(Application):
    """Radicale's application; of its own methods only PROPFIND is left, and that is made complete."""

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Answer one request; what goes wrong is left to the front."""
        status, headers, body = self._handle_request(environ)
        start_response(status, headers)
        return [] if environ["REQUEST_METHOD"].upper() == "HEAD" else body

    do_GET = _own(_get)  # noqa: N815
    do_HEAD = _own(_get)  # noqa: N815
    do_PUT = _own(_put)  # noqa: N815
    do_DELETE = _own(_delete)  # noqa: N815
    do_MOVE = _own(_move)  # noqa: N815
    do_PROPPATCH = _own(proppatch.answer)  # noqa: N815
    do_REPORT = _own(_report)  # noqa: N815
    do_MKCOL = _own(_make)  # noqa: N815
    do_MKCALENDAR = _own(_make)  # noqa: N815
    do_POST = _own(_not_allowed)  # noqa: N815

    def do_PROPFIND(  # noqa: N802, PLR0917
        self, environ: Any, base_prefix: str, path: str, user: str, user_groups: set[str], request_info: dict[str, Any]
    ) -> WSGIResponse:
        """Properties of the caller's tree."""

        def found(request: CalDavRequest) -> Response:
            asked = propfind_of(request.body or b"")
            listed = self._listed(request, asked) if _depth(request) == "1" else None
            if listed is not None:
                return listed
            request_info[_ASKED] = asked
            with request.backend.store.snapshot() as tx:
                token = VIEW.set(View(request, tx))
                try:
                    return _from_host(hosts(environ, base_prefix, path, user, user_groups, request_info))
                finally:
                    VIEW.reset(token)

        hosts = super().do_PROPFIND
        return _handed(found, environ[REQUEST])

    def _listed(self, request: CalDavRequest, asked: Properties) -> Response | None:
        return None if request.poll is None else propfind.listing(request, request.poll, asked)

    def _read_xml_request_body(self, environ: Any, request_info: dict[str, Any]) -> Element | None:
        """What Radicale is to answer: the body is read already."""
        asked: Properties | None = request_info.get(_ASKED)
        return propfind.reduced(asked) if asked else tree_of(environ[REQUEST].body)

    def _xml_response(self, xml_content: Element, request_info: dict[str, Any]) -> bytes:
        """What Radicale has answered, with what it does not know."""
        asked: Properties | None = request_info.get(_ASKED)
        view = VIEW.get()
        if asked is None or view is None:
            return super()._xml_response(xml_content, request_info)
        return propfind.completed(xml_content, view, asked, minimal=view.request.wants_minimal)


def _depth(request: CalDavRequest) -> str:
    """0 or 1; a missing one is taken for 0, as clients that leave it out expect it."""
    depth = request.header("DEPTH").strip().lower() or "0"
    if depth == "infinity" and request.target.kind is not ResourceKind.OBJECT:
        raise RequestRefused(error(HTTPStatus.FORBIDDEN, "<D:propfind-finite-depth/>", sentence="Ask level by level."))
    if depth not in {"0", "1", "infinity"}:
        raise RequestRefused(plain(HTTPStatus.BAD_REQUEST, "Depth is 0 or 1."))
    return "0" if depth == "infinity" else depth


def _from_host(answered: WSGIResponse) -> Response:
    status, headers, body, _ = answered
    if isinstance(body, bytes):
        return Response(status=HTTPStatus(status), headers={**dict(headers), "DAV": FEATURES}, body=body)
    return plain(HTTPStatus(status), "There is nothing at this address.")
