"""The port over CalDAV: polled, whole objects, nothing hidden and nobody to call us (docs/engine.md)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta

import httpx

from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.times import Interval
from hxdav.net.reach import Reach
from hxdav.net.session import http_session
from hxdav.remote import (
    AccessLost,
    CalendarId,
    CalendarState,
    Capabilities,
    Cursor,
    Identity,
    Page,
    PushChannel,
    RemoteError,
    RemoteId,
    RemoteObject,
    RemoteState,
)
from hxdav.remotes.caldav import calendars, objects, pulling, writing
from hxdav.remotes.caldav.account import APPLE_WANTS, CalDavAccount, Flavour, looks_like_app_password
from hxdav.remotes.caldav.folder import RemoteCollection
from hxdav.remotes.caldav.places import Places
from hxdav.remotes.caldav.wire import CalDavWire

PAGE_SIZE = 200
"""How many objects a page of a pull has at most."""

CAPABILITIES = Capabilities(
    carries=EVERY_FIELD,
    floating=True,
    hides=False,
    notifies=False,
    polled_every=timedelta(seconds=60),
    polled_eagerly=timedelta(seconds=15),
)
_TELLS_NOTHING = "CalDAV servers keep no connection open to tell of changes: hxdav asks them instead."
_CALLS_NOBODY = "CalDAV servers do not call when something changes: hxdav asks them instead."


def open_caldav(
    account: CalDavAccount, *, reach: Reach | None = None, authorities: str = "", page_size: int = PAGE_SIZE
) -> CalDavRemote:
    """An account, opened for a session; nothing is asked yet.

    ``reach`` is what the administrator allows; unless it names hosts, the credentials go to the account's own only.
    Raises AccessLost for iCloud where the password cannot be an app-specific one, before anything is sent.
    """
    if account.flavour is Flavour.ICLOUD and not looks_like_app_password(account.password):
        raise AccessLost(APPLE_WANTS, code="no_app_password")
    allowed = reach or Reach()
    guarded = replace(allowed, hosts=allowed.hosts or account.hosts)
    session = http_session(guarded, auth=(account.username, account.password), authorities=authorities)
    return CalDavRemote(account, session, page_size=page_size)


class CalDavRemote:
    """An account at iCloud or at any CalDAV server. Used by one thread at a time."""

    def __init__(self, account: CalDavAccount, session: httpx.Client, *, page_size: int = PAGE_SIZE) -> None:
        self._account = account
        self._session = session
        self._page_size = page_size
        self._wire = CalDavWire(session, account.flavour)
        self._places = Places(self._wire, account)

    @property
    def capabilities(self) -> Capabilities:
        """Every field, floating times; no hidden calendars, no calls."""
        return CAPABILITIES

    @property
    def requests(self) -> int:
        """How many requests it has sent so far, redirects followed included."""
        return self._wire.requests

    def identify(self) -> Identity:
        """Whose account it is: its principal (RFC 5397)."""
        return Identity(subject=self._places.subject(), label=self._account.username)

    def find_calendar(self, marker: str) -> CalendarId | None:
        """The calendar whose address or description carries ``marker``."""
        return calendars.calendar_named(self._places, self._wire, marker)

    def calendar_names(self) -> Collection[str]:
        """What the calendars in the account's home are called."""
        return calendars.names_of(self._places, self._wire)

    def make_calendar(self, name: str, *, marker: str, zone: str) -> CalendarId:
        """Make a calendar at an address that ``marker`` gives, so that it cannot be made twice."""
        return calendars.made(self._places, self._wire, name, marker=marker, zone=zone)

    def calendar_state(self, calendar_id: CalendarId) -> CalendarState:
        """Whether a calendar is there; whether it is hidden cannot be seen."""
        return calendars.state_of(self._places, self._wire, calendar_id)

    def pull(self, calendar_id: CalendarId, cursor: Cursor | None) -> Page:
        """The next page of what changed (RFC 6578)."""
        return pulling.pull(self._folder(calendar_id), cursor)

    def covers(self, cursor: Cursor) -> Interval | None:  # noqa: ARG002 - the port's signature
        """None: a listing shows all times."""
        return None

    def read(self, calendar_id: CalendarId, remote_id: RemoteId) -> RemoteState:
        """One object as it is now."""
        return objects.read(self._folder(calendar_id), remote_id)

    def can_express(self, text: str) -> bool:  # noqa: ARG002 - CalDAV keeps calendar objects as they are
        """Always: an object is kept whole."""
        return True

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        """Add an object; its UID gives the name that it is found by again."""
        return writing.create(self._folder(calendar_id), text)

    def update(self, calendar_id: CalendarId, known: RemoteObject, text: str) -> RemoteObject:
        """Bring an object that is still as ``known`` to ``text``."""
        return writing.update(self._folder(calendar_id), known, text)

    def remove(self, calendar_id: CalendarId, known: RemoteObject) -> None:
        """Remove an object that is still as ``known``."""
        writing.remove(self._folder(calendar_id), known)

    def open_channel(
        self,
        calendar_id: CalendarId,  # noqa: ARG002 - the port's signature, of which nothing is needed to refuse
        *,
        channel_id: str,  # noqa: ARG002
        token: str,  # noqa: ARG002
        address: str,  # noqa: ARG002
    ) -> PushChannel:
        """Never: see ``capabilities``."""
        raise RemoteError(_CALLS_NOBODY)

    def close_channel(self, channel_id: str, ticket: str) -> None:
        """Nothing: there is none."""

    def listen(
        self,
        calendar_ids: Collection[CalendarId],  # noqa: ARG002 - the port's signature, of which nothing is needed
        heard: Callable[[CalendarId], None],  # noqa: ARG002
        *,
        is_over: Callable[[], bool],  # noqa: ARG002
    ) -> None:
        """Never: see ``capabilities``."""
        raise RemoteError(_TELLS_NOTHING)

    def revoke(self) -> None:
        """Nothing: the person ends an app-specific password at the provider."""

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def _folder(self, calendar_id: CalendarId) -> RemoteCollection:
        return RemoteCollection(wire=self._wire, calendar_id=calendar_id, page_size=self._page_size)
