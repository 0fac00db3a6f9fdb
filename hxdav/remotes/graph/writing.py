"""Bringing Graph's events to what a calendar object says. Nobody is mailed: no event of hxdav's has guests.

Only what differs is written, each time under the etag that it was read with; a rule that is written anew lets Exchange
forget the exceptions of its series, so that it is written only where it has changed, and looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from hxdav.ical.concurrent_edits import was_edited_between
from hxdav.ical.objects import object_of
from hxdav.remote import CalendarId, Changed, Gone, NotTaken, RemoteObject, TryLater, Unreadable
from hxdav.remotes.graph.refusal import GraphRefusal, bad_answer
from hxdav.remotes.graph.series import GraphSeries, etag_of, event_path, master_etag, read_pieces
from hxdav.remotes.graph.wire import GraphWire, segment, stated
from hxdav.remotes.microsoft.events_in import Event, extended, original_of
from hxdav.remotes.microsoft.events_out import MARK, GraphEventBodies, bodies_of, changes, mark, transaction_of
from hxdav.remotes.microsoft.times import Json, NotExpressibleInOutlook

_MOST_AGAIN = 10
"""How often an event that was deleted since is made again."""

_OF_AN_INSTANCE = "id,type,start,end,isAllDay,originalStart,originalStartTimeZone"
_TIMING = frozenset({"start", "recurrence"})
_BESIDE_A_MASTER = ("exceptionOccurrences", "cancelledOccurrences", "singleValueExtendedProperties")
"""What the answer to a write leaves out."""

_MEANWHILE = "The appointment has changed in Outlook meanwhile."
_DAY = timedelta(days=1)


class GraphWriter:
    """Writes the events of one calendar. Every method raises Refusal where Graph refuses a write."""

    def __init__(self, wire: GraphWire, calendar_id: CalendarId) -> None:
        self._wire = wire
        self._calendar_id = calendar_id
        self._events = f"/me/calendars/{segment(calendar_id)}/events"

    def create(self, text: str) -> RemoteObject:
        """A new object, or the one that an earlier call has made, as Graph shows it."""
        bodies = wanted(text)
        for again in range(_MOST_AGAIN):
            body = _posted(bodies) | {"transactionId": transaction_of(bodies.uid, again=again)}
            try:
                made = self._wire.send("POST", self._events, body=body)
            except GraphRefusal as refusal:
                if refusal.code != HTTPStatus.CONFLICT:
                    raise
                found = self._found(bodies.uid)
                if found is None:
                    continue
                return shown(self._bring(found, bodies))
            # What was just sent as a property of ours is not told back.
            made.setdefault("singleValueExtendedProperties", body["singleValueExtendedProperties"])
            return shown(self._bring(GraphSeries(master=made), bodies))
        raise NotTaken("The appointment was deleted in Outlook too often to be made there again.")

    def update(self, known: RemoteObject, text: str) -> RemoteObject:
        """``known`` brought to ``text``. Raises Changed."""
        bodies = wanted(text)
        if bodies.is_series or object_of(known.text).is_recurring:
            return shown(self._bring(self._still(known), bodies))
        patch = changes(_master_now(known.text), bodies.master)
        if not patch:
            return shown(self._still(known))
        return shown(GraphSeries(master=self._patch(known.remote_id, patch, if_match=master_etag(known.tag))))

    def remove(self, known: RemoteObject) -> None:
        """Delete ``known``, into Deleted Items. Raises Changed where a part of it is not as it was known."""
        if object_of(known.text).is_recurring:
            self._still(known)
        self._wire.send("DELETE", event_path(self._calendar_id, known.remote_id), if_match=master_etag(known.tag))

    def _still(self, known: RemoteObject) -> GraphSeries:
        """The pieces of ``known``, which are as they were known; Changed where one is not, though its master may be."""
        pieces = read_pieces(self._wire, self._calendar_id, known.remote_id)
        if pieces.tag != known.tag:
            raise Changed(_MEANWHILE)
        return pieces

    def _found(self, uid: str) -> GraphSeries | None:
        """The event of this calendar that hxdav has made under ``uid``, by its extended property."""
        value = uid.replace("'", "''")
        having = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARK}' and ep/value eq '{value}')"
        path = f"{self._events}?{stated(**{'$filter': having, '$select': 'id'})}"
        found = (read_pieces(self._wire, self._calendar_id, str(entry["id"])) for entry in self._wire.pages(path))
        # A server may ignore the filter, and tell of everything that is there.
        return next((pieces for pieces in found if extended(pieces.master, MARK) == uid), None)

    # -- pieces

    def _patch(self, event_id: str, body: Mapping[str, Any], *, if_match: str) -> Json:
        return self._wire.send("PATCH", event_path(self._calendar_id, event_id), body=body, if_match=if_match)

    def _read(self, event_id: str) -> GraphSeries:
        return read_pieces(self._wire, self._calendar_id, event_id)

    def _bring(self, pieces: GraphSeries, bodies: GraphEventBodies) -> GraphSeries:
        """``pieces``, as they are now, brought to ``bodies``: the master first, for the instances follow its rule."""
        event_id, now = str(pieces.master["id"]), _bodies_now(pieces)
        patch = changes({} if now is None else _master_of(now, pieces), bodies.master)
        if now is not None and _back_again(now, bodies):
            # Graph brings back what was deleted out of a series only with another rule.
            patch["recurrence"] = _in_other_words(bodies.master["recurrence"], pieces.master)
        if patch:
            answer, before = self._patch(event_id, patch, if_match=etag_of(pieces.master)), pieces
            pieces = self._read(event_id) if bodies.is_series or before.is_series else GraphSeries(master=answer)
            if pieces.is_series and patch.keys().isdisjoint(_TIMING):
                kept = {name: before.master[name] for name in _BESIDE_A_MASTER if name in before.master}
                _require_nothing_else(GraphSeries(master=answer | kept), pieces, written={})
        return self._bring_instances(pieces, bodies) if bodies.is_series else pieces

    def _bring_instances(self, pieces: GraphSeries, bodies: GraphEventBodies) -> GraphSeries:
        """The instances brought to ``bodies``. What is done once is not done again, so a failure can be repeated."""
        now = _bodies_now(pieces)
        if now is None or _back_again(now, bodies):
            raise NotTaken("Outlook does not bring back an appointment that was deleted out of its series.")
        todo = dict(_instance_changes(now, bodies))
        if not todo:
            return pieces
        exceptions = pieces.exceptions
        ids = {local: str(one["id"]) for local, one in exceptions.items()}
        missing = [local for local in todo if local not in ids]
        if missing:
            ids |= self._instance_ids(pieces, missing)
        for local, patch in todo.items():
            etag = etag_of(exceptions[local]) if local in exceptions else ""
            self._bring_instance(ids.get(local, ""), patch, if_match=etag)
        brought = self._read(str(pieces.master["id"]))
        written = {bodies.timeline.identity(local): patch is not None for local, patch in todo.items()}
        _require_nothing_else(pieces, brought, written=written)
        return brought

    def _bring_instance(self, event_id: str, patch: Json | None, *, if_match: str) -> None:
        if patch is not None:
            if not event_id:
                raise Changed(_MEANWHILE)
            self._patch(event_id, patch, if_match=if_match)
        elif event_id:
            try:
                self._wire.send("DELETE", event_path(self._calendar_id, event_id), if_match=if_match)
            except GraphRefusal as refusal:
                if not refusal.is_gone:
                    raise

    def _instance_ids(self, pieces: GraphSeries, locals_: Sequence[datetime]) -> dict[datetime, str]:
        """The ids of the occurrences with these original starts, where Graph has them."""
        timeline = pieces.timeline
        first, last = timeline.moment(min(locals_)) - _DAY, timeline.moment(max(locals_)) + 2 * _DAY
        asked = {"startDateTime": utc(first), "endDateTime": utc(last), "$select": _OF_AN_INSTANCE}
        path = f"{event_path(self._calendar_id, str(pieces.master['id']))}/instances?{stated(**asked)}"
        return {original_of(one, timeline): str(one["id"]) for one in self._wire.pages(path)}


def wanted(text: str) -> GraphEventBodies:
    """The bodies for ``text``; NotTaken where Graph has no such thing."""
    try:
        return bodies_of(text)
    except NotExpressibleInOutlook as missing:
        raise NotTaken(f"Outlook cannot keep this appointment: it does not know {missing}.") from None


def shown(pieces: GraphSeries) -> RemoteObject:
    """What a write has led to; TryLater where Graph's answer makes no sense of it."""
    match pieces.sighting():
        case RemoteObject() as found:
            return found
        case Gone() | Unreadable():
            raise bad_answer()


