"""What the bridges are measured on: a practice with ``hxdav serve``, and Google as it is simulated, each a process."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil  # type: ignore[import-untyped]

from bench import servers
from hxdav.bootstrap import Installation
from hxdav.config import load_settings
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from hxdav.domain.practice import Band
from hxdav.services import accounts, connecting, devices, logins, subscribing
from hxdav.services.accounts import WantedClinic, WantedPracticeGroup, WantedPractitioner, WantedUser
from hxdav.services.consenting import Wish
from hxdav.services.logins import PractitionerLogin
from hxdav.store import schema

QUOTA = 600
"""Requests per minute and user, Google's own."""

ZONE = "Australia/Sydney"
_BENCH = Source(authority=Authority.PRACTICE, agent="hxdav bench")

_SETTINGS = """\
data_dir = "."
[server]
port = {port}
public_url = "http://127.0.0.1:{port}"
[google]
client_id = "{google[client_id]}"
client_secret = "{google[client_secret]}"
auth_url = "{google[url]}/o/oauth2/v2/auth"
token_url = "{google[url]}/token"
revoke_url = "{google[url]}/revoke"
api_url = "{google[url]}"
[bridges]
allowed_addresses = ["127.0.0.1"]
[log]
level = "warning"
"""

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A practitioner: a calendar program's access to hxdav, and their account at Google."""

    login: PractitionerLogin
    app_password: str
    calendar_path: str

    @property
    def email(self) -> str:
        """The account at Google."""
        return f"{self.login.user.username}@google.example"


class GoogleProcess:
    """The simulator in a process of its own, and what it says of itself."""

    def __init__(self, announced: dict[str, str]) -> None:
        self.announced = announced
        self._http = httpx.Client(base_url=announced["url"], timeout=60, trust_env=False)

    def add_account(self, email: str) -> None:
        """An account with no calendar of hxdav's yet."""
        self._http.post("/_simulator/token", data={"user": email}).raise_for_status()

    def events(self, email: str) -> list[dict[str, Any]]:
        """What there is in the calendars that hxdav made in the account."""
        by_calendar = self._http.get("/_simulator/events", params={"user": email}).raise_for_status().json()
        return [one for listed in by_calendar.values() for one in listed]

    def calendar_names(self, email: str) -> list[str]:
        """What those calendars are called."""
        return list(self._http.get("/_simulator/events", params={"user": email}).raise_for_status().json())

    def retitle(self, email: str, *, calendar: str, event_id: str, title: str) -> None:
        """The account's owner gives an event another title, in Google's own app."""
        form = {"user": email, "calendar": calendar, "id": event_id, "summary": title}
        self._http.post("/_simulator/retitle", data=form).raise_for_status()

    def report(self) -> dict[str, Any]:
        """Requests by user, and what broke Google's published schema."""
        found: dict[str, Any] = self._http.get("/_simulator/report").raise_for_status().json()
        return found

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()


class Practice:
    """The practice, ``hxdav serve`` for it, and Google beside it."""

    def __init__(self, here: Installation, google: GoogleProcess, *, server_pid: int, people: Sequence[Person]) -> None:
        self.here = here
        self.google = google
        self.people = people
        self._server = psutil.Process(server_pid)

    def http(self, person: Person) -> httpx.Client:
        """A calendar program's connection to the server."""
        auth = (person.login.user.username, person.app_password)
        return httpx.Client(base_url=self.here.settings.server.url, auth=auth, timeout=60, trust_env=False)

    def connect(self, person: Person, email: str = "") -> None:
        """Connect an account at Google, the person's own by default, by their consent in a browser."""
        self.google.add_account(email or person.email)
        redirect_uri = f"{self.here.settings.server.url}/connect/google/callback"
        wish = Wish(login=person.login, service=Service.GOOGLE, redirect_uri=redirect_uri)
        asked = self.here.connector.ask(wish, source=_BENCH)
        with httpx.Client(follow_redirects=True, timeout=120, trust_env=False) as browser:
            browser.get(f"{asked.url}&login_hint={email or person.email}").raise_for_status()

    def bridges(self) -> list[IntegrationId]:
        """The bridged integrations."""
        with self.here.store.snapshot() as tx:
            return [each.id for each in tx.integrations.all() if each.service.is_bridged]

    def spread_polls(self, over: timedelta) -> None:
        """Let the bridges look at Google at different moments, as those do that were not connected at once."""
        bridges, now = self.bridges(), self.here.clock.now()
        with self.here.store.transaction() as tx:
            for number, integration_id in enumerate(bridges):
                tx.bridges.change(
                    integration_id, pull_due_at=now + over * (number + 0.5) / len(bridges), active_at=None
                )

    def waiting(self) -> int:
        """How many objects are still to be pushed or listed, over all bridges."""
        with self.here.store.snapshot() as tx:
            bridges = [tx.bridges.one(each) for each in self.bridges()]
            behind = sum(each.pulled_at is None or each.channel_id is None for each in bridges)
            return behind + sum(tx.links.waiting(each)[0] for each in bridges)

    def cpu_seconds(self) -> float:
        """What the server's processes have used of the processor."""
        family = [self._server, *self._server.children(recursive=True)]
        return sum(sum(each.cpu_times()[:2]) for each in family)


