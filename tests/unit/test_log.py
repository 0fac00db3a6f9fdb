"""The log never holds what must not be in it."""

from __future__ import annotations

import io
import json
import sys
from datetime import datetime

import pytest

from hxdav import log
from hxdav.log import REDACTED, get_logger, redacted


def configured(monkeypatch: pytest.MonkeyPatch, level: str, *, as_json: bool = False) -> io.StringIO:
    """Where the log goes from here on."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    log.configure(level=level, as_json=as_json)
    return written


def test_a_line_has_its_moment_its_level_its_event_and_its_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    written = configured(monkeypatch, "info")

    get_logger().info("request", http_status=207, user_id=None, host="two words")

    moment, rest = written.getvalue().split(" ", 1)
    assert datetime.fromisoformat(moment).tzinfo is not None
    assert rest == f"[info     ] {'request':<30} http_status=207 user_id=None host='two words'\n"


def test_a_line_for_programs_is_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    written = configured(monkeypatch, "info", as_json=True)

    get_logger().warning("account_failed", account=7, token="abc")

    line = json.loads(written.getvalue())
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {"level": "warning", "event": "account_failed", "account": 7, "token": REDACTED}


def test_where_only_warnings_are_written_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    written = configured(monkeypatch, "warning")

    get_logger().info("request", http_status=207)

    assert not written.getvalue()


@pytest.mark.parametrize(
    "key", ["password", "app_password", "summary", "patient_name", "Authorization", "refresh_token", "sync-token"]
)
def test_patient_data_and_secrets_are_redacted_by_the_name_of_their_key(key: str) -> None:
    assert redacted({key: "Jo Doe"}) == {key: REDACTED}


@pytest.mark.parametrize("key", ["appointment_id", "reason", "username"])
def test_identifiers_stay(key: str) -> None:
    assert redacted({key: "7"}) == {key: "7"}


def test_of_an_exception_only_its_type_and_place_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    written = configured(monkeypatch, "info")
    try:
        raise ValueError("Jo Doe's appointment")  # noqa: TRY301
    except ValueError as error:
        get_logger().error("failed", exc_info=error)
        get_logger().exception("failed")

    lines = written.getvalue().splitlines()
    assert len(lines) == 2
    assert all("error=ValueError" in line and "test_log.py:" in line for line in lines)
    assert "Jo Doe" not in written.getvalue()
