"""A walk: Maya's practice, her calendars at every provider, on a device and in hxdav itself, and the workers between.

The worker threads are the real ones, over a database file, with the real remotes, against the simulators over HTTP; the
clock runs, and the walk moves it on besides.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, cast

import flask

from hxdav.connect.connector import Connector
from hxdav.domain.bridge import ExternalAccount
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from hxdav.domain.policy import Policy
from hxdav.errors import StoreBusy
from hxdav.remote import Identity, Remote
from hxdav.secrets.keyring import Keyring
from hxdav.services.integrations import bridges, connection
from hxdav.store.store import Store, Tx
from hxdav.sync.channels import Hooks
from hxdav.sync.engine import Engine
from hxdav.sync.listening import Listening
from hxdav.web.callbacks.hooks import hook_routes
from hxdav.web.settings import WebBackend
from hxdav.worker.jobs import Jobs
from hxdav.worker.listeners import Listeners
from hxdav.worker.runners import Runners
from tests.builders import NOON, MovableClock, PracticeWorld, a_practice
from tests.e2e.walked_exchange import ExchangeSide
from tests.e2e.walked_google import GoogleSide
from tests.e2e.walked_graph import GraphSide
from tests.e2e.walked_icloud import ICloudSide
from tests.e2e.walked_side import Side
from tests.integration.machines.fragile import FragileStore, PowerCut
from tests.integration.machines.rules_machine import AUTUMN, SPRING
from tests.integration.remotes.graph_authority import Authority as MicrosoftAuthority
from tests.integration.remotes.graph_authority import an_authority
from tests.logs import captured_logs
from tests.simulators.caldav.icloud import ICloud, an_icloud
from tests.simulators.caldav.listening import Answer, Asked, Listener
from tests.simulators.ews.clients import faithful_exchange
from tests.simulators.ews.simulator import ExchangeSimulator
from tests.simulators.google.clients import faithful_google
from tests.simulators.google.simulator import GoogleSimulator
from tests.simulators.graph.cases import faithful_graph
from tests.simulators.graph.simulator import GraphSimulator

LEASE = timedelta(seconds=20)
SIDES: tuple[Callable[[Walk], Side], ...] = (GoogleSide, GraphSide, ExchangeSide, ICloudSide)
_TURNS = (timedelta(seconds=3), timedelta(seconds=3), timedelta(milliseconds=300))


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


class MortalEars(Store):
    """What a worker's listeners have of the store: once the worker is dead, it takes nothing from them any more."""

    is_dead = False

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A transaction as ever, while the worker lives."""
        if self.is_dead:
            raise StoreBusy("The worker is dead.")
        with super().transaction() as tx:
            yield tx


@dataclass(slots=True, kw_only=True)
class Stage:
    """What walks share, one after another: the simulators, where they call, and an empty database."""

    template: Path
    google: GoogleSimulator = field(init=False)
    graph: GraphSimulator = field(init=False)
    authority: MicrosoftAuthority = field(init=False)
    exchange: ExchangeSimulator = field(init=False)
    icloud: ICloud = field(init=False)
    hooks: Listener = field(init=False)
    clock: RunningClock = field(default_factory=RunningClock)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    walk: Walk | None = None

    def now(self) -> datetime:
        """The moment of the walk that is under way."""
        return self.clock.now()

    def issue(self, user: str, scopes: str) -> str:
        """An access token of Microsoft's."""
        return self.graph.tokens.issue(user, scopes.split())

    def called(self, asked: Asked) -> Answer:
        """A provider calls: hxdav's own hooks answer."""
        walk = self.walk
        if walk is None:
            return Answer(code=410)
        answer = walk.web.post(asked.path, query_string=asked.query, headers=dict(asked.headers), data=asked.body)
        return Answer(code=answer.status_code, headers={"Content-Type": answer.content_type}, body=answer.data)


@contextmanager
def a_stage(template: Path) -> Iterator[Stage]:
    """All simulators; what breaks a published schema, or mails anybody, fails at the end."""
    stage = Stage(template=template)
    with (
        an_icloud() as stage.icloud,
        Listener(stage.called) as stage.hooks,
        faithful_google(clock=stage.now) as stage.google,
        faithful_graph(clock=stage.now) as stage.graph,
        an_authority(stage.issue) as stage.authority,
        faithful_exchange(clock=stage.now) as stage.exchange,
    ):
        yield stage