def _require_nothing_else(before: GraphSeries, after: GraphSeries, *, written: Mapping[str, bool]) -> None:
    """Raise Changed where an edit of somebody else's has come between: it must not be taken for what was written."""
    if was_edited_between(shown(before).text, shown(after).text, written=written):
        raise Changed(_MEANWHILE)


def utc(moment: datetime) -> str:
    """A moment as a bound of a view."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _posted(bodies: GraphEventBodies) -> Json:
    """The body that makes an event: it names only what there is."""
    body = {"singleValueExtendedProperties": mark(bodies.uid)} | bodies.master
    return {name: value for name, value in body.items() if value is not None}


def _bodies_now(pieces: GraphSeries) -> GraphEventBodies | None:
    """What is at Graph, in the words in which it would be written; None where hxdav would not write it so."""
    found = pieces.sighting()
    if not isinstance(found, RemoteObject):
        raise TryLater("Outlook's answer made no sense. Try again later.", code="bad_answer")
    try:
        return bodies_of(found.text)
    except NotExpressibleInOutlook:
        return None


def _master_of(now: GraphEventBodies, pieces: GraphSeries) -> Json:
    return now.master | {"sensitivity": str(pieces.master.get("sensitivity") or "normal")}


def _master_now(text: str) -> Json:
    """What a single event says by its known text; nothing that counts where hxdav would not write it so."""
    try:
        now = bodies_of(text).master
    except NotExpressibleInOutlook:
        return {}
    return now | {"sensitivity": "private" if object_of(text).main.value("CLASS") else "normal"}


def _back_again(now: GraphEventBodies, bodies: GraphEventBodies) -> bool:
    """Whether an instance is to take place again that was deleted out of the series."""
    return bodies.is_series and any(bodies.has(now.keys[key]) for key in now.excluded - bodies.excluded)


def _in_other_words(wanted: Json, shown_now: Event) -> Json:
    """The same recurrence with another first day of the week, where that means nothing; else as it is."""
    pattern = wanted["pattern"]
    if pattern["interval"] > 1 and len(pattern.get("daysOfWeek", ())) > 1:
        return wanted
    before = str(((shown_now.get("recurrence") or {}).get("pattern") or {}).get("firstDayOfWeek"))
    return wanted | {"pattern": pattern | {"firstDayOfWeek": "sunday" if before == "monday" else "monday"}}


def _instance_changes(now: GraphEventBodies, bodies: GraphEventBodies) -> Iterator[tuple[datetime, Json | None]]:
    """For each instance that is not as it has to be its original start and what to patch it with; None deletes it."""
    for key in sorted(bodies.excluded - now.excluded):
        yield bodies.keys[key], None
    for key, local in {**now.keys, **bodies.keys}.items():
        if key in bodies.excluded or key in now.excluded:
            continue
        patch = changes(
            now.overrides.get(key) or now.instance(local), bodies.overrides.get(key) or bodies.instance(local)
        )
        if patch:
            yield local, patch
