"""hxdav with bridges as people run it: the demo, Google and iCloud beside it, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import httpx
from caldav.davclient import DAVClient

from tests.builders import SYDNEY
from tests.e2e.events import a_day
from tests.e2e.faces import AppleFace, GoogleFace, NativeFace
from tests.e2e.serving import DemoServer
from tests.ports import free_port
from tests.simulators.caldav.account import AppleAccount
from tests.simulators.caldav.icloud import ICloud, an_icloud
from tests.simulators.google.server import google_server
from tests.simulators.google.simulator import GoogleSimulator
from tests.waiting import PATIENCE_SECONDS, until

NAME = "HX_Harbour Street Psychology"
SHOWN = 21
"""Of the demo's appointments, those that a new calendar shows: two sessions a day from today on, and three others."""

Row = dict[str, Any]


class BridgedDemo:
    """The demo server with Google and iCloud as they are simulated, in this process."""

    def __init__(self, server: DemoServer, google: GoogleSimulator, icloud: ICloud) -> None:
        self.server = server
        self.google = google
        self.icloud = icloud

    def connect_google(self, username: str, email: str, *options: str) -> Row:
        """``hxdav integrations add`` with its user in front of a browser; the integration."""
        with self.consenting(username, email, *options) as command:
            assert "Connected" in command.browse().text
            return command.result()

    @contextmanager
    def consenting(self, username: str, email: str, *options: str) -> Iterator[ConsentingCommand]:
        """The same command, while it waits for its user."""
        self.google.user(email, zone=SYDNEY)
        self.google.authority.consent.user = email
        arguments = ("integrations", "add", "--as", username, "--service", "google", "--json", *options)
        with ConsentingCommand(self.server, *arguments, typed=self.typed(username)) as command:
            yield command

    def connect_icloud(self, username: str, account: AppleAccount) -> Row:
        """The same with the name of an Apple account and one of its app-specific passwords."""
        said = self.server.hxdav(
            *("integrations", "add", "--as", username, "--service", "icloud", "--account", account.username),
            *("--password-stdin", "--app-password-stdin", "--json"),
            typed=self.typed(username) + account.new_app_password() + "\n",
        )
        (row,) = json.loads(said)
        return dict(row)

    def typed(self, username: str) -> str:
        """What the user types where a command asks for the web password."""
        return self.server.users[username].web_password + "\n"

    def own(self, username: str, *command: str) -> str:
        """What a command says that the user gives with their own login."""
        return self.server.hxdav(*command, "--as", username, "--password-stdin", typed=self.typed(username))

    def google_face(self, email: str, name: str = NAME) -> GoogleFace:
        """The calendar of that name in Google's own app, as soon as it is there."""
        person = self.google.user(email)
        found = until(
            lambda: [each for each in person.calendars() if each.summary == name], what=f"{name} in {email}'s list"
        )
        return GoogleFace(person, found[0].id)

    def apple_face(self, account: AppleAccount, name: str = NAME) -> AppleFace:
        """The calendar of that name on an Apple device, as soon as it is there."""
        found = until(
            lambda: [key for key, shown in account.device.calendars().items() if shown == name],
            what=f"{name} on {account.username}'s device",
        )
        return AppleFace(account.device, found[0])

    @contextmanager
    def native_face(self, username: str) -> Iterator[NativeFace]:
        """The user's own calendar in a program that is subscribed to hxdav."""
        user = self.server.users[username]
        with DAVClient(url=self.server.base_url, username=user.username, password=user.app_password) as client:
            yield NativeFace(client.calendar(url=user.calendar_url))

    def look_now(self, integration: Row) -> None:
        """Have a polled calendar looked at without waiting for its time."""
        self.server.hxdav("integrations", "sync-now", str(integration["id"]))


class ConsentingCommand:
    """A command that sends its user to a consent page and waits for them to come back."""

    def __init__(self, server: DemoServer, *arguments: str, typed: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hxdav", *arguments, "--password-stdin"],
            env={**os.environ, **server.environment, "HXDAV_CONFIG": str(server.config)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(typed)
        self._process.stdin.flush()
        self.said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def browse(self) -> httpx.Response:
        """Open the page that it names; what the browser shows in the end."""
        with httpx.Client(follow_redirects=True, timeout=PATIENCE_SECONDS) as browser:
            return browser.get(self._url())

    def result(self) -> Row:
        """The integration, once it has ended well."""
        output, complaint = self._process.communicate(timeout=PATIENCE_SECONDS)
        assert self._process.returncode == 0, complaint
        (row,) = json.loads(output)
        return dict(row)

    def complaint(self) -> str:
        """What it says, once it has ended otherwise."""
        _, complaint = self._process.communicate(timeout=PATIENCE_SECONDS)
        assert self._process.returncode == 1, complaint
        return " ".join(complaint.split())

    def _url(self) -> str:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.said += line
            if line.startswith("http"):
                return line.strip()
        raise AssertionError(f"it named no page: {self.said}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A patient's session of the demo, by when it takes place."""

    days: int
    hour: int

    @property
    def starts(self) -> datetime:
        """The moment."""
        return a_moment(self.days, self.hour)


def a_moment(days: int, hour: int, minute: int = 0) -> datetime:
    """A time so many days from today, where the demo's practice is."""
    return datetime.combine(a_day(days), time(hour, minute), tzinfo=ZoneInfo(SYDNEY))


def a_second_name() -> str:
    """What a calendar is called that is made today, where the name of the practice group is taken."""
    return f"{NAME} ({a_day(0).isoformat()})"


@contextmanager
def a_bridged_demo(folder: Path, **settings: str) -> Iterator[BridgedDemo]:
    """The demo with both simulators; what broke Google's schema, or wrote mail, fails at the end.

    ``settings`` are further ones, as in the environment.
    """
    with google_server() as google, an_icloud() as icloud:
        port = free_port()
        server = DemoServer(folder, port=port, environment=bridge_settings(google, icloud, port=port) | settings)
        try:
            server.start()
            yield BridgedDemo(server, google, icloud)
        finally:
            server.kill()
        assert google.violations == []
        assert {update.value for update in google.api.send_updates} <= {"none"}


def bridge_settings(google: GoogleSimulator, icloud: ICloud, *, port: int) -> dict[str, str]:
    """The settings by which hxdav takes the simulators for Google and iCloud."""
    return {
        "HXDAV_SERVER__PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HXDAV_GOOGLE__CLIENT_ID": google.application.client_id,
        "HXDAV_GOOGLE__CLIENT_SECRET": google.application.client_secret,
        "HXDAV_GOOGLE__AUTH_URL": f"{google.url}/o/oauth2/v2/auth",
        "HXDAV_GOOGLE__TOKEN_URL": f"{google.url}/token",
        "HXDAV_GOOGLE__REVOKE_URL": f"{google.url}/revoke",
        "HXDAV_GOOGLE__API_URL": google.url,
        "HXDAV_BRIDGES__ALLOWED_ADDRESSES": '["127.0.0.1", "localhost"]',
        "HXDAV_BRIDGES__PATIENCE_SECONDS": "2",
        "HXDAV_BRIDGES__ICLOUD_URL": icloud.url,
    }
