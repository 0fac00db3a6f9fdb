"""Listening to accounts whose providers stream: whatever is heard makes its bridge due (docs/engine.md).

It only says when to look. What is missed costs time and nothing else, because the clock looks anyway.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta

from hxdav.domain.bridge import ExternalAccount
from hxdav.domain.ids import ExternalAccountId, IntegrationId
from hxdav.domain.integration import STREAMING
from hxdav.domain.times import Clock
from hxdav.errors import StoreError
from hxdav.log import get_logger
from hxdav.remote import AccessLost, CalendarId, CalendarUnavailable, Remote, TryLater
from hxdav.store.store import Store
from hxdav.sync.failures import LONGEST_PAUSE, backoff
from hxdav.sync.leases import LENGTH

_NOT_DISTURBED_SECONDS = 5.0
"""For how long a turn that is under way keeps what is heard waiting: nearly all of that is the turn's own writing."""

_BETWEEN_WAKES_SECONDS = 0.25
_LOOKS_AGAIN_SECONDS = 0.2
_AFTER_TROUBLE_SECONDS = 1.0

Calendars = Mapping[str, IntegrationId]
"""Which calendar in an account is whose, by the provider's id."""


@dataclass(slots=True, kw_only=True)
class Listening:
    """What one worker listens to, and by which leases; shared by its threads."""

    store: Store
    clock: Clock
    open_remote: Callable[[ExternalAccount], Remote]
    worker: str
    lease: timedelta = LENGTH

    def unheard(self, *, limit: int) -> list[ExternalAccountId]:
        """Accounts that might be listened to, and that nobody listens to: in any order, so that none waits."""
        with self.store.single_read() as tx:
            unheard = tx.external_accounts.unheard(self.clock.now(), services=STREAMING, limit=limit)
        random.shuffle(unheard)
        return unheard

    def take(self, account_id: ExternalAccountId) -> bool:
        """Take an account to listen to, unless another worker was quicker."""
        now = self.clock.now()
        with self.store.transaction() as tx:
            return tx.external_accounts.listen(account_id, worker=self.worker, now=now, until=now + self.lease)

    def keep(self) -> None:
        """Keep all that this worker listens to for longer; to be called several times in a lease."""
        with self.store.transaction() as tx:
            tx.external_accounts.keep_listening(worker=self.worker, until=self.clock.now() + self.lease)

    def wanted(self) -> dict[ExternalAccountId, Calendars]:
        """What this worker is to listen to now: what is not there any more has ended, or is another's."""
        with self.store.single_read() as tx:
            return dict(tx.external_accounts.listened_to(worker=self.worker))

    def leave(self, account_id: ExternalAccountId, *, rest: timedelta | None = None) -> None:
        """Give an account back: to whoever wants it, after ``rest`` where there is to be one."""
        not_before = None if rest is None else self.clock.now() + rest
        with self.store.transaction() as tx:
            tx.external_accounts.end_listening(account_id, worker=self.worker, not_before=not_before)

    def listen(self, account_id: ExternalAccountId, calendars: Calendars, *, is_over: Callable[[], bool]) -> None:
        """Listen to an account of this worker's until its provider ends that, or ``is_over`` says so.

        Raises RemoteErrors. What they mean for the account is found out, and written down, by a turn.
        """
        with self.store.snapshot() as tx:
            account = tx.external_accounts.one(account_id)
        wakes = Wakes(store=self.store, clock=self.clock, account_id=account_id, calendars=calendars)

        def is_over_now() -> bool:
            wakes.pass_on()
            return is_over()

        with closing(self.open_remote(account)) as remote:
            try:
                remote.listen([CalendarId(each) for each in calendars], wakes.hear, is_over=is_over_now)
            except (AccessLost, CalendarUnavailable):
                wakes.wake(list(calendars))
                raise
            finally:
                with self.store.transaction() as tx:
                    tx.external_accounts.count(account_id, requests=remote.requests)


@dataclass(slots=True, kw_only=True)
class Wakes:
    """Makes the bridges of one account due when something is heard, no more often than that is of use."""

    store: Store
    clock: Clock
    account_id: ExternalAccountId
    calendars: Calendars
    _waiting_since: dict[str, float] = field(default_factory=dict)
    _not_before: float = 0.0

    def hear(self, calendar_id: CalendarId) -> None:
        """Something has changed in a calendar."""
        if calendar_id in self.calendars:
            self._waiting_since.setdefault(calendar_id, time.monotonic())
            self.pass_on()

    def pass_on(self) -> None:
        """Make due what was heard, if it is time; to be called now and then, and quick where nothing was."""
        now = time.monotonic()
        if not self._waiting_since or now < self._not_before:
            return
        try:
            is_early = now < min(self._waiting_since.values()) + _NOT_DISTURBED_SECONDS
            if is_early and self._is_looked_after():
                self._not_before = now + _LOOKS_AGAIN_SECONDS
                return
            self.wake(list(self._waiting_since))
        except StoreError:
            get_logger().warning("heard_and_kept", account=self.account_id)
            self._not_before = now + _AFTER_TROUBLE_SECONDS
            return
        self._waiting_since.clear()
        self._not_before = now + _BETWEEN_WAKES_SECONDS

    def wake(self, calendar_ids: list[str]) -> None:
        """Make the bridges of these calendars due."""
        with self.store.transaction() as tx:
            for calendar_id in calendar_ids:
                tx.bridges.change(self.calendars[calendar_id], pull_due_at=self.clock.now())

    def _is_looked_after(self) -> bool:
        with self.store.single_read() as tx:
            return tx.external_accounts.is_leased(self.account_id)


def rest_after(error: Exception | None, *, failures: int) -> timedelta:
    """How long not to listen after a failure; None stands for a connection that has ended at once."""
    if isinstance(error, AccessLost):
        # Until its person has connected it again, which ends the rest.
        return LONGEST_PAUSE
    if isinstance(error, TryLater) and error.after:
        return error.after
    return backoff(failures)
