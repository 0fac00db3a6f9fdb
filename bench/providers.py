"""The providers as they are simulated, each in a process of its own: what the bridges are measured against."""

from __future__ import annotations

import json
import ssl
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bench import servers
from hxdav.bootstrap.bridges import BridgeParts
from hxdav.bootstrap.installation import Installation
from hxdav.connect.connector import Applicant, OpenedAccount
from hxdav.connect.credentials import MailboxCredentials, exchange_credentials
from hxdav.domain.edit import Authority, Source
from hxdav.domain.integration import Service
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.integrations.consents import ConsentRequest
from tests.integration.remotes.graph_authority import CLIENT_ID, CLIENT_SECRET, an_authority
from tests.integration.remotes.graph_authority import Authority as SignIn

ZONE = "Australia/Sydney"
BENCH = Source(authority=Authority.PRACTICE, agent="hxdav bench")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an account's owner sees in a calendar that hxdav made; ``made_at`` and ``changed_at`` by the provider."""

    entry_id: str
    calendar: str
    title: str
    starts: datetime
    made_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a provider lets an account ask for: so many, of what."""

    figure: str
    words: str
    at_most: int


class Provider(ABC):
    """A simulator, and what a person does at it."""

    service: Service
    limit: Limit
    edits_a_second: float
    polled_every: timedelta
    requests_an_edit: float | None = None
    told_within = 2.0
    """Seconds after an edit there by which CalDAV shows it."""

    def __init__(self, announced: dict[str, Any]) -> None:
        self.announced = announced
        self.http = httpx.Client(base_url=announced["url"], timeout=60, trust_env=False)

    def close(self) -> None:
        """Give the connections back."""
        self.http.close()

    def email_of(self, login: PractitionerLogin) -> str:
        """The account of one of the practice's people."""
        return f"{login.user.username}@{self.service}.example"

    def settings(self, folder: Path) -> str:  # noqa: ARG002 - some write into it what the settings name
        """The tables of the settings that lead here."""
        return '[bridges]\nallowed_addresses = ["127.0.0.1"]\n'

    @abstractmethod
    def connect(self, here: Installation, login: PractitionerLogin, email: str) -> None:
        """Connect a new account, as its owner does."""

    @abstractmethod
    def entries(self, email: str) -> list[Entry]:
        """What there is in the calendars that hxdav made in the account."""

    @abstractmethod
    def retitle(self, email: str, entry: Entry, title: str) -> None:
        """The account's owner gives an entry another title, in the provider's own app."""

    def report(self) -> dict[str, Any]:
        """Requests by user, and what broke the provider's published schema."""
        found: dict[str, Any] = self.http.get("/_simulator/report").raise_for_status().json()
        return found


ProviderMaker = Callable[[Path], AbstractContextManager[Provider]]
"""Starts a provider; what it leaves behind goes into the folder."""


class Google(Provider):
    """600 requests per minute and user."""

    service = Service.GOOGLE
    limit = Limit(figure="busiest_minute", words="in the busiest minute of any account", at_most=600)
    edits_a_second = 5.0
    polled_every = timedelta(minutes=10)

    def settings(self, folder: Path) -> str:
        """The tables of the settings, with hxdav as it is registered there."""
        url, app = self.announced["url"], self.announced
        return super().settings(folder) + (
            f'[google]\nclient_id = "{app["client_id"]}"\nclient_secret = "{app["client_secret"]}"\n'
            f'auth_url = "{url}/o/oauth2/v2/auth"\ntoken_url = "{url}/token"\nrevoke_url = "{url}/revoke"\n'
            f'api_url = "{url}"\n'
        )

    def connect(self, here: Installation, login: PractitionerLogin, email: str) -> None:
        """Connect a new account, as its owner does."""
        self.http.post("/_simulator/token", data={"user": email}).raise_for_status()
        _consent(here, login, self.service, hint=f"&login_hint={email}")

    def entries(self, email: str) -> list[Entry]:
        """What there is in the calendars that hxdav made."""
        by_calendar = self.http.get("/_simulator/events", params={"user": email}).raise_for_status().json()
        return [
            Entry(
                entry_id=one["id"],
                calendar=name,
                title=one["summary"],
                starts=datetime.fromisoformat(one["start"]["dateTime"]),
                made_at=datetime.fromisoformat(one["created"]),
                changed_at=datetime.fromisoformat(one["updated"]),
            )
            for name, listed in by_calendar.items()
            for one in listed
        ]

    def retitle(self, email: str, entry: Entry, title: str) -> None:
        """Another title, by its owner."""
        form = {"user": email, "calendar": entry.calendar, "id": entry.entry_id, "summary": title}
        self.http.post("/_simulator/retitle", data=form).raise_for_status()


