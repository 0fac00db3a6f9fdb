"""The provider in memory for the suite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from hxdav.remote import CalendarState, Cursor, Remote
from tests.contract.remotes.ical_person import ShelfPerson
from tests.contract.remotes.place import NewPlace, RemotePlace
from tests.simulators.memory import Fault, MemoryCalendar, MemoryProvider, MemoryRemote

_PAGE = 5


class _Shelf:
    """A calendar as the person has it."""

    def __init__(self, provider: MemoryProvider, calendar: MemoryCalendar) -> None:
        self._provider = provider
        self._calendar = calendar

    def objects(self) -> dict[str, str]:
        return {remote_id: each.text for remote_id, each in self._calendar.objects.items()}

    def put(self, name: str, text: str) -> None:
        if name in self._calendar.objects:
            self._provider.edit(name, lambda _: text, self._calendar)
        else:
            self._provider.add(text, self._calendar)

    def delete(self, name: str) -> None:
        self._provider.delete(name, self._calendar)

    def delete_calendar(self) -> None:
        self._calendar.state = CalendarState.GONE


class _MemoryPerson(ShelfPerson):
    def __init__(self, provider: MemoryProvider, calendar: MemoryCalendar) -> None:
        super().__init__(_Shelf(provider, calendar))
        self._calendar = calendar

    def hide_calendar(self, *, hidden: bool) -> None:
        self._calendar.state = CalendarState.HIDDEN if hidden else CalendarState.VISIBLE


@dataclass
class _Calls:
    """The calls that came."""

    address: str = "https://hxdav.example/hooks/memory"
    tokens: list[str] = field(default_factory=list)

    def called_with(self, token: str, *, within: float) -> bool:
        came, self.tokens[:] = token in self.tokens, []
        return came


@contextmanager
def memory() -> Iterator[NewPlace]:
    """A provider in memory, a new one for each place."""
    yield _place


@contextmanager
def _place() -> Iterator[RemotePlace]:
    provider = MemoryProvider(page_size=_PAGE, streams=True)

    def expired(cursor: Cursor) -> Cursor:
        provider.forgotten_before = 1_000_000
        return cursor

    def overloaded(seconds: int) -> None:
        provider.pause = timedelta(seconds=seconds)
        provider.faults.append(Fault.REFUSED)

    def opened() -> Remote:
        return MemoryRemote(provider)

    def wrong() -> Remote:
        return MemoryRemote(MemoryProvider(lets_in=False, streams=True))

    @contextmanager
    def hook() -> Iterator[_Calls]:
        calls = _Calls()
        provider.call = calls.tokens.append
        yield calls

    yield RemotePlace(
        remote=MemoryRemote(provider),
        person=lambda calendar_id: _MemoryPerson(provider, provider.calendars[calendar_id]),
        reopen=opened,
        open_wrong=wrong,
        objects_on_pages=2 * _PAGE + 1,
        secrets=(),
        lose_answer=lambda write: provider.faults.append(Fault.LOST),
        overload=overloaded,
        revoke=lambda: setattr(provider, "lets_in", False),
        expire=expired,
        hook=hook,
    )
