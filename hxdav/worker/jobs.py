"""The jobs: what is due by the clock, looked for and done in transactions of their own (docs/architecture.md).

Each looks again under the lock before it acts, so that any number of workers, and any crash between two of its
transactions, come to the same. What is done once a day is remembered only to spare the look, and not beyond a restore.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from hxdav.domain.ids import Epoch, IntegrationId, PracticeGroupId, PractitionerId
from hxdav.domain.integration import FILLED, Integration, IntegrationState
from hxdav.domain.policy import Policy
from hxdav.domain.practice import PracticeGroup
from hxdav.domain.times import Clock, day_of
from hxdav.gate import settle
from hxdav.services.appointments import reindexing, removal_review
from hxdav.services.billing import renewal
from hxdav.services.integrations import connection, reconnection, stalled
from hxdav.services.practice import retention
from hxdav.store.store import Store, Tx


class _ForPractitioner(Protocol):
    """A use case that decides something of one practitioner's."""

    def __call__(self, tx: Tx, clock: Clock, policy: Policy, *, practitioner_id: PractitionerId) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """A day of a practice's, in one life of the store: what a restore brings back has not had it yet."""

    epoch: Epoch
    day: date


class MailSender(Protocol):
    """What is to be mailed."""

    def send_due(self) -> int:
        """Send what is due; how many messages."""
        ...


class Jobs:
    """The jobs over one store; each says how much it did."""

    def __init__(self, *, store: Store, clock: Clock, policy: Policy, outbox: MailSender | None = None) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy
        self._outbox = outbox
        self._indexed: dict[PracticeGroupId, _Day] = {}
        self._admitted: dict[IntegrationId, _Day] = {}
        self._purged: dict[PracticeGroupId, _Day] = {}

    def settle(self) -> int:
        """Decide the removals whose time has come: batches that have closed, answers, and reviews without one."""
        now = self._clock.now()
        with self._store.snapshot() as tx:
            batches = tx.removals.with_due_batches(now)
            reviews = tx.removals.with_due_reviews(now)
        return _all_of(
            [
                *(partial(self._settle, settle, whose) for whose in batches),
                *(partial(self._settle, removal_review.carry_out, whose) for whose in reviews),
            ]
        )

    def renew(self) -> int:
        """Renew, warn of, pause and resume subscriptions (rule 1)."""
        return _all_of(partial(self._renew, group) for group in self._groups())

    def move_horizon(self) -> int:
        """Let in what may enter: once a day has begun, and into each calendar that was connected since.

        What a reconnection has begun is finished first (rules 4 and 9).
        """
        with self._store.snapshot() as tx:
            integrations = tx.integrations.all()
        groups = {group.id: group for group in self._groups()}
        return _all_of(
            [
                *(partial(self._extend_index, group) for group in groups.values()),
                *(partial(self._let_in, each, groups[each.practice_group_id]) for each in integrations),
            ]
        )

    def tell_stalled(self) -> int:
        """Notify of bridges that get nothing done."""
        with self._store.snapshot() as tx:
            if not tx.bridges.stalled(since=self._clock.now() - stalled.STALLED_AFTER):
                return 0
        with self._store.transaction() as tx:
            return stalled.tell_stalled(tx, self._clock)

    def purge(self) -> int:
        """Delete, once a day, what is not kept any longer."""
        return _all_of(partial(self._purge, group) for group in self._groups())

    def send_mail(self) -> int:
        """Send the messages that are due; none where no mail is configured."""
        return self._outbox.send_due() if self._outbox else 0

    def _groups(self) -> list[PracticeGroup]:
        with self._store.snapshot() as tx:
            return tx.people.practice_groups()

    def _today(self, group: PracticeGroup) -> _Day:
        with self._store.single_read() as tx:
            epoch = tx.installation.epoch()
        return _Day(epoch=epoch, day=day_of(self._clock.now(), ZoneInfo(group.zone)))

    def _settle(self, step: _ForPractitioner, practitioner_id: PractitionerId) -> int:
        return self._store.in_turns(lambda tx: step(tx, self._clock, self._policy, practitioner_id=practitioner_id))

    def _renew(self, group: PracticeGroup) -> int:
        return self._store.in_turns(lambda tx: renewal.renew_due(tx, self._clock, practice_group_id=group.id))

    def _extend_index(self, group: PracticeGroup) -> int:
        today = self._today(group)
        if self._indexed.get(group.id) != today:
            self._store.in_turns(lambda tx: reindexing.extend(tx, self._clock, practice_group_id=group.id))
            self._indexed[group.id] = today
        return 0

    def _let_in(self, integration: Integration, group: PracticeGroup) -> int:
        today = self._today(group)
        if integration.state is IntegrationState.CONNECTING:
            self._take_out(integration.id)
        elif integration.state not in FILLED:
            return 0
        if self._admitted.get(integration.id) == today:
            return 0
        entered = self._store.in_turns(
            lambda tx: connection.fill(tx, self._clock, self._policy, integration_id=integration.id)
        )
        self._admitted[integration.id] = today
        return entered

    def _take_out(self, integration_id: IntegrationId) -> int:
        return self._store.in_turns(
            lambda tx: reconnection.take_out(tx, self._clock, self._policy, integration_id=integration_id)
        )

    def _purge(self, group: PracticeGroup) -> int:
        today = self._today(group)
        if self._purged.get(group.id) == today:
            return 0
        purged = self._store.in_turns(
            lambda tx: retention.purge(tx, self._clock, self._policy, practice_group_id=group.id)
        )
        self._purged[group.id] = today
        return purged


def _all_of(steps: Iterable[Callable[[], int]]) -> int:
    """Take every step, so that none that fails keeps the others waiting; then raise the first failure, if any."""
    done = 0
    failures: list[Exception] = []
    for step in steps:
        try:
            done += step()
        except Exception as failure:  # noqa: BLE001 - one practice's trouble is not another's; raised below
            failures.append(failure)
    if failures:
        raise failures[0]
    return done
