"""The hook that Microsoft calls: it proves itself, and a right token has its bridge looked at."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from werkzeug.test import TestResponse

from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from tests.integration.web.microsoft_desk import MicrosoftDesk

HOOK = "/hooks/microsoft"
TOKEN, OTHER = "a-token-of-one-channel", "a-token-of-another"


@pytest.fixture
def desk(microsoft_desk: MicrosoftDesk) -> MicrosoftDesk:
    return microsoft_desk


@pytest.fixture
def called(desk: MicrosoftDesk) -> IntegrationId:
    """A bridge whose channel has TOKEN, and that is not due."""
    integration_id = desk.connect()
    desk.hold_token(integration_id, TOKEN)
    return integration_id


def a_notification(token: str | None = TOKEN, **more: Any) -> dict[str, Any]:
    return {
        "subscriptionId": "00000000-0000-0000-0000-000000000001",
        "subscriptionExpirationDateTime": "2026-11-29T03:00:00+00:00",
        "changeType": "updated",
        "resource": "Users/1/Events/2",
        "resourceData": {"@odata.type": "#Microsoft.Graph.Event", "id": "2"},
        "clientState": token,
        **more,
    }


def told(desk: MicrosoftDesk, *notifications: dict[str, Any]) -> TestResponse:
    return desk.pages.post(HOOK, json={"value": [*notifications]})


def due_at(desk: MicrosoftDesk, integration_id: IntegrationId) -> datetime | None:
    return desk.bridge(integration_id).pull_due_at


# -- the proof


def test_a_proof_is_said_again_as_plain_text(desk: MicrosoftDesk) -> None:
    answer = desk.pages.post(f"{HOOK}?validationToken=Validation%3A+Testing+client%20application+%2B1")

    assert (answer.status_code, answer.data) == (200, b"Validation: Testing client application +1")
    assert answer.mimetype == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_looks_like_a_page_is_plain_text_nonetheless(desk: MicrosoftDesk) -> None:
    answer = desk.pages.post(HOOK, query_string={"validationToken": "<script>alert(1)</script>"})

    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("proof", ["", "x" * 1025, "two\r\nlines", "\x00"])
def test_what_no_proof_looks_like_is_not_said_again(desk: MicrosoftDesk, proof: str) -> None:
    answer = desk.pages.post(HOOK, query_string={"validationToken": proof})

    assert answer.status_code == 400
    assert answer.data == b"This is no collection of change notifications.\n"


def test_a_proof_is_said_while_somebody_writes(desk: MicrosoftDesk) -> None:
    with desk.store.transaction():
        answer = desk.pages.post(f"{HOOK}?validationToken=one")

    assert answer.data == b"one"


def test_nobody_has_a_proof_said_by_following_a_link(desk: MicrosoftDesk) -> None:
    assert desk.pages.get(f"{HOOK}?validationToken=one").status_code == 405


# -- changes


def test_a_notification_with_the_channels_token_has_the_bridge_looked_at(
    desk: MicrosoftDesk, called: IntegrationId
) -> None:
    answer = told(desk, a_notification())

    assert (answer.status_code, answer.data) == (202, b"")
    assert due_at(desk, called) == desk.practice.clock.now()


def test_one_body_may_tell_of_several_channels_and_of_strangers(desk: MicrosoftDesk, called: IntegrationId) -> None:
    at_work = desk.connect(Service.OFFICE365)
    desk.hold_token(at_work, OTHER)

    answer = told(desk, a_notification("unknown"), *[a_notification()] * 3, a_notification(OTHER), a_notification(None))

    assert answer.status_code == 202
    assert due_at(desk, called) == due_at(desk, at_work) == desk.practice.clock.now()


def test_the_stored_hash_is_no_token(desk: MicrosoftDesk, called: IntegrationId) -> None:
    answer = told(desk, a_notification(desk.practice.keyring.channel_token_digest(TOKEN)))

    assert answer.status_code == 202
    assert due_at(desk, called) is None


@pytest.mark.parametrize("token", ["", "x" * 129, "\ud800", "wrong"])
def test_a_token_that_is_not_right_wakes_nobody(desk: MicrosoftDesk, called: IntegrationId, token: str) -> None:
    answer = told(desk, a_notification(token))

    assert answer.status_code == 202
    assert due_at(desk, called) is None


def test_a_wrong_notification_waits_for_nobody_who_writes(desk: MicrosoftDesk, called: IntegrationId) -> None:
    with desk.store.transaction():
        assert told(desk, a_notification("wrong")).status_code == 202


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"\xff", b"not json", b'{"value": 3}', b'{"value": {}}', b'{"value": ["a"]}', b"[" * 50_000],
)
def test_what_is_no_collection_of_notifications_is_refused(
    desk: MicrosoftDesk, called: IntegrationId, body: bytes
) -> None:
    answer = desk.pages.post(HOOK, data=body, content_type="application/json")

    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert due_at(desk, called) is None


def test_a_body_with_many_notifications_is_read(desk: MicrosoftDesk, called: IntegrationId) -> None:
    answer = told(desk, *(a_notification(f"other-{number}") for number in range(999)), a_notification())

    assert answer.status_code == 202
    assert due_at(desk, called) == desk.practice.clock.now()


@pytest.mark.parametrize(("count", "padding", "code"), [(1001, 0, 400), (1, 1_048_577, 413)])
def test_a_body_that_no_provider_sends_is_refused(
    desk: MicrosoftDesk, called: IntegrationId, count: int, padding: int, code: int
) -> None:
    body = json.dumps({"value": [{"clientState": TOKEN}] * count}) + " " * padding

    answer = desk.pages.post(HOOK, data=body, content_type="application/json")

    assert answer.status_code == code
    assert due_at(desk, called) is None


# -- the channel's own life


@pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved"])
def test_a_channel_that_delivers_no_more_is_taken_for_ended(
    desk: MicrosoftDesk, called: IntegrationId, event: str
) -> None:
    answer = told(desk, a_notification(changeType=None, lifecycleEvent=event))

    now = desk.practice.clock.now()
    assert answer.status_code == 202
    assert (due_at(desk, called), desk.bridge(called).channel_expires_at) == (now, now)


@pytest.mark.parametrize("event", ["missed", "somethingNew", ["subscriptionRemoved"]])
def test_anything_else_that_is_told_of_a_channel_has_the_bridge_looked_at(
    desk: MicrosoftDesk, called: IntegrationId, event: object
) -> None:
    before = desk.bridge(called).channel_expires_at

    told(desk, a_notification(lifecycleEvent=event))

    assert due_at(desk, called) == desk.practice.clock.now()
    assert desk.bridge(called).channel_expires_at == before


def test_who_knows_no_token_ends_no_channel(desk: MicrosoftDesk, called: IntegrationId) -> None:
    before = desk.bridge(called).channel_expires_at

    told(desk, a_notification("wrong", lifecycleEvent="subscriptionRemoved"))

    assert desk.bridge(called).channel_expires_at == before
