"""The world of the convergence machine: a store that can die, and providers that people and misfortune come to."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hxdav.domain.field import EVERY_FIELD
from hxdav.ical.objects import object_of
from hxdav.remote import (
    CalendarId,
    CalendarState,
    CalendarUnavailable,
    Capabilities,
    Cursor,
    NotTaken,
    Page,
    RemoteObject,
)
from hxdav.store.store import Tx
from tests.integration.machines.fragile import FragileStore, PowerCut
from tests.simulators.memory import CAPABILITIES, Fault, MemoryCalendar, MemoryProvider, MemoryRemote

OF_PULLS = frozenset({Fault.EMPTY, Fault.PARTIAL, Fault.DOUBLED, Fault.EXPIRED})
"""Faults that only a pull can meet: they wait for one."""

POLLED = Capabilities(
    carries=EVERY_FIELD,
    floating=False,
    hides=False,
    notifies=False,
    polled_every=timedelta(seconds=60),
    polled_eagerly=timedelta(seconds=60),
)
"""A provider that has to be asked, and keeps no floating times."""

LONGEST_ROUND = 3000
"""More transactions and requests than any round of so small a world may take."""


def uid_of(text: str) -> str:
    """The UID of an object, whatever it is."""
    found = re.search(r"(?m)^UID:([^\r\n]*)", re.sub(r"\r?\n[ \t]", "", text))
    return found[1] if found else ""


class EndlessLoop(BaseException):
    """A round does not come to its end; nothing of the product catches this."""


class MortalStore(FragileStore):
    """A store that writes nothing any more once its power was cut, until somebody ``revives`` it.

    ``steps`` counts what is done with it, so that a round without end is noticed; ``is_written`` says whether a
    transaction is under way.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.is_dead = False
        self.is_open = False
        self.steps = 0

    def revive(self) -> None:
        """Begin anew, with power."""
        self.cut_in = 0
        self.is_dead = False
        self.is_open = False
        self.steps = 0

    def step(self) -> None:
        """Count a step of a round."""
        self.steps += 1
        if self.steps > LONGEST_ROUND:
            raise EndlessLoop

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A transaction as ever, unless the power is off."""
        self.step()
        if self.is_dead:
            raise PowerCut
        try:
            with super().transaction() as tx:
                self.is_open = True
                yield tx
        except PowerCut:
            self.is_dead = True
            raise
        finally:
            self.is_open = False

    @contextmanager
    def snapshot(self) -> Iterator[Tx]:
        """A transaction that only reads."""
        self.step()
        with super().snapshot() as tx:
            yield tx

    @contextmanager
    def single_read(self) -> Iterator[Tx]:
        """One statement that reads."""
        self.step()
        with super().single_read() as tx:
            yield tx

    @property
    def driver(self) -> sqlite3.Connection:
        """SQLite's own connection, of a store in memory."""
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            return driver


@dataclass(slots=True, kw_only=True)
class Provider(MemoryProvider):
    """A provider whose person, calls and calendars have their own mind.

    ``meanwhile`` is what the person does just before the request that comes as so many'th. ``unanswering``: calendars
    do not answer, though they are there. ``told`` looks at everything that is written here.
    """

    subject: str
    capabilities: Capabilities = CAPABILITIES
    inexpressible: str = "FREQ=HOURLY"
    meanwhile: list[tuple[int, Callable[[], None]]] = field(default_factory=list)
    unanswering: bool = False
    calls: int = 1
    forgotten: dict[str, int] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None
    told: Callable[[str, str], None] = lambda _calendar, _text: None

    def live(self) -> list[tuple[str, MemoryCalendar]]:
        """The calendars in which the person can do something."""
        return [(key, each) for key, each in sorted(self.calendars.items()) if each.state != "gone"]

    def hide(self, *, hidden: bool) -> None:
        """The person hides every calendar, where that can be seen, or shows it again."""
        for _, calendar in self.live():
            if self.capabilities.hides:
                calendar.state = CalendarState.HIDDEN if hidden else CalendarState.VISIBLE

    def answer(self, *, answers: bool) -> None:
        """Whether calendars answer."""
        self.unanswering = not answers

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self.faults.clear()
        self.meanwhile.clear()
        self.unanswering = False
        self.calls = 1
        self.lets_in = True
        self.hide(hidden=False)

    def expresses(self, text: str) -> bool:
        """Whether there can be such an object here."""
        rules = [line.value for line in object_of(text).main.all("RRULE")]
        return not any(each in rule for rule in rules for each in ("FREQ=HOURLY", self.inexpressible))

    def writes(self) -> int:
        """How many requests have changed, or could have changed, what is here."""
        return sum(self.requests[each] for each in ("create", "update", "remove", "make_calendar"))


class ProviderRemote(MemoryRemote):
    """The port to such a provider."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider)
        self._place = provider

    @property
    def capabilities(self) -> Capabilities:
        return self._place.capabilities

    def can_express(self, text: str) -> bool:
        return self._place.expresses(text)

    def pull(self, calendar_id: CalendarId, cursor: Cursor | None) -> Page:
        self._place.forgotten_before = self._place.forgotten.get(calendar_id, 0)
        return super().pull(calendar_id, cursor)

    def make_calendar(self, name: str, *, marker: str, zone: str) -> CalendarId:
        with self._asked("make_calendar"):
            # A provider does not look for a calendar that it has made already.
            calendar_id = f"calendar-{next(self._place.numbers)}"
            self._place.calendars[calendar_id] = MemoryCalendar(name=name, marker=marker, zone=zone)
            return CalendarId(calendar_id)

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        self._place.told(calendar_id, text)
        if "SUMMARY:Poison" in text:
            raise NotTaken("The provider does not take this event.")
        uid = object_of(text).uid
        calendar = self._place.calendars.get(calendar_id)
        if calendar is not None:
            # A UID is there but once: who adds it again finds what has it.
            calendar.objects |= {
                remote_id: replace(each, key=uid)
                for remote_id, each in calendar.objects.items()
                if each.key is None and uid_of(each.text) == uid
            }
        return super().create(calendar_id, text)

    def update(self, calendar_id: CalendarId, known: RemoteObject, text: str) -> RemoteObject:
        self._place.told(calendar_id, text)
        return super().update(calendar_id, known, text)

    def _calendar(self, calendar_id: CalendarId) -> MemoryCalendar:
        if self._place.unanswering:
            raise CalendarUnavailable("The calendar does not answer.")
        return super()._calendar(calendar_id)

    def _listing(self, calendar: MemoryCalendar, place: dict[str, int], fault: Fault | None) -> Page:
        page = super()._listing(calendar, place, fault)
        if fault in {Fault.EMPTY, Fault.PARTIAL}:
            # What has not reached the listing yet comes among the changes, once it has.
            calendar.changes += calendar.objects
        return page

    @contextmanager
    def _asked(self, what: str) -> Iterator[Fault | None]:
        place = self._place
        place.before()
        due = [act for left, act in place.meanwhile if not left]
        place.meanwhile = [(left - 1, act) for left, act in place.meanwhile if left]
        for act in due:
            act()
        held: list[Fault | None] = []
        if what != "pull" and place.faults and place.faults[0] in OF_PULLS:
            held, place.faults = place.faults, []
        try:
            with super()._asked(what) as fault:
                place.faults = held or place.faults
                held = []
                yield fault
        finally:
            place.faults = held or place.faults
