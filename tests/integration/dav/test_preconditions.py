"""The If header (RFC 4918 §10.4) on what changes an object."""

from __future__ import annotations

import pytest

from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, Caller

URL = CALENDAR + "a.ics"
ABSOLUTE = "http://calendar.example" + URL

HOLDS = (
    "([{etag}])",
    "(Not [{stale}])",
    "([{stale}]) ([{etag}])",
    "([{etag}] Not <urn:uuid:lock>)",
    "<{url}> ([{etag}])",
    "<{absolute}> ([{stale}]) (not[{stale}])",
    "<{calendar}> (<{token}>)",
    "<{calendar}> (<{token}>) <{url}> ([{stale}])",
    "<{calendar}other.ics> (Not [{etag}])",
)
FAILS = (
    "([{stale}])",
    "(Not [{etag}])",
    "([{etag}] [{stale}])",
    "([W/{etag}])",
    "(<urn:uuid:lock>)",
    "([{etag}] <urn:uuid:lock>)",
    "<{url}> ([{stale}])",
    "<{calendar}> (<{token}x>)",
    "<{calendar}> (Not <{token}>)",
    "<{calendar}> ([{etag}])",
    "<{calendar}other.ics> ([{etag}])",
    "(<{token}>)",
    "<http://[> ([{etag}])",
)
METHODS = ("PUT", "DELETE", "MOVE")


def asks(maya: Caller, method: str, condition: str) -> int:
    """The status of an edit under ``condition``, in which names stand for what is there."""
    etag = maya.put().headers["ETag"]
    given = condition.format(
        etag=etag, stale='"old)"', url=URL, absolute=ABSOLUTE, calendar=CALENDAR, token=maya.sync().sync_token
    )
    body = an_object(summary="Edited") if method == "PUT" else ""
    return maya.request(method, URL, body, destination=CALENDAR + "b.ics", **{"if": given}).status


@pytest.mark.parametrize("method", METHODS)
def test_an_edit_whose_condition_fails_is_412_and_changes_nothing(maya: Caller, method: str) -> None:
    for condition in FAILS:
        assert asks(maya, method, condition) == 412, condition
    assert maya.request("GET", URL).body.decode() == an_object()


def test_an_edit_whose_condition_holds_is_applied(maya: Caller) -> None:
    for condition in HOLDS:
        assert asks(maya, "PUT", condition) == 204, condition


@pytest.mark.parametrize("method", ["DELETE", "MOVE"])
def test_what_is_as_the_client_knows_it_can_go(maya: Caller, method: str) -> None:
    assert asks(maya, method, "<{absolute}> ([{etag}])") in {201, 204}


def test_what_is_not_there_has_no_tag(maya: Caller) -> None:
    assert maya.put(**{"if": '(["x"])'}).status == 412
    assert maya.put(**{"if": '(Not ["x"])'}).status == 201


@pytest.mark.parametrize("header", ["x", "()", "(", '(["x"]', '["x"]', "<urn:x>", "(Not)", '(["x"]) x', "(" * 5000])
def test_an_if_header_that_is_none_is_a_bad_request(maya: Caller, header: str) -> None:
    assert maya.put(**{"if": header}).status == 400
