"""A walk: Maya's practice, her calendars at Google, on an Apple device and in hxdav itself, and the workers between.

The worker threads are the real ones, over a database file, with the real remotes, against the simulators over HTTP; the
clock runs, and the walk moves it on besides.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from structlog.testing import capture_logs

from hxdav.domain.bridge import ExternalAccount
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from hxdav.net import Reach
from hxdav.remote import Identity, Remote
from hxdav.remotes.caldav import CalDavAccount, Flavour, open_caldav
from hxdav.remotes.google.account import open_google
from hxdav.remotes.google.oauth import credentials_text
from hxdav.services import bridging, connecting
from hxdav.store.store import Store, Tx
from hxdav.sync.channels import Hooks
from hxdav.sync.engine import Engine
from hxdav.worker.jobs import Jobs
from hxdav.worker.runners import Runners
from tests.builders import NOON, SYDNEY, MovableClock, PracticeWorld, a_practice
from tests.integration.machines.fragile import FragileStore, PowerCut
from tests.integration.machines.rules_machine import AUTUMN, SPRING
from tests.integration.remotes.google_desk import app_of
from tests.simulators.caldav.account import AppleAccount
from tests.simulators.caldav.icloud import ICloud, an_icloud
from tests.simulators.caldav.listening import Answer, Asked, Listener
from tests.simulators.google.channels import Troubles
from tests.simulators.google.clients import faithful_google
from tests.simulators.google.oauth import APP_CREATED, LIST_READONLY
from tests.simulators.google.people import Person
from tests.simulators.google.simulator import GoogleSimulator
from tests.simulators.google.world import Quirks

LEASE = timedelta(seconds=20)
REACH = Reach(allowed=("127.0.0.1", "localhost"), hosts=("127.0.0.1", "localhost"))
_TURNS = (timedelta(seconds=3), timedelta(seconds=3), timedelta(milliseconds=300))
_PAGES = (3, 200)


@dataclass
class RunningClock(MovableClock):
    """A clock that runs by itself, and that a test moves on besides."""

    begun: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The moment, which is never the same twice."""
        return self.moment + timedelta(seconds=time.monotonic() - self.begun)


class MortalStore(FragileStore):
    """One worker's access to the store: once its power was cut, it writes nothing any more."""

    is_dead = False

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A transaction as ever, while the worker lives."""
        if self.is_dead:
            raise PowerCut
        try:
            with super().transaction() as tx:
                yield tx
        except PowerCut:
            self.is_dead = True
            raise


@dataclass(slots=True, kw_only=True)
class Stage:
    """What walks share, one after another: the simulators, where they call, and an empty database."""

    template: Path
    google: GoogleSimulator = field(init=False)
    icloud: ICloud = field(init=False)
    hooks: Listener = field(init=False)
    clock: RunningClock = field(default_factory=RunningClock)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    walk: Walk | None = None

    def now(self) -> datetime:
        """The moment of the walk that is under way."""
        return self.clock.now()

    def called(self, asked: Asked) -> Answer:
        """Google calls: the bridge whose token that is has to look."""
        token, walk = asked.headers.get("x-goog-channel-token", ""), self.walk
        if walk is not None and asked.headers.get("x-goog-resource-state") != "sync":
            with walk.store.transaction() as tx:
                tx.bridges.wake(_digest(token), now=walk.clock.now())
        return Answer(code=200)


@contextmanager
def a_stage(template: Path) -> Iterator[Stage]:
    """Both simulators; what breaks Google's schema fails at the end."""
    stage = Stage(template=template)
    with (
        an_icloud() as stage.icloud,
        Listener(stage.called) as stage.hooks,
        faithful_google(clock=stage.now) as stage.google,
    ):
        yield stage


class Worker:
    """A process that looks after accounts: an engine and its threads, with its own access to the store."""

    def __init__(self, walk: Walk, name: str) -> None:
        self.store = MortalStore(walk.url)
        self.runners = Runners(engine=walk.an_engine(self.store, name), runners=2)
        self.runners.start()

    def kill(self, *, after_commits: int) -> None:
        """Let it die just before one of its next commits: nothing of that is written, and it gives nothing back."""
        self.store.cut_in = after_commits
        ends = time.monotonic() + 0.3
        while not self.store.is_dead and time.monotonic() < ends:
            time.sleep(0.01)
        self.store.is_dead = True
        self.stop()

    def stop(self) -> None:
        """Let it end as it should."""
        self.runners.stop(within_seconds=20)
        self.store.close()


