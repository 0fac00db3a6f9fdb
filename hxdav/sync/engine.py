"""The engine: looks after accounts, one turn at a time, until both sides are equal (docs/engine.md).

Level-triggered: whatever woke it, a turn pulls what changed at the provider and pushes what changed here, and ends when
there is nothing left of either, or when its time is over.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.bridge import Bridge, ExternalAccount
from hxdav.domain.ids import ExternalAccountId, IntegrationId
from hxdav.domain.policy import Policy
from hxdav.domain.times import Clock
from hxdav.errors import StoreBusy, UseCaseError
from hxdav.log import get_logger
from hxdav.remote import CalendarId, CalendarUnavailable, Remote, RemoteError, TryLater
from hxdav.services.integrations import bridges, stalled
from hxdav.store.store import Store
from hxdav.sync.brake import Brake, MixedUp
from hxdav.sync.bridge_context import BridgeContext
from hxdav.sync.calendars import CalendarLost
from hxdav.sync.channels import Hooks
from hxdav.sync.failures import Failures
from hxdav.sync.intake import BridgeClosed
from hxdav.sync.leases import LENGTH, Lease, LeaseLost, Leases
from hxdav.sync.patience import PATIENCE
from hxdav.sync.retirement import close_old_channels, retire
from hxdav.sync.sync_pass import Pass
from hxdav.sync.verifying import Discrepancy, repair, verify

_CANDIDATES = 50

OpenRemote = Callable[[ExternalAccount], Remote]


@dataclass(slots=True, kw_only=True)
class Engine:
    """Looks after the accounts of one store; shared by the threads of one worker.

    ``worker`` names this process among others. ``hooks`` is None where providers cannot call us. ``turn`` is how long
    one account is looked after at most before others have their turn, and ``lease`` how long it is this worker's before
    another may take it over. ``patience`` is how long access must be refused, or a calendar be missing, before hxdav
    believes it.
    """

    store: Store
    clock: Clock
    policy: Policy
    open_remote: OpenRemote
    worker: str
    hooks: Hooks | None = None
    turn: timedelta = timedelta(seconds=20)
    lease: timedelta = LENGTH
    patience: timedelta = PATIENCE
    _leases: Leases = field(init=False)
    _troubles: Failures = field(init=False)
    _brake: Brake = field(default_factory=Brake, init=False)

    def __post_init__(self) -> None:
        self._leases = Leases(store=self.store, clock=self.clock, worker=self.worker, length=self.lease)
        self._troubles = Failures(store=self.store, clock=self.clock, patience=self.patience)

    def due(self) -> list[ExternalAccountId]:
        """Accounts on which there is something to do, and that no worker has: in any order, so that none waits."""
        with self.store.single_read() as tx:
            due = tx.external_accounts.due(self.clock.now(), limit=_CANDIDATES)
        random.shuffle(due)
        return due

    def look_after(self, account_id: ExternalAccountId) -> bool:
        """Look after one account for one turn; whether it could be had."""
        lease = self._leases.take(account_id)
        if lease is None:
            return False
        ended_well = False
        try:
            ended_well = self._turn(account_id, lease)
        finally:
            self._leases.give_back(account_id, ended_well=ended_well)
        return True

    def retire_unused(self) -> int:
        """Give back the grants of accounts that nothing uses any more; how many accounts."""
        with self.store.snapshot() as tx:
            unused = bridges.accounts_unused(tx)
        return sum(self._retire(account) for account in unused)

    def stop(self) -> None:
        """End the turns that are under way after the object that they are at."""
        self._leases.stop()

    def _retire(self, account: ExternalAccount) -> bool:
        lease = self._leases.take(account.id)
        if lease is None:
            return False
        try:
            with closing(self.open_remote(account)) as remote:
                retire(self.store, self.clock, remote, account=account)
        except RemoteError as error:
            get_logger().info("account_not_retired", account=account.id, trouble=type(error).__name__)
            return False
        finally:
            self._leases.give_back(account.id, ended_well=True)
        return True

    def _turn(self, account_id: ExternalAccountId, lease: Lease) -> bool:
        with self.store.snapshot() as tx:
            account = tx.external_accounts.one(account_id)
            bridges = tx.bridges.at_work(account_id)
        errands: list[BridgeContext] = []
        try:
            with closing(self.open_remote(account)) as remote:
                errands = [self._errand(each, remote, keep_lease=lease.keep) for each in bridges]
                try:
                    self._look_after_bridges(account_id, errands, remote=remote)
                finally:
                    self._count(account_id, remote.requests)
        except (LeaseLost, StoreBusy):
            get_logger().info("turn_ended", account=account_id)
        except Exception as error:  # noqa: BLE001 - the engine's edge: recorded, and tried again after a pause
            moved = any(each.progress.steps for each in errands) and not isinstance(error, MixedUp)
            self._troubles.fail(account, error, moved=moved)
            self._note_standstill(errands)
        else:
            self._note_progress(bridges, errands)
            return True
        self._note_progress(bridges, errands)
        return False

    def _note_standstill(self, errands: Sequence[BridgeContext]) -> None:
        stuck = [each.integration_id for each in errands if not each.progress.is_made]
        with self.store.transaction() as tx:
            stalled.note_standstill(tx, self.clock, integration_ids=stuck)

    def _note_progress(self, bridges: Sequence[Bridge], errands: Sequence[BridgeContext]) -> None:
        done = {each.integration_id for each in errands if each.progress.is_made}
        going_on = [each for each in bridges if each.troubled_since and each.integration_id in done]
        if going_on:
            with self.store.transaction() as tx:
                stalled.note_progress(tx, self.clock, bridges=going_on)

    def _look_after_bridges(
        self, account_id: ExternalAccountId, errands: Sequence[BridgeContext], *, remote: Remote
    ) -> None:
        close_old_channels(self.store, remote, account_id)
        trouble: TryLater | None = None
        for context in errands:
            try:
                self._look_after_bridge(context)
            except TryLater as error:
                if error.after is not None:
                    raise
                # The other calendars of the account do not wait for this one.
                trouble = trouble or error
        if trouble is not None:
            raise trouble
        with self.store.transaction() as tx:
            tx.external_accounts.went_well(account_id)

    def _count(self, account_id: ExternalAccountId, requests: int) -> None:
        with self.store.transaction() as tx:
            tx.external_accounts.count(account_id, requests=requests)

    def _look_after_bridge(self, context: BridgeContext) -> None:
        now = self.clock.now()
        try:
            Pass(context=context, hooks=self.hooks, ends_at=now + self.turn).run()
        except BridgeClosed:
            get_logger().info("bridge_closed", integration=context.integration_id)
        except CalendarLost as lost:
            look_at = self.clock.now() + context.remote.capabilities.polled_every
            self._troubles.lose_calendar(context.integration_id, lost.state, look_at=look_at)
        except CalendarUnavailable as error:
            raise TryLater(str(error), code="calendar_unavailable") from error

    def verify(self, integration_id: IntegrationId) -> list[Discrepancy]:
        """Where the two sides of a bridge differ; it reads only, so that it needs no lease."""
        with self._opened(integration_id) as context:
            return verify(context)

    def repair(self, integration_id: IntegrationId) -> None:
        """Have a bridge looked at anew from the beginning, by whichever worker has its account next."""
        with self._opened(integration_id) as context:
            repair(context)

    @contextmanager
    def _opened(self, integration_id: IntegrationId) -> Iterator[BridgeContext]:
        with self.store.snapshot() as tx:
            bridge = tx.bridges.find(integration_id)
            if bridge is None or bridge.calendar_id is None:
                raise UseCaseError(f"Integration {integration_id} has no calendar elsewhere.")
            account = tx.external_accounts.one(bridge.account_id)
        with closing(self.open_remote(account)) as remote:
            yield self._errand(bridge, remote, keep_lease=lambda: None)

    def _errand(self, bridge: Bridge, remote: Remote, *, keep_lease: Callable[[], None]) -> BridgeContext:
        with self.store.snapshot() as tx:
            integration = tx.integrations.one(bridge.integration_id)
            zone = ZoneInfo(tx.people.practice_group(integration.practice_group_id).zone)
        return BridgeContext(
            store=self.store,
            clock=self.clock,
            policy=self.policy,
            remote=remote,
            integration_id=integration.id,
            name=integration.name,
            service=integration.service,
            zone=zone,
            calendar_id=CalendarId(bridge.calendar_id or ""),
            keep_lease=keep_lease,
            patience=self.patience,
            brake=self._brake,
        )
