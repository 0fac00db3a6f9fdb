"""What the log says of each request, of pages and calendars alike, and above all what it does not say."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from hxdav import log
from hxdav.bootstrap.request_log import HEADER, RequestLog
from hxdav.dav.application import make_application
from hxdav.dav.settings import DavSettings
from hxdav.log import get_logger
from tests.builders import PracticeWorld, an_object
from tests.integration.dav.caller import CALENDAR, HOME, Caller, answered, basic
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import Desk

Lines = Callable[[], list[dict[str, Any]]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The log since it was last asked for."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    log.configure(level="info", as_json=True)

    def read() -> list[dict[str, Any]]:
        told = [json.loads(line) for line in written.getvalue().splitlines()]
        written.seek(0)
        written.truncate()
        return told

    return read


@pytest.fixture
def maya(lines: Lines, desk: Desk) -> Browser:
    give_password(desk.store, desk.practice.user_id)
    desk.application.wsgi_app = RequestLog(desk.application.wsgi_app, is_on=True)  # type: ignore[method-assign]
    return Browser(desk.application)


def a_phone(practice: PracticeWorld, *, is_on: bool = True) -> Caller:
    number = practice.integration()
    calendars = make_application(
        store=practice.store,
        keyring=practice.keyring,
        clock=practice.clock,
        policy=practice.policy,
        settings=DavSettings(),
    )
    application = RequestLog(calendars, is_on=is_on)
    return Caller(world=practice, application=application, password=practice.app_password(), integration_id=number)


def test_a_page_is_logged_by_its_route_and_by_who_asked(maya: Browser, desk: Desk, lines: Lines) -> None:
    maya.sign_in()
    lines()

    answer = maya.get("/app/settings/integrations")

    (line,) = lines()
    assert line.pop("timestamp")
    assert 0 < line.pop("ms") < 10_000
    assert line == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "route": "/app/settings/integrations",
        "http_status": 200,
        "octets": len(answer.data),
        "user_id": desk.practice.user_id,
        "request_id": answer.headers[HEADER],
    }


def test_calendars_are_logged_alike(desk: Desk, lines: Lines) -> None:
    phone = a_phone(desk.practice)

    answers = [
        phone.request("OPTIONS", "/"),
        phone.propfind(HOME, "D:displayname"),
        phone.propfind(CALENDAR, "D:sync-token"),
        phone.put("jane-citizen.ics", an_object()),
        phone.request("GET", f"{CALENDAR}jane-citizen.ics"),
        phone.request("GET", CALENDAR, authorization=basic("maya", "wrong")),
    ]

    told = [(each["method"], each["route"], each["http_status"], each["octets"], each["user_id"]) for each in lines()]
    known = desk.practice.user_id
    sizes = [len(each.body) for each in answers]
    assert told == [
        ("OPTIONS", "/", 200, sizes[0], None),
        ("PROPFIND", "/<user>/", 207, sizes[1], known),
        ("PROPFIND", "/<user>/<calendar>/", 207, sizes[2], known),
        ("PUT", "/<user>/<calendar>/<object>", 201, sizes[3], known),
        ("GET", "/<user>/<calendar>/<object>", 200, sizes[4], known),
        ("GET", "/<user>/<calendar>/", 401, sizes[5], None),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/feed/jane-citizen.ics",
        "/feed/jane-citizen",
        "/invitation/jane-citizen",
        "/profile/jane-citizen",
        "/app/sign-in?next=jane-citizen",
        "/app/jane-citizen",
        "/hooks/jane-citizen",
        "/connect/google/callback?code=jane-citizen",
    ],
)
def test_neither_paths_nor_queries_are_in_it(maya: Browser, lines: Lines, path: str) -> None:
    maya.get(path)

    found = lines()
    assert len(found) == 1
    assert "citizen" not in str(found)


def test_neither_names_of_users_and_objects_nor_methods_are_in_it(desk: Desk, lines: Lines) -> None:
    phone = a_phone(desk.practice)

    phone.request("JANE-CITIZEN", f"{CALENDAR}jane-citizen.ics")
    phone.request("GET", f"{CALENDAR}jane-citizen.ics/jane-citizen")
    phone.request("GET", "/jane-citizen/", authorization=basic("jane-citizen", "jane-citizen"))

    found = lines()
    assert [each["method"] for each in found] == ["other", "GET", "GET"]
    assert "citizen" not in str(found).lower()


def test_a_number_that_a_client_brings_is_not_taken(desk: Desk, lines: Lines) -> None:
    answer = a_phone(desk.practice).request("OPTIONS", "/", x_request_id="mine")

    assert answer.headers[HEADER] != "mine"
    assert lines()[0]["request_id"] == answer.headers[HEADER]


def test_other_lines_of_a_request_have_its_number_and_those_after_it_none(lines: Lines) -> None:
    def speaks(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        get_logger().warning("something_happened")
        start_response("204 No Content", [])
        return []

    answer = answered(RequestLog(speaks, is_on=True), {"REQUEST_METHOD": "GET"})
    get_logger().warning("something_else")

    within, line, after = lines()
    assert within["request_id"] == line["request_id"] == answer.headers[HEADER]
    assert "request_id" not in after


def test_a_body_without_length_is_logged_when_it_has_been_sent(lines: Lines) -> None:
    def streams(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return (each for each in (b"one", b"three"))

    body = RequestLog(streams, is_on=True)({"REQUEST_METHOD": "GET"}, lambda *_: None)
    assert lines() == []
    assert b"".join(body) == b"onethree"
    body.close()  # type: ignore[attr-defined]

    assert [each["octets"] for each in lines()] == [8]


def test_without_the_lines_a_request_still_has_its_number(desk: Desk, lines: Lines) -> None:
    answer = a_phone(desk.practice, is_on=False).request("OPTIONS", "/")

    assert lines() == []
    assert answer.headers[HEADER]
