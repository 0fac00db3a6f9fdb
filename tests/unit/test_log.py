"""The log never holds what must not be in it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import datetime

import pytest
import structlog

from hxdav import log
from hxdav.log import REDACTED, get_logger, get_request_logger, redact, tell_exception


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def configured(monkeypatch: pytest.MonkeyPatch, level: str) -> io.StringIO:
    """Where the log goes from here on."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    log.configure(level=level, as_json=False)
    return written


def test_a_requests_line_looks_like_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    written = configured(monkeypatch, "info")

    get_logger().info("request", http_status=207, user_id=None)
    get_request_logger().info("request", http_status=207, user_id=None)

    other, own = (line.split() for line in written.getvalue().splitlines())
    assert own[1:] == other[1:]
    assert datetime.fromisoformat(own[0]) >= datetime.fromisoformat(other[0])


def test_where_only_warnings_are_said_requests_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    written = configured(monkeypatch, "warning")

    get_request_logger().info("request", http_status=207)

    assert not written.getvalue()


@pytest.mark.parametrize(
    "key", ["password", "app_password", "summary", "patient_name", "Authorization", "refresh_token", "sync-token"]
)
def test_patient_data_and_secrets_are_redacted_by_the_name_of_their_key(key: str) -> None:
    assert redact(None, "info", {"event": "something_happened", key: "Jo Doe"})[key] == REDACTED


@pytest.mark.parametrize("key", ["event", "appointment_id", "reason", "username"])
def test_events_and_identifiers_stay(key: str) -> None:
    assert redact(None, "info", {key: "7"})[key] == "7"


def test_of_an_exception_only_its_type_and_place_are_told() -> None:
    def fail() -> None:
        message = "Jo Doe's appointment"
        raise ValueError(message)

    with pytest.raises(ValueError, match="Jo Doe") as caught:
        fail()

    told = tell_exception(None, "error", {"event": "failed", "exc_info": caught.value})

    assert told["error"] == "ValueError"
    assert told["where"][-1].startswith("test_log.py:")
    assert "Jo Doe" not in str(told)


def test_the_exception_at_hand_is_told_where_none_is_named() -> None:
    try:
        raise KeyError("Jo Doe")  # noqa: TRY301
    except KeyError:
        told = tell_exception(None, "error", {"event": "failed", "exc_info": True})

    assert told["error"] == "KeyError"
    assert "exc_info" not in told
