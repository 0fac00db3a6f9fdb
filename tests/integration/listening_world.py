"""A practice with a bridge into Exchange, its runners and those who listen, over a clock that stands still.

Nothing is due by the clock, so that whatever arrives was heard of.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.bridge import ExternalAccount
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from hxdav.ical.objects import object_of
from hxdav.net.reach import Reach
from hxdav.remote import Remote
from hxdav.remotes.exchange import ExchangeAccount, open_exchange
from hxdav.store.store import Store
from hxdav.sync.listening import Listening
from hxdav.worker.listeners import Listeners
from hxdav.worker.runners import Runners
from tests.bridges import BridgedWorld
from tests.builders import SYDNEY, PracticeWorld, a_practice
from tests.simulators.ews.people import Person
from tests.simulators.ews.simulator import ExchangeSimulator
from tests.simulators.memory import MemoryRemote
from tests.waiting import PATIENCE_SECONDS

LOOPBACK = Reach(allowed=("127.0.0.1",), hosts=("127.0.0.1",))
TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=ZoneInfo(SYDNEY))


@dataclass(kw_only=True)
class HeardWorld(BridgedWorld):
    """A world that may have Exchange in the place of the provider in memory."""

    exchange: ExchangeSimulator | None = None
    kim: Person | None = None

    def _open(self, account: ExternalAccount) -> Remote:
        if self.exchange is None or self.kim is None:
            return MemoryRemote(self.provider)
        # What was connected anew holds the password that was right then.
        password = account.credentials or FIRST_PASSWORD
        address = self.kim.email
        known = ExchangeAccount(address=address, username=address, password=password, endpoint=self.exchange.address)
        return open_exchange(known, reach=LOOPBACK)

    def listening(self, worker: str = "one", *, lease: timedelta = timedelta(seconds=60)) -> Listening:
        """What a worker listens to."""
        return Listening(
            store=self.practice.store,
            clock=self.practice.clock,
            open_remote=self._open,
            worker=worker,
            lease=lease,
        )

    def connected(self) -> IntegrationId:
        """A bridge whose calendar is there, and that is due no more."""
        integration_id = self.connect(Service.EXCHANGE)
        self.round()
        return integration_id

    def is_calm(self) -> bool:
        """Whether nothing is due, and no turn is under way."""
        with self.practice.store.snapshot() as tx:
            is_leased = tx.external_accounts.is_leased(self.account(Service.EXCHANGE))
        return not is_leased and not self.engine.due()

    def titles(self) -> list[str]:
        """What the practice's appointments are called, sorted."""
        with self.practice.store.snapshot() as tx:
            shown = tx.appointments.of(self.practice.practitioner_id)
        return sorted(object_of(each.text).summary for each in shown)


FIRST_PASSWORD = "autumn-Leaf-7"


@contextmanager
def worker_at(world: HeardWorld, *, most: int = 32, worker: str = "one") -> Iterator[Listeners]:
    """Runners and listeners at work, as in a worker of this name."""
    runners = Runners(engine=world.an_engine(worker), runners=2)
    listeners = Listeners(listening=world.listening(worker), most=most)
    runners.start()
    listeners.start()
    try:
        yield listeners
    finally:
        listeners.stop(within_seconds=PATIENCE_SECONDS)
        runners.stop(within_seconds=PATIENCE_SECONDS)


def comes(
    found: Callable[[], object], *, within: float = PATIENCE_SECONDS, meanwhile: Callable[[], None] = lambda: None
) -> bool:
    """Whether it is so within some seconds; ``meanwhile`` is done now and then."""
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        if found():
            return True
        meanwhile()
        time.sleep(0.05)
    return bool(found())


def a_heard_world(store: Store) -> HeardWorld:
    """A practice, and a provider in memory that streams."""
    practice: PracticeWorld = a_practice(store)
    world = HeardWorld(practice=practice)
    world.provider.streams = True
    return world
