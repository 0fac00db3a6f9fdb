"""The clock: at each practice's midnight the horizon moves, and appointments enter (`design.md` rule 4)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

from hxdav.domain.ids import IntegrationId, PracticeGroupId
from hxdav.domain.integration import IntegrationState
from hxdav.domain.policy import Policy
from hxdav.domain.times import Clock, day_of
from hxdav.log import get_logger
from hxdav.services import connecting, reindexing
from hxdav.store.store import Store, Tx

PERIOD_SECONDS = 60
"""How often it looks whether a day has begun somewhere: that way it notices too that the machine slept."""


class MidnightClock:
    """A thread that brings in what may enter: on start, then after each midnight. Any number of them agree."""

    def __init__(self, *, store: Store, clock: Clock, policy: Policy) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy
        self._days: dict[PracticeGroupId, date] = {}
        self._log = get_logger()

    def start(self) -> None:
        """Begin; the thread ends with the process."""
        threading.Thread(target=self._run, name="midnight-clock", daemon=True).start()

    def tick(self) -> int:
        """Bring in what may enter in each practice group where a day has begun; how much that was."""
        with self._store.snapshot() as tx:
            groups = tx.people.practice_groups()
            integrations = tx.integrations.all()
        entered = 0
        for group in groups:
            today = day_of(self._clock.now(), ZoneInfo(group.zone))
            if self._days.get(group.id) == today:
                continue
            self._store.in_turns(self._extend(group.id))
            for integration in integrations:
                if integration.practice_group_id == group.id and integration.state is IntegrationState.CONNECTED:
                    entered += self._store.in_turns(self._admit(integration.id))
            self._days[group.id] = today
        return entered

    def _extend(self, practice_group_id: PracticeGroupId) -> Callable[[Tx], int]:
        return lambda tx: reindexing.extend(tx, self._clock, practice_group_id=practice_group_id)

    def _admit(self, integration_id: IntegrationId) -> Callable[[Tx], int]:
        return lambda tx: connecting.admit(tx, self._clock, self._policy, integration_id=integration_id)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            try:
                entered = self.tick()
                if entered:
                    self._log.info("appointments_entered", count=entered)
            except Exception:  # noqa: BLE001 - the loop's edge: recorded, and tried again at the next look
                self._log.exception("midnight_failed")
            pause.wait(PERIOD_SECONDS)
