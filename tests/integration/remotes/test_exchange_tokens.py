"""Modern authentication at an Exchange server, by unmodified msal: consent, tokens, renewal, and what refusals mean."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import closing

import pytest

from hxdav.remote import AccessLost, TryLater
from hxdav.remotes.exchange.tokens import access, exchange
from tests.contract.remotes.texts import an_event, pulled
from tests.integration.remotes.exchange_tokens import KIM, REDIRECT, SCOPE, TokenDesk, a_token_desk

REVOKED = {"error": "invalid_grant", "error_description": "AADSTS50173: The grant was revoked."}


@pytest.fixture
def desk() -> Iterator[TokenDesk]:
    with a_token_desk() as desk:
        yield desk


@pytest.mark.parametrize("tenant", ["practice.example", "adfs"])
def test_a_consent_opens_the_mailbox_of_whoever_gave_it(tenant: str) -> None:
    with a_token_desk(tenant=tenant) as desk, closing(desk.opened(desk.granted())) as remote:
        calendar_id = remote.make_calendar("HX_Harbour Street", marker="hxdav-0001", zone="Australia/Sydney")
        remote.create(calendar_id, an_event("Supervision"))

        assert remote.identify().label == KIM
        assert len(pulled(remote, calendar_id).texts) == 1
        assert len(desk.authority.asked) == 1


def test_the_servers_own_scope_is_asked_for_with_pkce(desk: TokenDesk) -> None:
    desk.granted()

    (form,) = desk.authority.asked
    assert form["grant_type"] == "authorization_code"
    assert form["redirect_uri"] == REDIRECT
    assert form["code_verifier"]
    assert SCOPE in form["scope"].split()


def test_a_token_that_is_about_to_end_is_renewed_before_it_is_sent(desk: TokenDesk) -> None:
    desk.authority.lifetime = 30
    granted = desk.granted()
    desk.authority.lifetime = 3600

    with closing(desk.opened(granted)) as remote:
        remote.identify()
        remote.identify()

    assert [form["grant_type"] for form in desk.authority.asked] == ["authorization_code", "refresh_token"]
    assert len(desk.kept) == 1
    assert desk.kept[0] != granted.cache


def test_a_token_that_the_server_does_not_take_any_more_is_renewed_once(desk: TokenDesk) -> None:
    granted = desk.granted()
    desk.exchange.tokens.clear()

    with closing(desk.opened(granted)) as remote:
        assert remote.identify().label == KIM

    assert len(desk.authority.asked) == 2


def test_what_was_kept_opens_the_mailbox_the_next_time(desk: TokenDesk) -> None:
    granted = desk.granted()
    desk.exchange.tokens.clear()
    with closing(desk.opened(granted)) as remote:
        remote.identify()

    renewed = access(desk.app, desk.kept[-1], keep=desk.kept.append)

    assert desk.exchange.tokens[renewed.token()] == KIM


def test_a_server_that_takes_no_token_at_all_is_told_of(desk: TokenDesk) -> None:
    granted = desk.granted()
    desk.authority.issue = lambda _user, _scopes: "eyJ0.other.sig"
    desk.exchange.tokens.clear()

    with closing(desk.opened(granted)) as remote, pytest.raises(AccessLost) as caught:
        remote.identify()

    assert caught.value.code == "token_not_taken"


def test_a_consent_that_was_taken_back_is_access_lost(desk: TokenDesk) -> None:
    granted = desk.granted()
    desk.exchange.tokens.clear()
    desk.authority.token_refusal = (400, REVOKED)

    with closing(desk.opened(granted)) as remote, pytest.raises(AccessLost) as caught:
        remote.identify()

    assert caught.value.code == "invalid_grant"


@pytest.mark.parametrize(
    ("refusal", "code"),
    [({"error": "invalid_client"}, "misconfigured"), ({"error": "temporarily_unavailable"}, "refresh_failed")],
)
def test_what_is_the_administrators_affair_passes(desk: TokenDesk, refusal: dict[str, str], code: str) -> None:
    granted = desk.granted()
    desk.exchange.tokens.clear()
    desk.authority.token_refusal = (401, refusal)

    with closing(desk.opened(granted)) as remote, pytest.raises(TryLater) as caught:
        remote.identify()

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        ({"error": "access_denied"}, "denied"),
        ({"error": "access_denied", "error_description": "AADSTS90094: An administrator has to."}, "approval_needed"),
        ({"error": "invalid_resource", "error_description": "AADSTS500011: No such resource."}, "misconfigured"),
        ({"error": "server_error"}, "token_endpoint"),
    ],
)
def test_a_consent_that_is_refused_says_what_to_do(desk: TokenDesk, refusal: dict[str, str], code: str) -> None:
    desk.authority.page_refusal = refusal
    answer, verifier = desk.answer()

    with pytest.raises((AccessLost, TryLater)) as caught:
        exchange(desk.app, answer, verifier=verifier, redirect_uri=REDIRECT)

    assert isinstance(caught.value, AccessLost | TryLater)
    assert caught.value.code == code


def test_a_code_counts_once(desk: TokenDesk) -> None:
    answer, verifier = desk.answer()
    exchange(desk.app, answer, verifier=verifier, redirect_uri=REDIRECT)

    with pytest.raises(AccessLost, match="already used"):
        exchange(desk.app, answer, verifier=verifier, redirect_uri=REDIRECT)


def test_without_lasting_access_nothing_is_connected(desk: TokenDesk) -> None:
    desk.authority.granted = f"{SCOPE} openid profile"

    with pytest.raises(AccessLost) as caught:
        desk.granted()

    assert caught.value.code == "no_refresh_token"


def test_an_account_without_an_address_is_told_of(desk: TokenDesk) -> None:
    desk.authority.user = "kim"

    with pytest.raises(AccessLost) as caught:
        desk.granted()

    assert caught.value.code == "no_address"


@pytest.mark.parametrize("cache", ["", "[]", '{"AccessToken": 7}'])
def test_what_cannot_be_read_asks_for_another_connection(desk: TokenDesk, cache: str) -> None:
    with pytest.raises(AccessLost):
        access(desk.app, cache, keep=desk.kept.append).token()


def test_no_token_comes_into_a_log_or_an_error(desk: TokenDesk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    granted = desk.granted()
    with closing(desk.opened(granted)) as remote:
        remote.identify()
        desk.exchange.tokens.clear()
        desk.authority.token_refusal = (400, REVOKED)
        with pytest.raises(AccessLost) as caught:
            remote.identify()

    kept = json.loads(granted.cache)
    hidden = [each["secret"] for kind in ("AccessToken", "RefreshToken") for each in kept[kind].values()]
    said = f"{caught.value} {caught.value.args} {granted!r} " + " ".join(each.getMessage() for each in caplog.records)
    assert hidden
    assert not any(secret in said for secret in hidden)
