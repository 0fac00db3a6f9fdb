"""What the simulator's own tests share: one account, the application's calendar in it, and exchangelib on both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from exchangelib import CalendarItem, EWSDateTime  # type: ignore[import-untyped]
from exchangelib.folders import Calendar  # type: ignore[import-untyped]

from tests.simulators.ews.clients import account_of, faithful_exchange, key_registered
from tests.simulators.ews.people import Person
from tests.simulators.ews.simulator import ExchangeSimulator

ANNA = "anna@example.com"
BERLIN = "Europe/Berlin"
NAME = "HX_Harbour"
QUIETLY = "SendToNone"


def berlin(*parts: int) -> datetime:
    """A moment on Berlin's clock."""
    year, month, day, hour = (*parts, 0)[:4]
    return datetime(year, month, day, hour, tzinfo=ZoneInfo(BERLIN))


@dataclass(slots=True, kw_only=True)
class Desk:
    """Exchange, Anna before Outlook, and an application that has made one calendar in her account."""

    exchange: ExchangeSimulator
    anna: Person
    account: Any
    calendar: Any

    def at(self, *parts: int) -> Any:
        """A moment on Berlin's clock, as exchangelib wants it."""
        return EWSDateTime(*parts, tzinfo=self.account.default_timezone)

    def make(self, **fields: Any) -> Any:
        """A new item in the application's calendar, on Monday from nine to ten unless it says when."""
        times = {"start": self.at(2026, 11, 23, 9), "end": self.at(2026, 11, 23, 10)}
        made = CalendarItem(folder=self.calendar, account=self.account, **{"subject": "Visit", **times, **fields})
        return made.save(send_meeting_invitations=QUIETLY)

    def read(self, made: Any) -> Any:
        """The item as it is now, in full."""
        return self.calendar.get(id=made.id)

    def update(self, item: Any, *names: str, how: str = "NeverOverwrite") -> None:
        """Send those fields of it."""
        item.save(update_fields=list(names), conflict_resolution=how, send_meeting_invitations=QUIETLY)

    def synced(self, state: str | None, **options: Any) -> tuple[list[tuple[str, Any]], str]:
        """The changes since the state, with the state after them."""
        # Where it is given none, exchangelib goes on from the state that it came to before.
        self.calendar.item_sync_state = state
        changes = list(self.calendar.sync_items(sync_state=state, only_fields=["subject"], **options))
        return changes, self.calendar.item_sync_state


@contextmanager
def a_desk() -> Iterator[Desk]:
    """Set all of it up; break of the schema by either side fails the test."""
    with faithful_exchange() as exchange, key_registered():
        anna = exchange.user(ANNA, zone=BERLIN)
        with account_of(exchange, anna, zone=BERLIN) as account:
            calendar = Calendar(parent=account.calendar, name=NAME)
            calendar.save()
            yield Desk(exchange=exchange, anna=anna, account=account, calendar=calendar)
