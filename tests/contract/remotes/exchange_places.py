"""Exchange accounts for the suite: hxdav's Exchange remote on the simulator, and the person in Outlook."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from uuid import uuid4

import icalendar

from hxdav.net.reach import Reach
from hxdav.remote import CalendarId, Cursor
from hxdav.remotes.exchange import ExchangeAccount, ExchangeRemote, open_exchange
from tests.contract.remotes.place import NewPlace, RemotePlace, Write
from tests.simulators.ews.clients import faithful_exchange
from tests.simulators.ews.people import Person as Outlook
from tests.simulators.ews.people import SeenItem
from tests.simulators.ews.simulator import ExchangeSimulator

LOOPBACK = Reach(allowed=("127.0.0.1",), hosts=("127.0.0.1",))
_PAGE = 5
_OPERATIONS = {
    Write.MAKE: "^CreateFolder$",
    Write.CREATE: "^CreateItem$",
    Write.UPDATE: "^UpdateItem$",
    Write.REMOVE: "^DeleteItem$",
}
_NEVER_RIGHT = "never-right-7"


class OutlookPerson:
    """Somebody in Outlook, before one calendar."""

    def __init__(self, outlook: Outlook, calendar_id: CalendarId) -> None:
        self._outlook = outlook
        self._calendar = calendar_id

    def uids(self) -> list[str]:
        return [_uid(one) for one in self._outlook.items(self._calendar)]

    def add(self, text: str) -> str:
        """In Outlook a new appointment gets its UID from Exchange."""
        (vevent,) = icalendar.Calendar.from_ical(text).events
        title, place = (str(vevent.get(name, "")) for name in ("SUMMARY", "LOCATION"))
        zone = getattr(getattr(vevent.start, "tzinfo", None), "key", None)
        added = self._outlook.add(self._calendar, vevent.start, vevent.end, zone=zone, Subject=title, Location=place)
        return _uid(added)

    def retitle(self, uid: str, title: str) -> None:
        self._outlook.change(self._id(uid), Subject=title)

    def remove(self, uid: str) -> None:
        self._outlook.delete(self._id(uid))

    def retitle_instance(self, uid: str, starts: datetime, title: str) -> None:
        self._outlook.change_occurrence(self._id(uid), starts, Subject=title)

    def remove_instance(self, uid: str, starts: datetime) -> None:
        self._outlook.delete_occurrence(self._id(uid), starts)

    def delete_calendar(self) -> None:
        """Into Deleted Items, where it keeps its id."""
        self._outlook.delete_calendar(self._calendar)

    def hide_calendar(self, *, hidden: bool) -> None:
        """Not seen by others: every Outlook ticks calendars for itself."""
        raise NotImplementedError

    def _id(self, uid: str) -> str:
        return next(one.id for one in self._outlook.items(self._calendar) if _uid(one) == uid)


def _uid(shown: SeenItem) -> str:
    return shown.text("UID") or ""


@contextmanager
def exchange() -> Iterator[NewPlace]:
    """An Exchange server with a new mailbox for each place; what breaks Microsoft's schema fails the session."""
    with faithful_exchange() as simulator:
        numbers = count(1)
        yield lambda: _place(simulator, f"person{next(numbers)}-{uuid4().hex[:8]}@practice.example")


@contextmanager
def _place(simulator: ExchangeSimulator, address: str) -> Iterator[RemotePlace]:
    simulator.faults.clear()
    outlook = simulator.user(address, zone="Australia/Sydney")
    password = outlook.password

    def opened(password: str = password) -> ExchangeRemote:
        account = ExchangeAccount(address=address, username=address, password=password, endpoint=simulator.address)
        return open_exchange(account, reach=LOOPBACK, page_size=_PAGE)

    def expired(cursor: Cursor) -> Cursor:
        simulator.world.sync_epoch += 1
        return cursor

    with contextlib.closing(opened()) as remote:
        yield RemotePlace(
            remote=remote,
            person=lambda calendar_id: OutlookPerson(outlook, calendar_id),
            reopen=opened,
            open_wrong=lambda: opened(_NEVER_RIGHT),
            objects_on_pages=2 * _PAGE + 1,
            secrets=(password, _NEVER_RIGHT, address),
            lose_answer=lambda write: simulator.faults.lose_answers(operation=_OPERATIONS[write]),
            overload=lambda seconds: simulator.faults.busy(1000 * seconds),
            revoke=lambda: outlook.change_password("another-Leaf-8"),
            expire=expired,
        )
