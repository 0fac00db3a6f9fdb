"""What an error answer of Google's means, whatever shape it has."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from hxdav.remote import Changed, Forbidden, NotTaken, ObjectGone, TryLater
from hxdav.remotes.google.refusal import GoogleRefusal, error_of


def a_body(reason: str) -> bytes:
    return json.dumps({"error": {"code": 403, "message": "m", "errors": [{"reason": reason}]}}).encode()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "x"}', b'{"error": {"errors": [{}]}}', b"\xff"])
def test_an_answer_without_a_reason_goes_by_its_number(body: bytes) -> None:
    assert isinstance(error_of(503, {}, body), TryLater)
    refusal = error_of(404, {}, body)
    assert isinstance(refusal, GoogleRefusal)
    assert (refusal.code, refusal.reason) == (404, "")


def test_a_redirect_is_not_followed_but_asked_for_later() -> None:
    assert isinstance(error_of(302, {"location": "https://elsewhere.example/"}, b""), TryLater)


@pytest.mark.parametrize(
    ("value", "pause"),
    [("7", timedelta(seconds=7)), ("0", timedelta(0)), ("999999", timedelta(hours=1)), ("soon", None), ("", None)],
)
def test_the_pause_is_taken_where_it_makes_sense(value: str, pause: timedelta | None) -> None:
    error = error_of(429, {"retry-after": value}, b"")
    assert isinstance(error, TryLater)
    assert error.after == pause


def test_the_pause_may_be_a_date() -> None:
    error = error_of(503, {"retry-after": format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)}, b"")
    assert isinstance(error, TryLater)
    assert error.after is not None
    assert timedelta(minutes=1, seconds=50) < error.after <= timedelta(minutes=2)


def test_the_newer_shape_has_its_reason_in_status() -> None:
    body = json.dumps({"error": {"code": 403, "status": "RESOURCE_EXHAUSTED"}}).encode()
    assert isinstance(error_of(403, {}, body), TryLater)


def test_a_reason_that_is_a_text_is_not_passed_on() -> None:
    refusal = error_of(400, {}, a_body("Team meeting with Maya"))
    assert isinstance(refusal, GoogleRefusal)
    assert refusal.reason == ""


@pytest.mark.parametrize(
    ("code", "meaning"), [(412, Changed), (404, ObjectGone), (410, ObjectGone), (400, NotTaken), (403, NotTaken)]
)
def test_a_refused_write_means_what_the_engine_does_about_it(code: int, meaning: type[Exception]) -> None:
    assert type(GoogleRefusal(code, "").of_object()) is meaning


def test_a_scope_that_is_missing_is_lost_access() -> None:
    assert isinstance(error_of(403, {}, a_body("insufficientPermissions")), Forbidden)
