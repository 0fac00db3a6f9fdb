"""Consent, code, PKCE, refresh, rotation and revocation, against authorization servers that are not ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import Request  # type: ignore[import-untyped]

from hxdav.net.reach import Reach
from hxdav.remote import AccessLost
from hxdav.remotes.google import oauth as google_oauth
from hxdav.remotes.google.connection import new_http
from hxdav.remotes.google.oauth import GoogleApp
from hxdav.remotes.graph import oauth as graph_oauth
from hxdav.remotes.graph.oauth import GraphAccess, GraphApp
from tests.integration.remotes.emulated import CLIENT_ID, CLIENT_SECRET, USER, Emulated, emulated

AT_MICROSOFT = "https://hxdav.example.com/connect/microsoft/callback"
AT_GOOGLE = "https://hxdav.example.com/connect/google/callback"


@pytest.fixture(scope="module")
def microsoft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    with emulated(tmp_path_factory.mktemp("microsoft"), "microsoft", redirect_uri=AT_MICROSOFT, tls=True) as server:
        yield server


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    with emulated(tmp_path_factory.mktemp("google"), "google", redirect_uri=AT_GOOGLE) as server:
        yield server


def graph_app(microsoft: Emulated, *, secret: str = CLIENT_SECRET) -> GraphApp:
    return GraphApp(
        client_id=CLIENT_ID,
        client_secret=secret,
        authority=microsoft.url,
        reach=Reach(allowed=("127.0.0.1",)),
        authorities=microsoft.authorities,
    )


def google_app(google: Emulated) -> GoogleApp:
    return GoogleApp(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        auth_url=f"{google.url}/o/oauth2/v2/auth",
        token_url=f"{google.url}/oauth2/token",
        revoke_url=f"{google.url}/oauth2/revoke",
    )


def connected_to(microsoft: Emulated) -> str:
    app = graph_app(microsoft)
    asked = graph_oauth.consent_url(app, state="s-1", redirect_uri=AT_MICROSOFT)
    answer = microsoft.consented(asked.url)
    assert answer["state"] == "s-1"
    code = graph_oauth.code_of(app, answer, redirect_uri=AT_MICROSOFT)
    return graph_oauth.exchange(app, code=code, verifier=asked.verifier, redirect_uri=AT_MICROSOFT)


def refresh_token_in(credentials: str) -> str:
    (token,) = json.loads(credentials)["RefreshToken"].values()
    return str(token["secret"])


def test_a_consent_at_microsoft_becomes_credentials_that_renew_themselves(microsoft: Emulated) -> None:
    credentials = connected_to(microsoft)
    kept: list[str] = []
    access = GraphAccess(graph_app(microsoft), credentials, keep=kept.append)

    first = access.token()
    second = access.renewed()

    assert first != second
    assert refresh_token_in(kept[-1]) != refresh_token_in(credentials), "the refresh token is another one each time"


def test_a_refresh_token_at_microsoft_counts_once(microsoft: Emulated) -> None:
    credentials = connected_to(microsoft)
    GraphAccess(graph_app(microsoft), credentials, keep=lambda _: None).renewed()

    with pytest.raises(AccessLost):
        GraphAccess(graph_app(microsoft), credentials, keep=lambda _: None).renewed()


def test_a_code_of_microsoft_is_worth_nothing_without_its_verifier(microsoft: Emulated) -> None:
    app = graph_app(microsoft)
    asked, other = (graph_oauth.consent_url(app, state="s-1", redirect_uri=AT_MICROSOFT) for _ in range(2))
    code = graph_oauth.code_of(app, microsoft.consented(asked.url), redirect_uri=AT_MICROSOFT)

    with pytest.raises(AccessLost):
        graph_oauth.exchange(app, code=code, verifier=other.verifier, redirect_uri=AT_MICROSOFT)


def test_microsoft_knows_the_application_by_its_secret(microsoft: Emulated) -> None:
    app = graph_app(microsoft, secret="wrong")
    asked = graph_oauth.consent_url(app, state="s-1", redirect_uri=AT_MICROSOFT)
    code = graph_oauth.code_of(app, microsoft.consented(asked.url), redirect_uri=AT_MICROSOFT)

    with pytest.raises(AccessLost) as caught:
        graph_oauth.exchange(app, code=code, verifier=asked.verifier, redirect_uri=AT_MICROSOFT)

    assert caught.value.code == "misconfigured"


def signed_in_at(google: Emulated) -> dict[str, str]:
    app = google_app(google)
    asked = google_oauth.consent_url(app, state="s-2", redirect_uri=AT_GOOGLE, login_hint=USER)
    code = google_oauth.code_of(google.consented(asked.url))
    known = google_oauth.exchange(app, code=code, verifier=asked.verifier, redirect_uri=AT_GOOGLE)
    return dict(json.loads(known))


def renewable(google: Emulated, known: dict[str, str]) -> Credentials:
    return Credentials(
        known["token"],
        refresh_token=known["refresh_token"],
        token_uri=google_app(google).token_url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )


def test_a_consent_at_google_becomes_credentials_that_googles_library_renews(google: Emulated) -> None:
    known = signed_in_at(google)
    credentials = renewable(google, known)

    with closing(new_http()) as http:
        credentials.refresh(Request(http))

    assert credentials.token != known["token"]


def test_what_is_given_back_at_google_renews_nothing(google: Emulated) -> None:
    known = signed_in_at(google)

    google_oauth.revoke(google_app(google), known["refresh_token"])

    with closing(new_http()) as http, pytest.raises(RefreshError):
        renewable(google, known).refresh(Request(http))


def test_a_code_of_google_is_worth_nothing_without_its_verifier(google: Emulated) -> None:
    app = google_app(google)
    asked, other = (google_oauth.consent_url(app, state="s-2", redirect_uri=AT_GOOGLE) for _ in range(2))
    code = google_oauth.code_of(google.consented(asked.url))

    with pytest.raises(AccessLost):
        google_oauth.exchange(app, code=code, verifier=other.verifier, redirect_uri=AT_GOOGLE)
