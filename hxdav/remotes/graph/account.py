"""A Microsoft account's calendars as the port wants them (``remote.py``): Outlook.com and Office 365."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import quote

from hxdav.clock import SystemClock
from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.times import Clock, Interval
from hxdav.remote import (
    CalendarId,
    CalendarState,
    Capabilities,
    Cursor,
    Identity,
    NotTaken,
    ObjectGone,
    Page,
    PushChannel,
    RemoteError,
    RemoteId,
    RemoteObject,
    RemoteState,
)
from hxdav.remotes.graph.oauth import GraphApp
from hxdav.remotes.graph.pulling import pull, window_of
from hxdav.remotes.graph.refusal import GraphRefusal, bad_answer, not_allowed
from hxdav.remotes.graph.series import read_sighting
from hxdav.remotes.graph.wire import GraphWire, Json, segment
from hxdav.remotes.graph.writing import GraphWriter, utc
from hxdav.remotes.microsoft.days import today
from hxdav.remotes.microsoft.events_in import extended
from hxdav.remotes.microsoft.events_out import MARK, can_express
from hxdav.remotes.microsoft.times import stamp_of

CAPABILITIES = Capabilities(
    carries=EVERY_FIELD,
    floating=False,
    hides=False,
    notifies=True,
    polled_every=timedelta(minutes=10),
    polled_eagerly=timedelta(seconds=60),
)
CHANNEL_LIFE = timedelta(minutes=10_000)
"""How long notifications are asked for; Graph gives them for at most 10,080 minutes."""

PAGE_SIZE = 200
_TELLS_NOTHING = "Microsoft keeps no connection open to tell of changes: it calls hxdav instead."
_NAMES_TRIED = range(2, 20)
_CHANGES = "created,updated,deleted"


def open_graph(
    app: GraphApp,
    credentials: str,
    *,
    keep: Callable[[str], None],
    clock: Clock | None = None,
    page_size: int = PAGE_SIZE,
) -> GraphRemote:
    """The account that ``credentials`` (of ``oauth.exchange``) open, for one thread; nothing is asked yet.

    ``keep`` is handed renewed credentials, to be sealed and kept. The day of ``clock``, in UTC, says which window a
    listing has.
    """
    wire = GraphWire(app, credentials, keep=keep, page_size=page_size)
    return GraphRemote(wire, clock=clock or SystemClock())


class GraphRemote:
    """One account at Microsoft. Its token lets hxdav see every calendar; it looks into those that it has made."""

    def __init__(self, wire: GraphWire, *, clock: Clock) -> None:
        self._wire = wire
        self._clock = clock

    @property
    def capabilities(self) -> Capabilities:
        """What Graph can do."""
        return CAPABILITIES

    @property
    def requests(self) -> int:
        """How many requests it has sent so far; each in a batch counts, as Graph counts it."""
        return self._wire.sent

    def identify(self) -> Identity:
        """The account by its id, which never changes, and its address."""
        with _of_account():
            person = self._wire.get("/me?$select=id,mail,userPrincipalName")
            label = str(person.get("mail") or person.get("userPrincipalName") or "")
            return Identity(subject=str(person["id"]), label=label or str(person["id"]))

    def find_calendar(self, marker: str) -> CalendarId | None:
        """The calendar whose extended property holds ``marker``."""
        with _of_account():
            return next(
                (CalendarId(str(entry["id"])) for entry in self._listed() if extended(entry, MARK) == marker), None
            )

    def calendar_names(self) -> Collection[str]:
        """What the person sees the calendars called."""
        with _of_account():
            return [str(entry.get("name", "")) for entry in self._listed()]

    def make_calendar(self, name: str, *, marker: str, zone: str) -> CalendarId:  # noqa: ARG002 - Graph's have none
        """A calendar with ``marker`` in its extended property: the one that is there, else a new one.

        Outlook takes each name once: where the person has a calendar called so, a number is put behind it.
        """
        found = self.find_calendar(marker)
        if found is not None:
            return found
        marked = [{"id": MARK, "value": marker}]
        with _of_account():
            for tried in (name, *(f"{name} {number}" for number in _NAMES_TRIED)):
                body = {"name": tried, "singleValueExtendedProperties": marked}
                try:
                    return CalendarId(str(self._wire.send("POST", "/me/calendars", body=body)["id"]))
                except GraphRefusal as refusal:
                    if refusal.code != HTTPStatus.CONFLICT:
                        raise
        raise NotTaken("Outlook has too many calendars of this name. Rename or delete some, and connect again.")

    def calendar_state(self, calendar_id: CalendarId) -> CalendarState:
        """Visible or gone: Graph does not tell which calendars are ticked."""
        with _of_calendar():
            return CalendarState.VISIBLE if self._is_there(calendar_id) else CalendarState.GONE

    def pull(self, calendar_id: CalendarId, cursor: Cursor | None) -> Page:
        """The next page of changes, or of a listing; series whole, under their master's id."""
        with _of_calendar():
            return pull(self._wire, calendar_id, cursor, today=today(self._clock))

    def covers(self, cursor: Cursor) -> Interval | None:
        """What a listing that led to ``cursor`` covers: what takes place elsewhere does not come in it."""
        return window_of(cursor)

    def read(self, calendar_id: CalendarId, remote_id: RemoteId) -> RemoteState:
        """One object as it is now; 404 is Gone while the calendar answers."""
        with _of_calendar():
            sighting = read_sighting(self._wire, calendar_id, remote_id)
            if not isinstance(sighting, RemoteObject):
                self._check(calendar_id)
        return sighting

    def can_express(self, text: str) -> bool:
        """Whether Graph can keep this object as it is."""
        return can_express(text)

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        """Add an object under a transaction that its UID names, so that it is made once."""
        with _of_object():
            try:
                return GraphWriter(self._wire, calendar_id).create(text)
            except GraphRefusal as refusal:
                if refusal.is_gone:
                    # What is to be made cannot be missing: it is the calendar.
                    raise refusal.of_calendar() from None
                raise

    def update(self, calendar_id: CalendarId, known: RemoteObject, text: str) -> RemoteObject:
        """Bring an object to ``text``: its master, then what is different on single days."""
        try:
            with _of_object():
                return GraphWriter(self._wire, calendar_id).update(known, text)
        except ObjectGone:
            self._check(calendar_id)
            raise

    def remove(self, calendar_id: CalendarId, known: RemoteObject) -> None:
        """Remove an object into Deleted Items; done as well where the calendar answers that it is gone."""
        try:
            with _of_object():
                GraphWriter(self._wire, calendar_id).remove(known)
        except ObjectGone:
            self._check(calendar_id)

    def open_channel(self, calendar_id: CalendarId, *, channel_id: str, token: str, address: str) -> PushChannel:
        """Have Graph call ``address``. NotTaken where Graph does not accept it: then the calendar is polled.

        ``token`` (at most 128 characters) comes as ``clientState``; the ticket is Graph's own id for the subscription.
        """
        body = {
            "changeType": _CHANGES,
            "notificationUrl": address,
            "lifecycleNotificationUrl": address,
            "resource": f"me/calendars/{calendar_id}/events",
            "expirationDateTime": utc(self._clock.now() + CHANNEL_LIFE),
            "clientState": token,
        }
        with _of_calendar():
            try:
                made = self._subscribed(body)
            except GraphRefusal as refusal:
                if refusal.is_gone:
                    raise
                raise NotTaken("Outlook does not take the address for notifications; the calendar is polled.") from None
            expires_at = stamp_of(made["expirationDateTime"])
            if expires_at is None:
                raise bad_answer()
            return PushChannel(channel_id=channel_id, ticket=str(made["id"]), expires_at=expires_at)

    def close_channel(self, channel_id: str, ticket: str) -> None:  # noqa: ARG002 - Graph goes by its own id
        """Have Graph call no more; done as well where it has forgotten the subscription."""
        with _of_account():
            try:
                self._wire.send("DELETE", f"/subscriptions/{quote(ticket, safe='')}")
            except GraphRefusal as refusal:
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
        """Nothing: Microsoft lets only the person take the grant back, at myapps.microsoft.com."""

    def close(self) -> None:
        """Give the connections back."""
        self._wire.close()

    # -- within

    def _listed(self) -> Iterator[Json]:
        """The account's calendars, each with its marker."""
        marked = quote(f"singleValueExtendedProperties($filter=id eq '{MARK}')", safe="$(),=")
        return self._wire.pages(f"/me/calendars?$select=id,name&$expand={marked}")

    def _is_there(self, calendar_id: str) -> bool:
        try:
            self._wire.get(f"/me/calendars/{segment(calendar_id)}?$select=id")
        except GraphRefusal as refusal:
            if refusal.is_gone:
                return False
            raise
        return True

    def _check(self, calendar_id: CalendarId) -> None:
        """Raise CalendarUnavailable unless the calendar answers: what is missing in one that does not is not gone."""
        with _of_calendar():
            if not self._is_there(calendar_id):
                raise GraphRefusal(HTTPStatus.NOT_FOUND, "ErrorItemNotFound")

    def _subscribed(self, body: Json) -> Json:
        """A new subscription; where Graph has one that is alike, that goes first."""
        try:
            return self._wire.send("POST", "/subscriptions", body=body)
        except GraphRefusal as refusal:
            if refusal.code != HTTPStatus.CONFLICT:
                raise
        for entry in list(self._wire.pages("/subscriptions")):
            if str(entry.get("resource", "")).strip("/") == body["resource"]:
                self.close_channel("", str(entry["id"]))
        return self._wire.send("POST", "/subscriptions", body=body)


@contextmanager
def _meaning(of: Callable[[GraphRefusal], RemoteError]) -> Iterator[None]:
    """Translate what Graph refuses by ``of``, and what it answers in a shape that it never should."""
    try:
        yield
    except GraphRefusal as refusal:
        raise of(refusal) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        # Nothing of it is told: it may hold what stands in the calendar.
        raise bad_answer() from None


def _of_calendar() -> AbstractContextManager[None]:
    return _meaning(GraphRefusal.of_calendar)


def _of_object() -> AbstractContextManager[None]:
    return _meaning(GraphRefusal.of_object)


def _of_account() -> AbstractContextManager[None]:
    """Where no calendar is named, nothing can be missing: a refusal is about the access."""
    return _meaning(lambda _: not_allowed())
