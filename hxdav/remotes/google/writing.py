"""Bringing Google's pieces to what a calendar object says. No write mails anybody (``sendUpdates=none``).

What is written is a patch, so that what hxdav does not know of stays, and Google's own count of revisions as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from http import HTTPStatus
from typing import Any

from hxdav.domain.times import AllDay, Zoned
from hxdav.ical.concurrent_edits import was_edited_between
from hxdav.ical.objects import object_of
from hxdav.remote import CalendarId, Changed, Gone, NotTaken, RemoteObject, RemoteState, TryLater, Unreadable
from hxdav.remotes.google.events_in import Event, uid_of
from hxdav.remotes.google.events_out import GoogleEventBodies, bodies_of, event_id, without_nothing
from hxdav.remotes.google.refusal import GoogleRefusal
from hxdav.remotes.google.series import GoogleSeries, master_etag, read_pieces, timeline_of, with_exceptions
from hxdav.remotes.google.times import Json, NotExpressibleInGoogle, google_time, when_of_google
from hxdav.remotes.google.wire import GoogleWire

_GENERATIONS = ("", *"123456789")
"""What is put behind an id whose event was deleted and cannot come back."""

_NO_MAIL = "none"
_TIMING = ("start", "end", "recurrence")
_MEANWHILE = "The appointment has changed in Google Calendar meanwhile."


class GoogleWriter:
    """Writes the events of one calendar. Every method raises Refusal where Google refuses a write."""

    def __init__(self, wire: GoogleWire, calendar_id: CalendarId) -> None:
        self._wire = wire
        self._calendar_id = calendar_id
        self._events = wire.api.events()

    def create(self, text: str) -> RemoteObject:
        """A new object, or the one that an earlier call has made, as Google shows it."""
        bodies = wanted(text)
        for generation in _GENERATIONS:
            own_id = event_id(bodies.uid) + generation
            try:
                master = self._insert(own_id, bodies)
            except GoogleRefusal as refusal:
                if refusal.code != HTTPStatus.CONFLICT:
                    raise
                pieces = self._taken(own_id, bodies)
                if pieces is None:
                    continue
                return shown(self._bring(pieces, bodies))
            return shown(self._bring_exceptions(GoogleSeries.of(master), bodies))
        raise NotTaken("The appointment was deleted in Google Calendar too often to be made there again.")

    def update(self, known: RemoteObject, text: str) -> RemoteObject:
        """``known`` brought to ``text``. Raises Changed."""
        bodies = wanted(text)
        etag = master_etag(known.tag)
        if bodies.master["recurrence"] or object_of(known.text).is_recurring:
            return shown(self._bring(self._still(known), bodies))
        try:
            return shown(GoogleSeries.of(self._patch(known.remote_id, bodies.master, if_match=etag)))
        except GoogleRefusal as refusal:
            raise self._why(refusal, known) from None

    def remove(self, known: RemoteObject) -> None:
        """Delete ``known``, with its exceptions. Raises Changed where one of them is not as it was known."""
        if object_of(known.text).is_recurring:
            self._still(known)
        request = self._events.delete(calendarId=self._calendar_id, eventId=known.remote_id, sendUpdates=_NO_MAIL)
        try:
            self._wire.send(request, if_match=master_etag(known.tag))
        except GoogleRefusal as refusal:
            raise self._why(refusal, known) from None

    def _still(self, known: RemoteObject) -> GoogleSeries:
        """The pieces of ``known``, which are as they were known; Changed where one is not, though its master may be."""
        pieces = read_pieces(self._wire, self._calendar_id, known.remote_id)
        if pieces.master.get("status") == "cancelled":
            raise GoogleRefusal(HTTPStatus.GONE, "deleted")
        if pieces.tag != known.tag:
            raise Changed(_MEANWHILE)
        return pieces

    def _why(self, refusal: GoogleRefusal, known: RemoteObject) -> GoogleRefusal:
        """What a refused write means: a deleted event is one that has changed, too, until it is looked at."""
        if refusal.code == HTTPStatus.PRECONDITION_FAILED:
            now = self._wire.send(self._events.get(calendarId=self._calendar_id, eventId=known.remote_id))
            if now.get("status") == "cancelled":
                return GoogleRefusal(HTTPStatus.GONE, "deleted")
        return refusal

    # -- pieces

    def _insert(self, own_id: str, bodies: GoogleEventBodies) -> Json:
        body = without_nothing(bodies.master) | {"id": own_id}
        return self._wire.send(self._events.insert(calendarId=self._calendar_id, body=body, sendUpdates=_NO_MAIL))

    def _patch(self, own_id: str, body: Mapping[str, Any], *, if_match: str) -> Json:
        request = self._events.patch(
            calendarId=self._calendar_id, eventId=own_id, body=dict(body), sendUpdates=_NO_MAIL
        )
        return self._wire.send(request, if_match=if_match)

    def _taken(self, own_id: str, bodies: GoogleEventBodies) -> GoogleSeries | None:
        """The event that has the id already, brought back where it was deleted; None where it cannot be had."""
        try:
            pieces = read_pieces(self._wire, self._calendar_id, own_id)
            if pieces.master.get("status") != "cancelled":
                return pieces if uid_of(pieces.master) == bodies.uid else None
            back = self._patch(own_id, bodies.master, if_match=pieces.master.get("etag", ""))
        except GoogleRefusal as refusal:
            # Some deleted events can never be changed again (googleapis/google-api-ruby-client#1811).
            if refusal.code == HTTPStatus.FORBIDDEN or refusal.is_gone:
                return None
            raise
        return None if back.get("status") == "cancelled" else with_exceptions(self._wire, self._calendar_id, back)

    def _bring(self, pieces: GoogleSeries, bodies: GoogleEventBodies) -> GoogleSeries:
        """``pieces``, as they are now, brought to ``bodies``: the master first, for the instances follow its rule."""
        if _differs(pieces.master, bodies.master):
            before = pieces
            master = self._patch(before.master["id"], bodies.master, if_match=before.master.get("etag", ""))
            # A new rule may have swept exceptions away, and a new time may have moved them.
            pieces = with_exceptions(self._wire, self._calendar_id, master)
            if not _differs(before.master, {name: bodies.master[name] for name in _TIMING}):
                _require_nothing_else(GoogleSeries(master=master, exceptions=before.exceptions), pieces, written={})
        return self._bring_exceptions(pieces, bodies)

    def _bring_exceptions(self, pieces: GoogleSeries, bodies: GoogleEventBodies) -> GoogleSeries:
        """The instances brought to ``bodies``. What is done once is not done again, so a failure can be repeated."""
        changes = list(_changes(pieces, bodies))
        for key, body in changes:
            exception = pieces.exceptions.get(key, {})
            own_id = exception.get("id") or self._instance_id(pieces.master, key)
            try:
                self._patch(own_id, body, if_match=exception.get("etag", ""))
            except GoogleRefusal as refusal:
                if body != _CANCELLED or not refusal.is_gone:
                    raise
        if not changes:
            return pieces
        # The answer to an instance says nothing of its master, whose etag may have changed with it.
        brought = with_exceptions(self._wire, self._calendar_id, pieces.master)
        _require_nothing_else(pieces, brought, written={key: body != _CANCELLED for key, body in changes})
        return brought

    def _instance_id(self, master: Event, key: str) -> str:
        """The id of an instance that Google has no event of its own for yet."""
        if "_" not in master["id"]:
            return f"{master['id']}_{key}"
        # The second half of a series that a person has split: how Google names its instances is nowhere said.
        start = f"{key[:4]}-{key[4:6]}-{key[6:8]}"
        if "T" in key:
            start += f"T{key[9:11]}:{key[11:13]}:{key[13:]}"
        listed = self._events.instances
        request = listed(calendarId=self._calendar_id, eventId=master["id"], originalStart=start, showDeleted=True)
        found = self._wire.send(request).get("items", [])
        if not found:
            raise Changed("The series has changed in Google Calendar meanwhile.")
        return str(found[0]["id"])


def wanted(text: str) -> GoogleEventBodies:
    """The bodies for ``text``; NotTaken where Google has no such thing."""
    try:
        return bodies_of(text)
    except NotExpressibleInGoogle as missing:
        raise NotTaken(f"Google Calendar cannot keep this appointment: it does not know {missing}.") from None


def shown(pieces: GoogleSeries) -> RemoteObject:
    """What a write has led to; TryLater where Google's answer makes no sense of it."""
    sighting: RemoteState = pieces.sighting()
    match sighting:
        case RemoteObject():
            return sighting
        case Gone():
            raise Changed("The appointment was deleted in Google Calendar meanwhile.")
        case Unreadable():
            raise TryLater("Google's answer made no sense. Try again later.", code="bad_answer")


