"""What is done to items: made, changed, moved and deleted, single ones, series and occurrences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import NAMESPACE_OID, uuid5

from tests.simulators.ews.fields import TIMING, Fields, settle
from tests.simulators.ews.series import (
    Occurrence,
    check_neighbours,
    living,
    occurrence_at,
    occurrence_id,
    occurrence_on,
    read_occurrence_id,
)
from tests.simulators.ews.wire import Element, EwsRefusal, local, t
from tests.simulators.ews.world import Mailbox, StoredItem, Tombstone, World

_DEFAULTS = {
    "Sensitivity": "Normal",
    "Importance": "Normal",
    "LegacyFreeBusyStatus": "Busy",
    "ReminderIsSet": "true",
    "ReminderMinutesBeforeStart": "15",
}
_CANNOT_DIFFER = {"Recurrence", "UID"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A single, a series, or one occurrence of it, as an id names it."""

    item: StoredItem
    occurrence: Occurrence | None = None

    @property
    def id(self) -> str:
        """What it is called; an occurrence's id is made of its series'."""
        return occurrence_id(self.item.id, self.occurrence.day) if self.occurrence else self.item.id

    @property
    def fields(self) -> Fields:
        """Its fields, an occurrence's with those of its series."""
        return self.occurrence.fields if self.occurrence else self.item.fields

    @property
    def kind(self) -> str:
        """Microsoft's CalendarItemType."""
        if self.occurrence:
            return "Exception" if self.occurrence.is_exception else "Occurrence"
        return "Single" if self.item.fields.plain.get("Recurrence") is None else "RecurringMaster"


def not_found() -> EwsRefusal:
    """No such item."""
    return EwsRefusal("ErrorItemNotFound", "The specified object was not found in the store.")


class ItemBook:
    """The items of one mailbox."""

    def __init__(self, world: World, mailbox: Mailbox) -> None:
        self.world = world
        self.mailbox = mailbox

    def find(self, item_id: str) -> Seen:
        """The single, series or occurrence with that id."""
        if item_id in self.mailbox.items:
            return Seen(item=self.mailbox.items[item_id])
        named = read_occurrence_id(item_id)
        if named is None or named[0] not in self.mailbox.items:
            raise not_found()
        master = self.mailbox.items[named[0]]
        return Seen(item=master, occurrence=occurrence_on(master, named[1]))

    def named(self, element: Element) -> Seen:
        """What ``t:ItemId``, ``t:OccurrenceItemId`` or ``t:RecurringMasterItemId`` names."""
        match local(element):
            case "OccurrenceItemId":
                master = self.find(element.get("RecurringMasterId", "")).item
                return Seen(item=master, occurrence=occurrence_at(master, int(element.get("InstanceIndex", "0"))))
            case "RecurringMasterItemId":
                return Seen(item=self.find(element.get("OccurrenceId", "")).item)
            case _:
                return self.find(element.get("Id", ""))

    def create(self, folder_id: str, elements: Iterable[Element], zone: str) -> Seen:
        """A new item in a folder; ``zone`` is the Windows name of the request's zone."""
        fields = Fields(plain={name: t(name, text=text) for name, text in _DEFAULTS.items()})
        fields.put(elements)
        settle(fields, zone)
        number = self.world.next_number()
        if not fields.text("UID"):
            made_up = uuid5(NAMESPACE_OID, f"{self.mailbox.email}/{number}").hex.upper()
            fields.put_text("UID", f"040000008200E00074C5B7101A82E008{made_up}")
        now = self.world.clock()
        item = StoredItem(
            id=self.world.new_id(self.mailbox),
            folder=folder_id,
            fields=fields,
            created=number,
            changed=number,
            made_at=now,
            changed_at=now,
        )
        self.mailbox.items[item.id] = item
        self.world.tell(self.mailbox, item, "CreatedEvent")
        return Seen(item=item)

    def change(self, seen: Seen, alter: Callable[[Fields], None], zone: str) -> Seen:
        """Alter the fields of an item, which are taken over as a whole or not at all."""
        item = seen.item
        if seen.occurrence:
            item.exceptions[seen.occurrence.day] = self._exception(seen, seen.occurrence, alter)
        else:
            before = item.fields.timing()
            fields = Fields().over(item.fields)
            alter(fields)
            settle(fields, zone)
            item.fields = fields
            if fields.timing() != before:
                # A series that is put on another time or pattern starts afresh.
                item.exceptions.clear()
                item.deleted.clear()
        self._touch(item)
        return self.find(seen.id)

    def _exception(self, seen: Seen, occurrence: Occurrence, alter: Callable[[Fields], None]) -> Fields:
        own = Fields().over(seen.item.exceptions.get(occurrence.day, Fields()))
        # Times stand in an exception as a whole, for each is read beside the others.
        own.plain.update({name: occurrence.fields.plain.get(name) for name in TIMING})
        written_before = dict(own.plain)
        alter(own)
        if any(own.plain.get(name) is not written_before.get(name) for name in _CANNOT_DIFFER):
            raise EwsRefusal("ErrorInvalidPropertySet", "An occurrence has no recurrence and no UID of its own.")
        own.plain["Recurrence"] = None
        settle(own, seen.item.fields.zone_name)
        check_neighbours(seen.item, occurrence, own.start)
        del own.plain["Recurrence"]
        return own

    def delete(self, seen: Seen, *, for_good: bool) -> None:
        """Delete it, or move it to Deleted Items; an occurrence only leaves its series."""
        item = seen.item
        if seen.occurrence:
            if sum(1 for _, one in zip(range(2), living(item), strict=False)) == 1:
                raise EwsRefusal("ErrorRecurrenceHasNoOccurrence", "It is the last occurrence of its series.")
            item.exceptions.pop(seen.occurrence.day, None)
            item.deleted.add(seen.occurrence.day)
            self._touch(item)
            return
        trash = self.mailbox.folder("deleteditems").id
        if not for_good and item.folder != trash:
            self.move(seen, trash)
            return
        self._bury(item)
        self.world.tell(self.mailbox, item, "DeletedEvent")

    def move(self, seen: Seen, folder_id: str) -> Seen:
        """Put an item into another folder, where it has another id."""
        if seen.occurrence:
            raise EwsRefusal("ErrorCalendarCannotMoveOrCopyOccurrence", "An occurrence cannot leave its series.")
        item = seen.item
        self._bury(item)
        old = {"old_item_id": item.id, "old_folder": item.folder}
        item.id, item.folder = self.world.new_id(self.mailbox), folder_id
        item.created = item.changed = self.world.next_number()
        self.mailbox.items[item.id] = item
        self.world.tell(self.mailbox, item, "MovedEvent", **old)
        return Seen(item=item)

    def _bury(self, item: StoredItem) -> None:
        del self.mailbox.items[item.id]
        grave = Tombstone(item_id=item.id, folder=item.folder, created=item.created, number=self.world.next_number())
        self.mailbox.tombstones.append(grave)

    def _touch(self, item: StoredItem) -> None:
        item.changed = self.world.next_number()
        item.changed_at = self.world.clock()
        self.world.tell(self.mailbox, item, "ModifiedEvent")
