"""Runners: threads that look after accounts elsewhere as soon as there is something to do (docs/engine.md)."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from hxdav.domain.ids import ExternalAccountId
from hxdav.errors import StoreError
from hxdav.log import get_logger
from hxdav.sync.engine import Engine
from hxdav.worker.looking import Looking

_LOOKS_EVERY_SECONDS = 0.25
"""How long a local change, or a provider's call, waits at most before a free runner takes it up."""

_PASSED_OVER = 7
"""Looks that nothing was committed before are passed over: what is due by the clock alone waits for that long."""

_AFTER_TROUBLE_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class Runners:
    """Looks what is due and hands it to ``runners`` threads; one account is never handed out twice at a time."""

    engine: Engine
    runners: int
    _out: dict[ExternalAccountId, Future[bool]] = field(default_factory=dict)
    _is_told_to_stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _looking: Looking = field(init=False)

    def __post_init__(self) -> None:
        anyhow_after = _LOOKS_EVERY_SECONDS * (_PASSED_OVER + 1)
        self._looking = Looking(changes=self.engine.store.changes(), anyhow_after=anyhow_after)

    def start(self) -> None:
        """Begin."""
        thread = threading.Thread(target=self._run, name="worker-bridges", daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self, *, within_seconds: float) -> None:
        """Hand out no more, end what is under way after its next object, and wait for that, but not for ever."""
        self._is_told_to_stop.set()
        self.engine.stop()
        for thread in self._threads:
            thread.join(within_seconds)

    def round(self) -> int:
        """Look after everything that is due, here and now; how many turns that took."""
        turns = 0
        while due := self.engine.due():
            turns += sum(self.engine.look_after(account_id) for account_id in due)
        return turns

    def _run(self) -> None:
        with ThreadPoolExecutor(max_workers=self.runners, thread_name_prefix="bridge") as pool:
            while not self._is_told_to_stop.is_set():
                pause = _LOOKS_EVERY_SECONDS
                try:
                    self._hand_out(pool)
                except StoreError:
                    get_logger().warning("bridges_cannot_look")
                    pause = _AFTER_TROUBLE_SECONDS
                self._is_told_to_stop.wait(pause)

    def _hand_out(self, pool: ThreadPoolExecutor) -> None:
        self._out = {account_id: turn for account_id, turn in self._out.items() if not turn.done()}
        free = self.runners - len(self._out)
        if not free or not self._looking.is_due():
            return
        due = self.engine.due()
        waiting = [account_id for account_id in due if account_id not in self._out]
        if len(waiting) > free or len(waiting) < len(due):
            self._looking.again()
        for account_id in waiting[:free]:
            self._out[account_id] = pool.submit(self._look_after, account_id)

    def _look_after(self, account_id: ExternalAccountId) -> bool:
        try:
            return self.engine.look_after(account_id)
        except StoreError:
            get_logger().warning("bridge_turn_failed", account=account_id)
            return False
