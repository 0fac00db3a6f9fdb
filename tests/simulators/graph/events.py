"""The events of one mailbox: made, changed and deleted as Exchange does it, for applications and for the person."""

from __future__ import annotations

import uuid
from copy import deepcopy
from datetime import date, datetime
from itertools import pairwise

from tests.simulators.graph.draft import DEFAULTS, written_fields, written_recurrence
from tests.simulators.graph.ids import EventId, id_of
from tests.simulators.graph.rules import days_of
from tests.simulators.graph.wire import Json, Refusal, invalid, not_found, stale
from tests.simulators.graph.world import (
    Bound,
    Fields,
    Mailbox,
    StoredCalendar,
    StoredEvent,
    World,
    change_key,
    new_core,
)


def changed_number(stored: StoredEvent, day: date | None = None) -> int:
    """The number of the last change of an event or an occurrence: an exception has its own."""
    own = stored.exceptions.get(day) if day else None
    return own.changed if own else stored.own.changed


def etag_of(stored: StoredEvent, day: date | None = None) -> str:
    """The entity tag: the change key in quotation marks, and weak."""
    return f'W/"{change_key(changed_number(stored, day))}"'


class EventBook:
    """One mailbox's events. Each change takes one number, and is told to the subscriptions once."""

    def __init__(self, world: World, mailbox: Mailbox) -> None:
        self.world = world
        self.mailbox = mailbox

    def find(self, event_id: str, *, calendar: StoredCalendar | None = None) -> tuple[StoredEvent, date | None]:
        """The event of that id, and the day of it where the id is an occurrence's; 404 where there is none (now)."""
        named = EventId.read(event_id)
        for place in [calendar] if calendar else self.world.calendars_of(self.mailbox.user):
            stored = place.events.get(named.core)
            if stored and named.names(stored) and (named.day is None or self._has(stored, named.day)):
                return stored, named.day
        raise not_found()

    def create(self, calendar: StoredCalendar, body: Json) -> StoredEvent:
        """A new event, or the one that the same transaction has made before in this calendar."""
        transaction = body.get("transactionId")
        again = self._made_by(transaction, calendar) if transaction else None
        if again:
            return again
        now, number = self.world.clock(), self.world.next_change()
        blank = Fields(words=deepcopy(DEFAULTS), changed=number, created=now, modified=now)
        own = written_fields(blank, {"start": None, "end": None} | body, windows_names=self.world.quirks.windows_names)
        recurrence = written_recurrence(None, body, own)
        stored = StoredEvent(
            core=new_core(),
            calendar=calendar,
            own=own,
            ical_uid=f"040000008200E00074C5B7101A82E008{uuid.uuid4().hex.upper()}",
            transaction_id=transaction,
            recurrence=recurrence,
            listed=number,
        )
        calendar.events[stored.core] = stored
        self._note_mail(stored)
        self.world.announce(stored, None, "created")
        return stored

    def patch(self, stored: StoredEvent, day: date | None, body: Json, *, if_match: str | None = None) -> None:
        """Change what the body names; of one occurrence alone where a day is given, which makes an exception."""
        self._check(stored, day, if_match)
        if body.get("transactionId") not in (None, stored.transaction_id):
            raise invalid("TransactionId cannot be changed.", word="ErrorInvalidPropertySet")
        if day is None:
            self._patch_own(stored, body)
        else:
            self._patch_day(stored, day, body)
        self._note_mail(stored)
        self.world.announce(stored, day, "updated")

    def delete(self, stored: StoredEvent, day: date | None = None, *, if_match: str | None = None) -> None:
        """Move an event to Deleted Items, or take one occurrence out of its series."""
        self._check(stored, day, if_match)
        if day is not None:
            stored.cancelled.add(day)
            stored.exceptions.pop(day, None)
            self._touch(stored, listed=not self.world.quirks.silent_cancellations)
            self.world.announce(stored, None, "updated")
            return
        stored.listed = self.world.next_change()
        del stored.calendar.events[stored.core]
        stored.calendar.gone[stored.core] = stored
        self.mailbox.deleted_items.append(stored)
        self.world.announce(stored, None, "deleted")

    def move(self, stored: StoredEvent, calendar: StoredCalendar) -> None:
        """Move an event to another calendar of the mailbox: its ordinary ids change, its immutable ones stay."""
        left = as_it_was(stored)
        left.listed = self.world.next_change()
        stored.calendar.gone[stored.core] = left
        del stored.calendar.events[stored.core]
        self.world.announce(stored, None, "deleted")
        stored.calendar, stored.moves = calendar, stored.moves + 1
        calendar.events[stored.core] = stored
        calendar.gone.pop(stored.core, None)
        self._touch(stored)
        self.world.announce(stored, None, "created")

    def restore(self, stored: StoredEvent) -> None:
        """Bring an event back from Deleted Items to where it was."""
        self.mailbox.deleted_items.remove(stored)
        stored.calendar.gone.pop(stored.core)
        stored.calendar.events[stored.core] = stored
        self._touch(stored)
        self.world.announce(stored, None, "created")

    # -- within

    def _has(self, stored: StoredEvent, day: date) -> bool:
        return stored.recurrence is not None and stored.has(day)

    def _made_by(self, transaction: str, calendar: StoredCalendar) -> StoredEvent | None:
        for place in self.mailbox.calendars.values():
            held = list(place.events.values())
            if self.world.quirks.transaction_ids_stay_used:
                held += place.gone.values()
            for stored in held:
                if stored.transaction_id != transaction:
                    continue
                if place is calendar and stored.core in place.events:
                    return stored
                sentence = "The TransactionId of the request was used before, for another event."
                raise Refusal(409, "ErrorDuplicateTransactionId", sentence)
        return None

    def _check(self, stored: StoredEvent, day: date | None, if_match: str | None) -> None:
        if if_match not in (None, "*", etag_of(stored, day)):
            raise stale()

    def _touch(self, stored: StoredEvent, *, listed: bool = True) -> None:
        stored.own.changed = self.world.next_change()
        stored.own.modified = self.world.clock()
        if listed:
            stored.listed = stored.own.changed

    def _patch_own(self, stored: StoredEvent, body: Json) -> None:
        new = written_fields(stored.own, body, windows_names=self.world.quirks.windows_names)
        recurrence = written_recurrence(stored.recurrence, body, new)
        before, after = _shape(stored.own, stored.recurrence), _shape(new, recurrence)
        stored.own, stored.recurrence = new, recurrence
        if before != after and (before[-1] or after[-1]):
            stored.generation += 1
            kept: set[date] = set()
            if recurrence is not None and self.world.quirks.changed_rules_keep_exceptions:
                # On a day that the series does not come by any more nothing can be different.
                kept = _days_within(recurrence, {*stored.exceptions, *stored.cancelled})
            stored.exceptions = {day: one for day, one in stored.exceptions.items() if day in kept}
            stored.cancelled &= kept
        self._touch(stored)

    def _patch_day(self, stored: StoredEvent, day: date, body: Json) -> None:
        if body.get("recurrence") is not None:
            raise invalid("An occurrence has no recurrence of its own.", word="ErrorInvalidRecurrence")
        now = self.world.clock()
        start, end = stored.bounds(day)
        zones = (stored.own.start_zone, stored.own.end_zone)
        blank = Fields(
            start=start, end=end, start_zone=zones[0], end_zone=zones[1], created=stored.own.created, modified=now
        )
        new = written_fields(stored.exceptions.get(day, blank), body, windows_names=self.world.quirks.windows_names)
        new.changed, new.modified = self.world.next_change(), now
        self._check_order(stored, day, new.start)
        stored.exceptions[day] = new
        self._touch(stored)

    def _check_order(self, stored: StoredEvent, day: date, start: Bound | None) -> None:
        """Exchange moves no occurrence to the day of another, nor past it."""
        assert start is not None
        around: list[tuple[date, Bound]] = []
        for one, _ in stored.starts():
            around = [*around[-1:], (one, start if one == day else stored.bounds(one)[0])]
            if any(day in (first, last) for (first, _), (last, _) in pairwise(around)):
                _check_apart(around[0][1], around[1][1])
            if one > day:
                return

    def _note_mail(self, stored: StoredEvent) -> None:
        if stored.own.words["attendees"] or any(one.words.get("attendees") for one in stored.exceptions.values()):
            self.world.mailed.append(id_of(stored, immutable=True))


def _check_apart(first: Bound, last: Bound) -> None:
    days = [one.date() if isinstance(one, datetime) else one for one in (first, last)]
    if days[0] >= days[1]:
        sentence = "Modified occurrence is crossing or overlapping adjacent occurrence."
        raise Refusal(400, "ErrorOccurrenceCrossingBoundary", sentence)


def _days_within(recurrence: Json, days: set[date]) -> set[date]:
    """Those of the days on which the recurrence falls."""
    found: set[date] = set()
    for day in days_of(recurrence):
        if day > max(days, default=date.min):
            break
        found.add(day)
    return found & days


def _shape(own: Fields, recurrence: Json | None) -> tuple[object, ...]:
    return (own.start, own.end, own.start_zone, own.end_zone, recurrence)


def as_it_was(stored: StoredEvent) -> StoredEvent:
    """The event as it was, for the calendar that it leaves."""
    kept = deepcopy(stored, {id(stored.calendar): stored.calendar})
    kept.calendar = stored.calendar
    return kept
