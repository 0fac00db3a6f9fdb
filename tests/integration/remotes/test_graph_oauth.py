"""Connecting a Microsoft account, and losing it: unmodified msal against an authorization server over TLS."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from hxdav.remote import AccessLost, TryLater
from hxdav.remotes.graph.declining import SCOPES, ApprovalNeeded, admin_consent_url
from hxdav.remotes.graph.oauth import GraphAccess, GraphApp, MicrosoftConsent, code_of, consent_url, exchange
from tests.integration.remotes.graph_authority import CLIENT_SECRET, REDIRECT, Authority, an_authority

ANNA = "anna@outlook.example"
NOWHERE = "https://graph.example/v1.0"


@pytest.fixture
def authority() -> Iterator[Authority]:
    issued = 0

    def issue(user: str, scopes: str) -> str:
        nonlocal issued
        issued += 1
        return f"token-{issued}"

    with an_authority(issue) as authority:
        yield authority


@pytest.fixture
def app(authority: Authority) -> GraphApp:
    return authority.app(NOWHERE)


def asked_of(app: GraphApp) -> MicrosoftConsent:
    return consent_url(app, state="s-1", redirect_uri=REDIRECT, login_hint=ANNA)


def exchanged(app: GraphApp, authority: Authority, asked: MicrosoftConsent) -> str:
    code = code_of(app, authority.consented(asked), redirect_uri=REDIRECT)
    return exchange(app, code=code, verifier=asked.verifier, redirect_uri=REDIRECT)


def test_consent_is_asked_for_the_least_scopes_and_without_the_secret(app: GraphApp) -> None:
    asked = asked_of(app)
    query = parse_qs(urlsplit(asked.url).query)
    assert set(query["scope"][0].split()) == {*SCOPES, "offline_access", "openid", "profile"}
    assert (query["state"], query["code_challenge_method"], query["login_hint"]) == (["s-1"], ["S256"], [ANNA])
    assert CLIENT_SECRET not in asked.url + asked.verifier + repr(app)


def test_each_request_has_a_verifier_of_its_own_that_stays_here(app: GraphApp) -> None:
    first, second = asked_of(app), asked_of(app)
    assert first.verifier != second.verifier
    assert json.loads(first.verifier)["code_verifier"] not in first.url


def test_a_tenant_of_ones_own_is_asked_for_alone(authority: Authority) -> None:
    asked = asked_of(authority.app(NOWHERE, tenant="practice.example"))
    assert urlsplit(asked.url).path == "/practice.example/oauth2/v2.0/authorize"


def test_a_code_is_exchanged_for_credentials_with_a_token(app: GraphApp, authority: Authority) -> None:
    credentials = exchanged(app, authority, asked_of(app))
    assert GraphAccess(app, credentials, keep=pytest.fail).token() == "token-1"
    assert CLIENT_SECRET not in credentials


def test_a_code_is_taken_once(app: GraphApp, authority: Authority) -> None:
    asked = asked_of(app)
    answer = authority.consented(asked)
    exchange(app, code=answer["code"], verifier=asked.verifier, redirect_uri=REDIRECT)
    with pytest.raises(AccessLost) as caught:
        exchange(app, code=answer["code"], verifier=asked.verifier, redirect_uri=REDIRECT)
    assert caught.value.code == "invalid_grant"


def test_a_code_is_worth_nothing_with_the_verifier_of_another_request(app: GraphApp, authority: Authority) -> None:
    asked = asked_of(app)
    answer = authority.consented(asked)
    with pytest.raises(AccessLost):
        exchange(app, code=answer["code"], verifier=asked_of(app).verifier, redirect_uri=REDIRECT)


def test_less_than_hxdav_needs_does_not_connect(app: GraphApp, authority: Authority) -> None:
    authority.granted = "User.Read openid profile offline_access"
    with pytest.raises(AccessLost, match="Have full access to your calendars") as caught:
        exchanged(app, authority, asked_of(app))
    assert caught.value.code == "scope_missing"


def test_access_that_does_not_last_does_not_connect(app: GraphApp, authority: Authority) -> None:
    authority.granted = "Calendars.ReadWrite User.Read openid profile"
    with pytest.raises(AccessLost) as caught:
        exchanged(app, authority, asked_of(app))
    assert caught.value.code == "no_refresh_token"


PERSONAL_NO = {
    "error": "access_denied",
    "error_description": "The user has denied access to the scope requested by the client application.",
}
WORK_NO = {
    "error": "access_denied",
    "error_subcode": "cancel",
    "error_description": "AADSTS65004: User declined to consent to access the app.",
}


def test_somebody_who_says_no_is_told_how_to_say_yes(authority: Authority) -> None:
    app = authority.app(NOWHERE, tenant="consumers")
    authority.page_refusal = PERSONAL_NO
    with pytest.raises(AccessLost, match="choose Accept") as caught:
        exchanged(app, authority, asked_of(app))
    assert caught.value.code == "denied"
    assert not isinstance(caught.value, ApprovalNeeded)


def test_who_says_no_at_work_may_have_wanted_an_approval(authority: Authority) -> None:
    app = authority.app(NOWHERE, tenant="organizations")
    authority.page_refusal = WORK_NO
    with pytest.raises(ApprovalNeeded, match="choose Accept") as caught:
        exchanged(app, authority, asked_of(app))
    assert caught.value.code == "denied"
    assert "IT person" in str(caught.value)


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (50020, "wrong_account", "personal Microsoft account"),
        (500200, "wrong_account", "personal Microsoft account"),
        (50105, "not_let_in", "IT person"),
        (53003, "not_let_in", "IT person"),
        (50194, "misconfigured", "app registration"),
        (700016, "misconfigured", "app registration"),
    ],
)
def test_what_hinders_is_told_with_what_to_do(authority: Authority, number: int, code: str, words: str) -> None:
    app = authority.app(NOWHERE, tenant="organizations")
    authority.page_refusal = {"error": "invalid_request", "error_description": f"AADSTS{number}: No. Trace ID: 1-2-3"}
    with pytest.raises(AccessLost, match=words) as caught:
        exchanged(app, authority, asked_of(app))
    assert caught.value.code == code
    assert not any(word in str(caught.value) for word in ("AADSTS", "Trace"))


@pytest.mark.parametrize(
    ("tenant", "words"),
    [
        ("consumers", "Connect it as Office 365"),
        ("organizations", "Connect it as Outlook.com"),
        ("practice.example", "not of the organisation"),
    ],
)
def test_an_account_that_is_not_found_is_looked_for_elsewhere(authority: Authority, tenant: str, words: str) -> None:
    app = authority.app(NOWHERE, tenant=tenant)
    authority.page_refusal = {"error": "invalid_request", "error_description": "AADSTS50020: No such account there."}
    with pytest.raises(AccessLost, match=words):
        exchanged(app, authority, asked_of(app))


@pytest.mark.parametrize(
    ("tenant", "user", "words"),
    [
        ("consumers", "anna@practice.example", "Connect it as Office 365"),
        ("organizations", ANNA, "Connect it as Outlook.com"),
        ("practice.example", ANNA, "Connect it as Outlook.com"),
    ],
)
def test_an_account_of_the_other_kind_is_not_connected(
    authority: Authority, tenant: str, user: str, words: str
) -> None:
    with pytest.raises(AccessLost, match=words) as caught:
        authority.connect(authority.app(NOWHERE, tenant=tenant), user)
    assert caught.value.code == "wrong_account"


@pytest.mark.parametrize(
    ("tenant", "user"),
    [("consumers", ANNA), ("organizations", "anna@practice.example"), ("common", ANNA)],
)
def test_an_account_of_the_right_kind_is_connected(authority: Authority, tenant: str, user: str) -> None:
    assert authority.connect(authority.app(NOWHERE, tenant=tenant), user)


@pytest.mark.parametrize(
    "refusal",
    [
        {"error": "access_denied", "error_description": "AADSTS90094: The grant requires admin permission."},
        {"error": "consent_required", "error_description": "AADSTS65001: The user or administrator has not consented."},
        {"error": "interaction_required", "suberror": "consent_required", "error_description": ""},
        {"error": "access_denied", "error_subcode": "consent_required"},
    ],
)
def test_approval_by_an_administrator_is_recognised_and_has_a_link(
    app: GraphApp, authority: Authority, refusal: dict[str, str]
) -> None:
    authority.page_refusal = refusal
    with pytest.raises(ApprovalNeeded) as caught:
        exchanged(app, authority, asked_of(app))
    link = urlsplit(caught.value.link)
    assert link.path == "/organizations/v2.0/adminconsent"
    query = parse_qs(link.query)
    assert (query["client_id"], query["redirect_uri"]) == ([app.client_id], [REDIRECT])
    assert {scope.rpartition("/")[2] for scope in query["scope"][0].split()} == {
        *SCOPES, "offline_access", "openid", "profile"
    }  # fmt: skip
    assert caught.value.code == "approval_needed"
    assert "AADSTS" not in str(caught.value)


def test_approval_may_be_needed_at_the_token_endpoint_too(app: GraphApp, authority: Authority) -> None:
    asked = asked_of(app)
    code = authority.consented(asked)["code"]
    authority.token_refusal = 400, {"error": "invalid_grant", "error_description": "AADSTS65001: No consent."}
    with pytest.raises(ApprovalNeeded):
        exchange(app, code=code, verifier=asked.verifier, redirect_uri=REDIRECT)


def test_the_link_for_administrators_is_that_of_the_only_tenant_where_there_is_one(authority: Authority) -> None:
    link = admin_consent_url(authority.app(NOWHERE, tenant="practice.example"), redirect_uri=REDIRECT)
    assert urlsplit(link).path == "/practice.example/v2.0/adminconsent"


def test_a_wrong_secret_is_told_as_the_administrators_affair(app: GraphApp, authority: Authority) -> None:
    asked = asked_of(app)
    authority.token_refusal = 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid secret."}
    with pytest.raises(AccessLost, match="app registration") as caught:
        exchange(app, code=authority.consented(asked)["code"], verifier=asked.verifier, redirect_uri=REDIRECT)
    assert caught.value.code == "misconfigured"


@pytest.mark.parametrize("answer", [{}, {"state": "s-1"}])
def test_an_answer_without_a_code_is_refused(app: GraphApp, answer: dict[str, str]) -> None:
    with pytest.raises(AccessLost):
        code_of(app, answer, redirect_uri=REDIRECT)


def test_a_server_that_fails_is_asked_later(app: GraphApp, authority: Authority) -> None:
    asked = asked_of(app)
    code = authority.consented(asked)["code"]
    authority.token_refusal = 503, {"error": "temporarily_unavailable"}
    with pytest.raises(TryLater):
        exchange(app, code=code, verifier=asked.verifier, redirect_uri=REDIRECT)


def test_a_server_that_cannot_be_trusted_is_not_asked(authority: Authority) -> None:
    trusting_nobody = GraphApp(client_id="c", client_secret="s", authority=authority.url, reach=authority.app("").reach)
    with pytest.raises(TryLater):
        consent_url(trusting_nobody, state="s", redirect_uri=REDIRECT)


# -- renewal


def test_a_token_that_has_ended_is_renewed_and_the_next_refresh_token_kept(app: GraphApp, authority: Authority) -> None:
    authority.lifetime = 0
    credentials, kept = authority.connect(app, ANNA), list[str]()
    authority.lifetime = 3600

    token = GraphAccess(app, credentials, keep=kept.append).token()

    assert token == "token-2"
    assert len(kept) == 1
    assert GraphAccess(app, kept[0], keep=pytest.fail).token() == "token-2"
    (still,) = authority.refresh_tokens
    assert still in kept[0]


def test_a_token_that_holds_costs_no_request(app: GraphApp, authority: Authority) -> None:
    credentials = authority.connect(app, ANNA)
    before = len(authority.asked)
    GraphAccess(app, credentials, keep=pytest.fail).token()
    assert len(authority.asked) == before


def test_a_consent_that_was_taken_back_is_access_lost(app: GraphApp, authority: Authority) -> None:
    credentials = authority.connect(app, ANNA)
    authority.revoke(ANNA)
    with pytest.raises(AccessLost) as caught:
        GraphAccess(app, credentials, keep=lambda _: None).renewed()
    assert caught.value.code == "invalid_grant"


def test_a_server_that_does_not_renew_is_asked_later(app: GraphApp, authority: Authority) -> None:
    credentials = authority.connect(app, ANNA)
    authority.token_refusal = 400, {"error": "temporarily_unavailable"}
    with pytest.raises(TryLater):
        GraphAccess(app, credentials, keep=pytest.fail).renewed()


def test_a_secret_that_has_expired_is_the_administrators_affair_and_loses_no_consent(
    app: GraphApp, authority: Authority
) -> None:
    credentials = authority.connect(app, ANNA)
    authority.token_refusal = 401, {"error": "invalid_client", "error_description": "AADSTS7000222: The keys expired."}
    with pytest.raises(TryLater, match="secret may have expired") as caught:
        GraphAccess(app, credentials, keep=pytest.fail).renewed()
    assert caught.value.code == "misconfigured"


@pytest.mark.parametrize("credentials", ["", "[]", "not json", '{"AccessToken": 3}'])
def test_credentials_that_cannot_be_read_are_access_lost(app: GraphApp, credentials: str) -> None:
    with pytest.raises(AccessLost):
        GraphAccess(app, credentials, keep=pytest.fail).renewed()


def test_nothing_of_a_token_is_logged(app: GraphApp, authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        credentials = authority.connect(app, ANNA)
        GraphAccess(app, credentials, keep=lambda _: None).renewed()
    assert not any(secret in caplog.text for secret in ("token-1", "token-2", CLIENT_SECRET, "M.C5_"))
