"""A Google account as the port wants it (``remote.py``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.times import Interval
from hxdav.remote import (
    CalendarId,
    CalendarState,
    CalendarUnavailable,
    Capabilities,
    Cursor,
    Identity,
    NotTaken,
    ObjectGone,
    Page,
    PushChannel,
    Remote,
    RemoteError,
    RemoteId,
    RemoteObject,
    RemoteState,
    TryLater,
)
from hxdav.remotes.google import oauth
from hxdav.remotes.google.events_out import can_express
from hxdav.remotes.google.oauth import GoogleApp
from hxdav.remotes.google.pulling import pull
from hxdav.remotes.google.quota import RateLimit
from hxdav.remotes.google.refusal import GoogleRefusal, not_allowed
from hxdav.remotes.google.series import read_sighting
from hxdav.remotes.google.wire import GoogleWire
from hxdav.remotes.google.writing import GoogleWriter

CAPABILITIES = Capabilities(
    carries=EVERY_FIELD,
    floating=False,
    hides=True,
    notifies=True,
    polled_every=timedelta(minutes=10),
    polled_eagerly=timedelta(seconds=60),
)
CHANNEL_LIFE = timedelta(days=7)
"""How long notifications are asked for; Google says how long they are given."""

_TELLS_NOTHING = "Google keeps no connection open to tell of changes: it calls hxdav instead."
_MARKER = "hxdav:"
_DESCRIPTION = "hxdav keeps your practice's appointments here. Please leave the line below as it is."


def open_google(
    app: GoogleApp, credentials: str, *, keep: Callable[[str], None], limit: RateLimit | None = None
) -> Remote:
    """The account that ``credentials`` (of ``oauth.exchange``) open, for one thread.

    ``keep`` is handed renewed credentials, to be sealed and kept. ``limit`` is the account's own, the same each time
    that it is opened, so that passes that follow each other stay within Google's quota together.
    """
    return GoogleRemote(GoogleWire(app, credentials, keep=keep, limit=limit or RateLimit()))


class GoogleRemote:
    """One account at Google. Sees the list of its calendars, and of the calendars those that hxdav has made."""

    def __init__(self, wire: GoogleWire) -> None:
        self._wire = wire

    @property
    def capabilities(self) -> Capabilities:
        """What Google can do."""
        return CAPABILITIES

    @property
    def requests(self) -> int:
        """How many requests it has sent so far, each of which Google counts."""
        return self._wire.sent

    def identify(self) -> Identity:
        """The account, by its primary calendar: that one's id is the e-mail address."""
        for entry in self._listed():
            if entry.get("primary"):
                return Identity(subject=str(entry["id"]), label=str(entry["id"]))
        raise TryLater("Google did not say whose account it is. Try again later.", code="no_primary")

    def find_calendar(self, marker: str) -> CalendarId | None:
        """The calendar whose description holds ``marker``; one that the person took off the list is not found."""
        line = f"{_MARKER}{marker}"
        with _of_account():
            return next((CalendarId(str(entry["id"])) for entry in self._listed() if self._bears(entry, line)), None)

    def calendar_names(self) -> Collection[str]:
        """What the person sees the calendars called."""
        return [str(entry.get("summaryOverride") or entry.get("summary", "")) for entry in self._listed()]

    def make_calendar(self, name: str, *, marker: str, zone: str) -> CalendarId:
        """A calendar with ``marker`` in its description: the one that is there, else a new one.

        Google makes another calendar for each request and knows no key for them, so the list is asked first.
        """
        found = self.find_calendar(marker)
        if found is not None:
            return found
        body = {"summary": name, "description": f"{_DESCRIPTION}\n{_MARKER}{marker}", "timeZone": zone}
        with _of_account():
            return CalendarId(str(self._wire.send(self._wire.api.calendars().insert(body=body))["id"]))

    def calendar_state(self, calendar_id: CalendarId) -> CalendarState:
        """Hidden as well where the person took the calendar off the list: it is there, and they do not see it.

        Not ``selected``: that is the tick beside a calendar's name, which people take off for a moment.
        """
        with _of_calendar():
            try:
                entry = self._wire.send(self._wire.api.calendarList().get(calendarId=calendar_id))
            except GoogleRefusal as refusal:
                if not refusal.is_gone:
                    raise
                return CalendarState.HIDDEN if self._is_there(calendar_id) else CalendarState.GONE
        return CalendarState.HIDDEN if entry.get("hidden") else CalendarState.VISIBLE

    def pull(self, calendar_id: CalendarId, cursor: Cursor | None) -> Page:
        """The next page of changes, or of a listing; series whole, under their master's id."""
        with _of_calendar():
            return pull(self._wire, calendar_id, cursor)

    def covers(self, cursor: Cursor) -> Interval | None:  # noqa: ARG002 - the port's signature
        """None: a listing shows all times."""
        return None

    def read(self, calendar_id: CalendarId, remote_id: RemoteId) -> RemoteState:
        """One object as it is now: cancelled is Gone, and so is 404 while the calendar answers."""
        with _of_calendar():
            sighting = read_sighting(self._wire, calendar_id, remote_id)
            if not isinstance(sighting, RemoteObject):
                self._check(calendar_id)
        return sighting

    def can_express(self, text: str) -> bool:
        """Whether Google can keep this object as it is."""
        return can_express(text)

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        """Add an object under an id that comes from its UID, so that it is found again."""
        with _of_object():
            try:
                return GoogleWriter(self._wire, calendar_id).create(text)
            except GoogleRefusal as refusal:
                if refusal.is_gone:
                    # What is to be made cannot be missing: it is the calendar.
                    raise refusal.of_calendar() from None
                raise

    def update(self, calendar_id: CalendarId, known: RemoteObject, text: str) -> RemoteObject:
        """Bring an object to ``text``: its master, then what is different on single days."""
        try:
            with _of_object():
                return GoogleWriter(self._wire, calendar_id).update(known, text)
        except ObjectGone:
            self._check(calendar_id)
            raise

    def remove(self, calendar_id: CalendarId, known: RemoteObject) -> None:
        """Remove an object; done as well where the calendar answers that it is gone."""
        try:
            with _of_object():
                GoogleWriter(self._wire, calendar_id).remove(known)
        except ObjectGone:
            self._check(calendar_id)

    def open_channel(self, calendar_id: CalendarId, *, channel_id: str, token: str, address: str) -> PushChannel:
        """Have Google call ``address``. NotTaken where Google does not accept it: then the calendar is polled."""
        body = {
            "id": channel_id,
            "type": "web_hook",
            "address": address,
            "token": token,
            "params": {"ttl": str(int(CHANNEL_LIFE.total_seconds()))},
        }
        with _of_calendar():
            try:
                made = self._wire.send(self._wire.api.events().watch(calendarId=calendar_id, body=body))
            except GoogleRefusal as refusal:
                if refusal.is_gone:
                    raise
                raise NotTaken("Google does not take the address for notifications; the calendar is polled.") from None
            return _channel(channel_id, made)

    def close_channel(self, channel_id: str, ticket: str) -> None:
        """Have Google call no more; done as well where it has forgotten the channel."""
        request = self._wire.api.channels().stop(body={"id": channel_id, "resourceId": ticket})
        with _of_account():
            try:
                self._wire.send(request)
            except GoogleRefusal as refusal:
                if not refusal.is_gone:
                    raise

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
        """Give the grant back; every calendar that this hxdav has in the account loses it."""
        oauth.revoke(self._wire.app, self._wire.refresh_token)

    def close(self) -> None:
        """Give the connections back."""
        self._wire.close()

    # -- within

    def _listed(self) -> list[dict[str, Any]]:
        """The account's calendars, hidden ones too."""
        with _of_account():
            return list(self._wire.pages(self._wire.api.calendarList().list, showHidden=True))

    def _bears(self, entry: dict[str, Any], line: str) -> bool:
        """Whether a calendar's description holds ``line``, and the calendar is one that we may see into."""
        lines = str(entry.get("description", "")).splitlines()
        return line in map(str.strip, lines) and self._is_there(entry["id"])

    def _is_there(self, calendar_id: str) -> bool:
        try:
            self._wire.send(self._wire.api.calendars().get(calendarId=calendar_id))
        except GoogleRefusal as refusal:
            if refusal.is_gone:
                return False
            raise
        return True

    def _check(self, calendar_id: CalendarId) -> None:
        """Raise CalendarUnavailable unless the calendar answers: what is missing in one that does not is not gone."""
        with _of_calendar():
            if not self._is_there(calendar_id):
                raise CalendarUnavailable("Google does not show the calendar any more.")


@contextmanager
def _meaning(of: Callable[[GoogleRefusal], RemoteError]) -> Iterator[None]:
    """Translate what Google refuses by ``of``, and what it answers in a shape that it never should."""
    try:
        yield
    except GoogleRefusal as refusal:
        raise of(refusal) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        # Nothing of it is told: it may hold what stands in the calendar.
        raise TryLater("Google's answer made no sense. Try again later.", code="bad_answer") from None


def _of_calendar() -> AbstractContextManager[None]:
    return _meaning(GoogleRefusal.of_calendar)


def _of_object() -> AbstractContextManager[None]:
    return _meaning(GoogleRefusal.of_object)


def _of_account() -> AbstractContextManager[None]:
    """Where no calendar is named, nothing can be missing: a refusal is about the access."""
    return _meaning(lambda _: not_allowed())


def _channel(channel_id: str, made: dict[str, Any]) -> PushChannel:
    expires_at = datetime.fromtimestamp(int(made["expiration"]) / 1000, tz=UTC)
    return PushChannel(channel_id=channel_id, ticket=str(made["resourceId"]), expires_at=expires_at)