@contextmanager
def practice(folder: Path, *, practitioners: int) -> Iterator[Practice]:
    """A practice of so many practitioners, served from a folder of its own."""
    folder.mkdir()
    with ExitStack() as stack:
        google = stack.enter_context(_google(folder))
        config = folder / "hxdav.toml"
        config.write_text(_SETTINGS.format(port=servers.free_port(), google=google.announced))
        here = Installation(load_settings(config))
        stack.callback(here.close)
        people = _set_up(here, practitioners)
        command = [str(Path(sys.executable).with_name("hxdav")), "serve"]
        settings = {"HXDAV_CONFIG": str(config)}
        server = stack.enter_context(servers.running(command, folder=folder / "server", settings=settings))
        servers.wait_for(here.settings.server.port)
        yield Practice(here, google, server_pid=server.pid, people=people)


def fill(practice: Practice, person: Person, titles: Sequence[str], *, days: int) -> None:
    """Put an hour's event for each title into the person's calendar, spread evenly over so many days from tomorrow."""
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    with practice.http(person) as http:
        for number, title in enumerate(titles):
            starts = first + timedelta(days=days) * number / len(titles)
            put(http, person, title, title=title, starts=starts)


def put(http: httpx.Client, person: Person, name: str, *, title: str, starts: datetime) -> None:
    """Put one event of an hour."""
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//hxdav bench//EN", "BEGIN:VEVENT", f"UID:{name}@bench"),
        *("DTSTAMP:20261101T000000Z", f"DTSTART:{starts:%Y%m%dT%H%M%SZ}", f"DTEND:{starts:%Y%m%dT%H}5000Z"),
        *(f"SUMMARY:{title}", "END:VEVENT", "END:VCALENDAR", ""),
    ]
    body = "\r\n".join(lines).encode()
    http.put(f"{person.calendar_path}{name}.ics", content=body).raise_for_status()


def wait_until(found: Callable[[], Found], *, what: str, seconds: float) -> Found:
    """What ``found`` returns once that is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.2)
    message = f"waited {seconds:.0f} s for {what}"
    raise TimeoutError(message)


@contextmanager
def _google(folder: Path) -> Iterator[GoogleProcess]:
    command = [sys.executable, "-m", "tests.simulators.google", "--zone", ZONE, "--quota", str(QUOTA)]
    with servers.running(command, folder=folder / "google", settings={"PYTHONPATH": str(Path.cwd())}) as process:
        assert process.stdout is not None
        google = GoogleProcess(json.loads(process.stdout.readline()))
        try:
            yield google
        finally:
            google.close()


def _set_up(here: Installation, practitioners: int) -> list[Person]:
    """Make the schema, the practice, and a native calendar with an app password for each practitioner."""
    schema.upgrade(here.any_store, now=here.clock.now())
    _ = here.keyring
    names = [f"person{number}" for number in range(1, practitioners + 1)]
    group = WantedPracticeGroup(
        key="bench",
        name="Bench",
        zone=ZONE,
        band=Band.SILVER,
        clinics=(WantedClinic(key="bench", name="Bench", zone=ZONE),),
        users=tuple(WantedUser(username=name, name=name) for name in names),
        practitioners=tuple(WantedPractitioner(key=name, name=name, username=name) for name in names),
    )
    with here.store.transaction() as tx:
        accounts.apply(tx, here.clock, wanted=[group], source=_BENCH)
    return [_person(here, name) for name in names]


def _person(here: Installation, name: str) -> Person:
    with here.store.transaction() as tx:
        login = logins.practitioner_login(tx, user=logins.known_user(tx, name))
        subscribing.buy(tx, here.clock, practitioner=login.practitioner, source=_BENCH)
        integration = connecting.connect_native(tx, here.clock, practitioner=login.practitioner, source=_BENCH)
        made = devices.create_app_password(tx, here.clock, here.keyring, login=login, label="Bench", expires_at=None)
    path = f"/{name}/{integration.slug}/"
    return Person(login=login, app_password=made.password, calendar_path=path)
