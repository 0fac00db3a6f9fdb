"""Leases: an account is looked after by one turn of one worker at a time (docs/engine.md).

A worker that was killed gives nothing back: its leases end by themselves, and another takes the accounts over.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta

from hxdav.domain.ids import ExternalAccountId
from hxdav.domain.times import Clock
from hxdav.errors import HxdavError
from hxdav.store.store import Store

LENGTH = timedelta(seconds=60)
"""How long an account is one worker's, unless the settings say otherwise: after that another may take it over."""

_RENEWALS = 4
"""How often a lease is renewed in its time: a step may take that much longer than it should."""


class LeaseLost(HxdavError):
    """The account is another worker's now, or this one is stopping: nothing more is written."""


@dataclass(slots=True, kw_only=True)
class Leases:
    """The leases of one worker; ``worker`` names its process among others. Shared by its threads."""

    store: Store
    clock: Clock
    worker: str
    length: timedelta = LENGTH
    _under_way: set[ExternalAccountId] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stops: threading.Event = field(default_factory=threading.Event)

    def take(self, account_id: ExternalAccountId) -> Lease | None:
        """Take an account, unless another turn has it, of this or of another worker."""
        with self._lock:
            if self._stops.is_set() or account_id in self._under_way:
                return None
            self._under_way.add(account_id)
        is_ours = False
        try:
            is_ours = self._take(account_id)
        finally:
            if not is_ours:
                self._forget(account_id)
        return Lease(leases=self, account_id=account_id, renewed=time.monotonic()) if is_ours else None

    def renew(self, account_id: ExternalAccountId) -> bool:
        """Have an account for longer; whether it is still to be had. Never, once the worker stops."""
        if self._stops.is_set():
            return False
        now = self.clock.now()
        with self.store.transaction() as tx:
            return tx.external_accounts.lease(account_id, worker=self.worker, now=now, until=now + self.length)

    def give_back(self, account_id: ExternalAccountId, *, ended_well: bool) -> None:
        """Leave an account to whoever wants it; after a turn that did not end well its provider is looked at first.

        Only a look tells what was done there without our hearing of it, and what the person has made of that since.
        """
        try:
            with self.store.transaction() as tx:
                if not ended_well:
                    tx.bridges.look_soon(account_id, now=self.clock.now())
                tx.external_accounts.give_back(account_id, worker=self.worker)
        finally:
            self._forget(account_id)

    def stop(self) -> None:
        """Give no more leases, and end those that are out at their next step."""
        self._stops.set()

    @property
    def is_stopping(self) -> bool:
        """Whether turns are to end."""
        return self._stops.is_set()

    def _take(self, account_id: ExternalAccountId) -> bool:
        now = self.clock.now()
        with self.store.transaction() as tx:
            was_left = tx.external_accounts.is_leased(account_id)
            is_ours = tx.external_accounts.lease(account_id, worker=self.worker, now=now, until=now + self.length)
            if is_ours and was_left:
                # Whoever had it was killed, or could not say how its turn ended.
                tx.bridges.look_soon(account_id, now=now)
        return is_ours

    def _forget(self, account_id: ExternalAccountId) -> None:
        with self._lock:
            self._under_way.discard(account_id)


@dataclass(slots=True, kw_only=True)
class Lease:
    """An account that one turn has."""

    leases: Leases
    account_id: ExternalAccountId
    renewed: float

    def keep(self) -> None:
        """To be called before each step: raises LeaseLost where the account is no longer this turn's."""
        if self.leases.is_stopping:
            raise LeaseLost("This worker is stopping.")
        if time.monotonic() - self.renewed > self.leases.length.total_seconds() / _RENEWALS:
            if not self.leases.renew(self.account_id):
                raise LeaseLost("Another worker looks after this account now.")
            self.renewed = time.monotonic()
