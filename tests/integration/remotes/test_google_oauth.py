"""Connecting a Google account, and losing it: consent, scopes, codes, renewed and withdrawn tokens."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from google_auth_oauthlib.flow import Flow  # type: ignore[import-untyped]

from hxdav.remote import AccessLost, Forbidden, RemoteError, TryLater
from hxdav.remotes.google.account import open_google
from hxdav.remotes.google.oauth import SCOPES, GoogleApp, GoogleConsent, code_of, consent_url, exchange
from tests.integration.remotes.google_desk import ANNA, REDIRECT, Desk, a_desk, app_of, connect, consented
from tests.simulators.google.clients import faithful_google
from tests.simulators.google.oauth import APP_CREATED, LIST_READONLY
from tests.simulators.google.simulator import GoogleSimulator


@pytest.fixture
def google() -> Iterator[GoogleSimulator]:
    with faithful_google() as google:
        google.user(ANNA)
        yield google


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


def asked_of(app: GoogleApp) -> GoogleConsent:
    return consent_url(app, state="s-1", redirect_uri=REDIRECT, login_hint=ANNA)


def test_consent_is_asked_for_two_scopes_and_without_the_secret(google: GoogleSimulator) -> None:
    app = app_of(google)
    query = parse_qs(urlsplit(asked_of(app).url).query)
    assert query["scope"] == [f"{APP_CREATED} {LIST_READONLY}"]
    assert (query["access_type"], query["prompt"], query["code_challenge_method"]) == (
        ["offline"],
        ["consent"],
        ["S256"],
    )
    assert app.client_secret not in asked_of(app).url
    assert app.client_secret not in repr(app)


def test_the_state_comes_back_and_each_request_has_a_verifier_of_its_own(google: GoogleSimulator) -> None:
    first, second = asked_of(app_of(google)), asked_of(app_of(google))
    assert consented(first)["state"] == "s-1"
    assert first.verifier != second.verifier
    assert first.verifier not in first.url


def test_the_address_is_one_that_googles_own_library_would_make() -> None:
    app = GoogleApp(client_id="c.apps.googleusercontent.com", client_secret="s-e-c-r-e-t")
    secrets = {"client_id": app.client_id, "client_secret": app.client_secret}
    flow = Flow.from_client_config(
        {"web": {**secrets, "auth_uri": app.auth_url, "token_uri": app.token_url}},
        scopes=list(SCOPES),
        redirect_uri=REDIRECT,
        autogenerate_code_verifier=True,
    )
    theirs, _ = flow.authorization_url(access_type="offline", prompt="consent", login_hint=ANNA, state="s-1")
    ours = asked_of(app).url
    differing = {"code_challenge"}
    assert {name: value for name, value in parse_qs(urlsplit(ours).query).items() if name not in differing} == {
        name: value for name, value in parse_qs(urlsplit(theirs).query).items() if name not in differing
    }


def test_a_code_is_exchanged_for_credentials_that_open_the_account(google: GoogleSimulator) -> None:
    app = app_of(google)
    remote = open_google(app, connect(app), keep=lambda _: None)
    assert remote.identify().subject == ANNA
    assert remote.requests == 1
    remote.close()


def test_credentials_hold_no_secret_of_the_application(google: GoogleSimulator) -> None:
    app = app_of(google)
    assert app.client_secret not in connect(app)
    assert app.client_id not in connect(app)


def test_a_denial_is_told_as_one(google: GoogleSimulator) -> None:
    google.authority.consent.denies = True
    with pytest.raises(AccessLost, match="not allowed") as caught:
        code_of(consented(asked_of(app_of(google))))
    assert caught.value.code == "denied"


@pytest.mark.parametrize("scope", [APP_CREATED, LIST_READONLY])
def test_an_unticked_box_is_named(google: GoogleSimulator, scope: str) -> None:
    google.authority.consent.unticked = {scope}
    with pytest.raises(AccessLost) as caught:
        connect(app_of(google))
    assert SCOPES[scope] in str(caught.value)
    assert caught.value.code == "scope_missing"
    assert all(words not in str(caught.value) for other, words in SCOPES.items() if other != scope)


def test_a_code_without_its_verifier_is_worth_nothing(google: GoogleSimulator) -> None:
    app = app_of(google)
    code = code_of(consented(asked_of(app)))
    with pytest.raises(AccessLost) as caught:
        exchange(app, code=code, verifier="another" * 8, redirect_uri=REDIRECT)
    assert code not in str(caught.value)
    assert caught.value.code == "invalid_grant"


def test_a_wrong_client_secret_is_the_administrators_to_mend(google: GoogleSimulator) -> None:
    app = app_of(google)
    wrong = GoogleApp(
        client_id=app.client_id, client_secret="wrong-secret", auth_url=app.auth_url, token_url=app.token_url
    )
    with pytest.raises(AccessLost, match="administrator") as caught:
        connect(wrong)
    assert "wrong-secret" not in str(caught.value)


def test_a_token_endpoint_out_of_order_is_for_later(google: GoogleSimulator) -> None:
    google.faults.refuse(503, "backendError", path="/token")
    with pytest.raises(TryLater):
        connect(app_of(google))


def test_a_token_endpoint_out_of_reach_is_for_later() -> None:
    app = GoogleApp(client_id="c", client_secret="s", token_url="http://127.0.0.1:9/token")
    with pytest.raises(TryLater):
        exchange(app, code="c", verifier="v", redirect_uri=REDIRECT)


def test_an_expired_token_is_renewed_and_handed_over_to_be_kept(desk: Desk) -> None:
    desk.google.authority.expire_access_tokens()
    assert desk.remote.identify().label == ANNA
    (kept,) = desk.kept
    again = open_google(desk.app, kept, keep=desk.kept.append)
    assert again.identify().label == ANNA
    assert len(desk.kept) == 1
    again.close()


def test_a_token_about_to_expire_is_renewed_beforehand(google: GoogleSimulator) -> None:
    app, kept = app_of(google), list[str]()
    credentials = json.loads(connect(app)) | {"expires": datetime.now(UTC).isoformat()}
    remote = open_google(app, json.dumps(credentials), keep=kept.append)
    assert remote.identify().label == ANNA
    assert datetime.fromisoformat(json.loads(kept[0])["expires"]) > datetime.now(UTC) + timedelta(minutes=30)
    assert google.requests.made(ANNA) == 1
    remote.close()


def test_access_that_was_withdrawn_is_lost(desk: Desk) -> None:
    desk.anna.revoke()
    with pytest.raises(AccessLost) as caught:
        desk.everything()
    assert caught.value.code == "invalid_grant"


def test_a_renewal_that_fails_for_another_reason_is_for_later(desk: Desk) -> None:
    desk.google.authority.expire_access_tokens()
    desk.google.faults.refuse(503, "backendError", path="/token", times=9)
    with pytest.raises(TryLater):
        desk.remote.identify()


def test_missing_scopes_are_forbidden(google: GoogleSimulator) -> None:
    anna = google.user(ANNA)
    credentials = json.dumps({"token": anna.token(APP_CREATED), "refresh_token": "x", "expires": ""})
    remote = open_google(app_of(google), credentials, keep=lambda _: None)
    with pytest.raises(Forbidden):
        remote.identify()
    remote.close()


def test_credentials_that_cannot_be_read_are_lost_access(google: GoogleSimulator) -> None:
    with pytest.raises(AccessLost):
        open_google(app_of(google), "{}", keep=lambda _: None)


def test_a_grant_is_given_back_once_and_asked_again_it_is_done(desk: Desk) -> None:
    desk.remote.revoke()
    desk.remote.revoke()
    with pytest.raises(AccessLost):
        desk.remote.identify()


def test_no_error_and_no_log_line_tells_a_token_or_an_address(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    told: list[str] = []
    faults = desk.google.faults
    for trouble in (
        lambda: faults.refuse(403, "rateLimitExceeded"),
        lambda: faults.refuse(403, "forbidden"),
        lambda: faults.refuse(500, "backendError"),
        lambda: faults.refuse(400, "invalid"),
        faults.cut,
        lambda: faults.lose_answers(times=9),
        desk.anna.revoke,
    ):
        trouble()
        with pytest.raises(RemoteError) as caught:
            desk.everything()
        faults.clear()
        told.append(f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}")
    heard = " ".join((*told, caplog.text))
    assert all(
        word not in heard for word in ("ya29", "1//", "127.0.0.1", desk.calendar_id, ANNA, desk.app.client_secret)
    )
