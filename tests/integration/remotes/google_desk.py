"""Anna's Google account as hxdav and as she herself see it, for tests of the Google remote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx

from hxdav.remote import CalendarId, Page, Remote, RemoteObject
from hxdav.remotes.google.account import open_google
from hxdav.remotes.google.oauth import GoogleApp, GoogleConsent, code_of, consent_url, exchange
from hxdav.remotes.google.quota import RateLimit
from tests.simulators.google.clients import faithful_google
from tests.simulators.google.people import Person
from tests.simulators.google.simulator import GoogleSimulator
from tests.simulators.google.world import Clock, real_clock

ANNA = "anna@example.com"
BERLIN = "Europe/Berlin"
REDIRECT = "https://hxdav.example.com/hooks/google"


def app_of(google: GoogleSimulator) -> GoogleApp:
    """hxdav as the simulator knows it."""
    return GoogleApp(
        client_id=google.application.client_id,
        client_secret=google.application.client_secret,
        auth_url=f"{google.url}/o/oauth2/v2/auth",
        token_url=f"{google.url}/token",
        revoke_url=f"{google.url}/revoke",
        api_root=google.url,
    )


def consented(asked: GoogleConsent) -> dict[str, str]:
    """What a browser brings back from Google's consent page."""
    answer = httpx.get(asked.url, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def connect(app: GoogleApp) -> str:
    """Go the whole way, and come back with credentials."""
    asked = consent_url(app, state="s", redirect_uri=REDIRECT, login_hint=ANNA)
    return exchange(app, code=code_of(consented(asked)), verifier=asked.verifier, redirect_uri=REDIRECT)


@dataclass(slots=True, kw_only=True)
class Desk:
    """Google, Anna before it, and hxdav with a calendar in her account."""

    google: GoogleSimulator
    anna: Person
    app: GoogleApp
    remote: Remote
    calendar_id: CalendarId
    kept: list[str] = field(default_factory=list)

    def everything(self) -> Page:
        """A whole listing, page after page, as one."""
        return self._all(self.remote.pull(self.calendar_id, None))

    def since(self, page: Page) -> Page:
        """All that changed since."""
        return self._all(self.remote.pull(self.calendar_id, page.cursor))

    def create(self, text: str) -> RemoteObject:
        """A new object in the calendar."""
        return self.remote.create(self.calendar_id, text)

    def _all(self, page: Page) -> Page:
        found = list(page.sightings)
        while page.more:
            page = self.remote.pull(self.calendar_id, page.cursor)
            found += page.sightings
        return Page(sightings=tuple(found), cursor=page.cursor, more=False, listing=page.listing)


@contextmanager
def a_desk(*, clock: Clock = real_clock, limit: RateLimit | None = None) -> Iterator[Desk]:
    """Set all of it up. What breaks Google's published schema fails the test, and so does a mail to a guest."""
    with faithful_google(clock=clock) as google:
        anna = google.user(ANNA, zone=BERLIN)
        app, kept = app_of(google), list[str]()
        remote = open_google(app, connect(app), keep=kept.append, limit=limit)
        try:
            calendar_id = remote.make_calendar("HX_Harbour", marker="m-1", zone=BERLIN)
            yield Desk(google=google, anna=anna, app=app, remote=remote, calendar_id=calendar_id, kept=kept)
            assert {sent.value for sent in google.api.send_updates} <= {"none"}
        finally:
            remote.close()
