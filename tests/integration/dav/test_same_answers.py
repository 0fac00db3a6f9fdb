"""What streams from rows is the same as what Radicale's own layer answers to the same request (docs/speed.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from radicale.app import Application

from hxdav.dav.application import CalendarApplication, _configuration
from hxdav.dav.backend import Backend
from hxdav.dav.documents import Properties
from hxdav.dav.front import REQUEST, CalDavFront
from hxdav.dav.request import CalDavRequest
from hxdav.dav.resources import View
from hxdav.dav.responses import Response
from hxdav.dav.settings import DavSettings
from hxdav.dav.storage import VIEW
from hxdav.domain.appointment import AppointmentKind
from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, Caller, Got


class PlainFront(CalDavFront):
    """The front without its short cut."""

    def _polled(self, request: CalDavRequest) -> Response | None:
        return None


class PlainApplication(CalendarApplication):
    """The application without its short cut, and with Radicale's reports instead of ours."""

    def _listed(self, request: CalDavRequest, asked: Properties) -> Response | None:
        return None

    def do_REPORT(self, environ: Any, *rest: Any) -> Any:  # noqa: N802
        request = environ[REQUEST]
        with request.backend.store.snapshot() as tx:
            token = VIEW.set(View(request, tx))
            try:
                return Application.do_REPORT(self, environ, "", request.target.path, *rest[2:])
            finally:
                VIEW.reset(token)


@pytest.fixture
def filled(maya: Caller) -> Caller:
    maya.put("a.ics")
    maya.put("b & <c>.ics", an_object("b@example", "DESCRIPTION:<&>\r\n folded"))
    maya.put("gone.ics", an_object("gone@example"))
    series = an_object("booked@example", "RRULE:FREQ=DAILY;COUNT=3", summary="Booked")
    maya.world.book(series, kind=AppointmentKind.PERSONAL)
    return maya


@pytest.fixture
def generic(filled: Caller) -> Caller:
    """The same device, answered without any short cut."""
    world = filled.world
    backend = Backend(
        store=world.store, keyring=world.keyring, clock=world.clock, policy=world.policy, settings=DavSettings()
    )
    return replace(filled, application=PlainFront(backend, PlainApplication(_configuration(backend.settings))))


def parsed(got: Got) -> Any:
    """A multistatus without the order of anything in it."""
    assert got.status == 207, got
    return sorted(_shape(each) for each in got.tree)


def _shape(tree: Element) -> Any:
    # Radicale writes carriage returns as they are, so that whoever reads its XML loses them.
    text = (tree.text or "").strip().replace("\r", "")
    return (tree.tag, text, sorted(tree.attrib.items()), sorted(_shape(each) for each in tree))


@pytest.mark.parametrize("depth", ["0", "1"])
@pytest.mark.parametrize(
    "names",
    [
        ("CS:getctag", "D:sync-token"),
        ("D:getetag",),
        ("D:getetag", "D:getcontenttype", "D:resourcetype"),
        ("D:resourcetype", "D:owner", "D:current-user-principal", "D:current-user-privilege-set", "D:nothing"),
        ("C:supported-calendar-component-set", "D:getetag", "CS:getctag"),
        ("D:getlastmodified", "D:getcontentlength"),
        ("D:getetag", "C:calendar-data"),
        (),
    ],
)
def test_properties(filled: Caller, generic: Caller, depth: str, names: tuple[str, ...]) -> None:
    assert parsed(filled.propfind(CALENDAR, *names, depth=depth)) == parsed(
        generic.propfind(CALENDAR, *names, depth=depth)
    )


@pytest.mark.parametrize("props", ["<D:getetag/>", "<D:getetag/><C:calendar-data/>", "<D:getcontenttype/><D:nothing/>"])
def test_reports(filled: Caller, generic: Caller, props: str) -> None:
    token = filled.sync().sync_token
    filled.request("DELETE", CALENDAR + "gone.ics")
    week = '<C:time-range start="20261120T000000Z" end="20261130T000000Z"/>'
    filters = f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{week}</C:comp-filter></C:comp-filter>'
    reports = {
        "D:sync-collection": f"<D:sync-token>{token}</D:sync-token><D:prop>{props}</D:prop>",
        "C:calendar-multiget": f"<D:prop>{props}</D:prop><D:href>{CALENDAR}a.ics</D:href>"
        f"<D:href>{CALENDAR}gone.ics</D:href><D:href>{CALENDAR}b%20&amp;%20%3Cc%3E.ics</D:href>",
        "C:calendar-query": f"<D:prop>{props}</D:prop><C:filter>{filters}</C:filter>",
    }

    for name, content in reports.items():
        assert parsed(filled.report(name, content)) == parsed(generic.report(name, content)), name


def test_a_first_sync(filled: Caller, generic: Caller) -> None:
    assert parsed(filled.sync()) == parsed(generic.sync())
