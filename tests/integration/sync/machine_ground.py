"""The ground of the convergence machine: who is there, how a round of the worker goes, and what the machine knows."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from hxdav.domain.bridge import ExternalAccount
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import AppointmentId, IntegrationId, SubscriptionId, Username
from hxdav.domain.integration import IntegrationState, Service
from hxdav.domain.policy import Policy
from hxdav.domain.subscription import SubscriptionState
from hxdav.domain.times import day_of
from hxdav.remote import Identity, Remote
from hxdav.services.integrations import bridges, connection, reconnection
from hxdav.store.store import Tx
from hxdav.sync.channels import Hooks
from hxdav.sync.engine import Engine
from hxdav.worker.jobs import Jobs
from hxdav.worker.runners import Runners
from tests.builders import MovableClock, PracticeWorld, a_practice
from tests.integration.machines.fragile import PowerCut
from tests.integration.machines.model import ZONE
from tests.integration.sync import machine_checking as checking
from tests.integration.sync.machine_model import SECRET, Model
from tests.integration.sync.machine_world import POLLED, EndlessLoop, MortalStore, Provider, ProviderRemote
from tests.logs import captured_logs
from tests.simulators.memory import CAPABILITIES, MemoryCalendar

TICK = timedelta(milliseconds=50)
"""How long a request takes."""

SERVICES = (Service.GOOGLE, Service.ICLOUD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Where an example begins.

    Whether there are two providers, whether Tom shares Maya's account, how much was put by devices and how much booked.
    """

    moment: datetime
    two: bool
    shared: bool
    own: int
    booked: int


