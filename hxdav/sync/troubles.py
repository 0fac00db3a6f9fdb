"""What becomes of an account or a calendar that gives trouble: left alone for a while, or told to the person."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from hxdav.domain.bridge import BridgeState, ExternalAccount
from hxdav.domain.ids import IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.domain.times import Clock
from hxdav.errors import HxdavError
from hxdav.log import get_logger
from hxdav.remote import AccessLost, CalendarState, TryLater
from hxdav.services.connecting import subject_of
from hxdav.store.store import Store

LONGEST_PAUSE = timedelta(minutes=15)

QUOTA = "quota"
"""The code of a TryLater by which a provider asks for fewer requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """Writes down what went wrong, and when to try again."""

    store: Store
    clock: Clock

    def fail(self, account: ExternalAccount, error: Exception) -> None:
        """Leave an account alone for a while, or until its person has connected it again."""
        if isinstance(error, AccessLost):
            self._shut_out(account, error)
            return
        failures = account.failures + 1
        pause = error.after if isinstance(error, TryLater) and error.after else backoff(failures)
        trouble = error.code if isinstance(error, TryLater) else "internal"
        if isinstance(error, HxdavError):
            get_logger().warning("account_failed", account=account.id, trouble=trouble, failures=failures)
        else:
            get_logger().error("account_failed", account=account.id, failures=failures, exc_info=error)
        with self.store.transaction() as tx:
            tx.external_accounts.failed(
                account.id,
                failures=failures,
                retry_at=self.clock.now() + pause,
                trouble=trouble,
                throttled=trouble == QUOTA,
            )

    def lose_calendar(self, integration_id: IntegrationId, state: CalendarState, *, look_at: datetime) -> None:
        """Stop at a calendar that is hidden or gone: nothing is removed for that, and the person is told (rule 8)."""
        is_hidden = state is CalendarState.HIDDEN
        after = BridgeState.HIDDEN if is_hidden else BridgeState.GONE
        with self.store.transaction() as tx:
            before = tx.bridges.one(integration_id)
            tx.bridges.change(integration_id, state=after, is_cautious=True, pull_due_at=look_at)
            if before.state is not after:
                kind = NotificationKind.BRIDGE_HIDDEN if is_hidden else NotificationKind.BRIDGE_GONE
                subject = subject_of(tx.integrations.one(integration_id))
                tx.notifications.tell(subject, kind=kind, at=self.clock.now())

    def _shut_out(self, account: ExternalAccount, error: AccessLost) -> None:
        get_logger().warning("access_lost", account=account.id, trouble=error.code)
        with self.store.transaction() as tx:
            tx.external_accounts.shut_out(account.id, trouble=error.code)
            for bridge in tx.bridges.at_work(account.id):
                subject = subject_of(tx.integrations.one(bridge.integration_id))
                tx.bridges.change(bridge.integration_id, is_cautious=True)
                tx.notifications.tell(subject, kind=NotificationKind.ACCESS_LOST, at=self.clock.now())


def backoff(failures: int) -> timedelta:
    """How long to leave an account alone after so many failures in a row: longer each time, and not all at once."""
    longest = min(LONGEST_PAUSE, timedelta(seconds=2 ** min(failures, 12)))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - it spreads load, and keeps no secret
