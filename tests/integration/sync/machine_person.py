"""What the person at the provider does: adds, edits, deletes, un-deletes and drags, whatever the worker is at."""

from __future__ import annotations

from dataclasses import dataclass

from hxdav.domain.bridge import AccountState, BridgeState
from hxdav.domain.ids import AppointmentId
from hxdav.remote import RemoteObject
from tests.integration.sync.machine_ground import Bridged, Ground
from tests.integration.sync.machine_texts import EDITS, Edit, Pen, is_over
from tests.integration.sync.machine_world import uid_of
from tests.simulators.memory import MemoryCalendar

NONSENSE = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:todo@provider\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A calendar that the person can do something in."""

    bridged: Bridged
    calendar: MemoryCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing(Shelf):
    """An object in it."""

    shown: RemoteObject


class PersonRules(Ground):
    """Edits at the providers."""

    def __init__(self) -> None:
        super().__init__()
        self.thrown_away: list[Thing] = []

    def person_adds(self, pick: int, kind: str, days: int, hour: str) -> None:
        shelf = self.shelf(pick)
        if shelf is None:
            return
        if kind in {"hourly", "third"}:
            # A provider has nothing that it cannot express.
            kind = "daily"
        pen = self.pen()
        text = pen.new(kind, uid=f"{pen.serial}@provider", days=days, hour=hour)
        self.adds(shelf, text)

    def person_adds_what_is_no_event(self, pick: int) -> None:
        shelf = self.shelf(pick)
        if shelf is not None:
            shelf.bridged.provider.add(NONSENSE, shelf.calendar)

    def person_edits(self, pick: int, change: str, days: int, hour: str) -> None:
        thing = self.thing(pick)
        if thing is not None:
            self.changes(thing, change, days=days, hour=hour)

    def person_deletes(self, pick: int, count: int) -> None:
        for _ in range(count):
            thing = self.thing(pick)
            if thing is not None:
                self.throws_away(thing)

    def person_undeletes(self, pick: int, *, is_new: bool) -> None:
        """Bring something back: as it was, or as a new object with its UID."""
        if not self.thrown_away:
            return
        thing = self.thrown_away.pop(pick % len(self.thrown_away))
        provider, remote_id = thing.bridged.provider, thing.shown.remote_id
        if thing.calendar.state == "gone" or has(thing.calendar, thing.shown.text):
            return
        self.model.person_wrote("", thing.shown.text)
        if not is_new:
            number = thing.bridged.integration_id
            self.model.asked.discard((number, self.appointment_at(number, remote_id) or 0))
            thing.calendar.put(remote_id, thing.shown.text, tag=provider.tag(), key=thing.shown.key)
            provider.notify(thing.calendar)
        else:
            provider.add(thing.shown.text, thing.calendar)
        self.saw("un-deleted")

    def person_drags(self, pick: int, to: int, deletes: str) -> None:
        """Drag something into another calendar, or copy it there."""
        thing, shelf = self.thing(pick), self.shelf(to)
        if thing is None or shelf is None or has(shelf.calendar, thing.shown.text):
            return
        if not shelf.bridged.provider.expresses(thing.shown.text):
            return
        if deletes == "first":
            self.throws_away(thing)
        self.adds(shelf, thing.shown.text)
        if deletes == "later" and thing.shown.remote_id in thing.calendar.objects:
            self.throws_away(thing)
        self.saw("dragged")

    def pen(self, word: str = "Own") -> Pen:
        """Something to write with."""
        return Pen(now=self.clock.now(), serial=next(self.serials), word=word)

    def shelf(self, pick: int) -> Shelf | None:
        """One of the calendars."""
        shelves = []
        with self.store.snapshot() as tx:
            for number, bridged in sorted(self.bridges.items()):
                calendar = bridged.provider.calendars.get(tx.bridges.one(number).calendar_id or "")
                if calendar is not None and calendar.state != "gone":
                    shelves.append(Shelf(bridged=bridged, calendar=calendar))
        return shelves[pick % len(shelves)] if shelves else None

    def thing(self, pick: int) -> Thing | None:
        """One of the objects in one of the calendars."""
        shelf = self.shelf(pick)
        things = [each for each in shelf.calendar.objects.values() if "VTODO" not in each.text] if shelf else []
        if shelf is None or not things:
            return None
        return Thing(bridged=shelf.bridged, calendar=shelf.calendar, shown=things[pick // 2 % len(things)])

    def adds(self, shelf: Shelf, text: str) -> None:
        """Add an object."""
        self.model.person_wrote("", text)
        shelf.bridged.provider.add(text, shelf.calendar)

    def changes(self, thing: Thing, change: str, *, days: int, hour: str) -> None:
        """Change an object."""
        edit: Edit = EDITS[change]
        before = thing.shown.text
        after = edit(self.pen(), before, days, hour)
        if after == before:
            return
        if is_over(after) and not is_over(before):
            self._wants_gone(thing)
        # The provider tells hxdav at once, and there the power may be cut: what follows would not come to pass.
        self.model.person_wrote(before, after)
        thing.bridged.provider.edit(thing.shown.remote_id, lambda _: after, thing.calendar)
        self.saw(f"person: {change}")

    def throws_away(self, thing: Thing) -> None:
        """Delete an object."""
        self._wants_gone(thing)
        self.model.person_deleted(thing.shown.text)
        self.thrown_away.append(thing)
        thing.bridged.provider.delete(thing.shown.remote_id, thing.calendar)

    def _wants_gone(self, thing: Thing) -> None:
        number = thing.bridged.integration_id
        appointment_id = self.appointment_at(number, thing.shown.remote_id)
        if appointment_id is None or self._is_gone(appointment_id):
            # Nobody here knows of it yet, or not yet that it is there again.
            self.model.early.add((number, thing.shown.remote_id, uid_of(thing.shown.text)))
        if appointment_id is None:
            return
        self.model.deleted.add((number, appointment_id))
        self.model.may_go.add(appointment_id)
        with self.store.snapshot() as tx:
            bridge = tx.bridges.one(number)
            stands_still = tx.external_accounts.one(bridge.account_id).state is AccountState.REFUSED
            if stands_still or bridge.state is BridgeState.HIDDEN:
                self.model.asked.add((number, appointment_id))

    def _is_gone(self, appointment_id: AppointmentId) -> bool:
        with self.store.snapshot() as tx:
            return tx.appointments.one(appointment_id).is_gone


def has(calendar: MemoryCalendar, text: str) -> bool:
    """Whether an object with the UID of ``text`` is in a calendar already."""
    return any(uid_of(each.text) == uid_of(text) for each in calendar.objects.values())
