"""What the bridges are measured on: a practice with ``hxdav serve``, and a provider beside it, each a process."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import httpx
import psutil  # type: ignore[import-untyped]

from bench import servers
from bench.providers import BENCH, ZONE, Provider, ProviderMaker
from hxdav.bootstrap.installation import Installation
from hxdav.config import load_settings
from hxdav.domain.ids import IntegrationId
from hxdav.domain.practice import Band
from hxdav.services.access import app_passwords, logins
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.billing import subscriptions
from hxdav.services.integrations import connection
from hxdav.services.practice import apply_accounts
from hxdav.services.practice.apply_accounts import WantedClinic, WantedPracticeGroup, WantedPractitioner, WantedUser
from hxdav.store import migrating

_SETTINGS = """\
data_dir = "."
[server]
port = {port}
public_url = "http://127.0.0.1:{port}"
[log]
level = "warning"
{provider}"""

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A practitioner: a calendar program's access to hxdav, and their account at the provider."""

    login: PractitionerLogin
    app_password: str
    calendar_path: str
    email: str


class Practice:
    """The practice, ``hxdav serve`` for it, and the provider beside it."""

    def __init__(self, here: Installation, provider: Provider, *, server_pid: int, people: Sequence[Person]) -> None:
        self.here = here
        self.provider = provider
        self.people = people
        self._server = psutil.Process(server_pid)

    def http(self, person: Person) -> httpx.Client:
        """A calendar program's connection to the server."""
        auth = (person.login.user.username, person.app_password)
        return httpx.Client(base_url=self.here.settings.server.url, auth=auth, timeout=60, trust_env=False)

    def connect(self, person: Person, email: str = "") -> None:
        """Connect an account at the provider, the person's own by default."""
        self.provider.connect(self.here, person.login, email or person.email)

    def bridges(self) -> list[IntegrationId]:
        """The bridged integrations."""
        with self.here.store.snapshot() as tx:
            return [each.id for each in tx.integrations.all() if each.service.is_bridged]

    def spread_polls(self, over: timedelta) -> None:
        """Let the bridges look at the provider at different moments, as those do that were not connected at once."""
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
            services = [tx.integrations.one(each.integration_id).service for each in bridges]
            behind = sum(
                each.pulled_at is None or (each.channel_id is None and service.polled_every is None)
                for each, service in zip(bridges, services, strict=True)
            )
            return behind + sum(tx.links.waiting(each)[0] for each in bridges)

    def cpu_seconds(self) -> float:
        """What the server's processes have used of the processor."""
        family = [self._server, *self._server.children(recursive=True)]
        return sum(sum(each.cpu_times()[:2]) for each in family)


@contextmanager
def practice(folder: Path, provider_of: ProviderMaker, *, practitioners: int) -> Iterator[Practice]:
    """A practice of so many practitioners, served from a folder of its own, and a provider."""
    folder.mkdir()
    with ExitStack() as stack:
        provider = stack.enter_context(provider_of(folder))
        config = folder / "hxdav.toml"
        config.write_text(_SETTINGS.format(port=servers.free_port(), provider=provider.settings(folder)))
        here = Installation(load_settings(config))
        stack.callback(here.close)
        people = _set_up(here, provider, practitioners)
        command = [str(Path(sys.executable).with_name("hxdav")), "serve"]
        settings = {"HXDAV_CONFIG": str(config)}
        server = stack.enter_context(servers.running(command, folder=folder / "server", settings=settings))
        servers.wait_for(here.settings.server.port)
        yield Practice(here, provider, server_pid=server.pid, people=people)


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


def _set_up(here: Installation, provider: Provider, practitioners: int) -> list[Person]:
    """Make the schema, the practice, and a native calendar with an app password for each practitioner."""
    migrating.upgrade(here.any_store, now=here.clock.now())
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
        apply_accounts.apply(tx, here.clock, wanted=[group], source=BENCH)
    return [_person(here, provider, name) for name in names]


def _person(here: Installation, provider: Provider, name: str) -> Person:
    with here.store.transaction() as tx:
        login = logins.practitioner_login(tx, user=logins.known_user(tx, name))
        subscriptions.buy(tx, here.clock, practitioner=login.practitioner, source=BENCH)
        integration = connection.connect_native(tx, here.clock, practitioner=login.practitioner, source=BENCH)
        made = app_passwords.create_app_password(
            tx, here.clock, here.keyring, login=login, label="Bench", expires_at=None
        )
    path = f"/{name}/{integration.slug}/"
    return Person(login=login, app_password=made.password, calendar_path=path, email=provider.email_of(login))
