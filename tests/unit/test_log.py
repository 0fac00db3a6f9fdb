"""The log never holds what must not be in it."""

from __future__ import annotations

import pytest

from hxdav.log import REDACTED, redact


@pytest.mark.parametrize(
    "key", ["password", "app_password", "summary", "patient_name", "Authorization", "refresh_token", "sync-token"]
)
def test_patient_data_and_secrets_are_redacted_by_the_name_of_their_key(key: str) -> None:
    assert redact(None, "info", {"event": "something_happened", key: "Jo Doe"})[key] == REDACTED


@pytest.mark.parametrize("key", ["event", "appointment_id", "reason", "username"])
def test_events_and_identifiers_stay(key: str) -> None:
    assert redact(None, "info", {key: "7"})[key] == "7"
