"""Consent, codes, tokens and their end, by google_auth_oauthlib and google-auth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow  # type: ignore[import-untyped]
from oauthlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]

from tests.simulators.google.cases import ANNA, Ticking, refused
from tests.simulators.google.clients import calendar_service, faithful_google
from tests.simulators.google.oauth import APP_CREATED, EMAIL, LIST_READONLY, OAuthClient
from tests.simulators.google.simulator import GoogleSimulator

CALLBACK = "http://127.0.0.1:8080/oauth/google/callback"
SCOPES = [APP_CREATED, LIST_READONLY]


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def google(clock: Ticking, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleSimulator]:
    # The library insists on https, and on getting the scopes that it asked for.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    application = OAuthClient(redirect_uris=frozenset({CALLBACK}))
    with faithful_google(clock=clock, application=application) as found:
        found.user(ANNA)
        yield found


@pytest.fixture
def flow(google: GoogleSimulator) -> Iterator[Flow]:
    found = a_flow(google)
    yield found
    found.oauth2session.close()


def a_flow(google: GoogleSimulator, *, scopes: list[str] | None = None) -> Flow:
    config = {
        "web": {
            "client_id": google.application.client_id,
            "client_secret": google.application.client_secret,
            "auth_uri": f"{google.url}/o/oauth2/v2/auth",
            "token_uri": f"{google.url}/token",
        }
    }
    return Flow.from_client_config(
        config, scopes=scopes or SCOPES, redirect_uri=CALLBACK, autogenerate_code_verifier=True
    )


def consented(flow: Flow, **parameters: str) -> dict[str, str]:
    """What the browser brings back after the consent page."""
    url, _ = flow.authorization_url(**{"login_hint": ANNA, "access_type": "offline", "prompt": "consent", **parameters})
    answer = httpx.get(url)
    assert answer.status_code == 302
    location = answer.headers["Location"]
    assert location.startswith(f"{CALLBACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def granted(flow: Flow, **parameters: str) -> Credentials:
    flow.fetch_token(code=consented(flow, **parameters)["code"])
    found: Credentials = flow.credentials
    return found


def refresh(credentials: Credentials) -> None:
    transport = Request()
    try:
        credentials.refresh(transport)  # type: ignore[no-untyped-call]
    finally:
        transport.session.close()


def test_consent_gives_tokens_that_work(google: GoogleSimulator, flow: Flow) -> None:
    credentials = granted(flow)
    assert credentials.refresh_token
    with calendar_service(google, str(credentials.token)) as service:
        assert service.calendarList().list().execute()["items"][0]["id"] == ANNA


def test_the_state_comes_back(flow: Flow) -> None:
    assert consented(flow, state="of-the-caller")["state"] == "of-the-caller"


def test_the_account_may_be_one_that_is_signed_in(google: GoogleSimulator, flow: Flow) -> None:
    google.authority.consent.user = google.user("ben@example.com").email
    credentials = granted(flow, login_hint="nobody@example.com")
    with calendar_service(google, str(credentials.token)) as service:
        assert service.calendarList().list().execute()["items"][0]["id"] == "ben@example.com"


def test_a_user_may_deny(google: GoogleSimulator, flow: Flow) -> None:
    google.authority.consent.denies = True
    assert consented(flow, state="x") == {"state": "x", "error": "access_denied"}


def test_a_user_may_untick_a_scope(google: GoogleSimulator, flow: Flow) -> None:
    google.authority.consent.unticked = {LIST_READONLY}
    credentials = granted(flow)
    assert credentials.granted_scopes == [APP_CREATED]
    with calendar_service(google, str(credentials.token)) as service, refused(403, "insufficientPermissions"):
        service.calendarList().list().execute()


def test_a_code_works_once(google: GoogleSimulator, flow: Flow) -> None:
    code = consented(flow)["code"]
    flow.fetch_token(code=code)
    with pytest.raises(OAuth2Error, match="invalid_grant"):
        flow.fetch_token(code=code)


def test_a_code_dies_after_ten_minutes(clock: Ticking, flow: Flow) -> None:
    code = consented(flow)["code"]
    clock.move(timedelta(minutes=10))
    with pytest.raises(OAuth2Error, match="invalid_grant"):
        flow.fetch_token(code=code)


def test_a_wrong_verifier_is_refused(flow: Flow) -> None:
    code = consented(flow)["code"]
    flow.code_verifier = "another-verifier-that-is-long-enough-to-be-one-indeed"
    with pytest.raises(OAuth2Error, match="invalid_grant"):
        flow.fetch_token(code=code)


def test_a_wrong_secret_is_refused(flow: Flow) -> None:
    code = consented(flow)["code"]
    flow.client_config["client_secret"] = "wrong"
    with pytest.raises(OAuth2Error, match="invalid_client"):
        flow.fetch_token(code=code)


def test_the_redirect_uri_must_be_the_same_to_the_letter(flow: Flow) -> None:
    code = consented(flow)["code"]
    flow.redirect_uri = f"{CALLBACK}/"
    with pytest.raises(OAuth2Error, match="redirect_uri_mismatch"):
        flow.fetch_token(code=code)


def test_a_redirect_uri_that_was_not_registered_gets_no_code(flow: Flow) -> None:
    flow.redirect_uri = "http://127.0.0.1:8080/elsewhere"
    answer = httpx.get(flow.authorization_url(login_hint=ANNA)[0])
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_an_unknown_application_gets_no_code(google: GoogleSimulator) -> None:
    query = {"client_id": "x", "redirect_uri": CALLBACK, "response_type": "code", "scope": APP_CREATED}
    assert httpx.get(f"{google.url}/o/oauth2/v2/auth", params=query).status_code == 401


def test_a_second_consent_gives_no_refresh_token_unless_asked_for_consent(google: GoogleSimulator, flow: Flow) -> None:
    assert granted(flow).refresh_token
    assert granted(flow, prompt="select_account").refresh_token is None
    assert granted(flow).refresh_token


def test_access_without_the_user_gives_no_refresh_token_unless_asked_for(flow: Flow) -> None:
    assert granted(flow, access_type="online").refresh_token is None


def test_scopes_granted_before_can_be_included(google: GoogleSimulator, flow: Flow) -> None:
    granted(flow)
    more = a_flow(google, scopes=["openid", "email"])
    credentials = granted(more, include_granted_scopes="true")
    more.oauth2session.close()
    assert set(credentials.granted_scopes or ()) == {*SCOPES, "openid", EMAIL}


def test_an_expired_access_token_is_refused_and_refreshed(google: GoogleSimulator, clock: Ticking, flow: Flow) -> None:
    credentials = granted(flow)
    clock.move(timedelta(hours=1))
    answer = httpx.get(
        f"{google.url}/calendar/v3/users/me/calendarList", headers={"Authorization": f"Bearer {credentials.token}"}
    )
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (401, "authError")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    refresh(credentials)
    with calendar_service(google, str(credentials.token)) as service:
        service.calendarList().list().execute()


def test_a_refresh_token_may_have_a_short_life(google: GoogleSimulator, clock: Ticking, flow: Flow) -> None:
    google.authority.refresh_token_life = timedelta(days=7)
    credentials = granted(flow)
    clock.move(timedelta(days=7))
    with pytest.raises(RefreshError, match="invalid_grant"):
        refresh(credentials)


def test_what_the_user_takes_back_ends_at_once(google: GoogleSimulator, flow: Flow) -> None:
    credentials = granted(flow)
    google.user(ANNA).revoke()
    with pytest.raises(RefreshError, match="invalid_grant"):
        refresh(credentials)


def test_revoking_one_token_ends_every_grant_of_that_user_to_the_application(
    google: GoogleSimulator, flow: Flow
) -> None:
    first, second = granted(flow), granted(flow)
    assert httpx.post(f"{google.url}/revoke", data={"token": str(first.refresh_token)}).status_code == 200
    with pytest.raises(RefreshError, match="invalid_grant"):
        refresh(second)
    answer = httpx.post(f"{google.url}/revoke", data={"token": str(first.refresh_token)})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_token")


def test_who_the_user_is_is_told_only_when_it_was_granted(google: GoogleSimulator) -> None:
    url = f"{google.url}/oauth2/v3/userinfo"
    anna = google.user(ANNA)
    told = httpx.get(url, headers={"Authorization": f"Bearer {anna.token('openid', EMAIL)}"})
    assert told.json()["email"] == ANNA
    assert "email" not in httpx.get(url, headers={"Authorization": f"Bearer {anna.token('openid')}"}).json()
    assert httpx.get(url, headers={"Authorization": f"Bearer {anna.token()}"}).status_code == 401