def _require_nothing_else(before: GoogleSeries, after: GoogleSeries, *, written: Mapping[str, bool]) -> None:
    """Raise Changed where an edit of somebody else's has come between: it must not be taken for what was written."""
    if was_edited_between(shown(before).text, shown(after).text, written=written):
        raise Changed(_MEANWHILE)


def _changes(pieces: GoogleSeries, bodies: GoogleEventBodies) -> Iterator[tuple[str, Json]]:
    """For each instance that is not as it has to be its key, and what to patch it with."""
    for key, exception in pieces.exceptions.items():
        body = bodies.overrides.get(key) or _without_override(key, pieces, bodies)
        is_cancelled = exception.get("status") == "cancelled"
        if body == _CANCELLED:
            if not is_cancelled:
                yield key, body
        elif is_cancelled or _differs(exception, body):
            yield key, body
    for key, body in bodies.overrides.items():
        if key not in pieces.exceptions:
            yield key, body


def _without_override(key: str, pieces: GoogleSeries, bodies: GoogleEventBodies) -> Json:
    """What Google's own event for an instance has to say where nothing is different on it.

    Such an event stays once it is there, and cannot be taken back: it is brought to the master's words. A left-out day
    stands in the series' EXDATE; an event of its own would show nevertheless, and is cancelled by itself. So is one
    that the series does not come by any more.
    """
    is_there = bodies.master["recurrence"] and key not in bodies.excluded and bodies.has(key)
    return _as_master(key, pieces, bodies) if is_there else _CANCELLED