class Walk:
    """One walk, which is the same for the same ``seed``, but for what the threads make of it."""

    def __init__(self, stage: Stage, *, seed: int, folder: Path) -> None:
        self.seed = seed
        self.steps: list[str] = []
        self.turns_to("the beginning")
        self.stage = stage
        self.clock = stage.clock = RunningClock(moment=self.random.choice([NOON, SPRING, AUTUMN]))
        shutil.copy(stage.template, folder / "store.sqlite")
        self.url = f"sqlite:///{folder / 'store.sqlite'}"
        self.store = Store(self.url)
        self.practice: PracticeWorld = a_practice(self.store)
        self.practice.clock = self.clock
        self.native = self.practice.integration("hx-maya", connected_on=self.clock.now().date())
        self.jobs = Jobs(store=self.store, clock=self.clock, policy=self.practice.policy)
        self._meet_google(stage.google)
        self._meet_icloud(stage.icloud)
        self.workers = count(1)
        self.turn, self.page_size = self.random.choice(_TURNS), self.random.choice(_PAGES)
        self.google_id = self._connects(Service.GOOGLE, self.person.email)
        self.icloud_id = self._connects(Service.ICLOUD, self.account.username)
        self.serials = count(1)
        self.deleted: set[str] = set()
        self.may_go: set[int] = set()
        self.lied: set[IntegrationId] = set()
        stage.walk = self

    @property
    def bridges(self) -> tuple[IntegrationId, IntegrationId]:
        """The calendars elsewhere."""
        return self.google_id, self.icloud_id

    def turns_to(self, step: str) -> None:
        """Take the chances of a step, which are the same whatever was found before it."""
        self.random = Random(f"{self.seed} {step}")

    def says(self, step: str) -> None:
        """Write a step down, so that a walk that fails can be read."""
        self.steps.append(f"{self.clock.now():%d %H:%M:%S.%f} {step}")

    # The worker.

    def an_engine(self, store: Store, name: str) -> Engine:
        """The engine of a worker."""
        return Engine(
            store=store,
            clock=self.clock,
            policy=self.practice.policy,
            open_remote=self.opened,
            worker=name,
            hooks=Hooks(address_for=lambda _: f"http://127.0.0.1:{self.stage.hooks.port}/hooks", digest=_digest),
            turn=self.turn,
            lease=LEASE,
        )

    def begins_work(self) -> Worker:
        """A worker that has just been started."""
        return Worker(self, f"worker {next(self.workers)}")

    def opened(self, account: ExternalAccount) -> Remote:
        """The real remote of an account."""
        if account.service is Service.GOOGLE:
            return open_google(app_of(self.stage.google), self.credentials, keep=self._keep)
        apple = CalDavAccount(
            url=self.stage.icloud.url,
            username=self.account.username,
            password=self.password,
            flavour=Flavour.ICLOUD,
        )
        return open_caldav(apple, reach=REACH, page_size=self.page_size)

    def passes(self, **by: float) -> None:
        """Let time pass, and do what is due by the clock."""
        self.clock.advance(**by)
        self.jobs.settle()
        self.jobs.move_horizon()

    def has_looked(self, *integration_ids: IntegrationId) -> None:
        """Have providers looked at now, as by their time or by a person's wish."""
        with self.store.transaction() as tx:
            for each in integration_ids:
                tx.bridges.change(each, pull_due_at=self.clock.now())

    def calendar_of(self, integration_id: IntegrationId) -> str:
        """What the provider calls a bridge's calendar; empty before it is made. iCloud's: the last part of its URL."""
        with self.store.snapshot() as tx:
            found = tx.bridges.one(integration_id).calendar_id or ""
        return found if integration_id == self.google_id else urlsplit(found).path.rstrip("/").rpartition("/")[2]

    # Within.

    def _meet_google(self, google: GoogleSimulator) -> None:
        google.faults.clear()
        google.channels.troubles = Troubles()
        google.world.quirks = Quirks(
            largest_page=self.random.choice([3, 2500]),
            html_descriptions=self.random.random() < 0.2,
            trims_summaries=self.random.random() < 0.5,
            event_zone_offsets=self.random.random() < 0.5,
            refuses_undeleting=self.random.random() < 0.3,
        )
        google.api.send_updates.clear()
        self.person: Person = google.user(f"maya{next(self.stage.numbers)}@google.example", zone=SYDNEY)
        scopes = (APP_CREATED, LIST_READONLY)
        expires = datetime.now(UTC) + timedelta(hours=1)
        self.credentials = credentials_text(
            self.person.token(*scopes), self.person.refresh_token(*scopes), expires=expires
        )

    def _meet_icloud(self, icloud: ICloud) -> None:
        self.account: AppleAccount = icloud.add_account(f"maya{next(self.stage.numbers)}@icloud.example")
        self.password = self.account.new_app_password()

    def _keep(self, credentials: str) -> None:
        self.credentials = credentials

    def _connects(self, service: Service, subject: str) -> IntegrationId:
        own_login = Source(authority=Authority.PRACTICE, user_id=self.practice.user_id)
        with self.store.transaction() as tx:
            practitioner = tx.people.practitioner(self.practice.practitioner_id)
            account = bridging.account_of(
                tx,
                self.clock,
                practice_group_id=practitioner.practice_group_id,
                service=service,
                identity=Identity(subject=subject, label=subject),
                address="",
                seal=lambda _: "sealed",
                source=own_login,
            )
            integration = bridging.connect_bridge(
                tx, self.clock, practitioner=practitioner, account=account, taken_names=(), source=own_login
            )
        self.store.in_turns(
            partial(connecting.admit, clock=self.clock, policy=self.practice.policy, integration_id=integration.id)
        )
        return integration.id


@contextmanager
def a_walk(stage: Stage, *, seed: int, folder: Path) -> Iterator[Walk]:
    """A walk; one that fails says its seed and its steps, and what caught the engine's eye is a failure too."""
    walk = Walk(stage, seed=seed, folder=folder)
    with contextlib.closing(walk.store):
        try:
            with capture_logs() as logs:
                yield walk
            _raise_caught(logs)
        except BaseException as error:
            error.add_note("\n".join([f"walk {seed}:", *walk.steps]))
            raise
        finally:
            stage.walk = None


def _raise_caught(logs: Sequence[Mapping[str, Any]]) -> None:
    for each in logs:
        if isinstance(each.get("exc_info"), BaseException):
            raise each["exc_info"]


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
