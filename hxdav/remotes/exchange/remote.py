"""The port over EWS: listened to and polled, whole objects, nothing hidden, nobody to call us (docs/engine.md)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

from hxdav.clock import SystemClock
from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.times import Clock, Interval
from hxdav.net.reach import Reach
from hxdav.net.session import Limits, http_session
from hxdav.remote import (
    CalendarId,
    CalendarState,
    Capabilities,
    Cursor,
    Gone,
    Identity,
    Page,
    PushChannel,
    RemoteError,
    RemoteId,
    RemoteObject,
    RemoteState,
)
from hxdav.remotes.exchange import autodiscover, listening
from hxdav.remotes.exchange.account import ExchangeAccount, require_own_server
from hxdav.remotes.exchange.calendar_folder import CalendarFolder
from hxdav.remotes.exchange.connection import ExchangeConnection
from hxdav.remotes.exchange.folders import Folders
from hxdav.remotes.exchange.items_out import can_express
from hxdav.remotes.exchange.pulling import PAGE_SIZE, pull
from hxdav.remotes.exchange.refusal import ExchangeRefusal, error_of
from hxdav.remotes.exchange.series import read_pieces
from hxdav.remotes.exchange.signing_in import auth_for
from hxdav.remotes.exchange.versions import require_usable, server_name
from hxdav.remotes.exchange.wire import ExchangeWire
from hxdav.remotes.exchange.writing import ExchangeWriter
from hxdav.remotes.microsoft.days import today

CAPABILITIES = Capabilities(
    carries=EVERY_FIELD,
    floating=False,
    hides=False,
    notifies=False,
    polled_every=timedelta(seconds=60),
    polled_eagerly=timedelta(seconds=15),
    streams=True,
)
_LIMITS = Limits(octets=8 * 1024 * 1024)
"""Less than the parser takes in one piece, so that what is too large is known to be that."""

_CALLS_NOBODY = "Exchange does not call hxdav when something changes: hxdav asks it instead."

SessionMaker = Callable[[str, Limits], httpx.Client]
"""Opens a guarded session that calls no host but this one, within these limits."""


def open_exchange(
    account: ExchangeAccount, *, reach: Reach | None = None, clock: Clock | None = None, page_size: int = PAGE_SIZE
) -> ExchangeRemote:
    """A mailbox, opened for a session; nothing is asked yet, not even where its server is.

    ``reach`` is what the administrator allows; unless it names hosts, the credentials go to the account's server only.
    The day of ``clock``, in UTC, says when everything is listed anew. Raises AccessLost for mailboxes at Microsoft,
    before anything is sent.
    """
    account.require_own_server()
    allowed = reach or Reach()

    def session_for(host: str, limits: Limits) -> httpx.Client:
        guarded = replace(allowed, hosts=allowed.hosts or (host,))
        return http_session(guarded, auth=auth_for(account), authorities=account.authorities, limits=limits)

    return ExchangeRemote(account, session_for, clock=clock or SystemClock(), page_size=page_size)


class ExchangeRemote:
    """A mailbox on an Exchange server. Used by one thread at a time."""

    def __init__(self, account: ExchangeAccount, session_for: SessionMaker, *, clock: Clock, page_size: int) -> None:
        self._account = account
        self._clock = clock
        self._session_for = session_for
        self._page_size = page_size
        self._connection: ExchangeConnection | None = None
        self._folders: Folders | None = None
        self._calendars: dict[CalendarId, CalendarFolder] = {}
        self._asked_around = 0
        self._listened = 0

    @property
    def capabilities(self) -> Capabilities:
        """Every field, and streams; no floating times, no hidden calendars, no calls."""
        return CAPABILITIES

    @property
    def requests(self) -> int:
        """How many requests it has sent so far."""
        return self._asked_around + self._listened + (0 if self._connection is None else self._connection.requests)

    @property
    def endpoint(self) -> str:
        """Where EWS is, once it is known: what to keep, so that it need not be asked for again."""
        return self._account.url if self._connection is None else str(self._connection.service_endpoint)

    @property
    def server_version(self) -> str:
        """Which Exchange it is, and its number; empty until it has answered."""
        build = None if self._connection is None else self._connection.build
        return "" if build is None else server_name(build)

    def identify(self) -> Identity:
        """Whose mailbox it is, where, and on which server; AccessLost where that is too old, or Microsoft's own."""
        identity = self._mailbox().identity()
        if self._connection is not None and self._connection.build is not None:
            require_usable(self._connection.build)
        return replace(identity, address=self.endpoint, about=self.server_version)

    def find_calendar(self, marker: str) -> CalendarId | None:
        """The calendar that was made with ``marker``."""
        return self._mailbox().marked(marker)

    def calendar_names(self) -> Collection[str]:
        """What the calendars in the mailbox are called."""
        return self._mailbox().names()

    def make_calendar(self, name: str, *, marker: str, zone: str) -> CalendarId:
        """Make a calendar below the person's own; whole days in it begin in ``zone``."""
        return self._mailbox().make(name, marker=marker, zone=zone)

    def calendar_state(self, calendar_id: CalendarId) -> CalendarState:
        """Whether a calendar is there, and not in Deleted Items; whether Outlook shows it cannot be seen."""
        return self._mailbox().state(calendar_id)

    def pull(self, calendar_id: CalendarId, cursor: Cursor | None) -> Page:
        """The next page of changes, or of a listing; series whole, under their master's id."""
        folder = self._calendar(calendar_id)
        try:
            return pull(folder, cursor, page_size=self._page_size, today=today(self._clock))
        except ExchangeRefusal as refusal:
            raise error_of(refusal.code) from None

    def covers(self, cursor: Cursor) -> Interval | None:  # noqa: ARG002 - the port's signature
        """None: a listing shows all times."""
        return None

    def read(self, calendar_id: CalendarId, remote_id: RemoteId) -> RemoteState:
        """One object as it is now; Gone where Exchange finds none while its calendar answers."""
        folder = self._calendar(calendar_id)
        folder.require()
        try:
            (pieces,) = read_pieces(folder.wire, [remote_id], home=folder.home)
        except ExchangeRefusal as refusal:
            raise error_of(refusal.code) from None
        return Gone(remote_id=remote_id) if pieces is None else pieces.sighting()

    def can_express(self, text: str) -> bool:
        """Whether Exchange can keep this object as it is."""
        return can_express(text)

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        """Add an object; its UID is kept, and is what it is found by again."""
        return ExchangeWriter(self._calendar(calendar_id)).create(text)

    def update(self, calendar_id: CalendarId, known: RemoteObject, text: str) -> RemoteObject:
        """Bring an object that is still as ``known`` to ``text``; reminders, categories and guests stay."""
        return ExchangeWriter(self._calendar(calendar_id)).update(known, text)

    def remove(self, calendar_id: CalendarId, known: RemoteObject) -> None:
        """Put an object that is still as ``known`` into Deleted Items."""
        ExchangeWriter(self._calendar(calendar_id)).remove(known)

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
        calendar_ids: Collection[CalendarId],
        heard: Callable[[CalendarId], None],
        *,
        is_over: Callable[[], bool],
    ) -> None:
        """Wait while Exchange streams what changes in these calendars, for half an hour at most."""
        self._mailbox()
        host = urlsplit(self.endpoint).hostname or ""
        with closing(self._session_for(host, listening.LIMITS)) as session:
            connection = ExchangeConnection(self.endpoint, session, auth=self._account.auth)
            listener = listening.ExchangeListener(connection, session, address=self._account.address)
            try:
                listener.listen(calendar_ids, heard, is_over=is_over)
            finally:
                self._listened += listener.requests
                connection.shut()

    def revoke(self) -> None:
        """Nothing: the person changes the password at the server."""

    def close(self) -> None:
        """Give the connections back."""
        if self._connection is not None:
            self._connection.shut()

    def _calendar(self, calendar_id: CalendarId) -> CalendarFolder:
        if calendar_id not in self._calendars:
            folders = self._mailbox()
            self._calendars[calendar_id] = CalendarFolder(folders.wire, folders, calendar_id)
        return self._calendars[calendar_id]

    def _mailbox(self) -> Folders:
        if self._folders is None:
            url = self._account.url or self._discovered()
            require_own_server(url)
            session = self._session_for(urlsplit(url).hostname or "", _LIMITS)
            self._connection = ExchangeConnection(url, session, auth=self._account.auth)
            self._folders = Folders(ExchangeWire(self._connection, self._account.address))
        return self._folders

    def _discovered(self) -> str:
        self._asked_around += 1
        session = self._session_for(autodiscover.host_of(self._account), _LIMITS)
        try:
            return autodiscover.discovered(self._account, session)
        finally:
            session.close()
