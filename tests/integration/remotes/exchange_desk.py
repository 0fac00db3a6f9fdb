"""An Exchange server, a practitioner in Outlook, and hxdav's remote with its calendar in their mailbox."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.times import Clock
from hxdav.net.reach import Reach
from hxdav.remote import CalendarId, RemoteObject
from hxdav.remotes.exchange import ExchangeAccount, ExchangeRemote, open_exchange
from tests.simulators.ews.clients import faithful_exchange
from tests.simulators.ews.people import Person, SeenItem
from tests.simulators.ews.simulator import ExchangeSimulator

ADDRESS = "kim@practice.example"
LOOPBACK = Reach(allowed=("127.0.0.1",), hosts=("127.0.0.1",))
SYDNEY = ZoneInfo("Australia/Sydney")
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=SYDNEY)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All of it; ``calendar_id`` is the calendar that hxdav has made."""

    exchange: ExchangeSimulator
    kim: Person
    remote: ExchangeRemote
    calendar_id: CalendarId

    def read(self, known: RemoteObject) -> RemoteObject:
        """An object as it is now."""
        sighting = self.remote.read(self.calendar_id, known.remote_id)
        assert isinstance(sighting, RemoteObject)
        return sighting

    @property
    def items(self) -> list[SeenItem]:
        """What Outlook shows in the calendar, series as one."""
        return self.kim.items(self.calendar_id)


def account_of(exchange: ExchangeSimulator, kim: Person) -> ExchangeAccount:
    """The account as a practitioner connects it."""
    return ExchangeAccount(address=kim.email, username=kim.email, password=kim.password, endpoint=exchange.address)


@contextmanager
def a_desk(*, zone: str = "Australia/Sydney", page_size: int = 5, clock: Clock | None = None) -> Iterator[Desk]:
    """Set it up; what breaks Microsoft's schema, and mail to anybody, fails the test."""
    with faithful_exchange() as exchange:
        kim = exchange.user(ADDRESS, zone="Australia/Sydney")
        with contextlib.closing(
            open_exchange(account_of(exchange, kim), reach=LOOPBACK, page_size=page_size, clock=clock)
        ) as remote:
            calendar_id = remote.make_calendar("HX_Harbour Street", marker="hxdav-0001", zone=zone)
            yield Desk(exchange=exchange, kim=kim, remote=remote, calendar_id=calendar_id)