@dataclass(slots=True, kw_only=True)
class Bridged:
    """A bridge as the machine knows it: whose it is, and into which provider."""

    integration_id: IntegrationId
    world: PracticeWorld
    provider: Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What an example begins with, to be copied."""

    database: sqlite3.Connection
    calendars: list[dict[str, MemoryCalendar]]
    model: Model
    serial: int


@dataclass(slots=True, kw_only=True)
class Stage:
    """The store on which examples are played one after another, an empty database, and the beginnings made of it."""

    store: MortalStore
    empty: sqlite3.Connection
    templates: dict[Beginning, Template] = field(default_factory=dict)

    def close(self) -> None:
        """Give everything back."""
        for template in self.templates.values():
            template.database.close()
        self.store.close()


class Ground(RuleBasedStateMachine):
    """Maya with a calendar of hxdav's own and one or two elsewhere; perhaps Tom, whose calendar is in her account."""

    stage: ClassVar[Stage]
    seen: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.store = self.stage.store
        self.clock = MovableClock()
        self.policy = Policy()
        self.model = Model()
        self.serials = count(1)
        self.workers = count(1)
        self.worlds: list[PracticeWorld] = []
        self.natives: list[IntegrationId] = []
        self.providers: list[Provider] = []
        self.bridges: dict[IntegrationId, Bridged] = {}
        self.breaches: list[str] = []
        self.turn = timedelta(seconds=20)

    def begin_at(self, beginning: Beginning, *, turn: timedelta, luck: int) -> None:
        """Begin an example: from a copy, where there is one; ``luck`` is what the engine leaves to chance."""
        self.store.revive()
        random.seed(0)
        self.clock.moment = beginning.moment
        self.turn = turn
        template = self.stage.templates.get(beginning)
        (template.database if template else self.stage.empty).backup(self.store.driver)
        if template is None:
            self._people(shared=beginning.shared)
        self._meet_people()
        self.providers = [self._provider(number) for number in range(1 + beginning.two)]
        self.engine, self.jobs = self.an_engine(), self.some_jobs()
        if template is None:
            for number, world in enumerate(self.worlds):
                for provider in self.providers[: 1 if number else None]:
                    self.connects(world, provider)
            self.fill(own=beginning.own, booked=beginning.booked)
            self.works()
            self.stage.templates[beginning] = template = self._as_template()
        for provider, calendars in zip(self.providers, template.calendars, strict=True):
            provider.calendars = _copied(calendars)
            provider.numbers = count(5000)
        self.model = deepcopy(template.model)
        self.serials = count(template.serial)
        self.clock.moment = beginning.moment + timedelta(minutes=1)
        self.meet_bridges()
        random.seed(luck)

    def fill(self, *, own: int, booked: int) -> None:
        """Put and book what there is at the beginning."""

    def _as_template(self) -> Template:
        database = sqlite3.connect(":memory:", check_same_thread=False)
        self.store.driver.backup(database)
        return Template(
            database=database,
            calendars=[_copied(each.calendars) for each in self.providers],
            model=deepcopy(self.model),
            serial=next(self.serials),
        )

    def _people(self, *, shared: bool) -> None:
        maya = a_practice(self.store)
        maya.integration("hx-maya", connected_on=day_of(self.clock.now(), ZONE))
        if not shared:
            return
        with self.store.transaction() as tx:
            group = tx.people.practitioner(maya.practitioner_id).practice_group_id
            user_id = tx.people.add_user(
                practice_group_id=group, username=Username("tom"), name="Tom Ray", administrator=False
            )
            tom = tx.people.add_practitioner(practice_group_id=group, key="tom", name="Tom Ray", user_id=user_id)
            subscription = tx.subscriptions.of(maya.practitioner_id)
            assert subscription is not None
            tx.subscriptions.add(
                replace(
                    subscription,
                    id=SubscriptionId(0),
                    practitioner_id=tom,
                    state=SubscriptionState.RUNNING,
                )
            )
        replace(maya, practitioner_id=tom, user_id=user_id).integration(
            "hx-tom", connected_on=day_of(self.clock.now(), ZONE)
        )

    def _meet_people(self) -> None:
        with self.store.snapshot() as tx:
            for each in tx.people.practitioners():
                assert each.user_id is not None
                self.worlds.append(
                    PracticeWorld(
                        store=self.store,
                        practitioner_id=each.id,
                        user_id=each.user_id,
                        clock=self.clock,
                        policy=self.policy,
                    )
                )
                (native,) = tx.integrations.of(each.id)[:1]
                self.natives.append(native.id)

    def meet_bridges(self) -> None:
        """Know every bridge that there is."""
        by_subject = {provider.subject: provider for provider in self.providers}
        with self.store.snapshot() as tx:
            for account in tx.external_accounts.all():
                for bridge in tx.bridges.of_account(account.id):
                    whose = tx.integrations.one(bridge.integration_id).practitioner_id
                    self.bridges[bridge.integration_id] = Bridged(
                        integration_id=bridge.integration_id,
                        world=next(each for each in self.worlds if each.practitioner_id == whose),
                        provider=by_subject[account.subject],
                    )

    def _provider(self, number: int) -> Provider:
        provider = Provider(
            subject=f"provider-{number}",
            capabilities=POLLED if number else CAPABILITIES,
            inexpressible="INTERVAL=3" if number else "FREQ=HOURLY",
            numbers=count(1000),
            now=self.clock.now,
            page_size=3,
        )
        provider.call = partial(self._called, provider)
        provider.before = self._before_request
        provider.told = partial(self._is_told, provider)
        return provider

    def _called(self, provider: Provider, token: str) -> None:
        for _ in range(provider.calls):
            with self.store.transaction() as tx:
                tx.channels.wake(tx.channels.called([token]).values(), now=self.clock.now())

    def _before_request(self) -> None:
        self.store.step()
        self.clock.moment += TICK
        if self.store.is_open:
            self.breaches.append("a provider was asked inside a transaction")

    def _is_told(self, provider: Provider, calendar_id: str, text: str) -> None:
        """Nothing about a patient leaves below the level at which it may (rule 11)."""
        if SECRET not in text:
            return
        with self.store.snapshot() as tx:
            there = [number for number, each in self.bridges.items() if each.provider is provider]
            (number,) = (each for each in there if tx.bridges.one(each).calendar_id == calendar_id)
            if not checking.tells_all(tx, number):
                self.breaches.append("a patient's words were sent")

    # Connections.

    def own_login(self, world: PracticeWorld) -> Source:
        """The practitioner, at hxdav's own page."""
        return Source(authority=Authority.PRACTICE, user_id=world.user_id)

    def connects(self, world: PracticeWorld, provider: Provider) -> None:
        """Connect a calendar at a provider, and fill its mirrors; raises UseCaseError where there is one."""
        with self.store.transaction() as tx:
            account = self.lets_in(tx, world, provider)
            integration = bridges.connect_bridge(
                tx,
                self.clock,
                practitioner=tx.people.practitioner(world.practitioner_id),
                account=account,
                taken_names=[each.name for each in provider.calendars.values()],
                source=self.own_login(world),
            )
        number = integration.id
        self.store.in_turns(partial(self._take_out, number))
        self.store.in_turns(partial(self._admit, number))
        self.meet_bridges()

    def lets_in(self, tx: Tx, world: PracticeWorld, provider: Provider) -> ExternalAccount:
        """The account at a provider, with credentials that have just worked."""
        return bridges.account_of(
            tx,
            self.clock,
            practice_group_id=tx.people.practitioner(world.practitioner_id).practice_group_id,
            service=SERVICES[self.providers.index(provider)],
            identity=Identity(subject=provider.subject, label="anna@example.com"),
            address="",
            seal=lambda _: "sealed",
            source=self.own_login(world),
        )

    def _take_out(self, number: IntegrationId, tx: Tx) -> int:
        return reconnection.take_out(tx, self.clock, self.policy, integration_id=number)

    def _admit(self, number: IntegrationId, tx: Tx) -> int:
        return connection.fill(tx, self.clock, self.policy, integration_id=number)

    def in_use(self) -> list[Bridged]:
        """The bridges that are not disconnected."""
        with self.store.snapshot() as tx:
            return [
                each
                for number, each in sorted(self.bridges.items())
                if tx.integrations.one(number).state is not IntegrationState.DISCONNECTED
            ]

    # The worker.

    def an_engine(self) -> Engine:
        """The engine of a worker that has just been started."""
        return Engine(
            store=self.store,
            clock=self.clock,
            policy=self.policy,
            open_remote=self._open,
            worker=f"worker {next(self.workers)}",
            hooks=Hooks(address_for=lambda service: f"https://hx.example/{service}", digest=lambda token: token),
            turn=self.turn,
        )

    def some_jobs(self) -> Jobs:
        """The jobs of a worker that has just been started."""
        return Jobs(store=self.store, clock=self.clock, policy=self.policy)

    def _open(self, account: ExternalAccount) -> Remote:
        (provider,) = (each for each in self.providers if each.subject == account.subject)
        return ProviderRemote(provider)

    def works(self, *, cut_in: int = 0) -> None:
        """Let the worker do once whatever is due; its power may be cut before so many'th commit."""
        self.store.revive()
        self.store.cut_in = cut_in
        try:
            with captured_logs() as logs:
                self.jobs.settle()
                self.jobs.move_horizon()
                Runners(engine=self.engine, runners=1).round()
        except PowerCut:
            self.saw("a worker died")
            self.engine, self.jobs = self.an_engine(), self.some_jobs()
        except EndlessLoop:
            raise AssertionError("a round does not end") from None
        self.store.revive()
        for entry in logs:
            if isinstance(entry.get("exc_info"), BaseException):
                raise entry["exc_info"]
            if "trouble" in entry:
                self.saw(f"trouble {entry['trouble']}")
        assert not self.breaches, self.breaches
        checking.after_a_round(self)

    def appointment_at(self, integration_id: IntegrationId, remote_id: str) -> AppointmentId | None:
        """The appointment that an object at a provider is, as far as that is known."""
        with self.store.snapshot() as tx:
            link = tx.links.at(integration_id, remote_id)
            return None if link is None or link.mirror_id is None else tx.mirrors.one(link.mirror_id).appointment_id

    def saw(self, what: str) -> None:
        """Count what was seen, so that a test can tell whether all of it is reached."""
        type(self).seen[what] += 1


def _copied(calendars: dict[str, MemoryCalendar]) -> dict[str, MemoryCalendar]:
    return {
        key: replace(each, objects=dict(each.objects), changes=list(each.changes), hooks=dict(each.hooks))
        for key, each in calendars.items()
    }
