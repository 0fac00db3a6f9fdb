"""The hook that Google calls: a right token has its bridge looked at, and nothing else does anything."""

from __future__ import annotations

from datetime import datetime

import pytest

from hxdav.domain.ids import IntegrationId
from hxdav.store.store import Store
from tests.integration.web.desk import Desk

TOKEN = "a-token-of-one-channel"


@pytest.fixture
def called(desk: Desk) -> IntegrationId:
    """A bridge whose channel has TOKEN, and that is not due."""
    desk.pages.get(desk.consented(desk.ask()))
    with desk.store.transaction() as tx:
        (integration,) = tx.integrations.of(desk.practice.practitioner_id)
        digest = desk.practice.keyring.channel_token_digest(TOKEN)
        tx.bridges.change(integration.id, channel_token=digest, pull_due_at=None)
    return integration.id


def due_at(store: Store, integration_id: IntegrationId) -> datetime | None:
    with store.snapshot() as tx:
        return tx.bridges.one(integration_id).pull_due_at


def test_a_call_with_the_channels_token_has_the_bridge_looked_at(desk: Desk, called: IntegrationId) -> None:
    answer = desk.pages.post(
        "/hooks/google", headers={"X-Goog-Channel-Token": TOKEN, "X-Goog-Resource-State": "exists"}
    )

    assert (answer.status_code, answer.data) == (200, b"")
    assert due_at(desk.store, called) == desk.practice.clock.now()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Goog-Channel-Token": ""},
        {"X-Goog-Channel-Token": "wrong"},
        {"X-Goog-Channel-ID": TOKEN, "X-Goog-Resource-ID": TOKEN},
    ],
)
def test_a_call_without_it_is_answered_with_404(desk: Desk, called: IntegrationId, headers: dict[str, str]) -> None:
    answer = desk.pages.post("/hooks/google", headers=headers, data=TOKEN)

    assert answer.status_code == 404
    assert due_at(desk.store, called) is None


def test_the_stored_hash_is_no_token(desk: Desk, called: IntegrationId) -> None:
    digest = desk.practice.keyring.channel_token_digest(TOKEN)

    answer = desk.pages.post("/hooks/google", headers={"X-Goog-Channel-Token": digest})

    assert answer.status_code == 404


def test_the_beginning_of_a_channel_is_acknowledged_and_wakes_nobody(desk: Desk, called: IntegrationId) -> None:
    answer = desk.pages.post("/hooks/google", headers={"X-Goog-Channel-Token": TOKEN, "X-Goog-Resource-State": "sync"})

    assert answer.status_code == 200
    assert due_at(desk.store, called) is None


def test_a_wrong_call_waits_for_nobody_who_writes(desk: Desk, called: IntegrationId) -> None:
    with desk.store.transaction():
        answer = desk.pages.post("/hooks/google", headers={"X-Goog-Channel-Token": "wrong"})

    assert answer.status_code == 404


def test_a_body_that_no_provider_sends_is_refused(desk: Desk, called: IntegrationId) -> None:
    answer = desk.pages.post("/hooks/google", headers={"X-Goog-Channel-Token": TOKEN}, data=b"x" * 65_537)

    assert answer.status_code == 413
    assert due_at(desk.store, called) is None


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/hooks/google", 405), ("POST", "/hooks/other", 404), ("GET", "/connect/", 404)],
)
def test_what_is_not_there_is_answered_shortly(desk: Desk, method: str, path: str, code: int) -> None:
    answer = desk.pages.open(path, method=method)

    assert (answer.status_code, answer.mimetype) == (code, "text/plain")
    assert answer.headers["Cache-Control"] == "no-store"
