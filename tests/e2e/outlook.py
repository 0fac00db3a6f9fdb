"""hxdav with Microsoft behind it, as people run it: Outlook.com, Office 365, their sign-in over TLS, and a browser."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from caldav.davclient import DAVClient

from tests.e2e.bridged import NAME, ConsentingCommand, Row
from tests.e2e.faces import HOUR, Face, NativeFace, Seen
from tests.e2e.serving import DemoServer
from tests.simulators.graph.authority import CLIENT_ID, CLIENT_SECRET, LOOPBACK, AuthorityState, authority_server
from tests.simulators.graph.people import Person
from tests.simulators.graph.server import graph_server
from tests.simulators.graph.simulator import GraphSimulator
from tests.waiting import PATIENCE_SECONDS, until

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Microsoft:
    """Graph, and the authorization server whose tokens it takes."""

    graph: GraphSimulator
    authority: AuthorityState

    def revoke(self, email: str) -> None:
        """Its owner takes the consent back."""
        self.authority.revoke(email)
        self.graph.user(email).revoke()

    def settings(self, folder: Path, *, port: int) -> dict[str, str]:
        """The settings by which hxdav takes the simulators for Microsoft."""
        authorities = folder / "authorities.pem"
        authorities.write_text(self.authority.authorities, encoding="ascii")
        return {
            "HXDAV_SERVER__PUBLIC_URL": f"http://127.0.0.1:{port}",
            "HXDAV_MICROSOFT__CLIENT_ID": CLIENT_ID,
            "HXDAV_MICROSOFT__CLIENT_SECRET": CLIENT_SECRET,
            "HXDAV_MICROSOFT__AUTHORITY_URL": self.authority.url,
            "HXDAV_MICROSOFT__GRAPH_URL": f"{self.graph.url}/v1.0",
            "HXDAV_BRIDGES__CA_FILE": str(authorities),
            "HXDAV_BRIDGES__ALLOWED_ADDRESSES": json.dumps([LOOPBACK]),
            "HXDAV_BRIDGES__PATIENCE_SECONDS": "2",
        }


@contextmanager
def a_microsoft() -> Iterator[Microsoft]:
    """Both simulators; what broke Microsoft's schema, or wrote mail, fails at the end."""
    with graph_server() as graph:

        def issue(user: str, scopes: str) -> str:
            return graph.tokens.issue(user, scopes.split())

        with authority_server(issue, AuthorityState) as authority:
            yield Microsoft(graph=graph, authority=authority)
        assert graph.violations == []
        assert graph.world.mailed == []


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrosoftDemo:
    """The demo server with Microsoft as it is simulated, in this process."""

    server: DemoServer
    microsoft: Microsoft

    def connect(self, username: str, service: str, email: str, *options: str) -> Row:
        """``hxdav integrations add`` with its user in front of a browser; the integration."""
        with self.consenting(username, service, email, *options) as command:
            assert "Connected" in command.browse().text
            return command.result()

    @contextmanager
    def consenting(self, username: str, service: str, email: str, *options: str) -> Iterator[SignInCommand]:
        """The same command, while it waits for its user."""
        self.microsoft.graph.user(email, personal=service == "outlook")
        self.microsoft.authority.user = email
        arguments = ("integrations", "add", "--as", username, "--service", service, "--json", *options)
        with SignInCommand(self.server, *arguments, typed=self.typed(username)) as command:
            command.trusted = self.microsoft.authority.authorities
            yield command

    def browse(self, url: str) -> httpx.Response:
        """Open a page; what the browser shows in the end."""
        return _browsed(url, self.microsoft.authority.authorities)

    def typed(self, username: str) -> str:
        """What the user types where a command asks for the web password."""
        return self.server.users[username].web_password + "\n"

    def own(self, username: str, *command: str) -> str:
        """What a command says that the user gives with their own login."""
        return self.server.hxdav(*command, "--as", username, "--password-stdin", typed=self.typed(username))

    def told(self, username: str) -> set[str]:
        """The kinds of what the user has been told."""
        return {each["kind"] for each in json.loads(self.own(username, "notifications", "list", "--json"))}

    def face(self, email: str, name: str = NAME) -> OutlookFace:
        """The calendar of that name in Outlook, as soon as it is there."""
        person = self.microsoft.graph.user(email)
        found = until(
            lambda: [each for each in person.calendars() if each.name == name], what=f"{name} in {email}'s Outlook"
        )
        return OutlookFace(person, found[0].id)

    @contextmanager
    def native_face(self, username: str) -> Iterator[NativeFace]:
        """The user's own calendar in a program that is subscribed to hxdav."""
        user = self.server.users[username]
        with DAVClient(url=self.server.base_url, username=user.username, password=user.app_password) as client:
            yield NativeFace(client.calendar(url=user.calendar_url))


class SignInCommand(ConsentingCommand):
    """A command that sends its user to Microsoft; ``trusted`` are the authorities (PEM) that the browser trusts."""

    trusted = ""

    def browse(self) -> httpx.Response:
        """Open the page that it names; what the browser shows in the end."""
        return _browsed(self._url(), self.trusted)


class OutlookFace(Face):
    """Outlook, on the web or in a program of its own."""

    def __init__(self, person: Person, calendar_id: str) -> None:
        self.person = person
        self.calendar_id = calendar_id

    def events(self) -> list[Json]:
        """Everything that is there, in Graph's words."""
        return self.person.events(self.calendar_id)

    def seen(self) -> list[Seen]:
        return [
            Seen(key=one["id"], uid=one["iCalUId"], title=one["subject"] or "", starts=_start(one))
            for one in self.events()
        ]

    def add(self, uid: str, title: str, starts: datetime) -> None:
        """In Outlook a new event gets its UID from Exchange."""
        self.person.add_event(self.calendar_id, starts, starts + HOUR, subject=title)

    def retitle(self, shown: Seen, title: str) -> None:
        self.person.change_event(shown.key, subject=title)

    def move(self, shown: Seen, starts: datetime) -> None:
        now = self.person.event_with(shown.key)
        length = _moment(now["end"]) - _moment(now["start"])
        self.person.change_event(shown.key, start=starts, end=starts + length)

    def remove(self, shown: Seen) -> None:
        self.person.delete_event(shown.key)


def _browsed(url: str, authorities: str) -> httpx.Response:
    trusted = ssl.create_default_context(cadata=authorities)
    with httpx.Client(follow_redirects=True, timeout=PATIENCE_SECONDS, verify=trusted, trust_env=False) as browser:
        return browser.get(url)


def _start(one: Json) -> datetime | date:
    return date.fromisoformat(one["start"]["dateTime"][:10]) if one["isAllDay"] else _moment(one["start"])


def _moment(bound: Json) -> datetime:
    assert bound["timeZone"] == "UTC"
    return datetime.fromisoformat(bound["dateTime"][:19]).replace(tzinfo=UTC)
