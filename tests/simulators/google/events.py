"""The events of one calendar: made, changed, deleted and brought back as the calendar API does it."""

from __future__ import annotations

import secrets
from base64 import b32hexencode
from dataclasses import replace

from tests.simulators.google.draft import EVENT_ID, NARROW, SERVER_FIELDS, merged, normalised, writable
from tests.simulators.google.series import InstanceId, Series
from tests.simulators.google.times import Moment, moment_of, shown_time, time_of
from tests.simulators.google.wire import Json, Refusal, forbidden, invalid, not_found, stale
from tests.simulators.google.world import StoredCalendar, StoredEvent, World

STUB = ("kind", "id", "status", "recurringEventId", "originalStartTime")
"""What is guaranteed of what was deleted."""


class EventBook:
    """One calendar's events. Each change takes one number, and is told to the push channels once."""

    def __init__(self, world: World, calendar: StoredCalendar) -> None:
        self.world = world
        self.calendar = calendar
        self.stored = calendar.events

    # -- reading

    def find(self, event_id: str) -> StoredEvent:
        """The event, deleted ones too; an untouched instance is made from its master. 404 where there is none."""
        found = self.stored.get(event_id)
        if found is None or found.is_dropped:
            found = self._untouched(event_id)
        if found is None:
            raise not_found()
        return found

    def exceptions_of(self, master_id: str) -> list[StoredEvent]:
        """The changed and cancelled instances of a series that it still has."""
        return [found for found in self.stored.values() if found.master_id == master_id and not found.is_dropped]

    def instance(self, master: StoredEvent, start: Moment) -> StoredEvent:
        """The instance with this original start: the exception if there is one, else as the rule has it."""
        name = str(InstanceId(master=master.body["id"], start=start))
        own = self.stored.get(name)
        return own if own and not own.is_dropped else self._made_instance(master, name, start)

    def shown(self, found: StoredEvent, *, zone: str | None = None) -> Json:
        """The resource as it is answered, in the zone asked for or the calendar's."""
        offset = None if self.world.quirks.event_zone_offsets else zone or self.calendar.zone
        body = {"kind": "calendar#event", "etag": found.etag, **found.body}
        if found.is_cancelled and found.master_id:
            return self.stub(found, zone=zone)
        for name in ("start", "end", "originalStartTime"):
            if name in body:
                body[name] = shown_time(body[name], offset)
        return body

    def stub(self, found: StoredEvent, *, zone: str | None = None) -> Json:
        """What is left to be seen of a deleted event."""
        offset = None if self.world.quirks.event_zone_offsets else zone or self.calendar.zone
        body = {key: found.body[key] for key in STUB if key in found.body}
        body |= {"etag": found.etag, "status": "cancelled"}
        if "originalStartTime" in body:
            body["originalStartTime"] = shown_time(body["originalStartTime"], offset)
        return body

    # -- writing

    def insert(self, body: Json) -> StoredEvent:
        """A new event under the id given or a new one; 409 where the id was ever used."""
        given = body.get("id")
        if given is not None and (not EVENT_ID.fullmatch(given) or "iCalUID" in body):
            raise invalid("Invalid resource id value.")
        event_id = given or b32hexencode(secrets.token_bytes(16)).decode().lower().rstrip("=")
        return self.make(event_id, body)

    def make(self, event_id: str, body: Json) -> StoredEvent:
        """A new event under any id, as Google's own pages make them too."""
        if event_id in self.stored:
            raise Refusal(409, "duplicate", "The requested identifier already exists.")
        if body.get("status") == "cancelled":
            raise invalid("Invalid status value.")
        if body.get("eventType", "default") != "default":
            raise Refusal(400, "eventTypeRestriction", "This type of event is not simulated.", domain="calendar")
        stamp = self.world.stamp()
        person = {"email": self.calendar.owner} | ({"self": True} if self.calendar.is_primary else {})
        host = {"email": self.calendar.id, "displayName": self.calendar.summary, "self": True}
        return self._keep(
            {
                "kind": "calendar#event",
                "id": event_id,
                "iCalUID": body.get("iCalUID") or f"{event_id}@google.com",
                "htmlLink": f"https://www.google.com/calendar/event?eid={event_id}",
                "created": stamp,
                "updated": stamp,
                "creator": person,
                "organizer": person if self.calendar.is_primary else host,
                "eventType": "default",
                "sequence": 0,
                **self._normal(writable(body)),
            }
        )

    def update(self, event_id: str, body: Json, *, if_match: str | None = None) -> StoredEvent:
        """The event with everything that a client may write replaced."""
        old = self._for_writing(event_id, if_match)
        if (body.get("sequence") or old.body["sequence"]) < old.body["sequence"]:
            raise invalid("Invalid sequence value. The specified sequence number is below the current one.")
        return self._change(old, {"status": old.body["status"], **merged({}, writable(body))})

    def patch(self, event_id: str, body: Json, *, if_match: str | None = None) -> StoredEvent:
        """The event with what the body names changed."""
        old = self._for_writing(event_id, if_match)
        return self._change(old, merged(writable(old.body), writable(body)))

    def delete(self, event_id: str, *, if_match: str | None = None) -> None:
        """Delete the event; its id stays taken. 410 where it was deleted before."""
        old = self._for_writing(event_id, if_match)
        if old.is_cancelled:
            raise Refusal(410, "deleted", "Resource has been deleted")
        self._cancel(old)

    # -- within

    def _untouched(self, event_id: str) -> StoredEvent | None:
        named = InstanceId.parse(event_id)
        master = self.stored.get(named.master) if named else None
        if named is None or master is None or not master.is_master or not Series(master.body).has(named.start):
            return None
        return self._made_instance(master, event_id, named.start)

    def _made_instance(self, master: StoredEvent, name: str, start: Moment) -> StoredEvent:
        zone = master.body["start"].get("timeZone", self.calendar.zone)
        original = time_of(start, zone)
        body = {key: value for key, value in master.body.items() if key != "recurrence"}
        body |= {"id": name, "recurringEventId": master.body["id"], "originalStartTime": original}
        body |= {"start": original, "end": time_of(Series(master.body).end_of(start), zone)}
        return StoredEvent(body=body, changed=master.changed)

    def _for_writing(self, event_id: str, if_match: str | None) -> StoredEvent:
        found = self.find(event_id)
        master = self.stored.get(found.master_id) if found.master_id else None
        if master and master.is_cancelled:
            raise not_found()
        if if_match not in (None, "*", found.etag):
            raise stale()
        return found

    def _change(self, old: StoredEvent, wanted: Json) -> StoredEvent:
        if wanted.get("status") == "cancelled":
            return old if old.is_cancelled else self._cancel(old)
        quirks = self.world.quirks
        if old.is_cancelled and (quirks.refuses_undeleting or old.body["id"] in quirks.undeletable):
            raise forbidden()
        if old.master_id:
            wanted.pop("recurrence", None)
        new = {key: old.body[key] for key in SERVER_FIELDS if key in old.body} | self._normal(wanted)
        new["sequence"] = max(wanted.get("sequence", 0), old.body["sequence"] + _is_moved(old.body, new))
        if {**new, "reminders": 0} != {**old.body, "reminders": 0}:
            new["updated"] = self.world.stamp()
        self._settle_visibility(new)
        return self._keep(new)

    def _settle_visibility(self, new: Json) -> None:
        """Narrowing one instance narrows the whole series; widening one is ignored."""
        master = self.stored.get(new.get("recurringEventId", ""))
        if master is None:
            return
        own, whole = new.get("visibility"), master.body.get("visibility")
        if own in NARROW and whole not in NARROW:
            master.body = {**master.body, "visibility": own, "updated": self.world.stamp()}
            master.changed = self.world.next_change()
        elif whole in NARROW and own not in NARROW:
            new["visibility"] = whole

    def _cancel(self, old: StoredEvent) -> StoredEvent:
        # A deleted series takes its exceptions along: only its own tombstone is left.
        for found in self.exceptions_of(old.body["id"]) if old.is_master else ():
            del self.stored[found.body["id"]]
        return self._keep({**old.body, "status": "cancelled", "updated": self.world.stamp()})

    def _keep(self, body: Json) -> StoredEvent:
        before = self.stored.get(body["id"])
        kept = StoredEvent(body=body, changed=self.world.next_change())
        self.stored[body["id"]] = kept
        if before and (before.is_master or kept.is_master) and not kept.is_cancelled:
            self._drop_strays(kept)
        self.world.announce(self.calendar)
        return kept

    def _drop_strays(self, master: StoredEvent) -> None:
        """Take from the series the exceptions whose original start it no longer has.

        An incremental listing tells them as cancelled, a full one does not know them.
        """
        series = Series(master.body) if master.is_master else None
        for name, found in self.stored.items():
            if found.master_id != master.body["id"]:
                continue
            start = moment_of(found.body["originalStartTime"])
            is_there = series is not None and series.has(start)
            # It was told as cancelled; where the series has it again, that is told as well.
            if is_there == found.is_dropped:
                self.stored[name] = replace(found, changed=self.world.next_change(), is_dropped=not is_there)

    def _normal(self, body: Json) -> Json:
        return normalised(body, zone=self.calendar.zone, quirks=self.world.quirks)


def _is_moved(old: Json, new: Json) -> bool:
    return any(old.get(name) != new.get(name) for name in ("start", "end", "recurrence"))