class Outlook(Provider):
    """Graph: 10,000 requests in ten minutes and four at once, for each mailbox. Office 365 is the same to hxdav."""

    service = Service.OUTLOOK
    limit = Limit(figure="most_at_once", words="at once in any account", at_most=4)
    edits_a_second = 10.0
    polled_every = timedelta(minutes=10)
    requests_an_edit = 3.0

    def __init__(self, announced: dict[str, Any], authority: SignIn) -> None:
        super().__init__(announced)
        self._authority = authority

    def settings(self, folder: Path) -> str:
        """The tables of the settings, with hxdav as it is registered there."""
        authorities = folder / "authorities.pem"
        authorities.write_text(self._authority.authorities)
        return super().settings(folder) + (
            f'ca_file = "{authorities}"\n[microsoft]\nclient_id = "{CLIENT_ID}"\nclient_secret = "{CLIENT_SECRET}"\n'
            f'authority_url = "{self._authority.url}"\ngraph_url = "{self.announced["url"]}/v1.0"\n'
        )

    def connect(self, here: Installation, login: PractitionerLogin, email: str) -> None:
        """Connect a new account, as its owner does."""
        self._authority.user = email
        trusted = ssl.create_default_context(cadata=self._authority.authorities)
        _consent(here, login, self.service, trusted=trusted)

    def entries(self, email: str) -> list[Entry]:
        """What there is in the calendars that hxdav made."""
        by_calendar = self.http.get("/_simulator/events", params={"user": email}).raise_for_status().json()
        return [
            Entry(
                entry_id=one["id"],
                calendar=name,
                title=one["subject"],
                starts=datetime.fromisoformat(one["start"]["dateTime"][:19]).replace(tzinfo=UTC),
                made_at=datetime.fromisoformat(one["createdDateTime"]),
                changed_at=datetime.fromisoformat(one["lastModifiedDateTime"]),
            )
            for name, listed in by_calendar.items()
            for one in listed
        ]

    def retitle(self, email: str, entry: Entry, title: str) -> None:
        """Another title, by its owner."""
        change = {"user": email, "id": entry.entry_id, "fields": {"subject": title}}
        self.http.post("/_simulator/change", json=change).raise_for_status()


class Exchange(Provider):
    """A server on the premises, as it comes: 27 requests of an account at once, and no bound on their number."""

    service = Service.EXCHANGE
    limit = Limit(figure="most_at_once", words="at once in any account", at_most=27)
    edits_a_second = 10.0
    polled_every = timedelta(seconds=60)
    told_within = 1.0

    def connect(self, here: Installation, login: PractitionerLogin, email: str) -> None:
        """Connect a new account, as its owner does."""
        account = self.http.get("/_simulator/account", params={"user": email, "zone": ZONE}).raise_for_status().json()
        mailbox = MailboxCredentials(address=email, username=email, password=account["password"])
        connector = BridgeParts(here).connector
        connected = connector.connect(
            OpenedAccount(
                service=self.service, credentials=exchange_credentials(mailbox), address=self.announced["ews"]
            ),
            Applicant(practitioner_id=login.practitioner.id, source=replace(BENCH, user_id=login.user.id)),
        )
        connector.fill(connected.integration.id)

    def entries(self, email: str) -> list[Entry]:
        """What there is in the calendars that hxdav made."""
        by_calendar = self.http.get("/_simulator/items", params={"user": email}).raise_for_status().json()
        return [
            Entry(
                entry_id=one["id"],
                calendar=name,
                title=one["subject"],
                starts=datetime.fromisoformat(one["start"]),
                made_at=datetime.fromisoformat(one["made"]),
                changed_at=datetime.fromisoformat(one["changed"]),
            )
            for name, listed in by_calendar.items()
            for one in listed
        ]

    def retitle(self, email: str, entry: Entry, title: str) -> None:
        """Another title, by its owner."""
        form = {"user": email, "id": entry.entry_id, "subject": title}
        self.http.post("/_simulator/retitle", data=form).raise_for_status()


@contextmanager
def google(folder: Path) -> Iterator[Google]:
    """Google, which enforces its quota."""
    with _process(folder, "google", "--zone", ZONE, "--quota", "600") as announced:
        provider = Google(announced)
        try:
            yield provider
        finally:
            provider.close()


@contextmanager
def outlook(folder: Path) -> Iterator[Outlook]:
    """Graph, and Microsoft's sign-in before it."""
    with _process(folder, "graph", "--personal") as announced, httpx.Client(trust_env=False) as http:

        def issue(user: str, scopes: str) -> str:
            asked = {"user": user, "scopes": scopes.split()}
            answer = http.post(f"{announced['url']}/_simulator/token", json=asked)
            return str(answer.raise_for_status().json()["access_token"])

        with an_authority(issue) as authority:
            provider = Outlook(announced, authority)
            try:
                yield provider
            finally:
                provider.close()


@contextmanager
def exchange(folder: Path) -> Iterator[Exchange]:
    """An Exchange server."""
    with _process(folder, "ews") as announced:
        provider = Exchange(announced)
        try:
            yield provider
        finally:
            provider.close()


PROVIDERS: dict[str, ProviderMaker] = {
    "google": google,
    "outlook": outlook,
    "exchange": exchange,
}


@contextmanager
def _process(folder: Path, name: str, *options: str) -> Iterator[dict[str, Any]]:
    """A simulator, and what it announces."""
    command: Sequence[str] = [sys.executable, "-m", f"tests.simulators.{name}", *options]
    settings = {"PYTHONPATH": str(Path.cwd())}
    with servers.running(list(command), folder=folder / name, settings=settings) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())


def _consent(
    here: Installation,
    login: PractitionerLogin,
    service: Service,
    *,
    hint: str = "",
    trusted: ssl.SSLContext | None = None,
) -> None:
    """Send the owner's browser to the consent page (``hint`` says whose it is) and, with what it brings, back."""
    redirect_uri = f"{here.settings.server.url}/connect/{service.provider}/callback"
    asked = BridgeParts(here).connector.ask(
        ConsentRequest(login=login, service=service, redirect_uri=redirect_uri), source=BENCH
    )
    with httpx.Client(follow_redirects=True, timeout=120, trust_env=False, verify=trusted or True) as browser:
        browser.get(f"{asked.url}{hint}").raise_for_status()
