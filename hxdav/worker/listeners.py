"""Listeners: a thread for each account that is listened to (docs/engine.md).

Which worker listens to an account is a matter of leases, as with turns: a worker that is killed gives nothing back, and
another takes over when its time is out.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from hxdav.domain.ids import ExternalAccountId
from hxdav.errors import StoreError
from hxdav.log import get_logger
from hxdav.remote import AccessLost, RemoteError, TryLater
from hxdav.sync.listening import Calendars, Listening, rest_after
from hxdav.worker.looking import Looking

_LOOKS_EVERY_SECONDS = 1.0
_PASSED_OVER = 4
"""How many looks pass without a commit before there is one anyhow."""

_AFTER_TROUBLE_SECONDS = 5.0
_RENEWALS = 4
"""How often a lease is renewed in its time."""

_ENDED_AT_ONCE_SECONDS = 5.0
"""A connection that its provider ends sooner has failed, and is not opened again in a hurry."""

_WENT_WELL_SECONDS = 60.0
"""A connection that has held for longer makes up for those that failed before."""


@dataclass(slots=True, kw_only=True)
class _Ear:
    """A thread that listens to one account, until it is told that this is over."""

    calendars: Calendars
    over: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def has_ended(self) -> bool:
        return self.thread is not None and not self.thread.is_alive()


@dataclass(slots=True, kw_only=True)
class Listeners:
    """Listens to at most ``most`` accounts at a time, whichever are to be had; the clock looks at the others."""

    listening: Listening
    most: int
    _ears: dict[ExternalAccountId, _Ear] = field(default_factory=dict)
    _failures: dict[ExternalAccountId, int] = field(default_factory=dict)
    _is_told_to_stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _renew_at: float = 0.0
    _looking: Looking = field(init=False)

    def __post_init__(self) -> None:
        changes = self.listening.store.changes()
        self._looking = Looking(changes=changes, anyhow_after=_LOOKS_EVERY_SECONDS * (_PASSED_OVER + 1))

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="worker-listeners", daemon=True)
        self._thread.start()

    def stop(self, *, within_seconds: float) -> None:
        """Listen no more, give all accounts back, and wait for that, but not for ever."""
        ends = time.monotonic() + within_seconds
        self._is_told_to_stop.set()
        if self._thread is not None:
            self._thread.join(within_seconds)
        ears = list(self._ears.values())
        for ear in ears:
            ear.over.set()
        for ear in ears:
            if ear.thread is not None:
                ear.thread.join(max(0.0, ends - time.monotonic()))

    def _run(self) -> None:
        pause = 0.0
        while not self._is_told_to_stop.wait(pause):
            pause = _LOOKS_EVERY_SECONDS
            try:
                if self._looking.is_due() or any(ear.has_ended for ear in self._ears.values()):
                    self._round()
            except StoreError:
                get_logger().warning("listeners_cannot_look")
                pause = _AFTER_TROUBLE_SECONDS

    def _round(self) -> None:
        self._ears = {account_id: ear for account_id, ear in self._ears.items() if not ear.has_ended}
        self._keep()
        self._take()
        wanted = self.listening.wanted() if self._ears else {}
        for account_id, ear in list(self._ears.items()):
            calendars = wanted.get(account_id, {})
            if ear.thread is None:
                self._begin(account_id, ear, calendars)
            elif calendars != ear.calendars:
                # It was connected anew, has lost a calendar or got one, or is another worker's: begun anew, if at all.
                ear.over.set()

    def _keep(self) -> None:
        if self._ears and time.monotonic() >= self._renew_at:
            self.listening.keep()
            self._renew_at = time.monotonic() + self.listening.lease.total_seconds() / _RENEWALS

    def _take(self) -> None:
        room = self.most - len(self._ears)
        if room <= 0:
            return
        for account_id in self.listening.unheard(limit=room):
            if account_id not in self._ears and self.listening.take(account_id):
                self._ears[account_id] = _Ear(calendars={})

    def _begin(self, account_id: ExternalAccountId, ear: _Ear, calendars: Calendars) -> None:
        if not calendars:
            # They went in the moment between two looks.
            del self._ears[account_id]
            self.listening.leave(account_id)
            return
        ear.calendars = calendars
        ear.thread = threading.Thread(
            target=self._listen, args=(account_id, ear), name=f"listener-{account_id}", daemon=True
        )
        ear.thread.start()

    def _listen(self, account_id: ExternalAccountId, ear: _Ear) -> None:
        began = time.monotonic()
        error = self._trouble_of(account_id, ear)
        lasted = time.monotonic() - began
        rest = None
        if ear.over.is_set() or (error is None and lasted >= _ENDED_AT_ONCE_SECONDS):
            self._failures.pop(account_id, None)
        else:
            before = 0 if lasted >= _WENT_WELL_SECONDS else self._failures.get(account_id, 0)
            self._failures[account_id] = before + 1
            rest = rest_after(error, failures=before + 1)
        try:
            self.listening.leave(account_id, rest=rest)
        except StoreError:
            # It is to be had again when the lease is over.
            get_logger().warning("listener_not_given_back", account=account_id)

    def _trouble_of(self, account_id: ExternalAccountId, ear: _Ear) -> Exception | None:
        """Listen until that is over; what went wrong, if anything did."""
        try:
            self.listening.listen(account_id, ear.calendars, is_over=ear.over.is_set)
        except (RemoteError, StoreError) as error:
            # The clock looks all the same; but a proxy that keeps streams back, say, is somebody's to mend.
            trouble = error.code if isinstance(error, TryLater | AccessLost) else type(error).__name__
            get_logger().warning("listening_failed", account=account_id, trouble=trouble)
            return error
        except Exception as error:  # noqa: BLE001 - the thread's edge: recorded, and tried again after a pause
            get_logger().error("listening_failed", account=account_id, exc_info=error)
            return error
        return None
