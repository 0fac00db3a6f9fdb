"""What becomes of an account or a calendar that gives trouble: left alone for a while, or told to the person."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from hxdav.domain.bridge import Bridge, BridgeState, ExternalAccount
from hxdav.domain.ids import IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.domain.times import Clock
from hxdav.errors import HxdavError, UseCaseError
from hxdav.log import get_logger
from hxdav.remote import AccessLost, CalendarState, Forbidden, TryLater
from hxdav.services.integrations.connection import subject_of
from hxdav.store.store import Store, Tx
from hxdav.sync.patience import HOURLY, PATIENCE, next_look

LONGEST_PAUSE = timedelta(minutes=15)

QUOTA = "quota"
"""The code of a TryLater by which a provider asks for fewer requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Writes down what went wrong, and when to try again.

    ``patience`` is how long access must be refused, or a calendar be missing, before hxdav believes it.
    """

    store: Store
    clock: Clock
    patience: timedelta = PATIENCE

    def fail(self, account: ExternalAccount, error: Exception, *, moved: bool) -> None:
        """Leave an account alone for a while, or until its person has connected it again.

        ``moved`` says that the turn got something done before it failed. The pauses then begin anew.
        """
        now, code = self.clock.now(), code_of(error)
        is_old = account.trouble == code and not moved
        since = account.troubled_since if is_old and account.troubled_since else now
        failures = 1 if moved else account.failures + 1
        retry_at = now + _pause_after(error, failures=failures)
        if isinstance(error, AccessLost):
            look_at = next_look(since, now=now, patience=self.patience)
            if look_at is None:
                self._shut_out(account, error)
                return
            retry_at = look_at
        if isinstance(error, HxdavError):
            get_logger().warning("account_failed", account=account.id, trouble=code, failures=failures)
        else:
            get_logger().error("account_failed", account=account.id, failures=failures, exc_info=error)
        with self.store.transaction() as tx:
            tx.external_accounts.failed(
                account.id,
                failures=failures,
                retry_at=retry_at,
                trouble=code,
                since=since,
                throttled=code == QUOTA,
            )

    def lose_calendar(self, integration_id: IntegrationId, state: CalendarState, *, look_at: datetime) -> None:
        """Stop at a calendar that is hidden or missing: nothing is removed for that (rule 8).

        hxdav looks at ``look_at`` whether a hidden one is shown again. It tells the person of a missing one once that
        is certain.
        """
        now = self.clock.now()
        with self.store.transaction() as tx:
            before = tx.bridges.one(integration_id)
            if state is CalendarState.HIDDEN:
                after = BridgeState.HIDDEN
                tx.bridges.change(integration_id, state=after, is_cautious=True, pull_due_at=look_at)
            else:
                after = miss(tx, before, now=now, patience=self.patience)
            kind = _TOLD_OF.get(after)
            if kind is not None and before.state is not after:
                tx.notifications.tell(subject_of(tx.integrations.one(integration_id)), kind=kind, at=now)

    def _shut_out(self, account: ExternalAccount, error: AccessLost) -> None:
        get_logger().warning("access_lost", account=account.id, trouble=error.code)
        with self.store.transaction() as tx:
            tx.external_accounts.shut_out(account.id, trouble=error.code)
            for bridge in tx.bridges.at_work(account.id):
                if bridge.state is BridgeState.GONE:
                    continue
                subject = subject_of(tx.integrations.one(bridge.integration_id))
                tx.bridges.change(bridge.integration_id, is_cautious=True)
                tx.notifications.tell(subject, kind=NotificationKind.ACCESS_LOST, at=self.clock.now())


def miss(tx: Tx, bridge: Bridge, *, now: datetime, patience: timedelta) -> BridgeState:
    """Note that the provider does not find a bridge's calendar; return MISSING, or GONE once that is certain."""
    if bridge.state is BridgeState.GONE:
        tx.bridges.change(bridge.integration_id, pull_due_at=now + HOURLY)
        return BridgeState.GONE
    since = bridge.troubled_since if bridge.state is BridgeState.MISSING and bridge.troubled_since else now
    look_at = next_look(since, now=now, patience=patience)
    after = BridgeState.GONE if look_at is None else BridgeState.MISSING
    tx.bridges.change(
        bridge.integration_id,
        state=after,
        is_cautious=True,
        troubled_since=since,
        pull_due_at=look_at or now + HOURLY,
    )
    return after


def code_of(error: Exception) -> str:
    """Return the word that stands for what went wrong."""
    if isinstance(error, UseCaseError):
        return "misconfigured"
    return error.code if isinstance(error, TryLater | AccessLost) else "internal"


def _pause_after(error: Exception, *, failures: int) -> timedelta:
    if isinstance(error, TryLater) and error.after:
        return error.after
    return backoff(failures, longest=HOURLY if isinstance(error, Forbidden) else LONGEST_PAUSE)


_TOLD_OF = {
    BridgeState.HIDDEN: NotificationKind.BRIDGE_HIDDEN,
    BridgeState.GONE: NotificationKind.BRIDGE_GONE,
}


def backoff(failures: int, *, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    """How long to leave an account alone after so many failures in a row: longer each time, and not all at once."""
    most = min(longest, timedelta(seconds=2 ** min(failures, 12)))
    return most * random.uniform(0.5, 1.0)  # noqa: S311 - it spreads load, and keeps no secret
