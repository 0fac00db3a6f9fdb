"""A practice with a bridge into a provider, for tests: both sides, and the engine that makes them converge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.bridge import Bridge, ExternalAccount
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import ExternalAccountId, IntegrationId, Slug
from hxdav.domain.integration import Service
from hxdav.domain.times import day_of
from hxdav.ical.objects import object_of
from hxdav.ical.patch import set_lines
from hxdav.remote import CalendarId, Identity, ObjectGone, Remote, RemoteObject
from hxdav.services.integrations import bridges, connection
from hxdav.sync.channels import Hooks
from hxdav.sync.engine import Engine
from hxdav.worker.runners import Runners
from tests.builders import SYDNEY, PracticeWorld
from tests.simulators.memory import MemoryProvider, MemoryRemote


@dataclass(kw_only=True)
class BridgedWorld:
    """A practice, one provider in memory, and the engine between them."""

    practice: PracticeWorld
    provider: MemoryProvider = field(default_factory=MemoryProvider)
    turn: timedelta = timedelta(seconds=20)

    def __post_init__(self) -> None:
        self.provider.now = self.practice.clock.now
        self.provider.call = self.called
        self.engine = self.an_engine()

    def an_engine(self, worker: str = "one") -> Engine:
        """Another worker's engine over the same store and provider."""
        return Engine(
            store=self.practice.store,
            clock=self.practice.clock,
            policy=self.practice.policy,
            open_remote=self._open,
            worker=worker,
            hooks=Hooks(address_for=lambda service: f"https://hx.example/hooks/{service}", digest=lambda token: token),
            turn=self.turn,
        )

    def _open(self, _account: ExternalAccount) -> Remote:
        return MemoryRemote(self.provider)

    def called(self, token: str) -> None:
        """The provider calls."""
        with self.practice.store.transaction() as tx:
            tx.channels.wake(tx.channels.called([token]).values(), now=self.practice.clock.now())

    def connect(self, service: Service = Service.GOOGLE, *, subject: str = "memory") -> IntegrationId:
        """Connect a bridge, and fill its mirrors; nothing is sent yet."""
        practice = self.practice
        account_id = self.account(service, subject=subject)
        with practice.store.transaction() as tx:
            practitioner = tx.people.practitioner(practice.practitioner_id)
            number = len(tx.integrations.of(practitioner.id))
            integration_id = tx.integrations.add(
                practitioner,
                service=service,
                slug=Slug(f"hx-bridge-{practitioner.id}-{number}"),
                name="HX_Harbour Street Psychology",
                connected_on=day_of(practice.clock.now(), ZoneInfo(SYDNEY)),
                modseq=tx.integrations.next_modseq(practitioner.id),
                now=practice.clock.now(),
            )
            integration = tx.integrations.one(integration_id)
            tx.bridges.add(
                integration, account_id=account_id, marker=f"marker-{integration_id}", now=practice.clock.now()
            )
        self.admit(integration_id)
        return integration_id

    def account(self, service: Service = Service.GOOGLE, *, subject: str = "memory") -> ExternalAccountId:
        """The account at the provider."""
        with self.practice.store.transaction() as tx:
            group = tx.people.practitioner(self.practice.practitioner_id).practice_group_id
            known = tx.external_accounts.known(group, service, subject)
            if known is not None:
                return known.id
            return tx.external_accounts.add(
                group,
                service=service,
                subject=subject,
                label="anna@example.com",
                address="",
                now=self.practice.clock.now(),
            )

    def admit(self, integration_id: IntegrationId) -> None:
        """Let in what the window admits."""
        practice = self.practice
        practice.store.in_turns(
            lambda tx: connection.fill(tx, practice.clock, practice.policy, integration_id=integration_id)
        )

    def round(self) -> int:
        """Look after whatever is due now; how many turns that took."""
        turns = Runners(engine=self.engine, runners=1).round()
        self.require_no_fault_of_ours()
        return turns

    def require_no_fault_of_ours(self) -> None:
        """What the engine's edge has caught must have come from the provider, and not from a mistake of ours."""
        with self.practice.store.snapshot() as tx:
            assert "internal" not in {each.trouble for each in tx.external_accounts.all()}

    def look(self, integration_id: IntegrationId) -> int:
        """Have the provider looked at, as its clock would; how many turns that took."""
        with self.practice.store.transaction() as tx:
            tx.bridges.change(integration_id, pull_due_at=self.practice.clock.now())
            tx.external_accounts.went_well(tx.bridges.one(integration_id).account_id)
        return self.round()

    def let_in(self) -> None:
        """Connect the account again, as a person does who was told that it was refused."""
        practice, account_id = self.practice, self.account()
        with practice.store.transaction() as tx:
            account = tx.external_accounts.one(account_id)
            bridges.account_of(
                tx,
                practice.clock,
                practice_group_id=account.practice_group_id,
                service=account.service,
                identity=Identity(subject=account.subject, label=account.label),
                address="",
                seal=lambda _: "sealed",
                source=Source(authority=Authority.PRACTICE, user_id=practice.user_id),
            )

    def wait_out(self, integration_id: IntegrationId) -> None:
        """Look, and let the minutes pass after which hxdav believes what it is answered."""
        self.look(integration_id)
        for _ in range(8):
            self.practice.clock.advance(minutes=1)
            self.round()

    def bridge(self, integration_id: IntegrationId) -> Bridge:
        """A bridge as it is."""
        with self.practice.store.snapshot() as tx:
            return tx.bridges.one(integration_id)

    def remote_titles(self) -> list[str]:
        """The titles at the provider, sorted."""
        return sorted(object_of(each.text).summary for each in self.provider.calendar().objects.values())

    def remote_id_of(self, title: str) -> str:
        """The remote id of the only object with this title."""
        (found,) = [
            key for key, each in self.provider.calendar().objects.items() if object_of(each.text).summary == title
        ]
        return found


def retitled(title: str) -> Callable[[str], str]:
    """An edit that gives another title."""
    return lambda text: set_lines(text, {"SUMMARY": [f"SUMMARY:{title}"]})


def moved(start: str) -> Callable[[str], str]:
    """An edit that moves an event to another start, a local time in Sydney, for fifty minutes."""
    lines = {
        "DTSTART": [f"DTSTART;TZID=Australia/Sydney:{start}"],
        "DTEND": None,
        "DURATION": ["DURATION:PT50M"],
    }
    return lambda text: set_lines(text, lines)


class ForgetfulRemote(MemoryRemote):
    """A provider that finds nothing where it is written."""

    def update(self, calendar_id: CalendarId, known: RemoteObject, text: str) -> RemoteObject:
        """Refused, whatever is there."""
        raise ObjectGone("The appointment is not in the calendar any more.")
