"""What the suite needs of a provider: a remote, the person's own device there, and what can go wrong.

Each implementation has a file of its own (``caldav_places.py``) and a line in ``PROVIDERS``. It is a context manager
that starts the provider and gives a function; each call of that is a context manager for one ``RemotePlace``, an
account (or calendars of its own in one) that no other test sees.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import Protocol

from hxdav.remote import CalendarId, Cursor, Remote

PROVIDERS = {
    "memory": "tests.contract.remotes.memory_places:memory",
    "radicale": "tests.contract.remotes.caldav_places:radicale",
    "xandikos": "tests.contract.remotes.caldav_places:xandikos",
    "icloud": "tests.contract.remotes.caldav_places:icloud",
    "google": "tests.contract.remotes.google_places:google",
    "graph": "tests.contract.remotes.graph_places:graph",
    "exchange": "tests.contract.remotes.exchange_places:exchange",
}
"""Where each provider's context manager is. Imported when it is first asked for."""


class Person(Protocol):
    """The person at their own device, with one calendar before them; objects are named by their UIDs there."""

    def uids(self) -> list[str]:
        """The UID of every object, as often as there are objects with it."""
        ...

    def add(self, text: str) -> str:
        """Make an object like this one, and tell its UID."""
        ...

    def retitle(self, uid: str, title: str) -> None:
        """Give a single event or a whole series another title."""
        ...

    def remove(self, uid: str) -> None:
        """Delete an object."""
        ...

    def retitle_instance(self, uid: str, starts: datetime, title: str) -> None:
        """Give the instance of a series that starts then (aware) another title."""
        ...

    def remove_instance(self, uid: str, starts: datetime) -> None:
        """Delete that instance alone."""
        ...

    def delete_calendar(self) -> None:
        """Delete the calendar and what is in it."""
        ...

    def hide_calendar(self, *, hidden: bool) -> None:
        """Hide the calendar, or show it again; asked only where ``Capabilities.hides``."""
        ...


class Hook(Protocol):
    """An address of ours that the provider can call."""

    @property
    def address(self) -> str:
        """Its URL."""
        ...

    def called_with(self, token: str, *, within: float) -> bool:
        """Whether a call with this token, about a change, comes within so many seconds; those before are forgotten."""
        ...


class Write(StrEnum):
    """What writes at the provider."""

    MAKE = "make"
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePlace:
    """An account at a provider, as a test has it.

    ``reopen`` gives another remote for the same account, ``open_wrong`` one with credentials that were never right; the
    test closes both. ``objects_on_pages`` is how many objects take several pages. ``secrets`` must be in no error.
    ``lose_answer``: the next write of that kind is done, and its answer lost. ``overload``: the next request is refused
    with a wait of so many seconds. ``revoke``: the credentials end. ``expire``: the cursor given back cannot be gone
    on from. ``hook`` is None where the provider does not notify.
    """

    remote: Remote
    person: Callable[[CalendarId], Person]
    reopen: Callable[[], Remote]
    open_wrong: Callable[[], Remote]
    objects_on_pages: int
    secrets: tuple[str, ...]
    lose_answer: Callable[[Write], None]
    overload: Callable[[int], None]
    revoke: Callable[[], None]
    expire: Callable[[Cursor], Cursor]
    hook: Callable[[], AbstractContextManager[Hook]] | None = None


NewPlace = Callable[[], AbstractContextManager[RemotePlace]]


def provider_named(name: str) -> AbstractContextManager[NewPlace]:
    """The context manager of a provider; it starts when it is entered."""
    module, _, function = PROVIDERS[name].partition(":")
    opened: AbstractContextManager[NewPlace] = getattr(import_module(module), function)()
    return opened
