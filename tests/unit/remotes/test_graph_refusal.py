"""What Graph's refusals mean: the word before the number, and nothing of its sentences."""

from __future__ import annotations

import json

import pytest

from hxdav.remote import (
    AccessLost,
    CalendarUnavailable,
    Changed,
    Forbidden,
    NotTaken,
    ObjectGone,
    RemoteError,
    TryLater,
)
from hxdav.remotes.graph.refusal import GraphRefusal, error_of


def a_body(word: str) -> bytes:
    return json.dumps({"error": {"code": word, "message": "Anna Mustermann, https://graph.example/x"}}).encode()


@pytest.mark.parametrize(
    ("code", "word", "meaning"),
    [
        (429, "ApplicationThrottled", TryLater),
        (429, "", TryLater),
        (403, "MailboxConcurrency", TryLater),
        (503, "serviceNotAvailable", TryLater),
        (504, "", TryLater),
        (302, "", TryLater),
        (401, "InvalidAuthenticationToken", AccessLost),
        (403, "ErrorAccessDenied", Forbidden),
        (404, "MailboxNotEnabledForRESTAPI", Forbidden),
    ],
)
def test_what_concerns_the_account_is_told_by_word_and_number(code: int, word: str, meaning: type[RemoteError]) -> None:
    error = error_of(code, {}, a_body(word))
    assert isinstance(error, meaning)
    assert "Anna" not in str(error)
    assert "://" not in str(error)


@pytest.mark.parametrize(
    ("code", "word", "meaning"),
    [
        (404, "ErrorItemNotFound", ObjectGone),
        (412, "ErrorIrresolvableConflict", Changed),
        (409, "ErrorIrresolvableConflict", Changed),
        (409, "ErrorDuplicateTransactionId", TryLater),
        (400, "ErrorPropertyValidationFailure", NotTaken),
    ],
)
def test_a_refused_write_means_what_the_engine_does_about_it(code: int, word: str, meaning: type[RemoteError]) -> None:
    refusal = error_of(code, {}, a_body(word))
    assert isinstance(refusal, GraphRefusal)
    assert type(refusal.of_object()) is meaning


def test_a_calendar_that_is_not_there_is_unavailable() -> None:
    assert isinstance(GraphRefusal(404, "ErrorItemNotFound").of_calendar(), CalendarUnavailable)
    assert isinstance(GraphRefusal(403, "Whatever").of_calendar(), Forbidden)
    assert isinstance(GraphRefusal(400, "Whatever").of_calendar(), TryLater)


@pytest.mark.parametrize("word", ["syncStateNotFound", "SyncStateInvalid", "resyncRequired"])
def test_a_lost_place_is_nothing_that_is_gone(word: str) -> None:
    refusal = error_of(410, {}, a_body(word))
    assert isinstance(refusal, GraphRefusal)
    assert refusal.is_lost_place
    assert not refusal.is_gone


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 3}', b'{"error": {"code": "Anna Mustermann"}}'])
def test_an_error_that_cannot_be_read_has_no_word(body: bytes) -> None:
    refusal = error_of(400, {}, body)
    assert isinstance(refusal, GraphRefusal)
    assert refusal.reason == ""