class Worker:
    """A process that looks after accounts: an engine and its threads, with its own access to the store."""

    def __init__(self, walk: Walk, name: str) -> None:
        self.store, self.ears = MortalStore(walk.url), MortalEars(walk.url)
        self.runners = Runners(engine=walk.an_engine(self.store, name), runners=2)
        listening = Listening(
            store=self.ears, clock=walk.clock, open_remote=walk.opened, worker=f"{name}, listening", lease=LEASE
        )
        self.listeners = Listeners(listening=listening, most=2)
        self._hangs_up = walk.stage.exchange.subscriptions.lose
        self.runners.start()
        self.listeners.start()

    def kill(self, *, after_commits: int) -> None:
        """Let it die just before one of its next commits: nothing of that is written, and it gives nothing back."""
        self.store.cut_in = after_commits
        ends = time.monotonic() + 0.3
        while not self.store.is_dead and time.monotonic() < ends:
            time.sleep(0.01)
        self.store.is_dead = self.ears.is_dead = True
        self.stop()

    def stop(self) -> None:
        """Let it end as it should."""
        self.runners.stop(within_seconds=20)
        with ThreadPoolExecutor(max_workers=1) as pool:
            ended = pool.submit(self.listeners.stop, within_seconds=20)
            while not ended.done():
                # A stream is asked each second whether it is over; so that nobody waits for that, it is ended there.
                self._hangs_up()
                wait([ended], timeout=0.02)
        self.store.close()
        self.ears.close()


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
        self.turn = self.random.choice(_TURNS)
        self.workers, self.serials = count(1), count(1)
        self.deleted: set[str | tuple[int, int]] = set()
        """UIDs, and ids of integrations with those of appointments."""
        self.may_go: set[int] = set()
        self.web = _web(self.store, self.clock)
        self.sides: tuple[Side, ...] = tuple(begin(self) for begin in SIDES)
        for side in self.sides:
            side.integration_id = self._connects(side.service, side.subject)
        stage.walk = self

    @property
    def bridges(self) -> tuple[IntegrationId, ...]:
        """The calendars elsewhere."""
        return tuple(side.integration_id for side in self.sides)

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
            hooks=Hooks(address_for=self._hook_for, digest=_digest),
            turn=self.turn,
            lease=LEASE,
        )

    def begins_work(self) -> Worker:
        """A worker that has just been started."""
        return Worker(self, f"worker {next(self.workers)}")

    def opened(self, account: ExternalAccount) -> Remote:
        """The real remote of an account."""
        return next(side for side in self.sides if side.service is account.service).open()

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

    # Within.

    def _hook_for(self, service: Service) -> str:
        return f"http://127.0.0.1:{self.stage.hooks.port}/hooks/{service.provider}"

    def _connects(self, service: Service, subject: str) -> IntegrationId:
        own_login = Source(authority=Authority.PRACTICE, user_id=self.practice.user_id)
        with self.store.transaction() as tx:
            practitioner = tx.people.practitioner(self.practice.practitioner_id)
            account = bridges.account_of(
                tx,
                self.clock,
                practice_group_id=practitioner.practice_group_id,
                service=service,
                identity=Identity(subject=subject, label=subject),
                address="",
                seal=lambda _: "sealed",
                source=own_login,
            )
            integration = bridges.connect_bridge(
                tx, self.clock, practitioner=practitioner, account=account, taken_names=(), source=own_login
            )
        self.store.in_turns(
            partial(connection.fill, clock=self.clock, policy=self.practice.policy, integration_id=integration.id)
        )
        return integration.id


def _web(store: Store, clock: MovableClock) -> flask.testing.FlaskClient:
    """hxdav's hooks, without what else is on its web server."""
    # Nobody connects by the pages of a walk.
    backend = WebBackend(
        store=store,
        clock=clock,
        policy=Policy(),
        keyring=Keyring(b"k" * 32),
        connector=cast("Connector", None),
        channel_digest=_digest,
        public_url="https://hx.example",
        calendars_url="https://hx.example",
    )
    application = flask.Flask("hooks")
    application.register_blueprint(hook_routes(backend))
    return application.test_client()


@contextmanager
def a_walk(stage: Stage, *, seed: int, folder: Path) -> Iterator[Walk]:
    """A walk; one that fails says its seed and its steps, and what caught the engine's eye is a failure too."""
    walk = Walk(stage, seed=seed, folder=folder)
    with contextlib.closing(walk.store):
        try:
            with captured_logs() as logs:
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