def _as_master(key: str, pieces: GoogleSeries, bodies: GoogleEventBodies) -> Json:
    """What an instance says that nothing is different on."""
    timeline = timeline_of(pieces.master)
    first, last = (when_of_google(bodies.master[name]) for name in ("start", "end"))
    original = when_of_google(pieces.exceptions[key]["originalStartTime"])
    body = {name: value for name, value in bodies.master.items() if name in _OF_AN_INSTANCE}
    if isinstance(original, AllDay) and isinstance(first, AllDay) and isinstance(last, AllDay):
        until = AllDay(original.day + (last.day - first.day))
        return body | {"start": google_time(original), "end": google_time(until)}
    if not (isinstance(original, Zoned) and isinstance(first, Zoned) and isinstance(last, Zoned)):
        return body
    length: timedelta = last.moment.astimezone(UTC) - first.moment.astimezone(UTC)
    starts = original.moment.astimezone(UTC)
    return body | {
        "start": google_time(Zoned(starts.astimezone(timeline.zone))),
        "end": google_time(Zoned((starts + length).astimezone(last.moment.tzinfo))),
    }


_CANCELLED: Json = {"status": "cancelled"}
_OF_AN_INSTANCE = frozenset({"summary", "description", "location", "status", "transparency"})


def _differs(now: Event, body: Mapping[str, Any]) -> bool:
    """Whether a patch with ``body`` would change what Google shows ``now``."""
    return any(not _is_alike(name, now.get(name), value) for name, value in body.items())


def _is_alike(name: str, now: Any, value: Any) -> bool:
    match name:
        case "start" | "end":
            return bool(now) and google_time(when_of_google(now)) == value
        case "transparency":
            return bool((now or "opaque") == value)
        case "extendedProperties":
            private = (now or {}).get("private", {})
            return all(private.get(key) == text for key, text in value["private"].items())
        case _:
            return bool((now or None) == value)
