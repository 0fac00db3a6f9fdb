"""The user in Outlook: makes, changes and deletes appointments and calendars, and changes the password."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import date, datetime, time

from tests.simulators.ews.book import ItemBook, Seen, not_found
from tests.simulators.ews.fields import Fields
from tests.simulators.ews.finding import agenda
from tests.simulators.ews.folders import remove_folder, rename_folder
from tests.simulators.ews.recurrence import Recurrence
from tests.simulators.ews.series import occurrences
from tests.simulators.ews.times import windows_name, written, zone_of
from tests.simulators.ews.wire import Element, EwsRefusal, flag, t
from tests.simulators.ews.world import Mailbox, StoredFolder, World

Moment = datetime | date


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenItem:
    """An appointment as Outlook shows it; times are in UTC, ``kind`` is Microsoft's CalendarItemType."""

    id: str
    change_key: str
    kind: str
    folder: str
    fields: Fields

    def text(self, name: str) -> str | None:
        """The text of one of its elements: Subject, Location, UID, ..."""
        return self.fields.text(name)

    def extended(self, property_name: str) -> str | None:
        """The value of the extended property with that name."""
        found = (one for key, one in self.fields.extended.items() if one is not None and f"|{property_name}|" in key)
        return next((one[1].text or "" for one in found), None)

    @property
    def start(self) -> datetime:
        """When it starts, in UTC."""
        return self.fields.start

    @property
    def end(self) -> datetime:
        """When it ends, in UTC."""
        return self.fields.end

    @property
    def recurrence(self) -> Recurrence | None:
        """How it repeats."""
        return self.fields.recurrence if self.kind == "RecurringMaster" else None


class Person:
    """One account, and what its owner sees and does. Times are aware datetimes, or dates for whole days."""

    def __init__(self, world: World, mailbox: Mailbox) -> None:
        self._world = world
        self._mailbox = mailbox
        self._book = ItemBook(world, mailbox)

    @property
    def email(self) -> str:
        """The account's address."""
        return self._mailbox.email

    @property
    def password(self) -> str:
        """The account's password."""
        return self._mailbox.password

    def change_password(self, password: str) -> None:
        """Give the account another password; connections under the old one get 401."""
        with self._world.lock:
            self._mailbox.password = password

    # -- calendars

    def calendars(self) -> list[StoredFolder]:
        """The calendars that are not in Deleted Items, the account's own first."""
        with self._world.lock:
            trash = self._mailbox.folder("deleteditems").id
            kept = self._mailbox.folders.values()
            return [one for one in kept if one.folder_class == "IPF.Appointment" and one.parent != trash]

    def calendar(self, name: str) -> StoredFolder:
        """The calendar with that id, or the only one with that name."""
        with self._world.lock:
            if name in self._mailbox.folders:
                return self._mailbox.folders[name]
            found = [one for one in self.calendars() if name in (one.name, one.distinguished)]
            if not found:
                raise EwsRefusal("ErrorFolderNotFound")
            (only,) = found
            return only

    def add_calendar(self, name: str) -> StoredFolder:
        """A calendar beside the account's own."""
        with self._world.lock:
            parent = self._mailbox.folder("calendar").id
            return self._world.add_folder(self._mailbox, name=name, parent=parent, folder_class="IPF.Appointment")

    def rename_calendar(self, name: str, other: str) -> None:
        """Give a calendar another name."""
        with self._world.lock:
            folder = self.calendar(name)
            rename_folder(self._mailbox, folder, other)
            folder.changed = self._world.next_number()

    def delete_calendar(self, name: str, *, for_good: bool = False) -> None:
        """Delete a calendar; unless for good it goes to Deleted Items, where it keeps its id and its items."""
        with self._world.lock:
            remove_folder(self._book, self.calendar(name), for_good=for_good)

    def restore_calendar(self, folder_id: str) -> None:
        """Take a calendar out of Deleted Items."""
        with self._world.lock:
            folder = self._mailbox.folder(folder_id)
            folder.parent = self._mailbox.folder("calendar").id
            folder.changed = self._world.next_number()

    # -- appointments

    def add(
        self,
        calendar: str,
        start: Moment,
        end: Moment,
        *,
        zone: str | None = None,
        recurrence: Recurrence | None = None,
        body: str | None = None,
        **texts: str,
    ) -> SeenItem:
        """A new appointment; ``texts`` are elements by Microsoft's names, ``zone`` the account's by default.

        The end of one of whole days is exclusive. Outlook writes bodies as HTML.
        """
        with self._world.lock:
            zone_name = windows_name(zone) if zone else self._mailbox.zone
            elements = _timing(start, end, zone_name) + _texts(texts, body)
            elements += [recurrence.element()] if recurrence else []
            return self._shown(self._book.create(self.calendar(calendar).id, elements, zone_name))

    def change(
        self,
        item_id: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        recurrence: Recurrence | None = None,
        body: str | None = None,
        **texts: str,
    ) -> SeenItem:
        """Change an appointment, a series or, by its id, an occurrence; start and end come together."""
        with self._world.lock:
            seen = self._book.find(item_id)
            zone_name = seen.fields.zone_name
            elements = _texts(texts, body) + ([recurrence.element()] if recurrence else [])
            if start is not None and end is not None:
                elements += _timing(start, end, zone_name)
            return self._shown(self._book.change(seen, lambda fields: fields.put(elements), zone_name))

    def delete(self, item_id: str, *, for_good: bool = False) -> None:
        """Delete an appointment, a series or an occurrence; singles and series go to Deleted Items."""
        with self._world.lock:
            self._book.delete(self._book.find(item_id), for_good=for_good)

    def restore(self, item_id: str, calendar: str) -> SeenItem:
        """Drag an item into a calendar, out of Deleted Items or another calendar; it gets another id there."""
        with self._world.lock:
            return self._shown(self._book.move(self._book.find(item_id), self.calendar(calendar).id))

    def occurrence(self, master_id: str, start: datetime) -> SeenItem:
        """The occurrence of a series that started then before anybody moved it."""
        with self._world.lock:
            return self._shown(self._occurrence(master_id, start))

    def change_occurrence(self, master_id: str, original_start: datetime, **changes: str | Moment) -> SeenItem:
        """Change one occurrence, as ``change`` does."""
        with self._world.lock:
            return self.change(self._occurrence(master_id, original_start).id, **changes)  # type: ignore[arg-type]

    def delete_occurrence(self, master_id: str, original_start: datetime) -> None:
        """Delete one occurrence."""
        with self._world.lock:
            self.delete(self._occurrence(master_id, original_start).id)

    def item(self, item_id: str) -> SeenItem:
        """One appointment; ErrorItemNotFound where there is none."""
        with self._world.lock:
            return self._shown(self._book.find(item_id))

    def items(self, calendar: str) -> list[SeenItem]:
        """The singles and series of a calendar, or of ``deleteditems``."""
        with self._world.lock:
            folder = self._mailbox.folder(calendar) if calendar == "deleteditems" else self.calendar(calendar)
            return [self._shown(Seen(item=one)) for one in self._mailbox.items_in(folder.id)]

    def occurrences(self, master_id: str) -> list[SeenItem]:
        """The occurrences of a series that were not deleted."""
        with self._world.lock:
            master = self._book.find(master_id).item
            return [self._shown(Seen(item=master, occurrence=one)) for one in occurrences(master) if not one.is_deleted]

    def agenda(self, calendar: str, start: datetime, end: datetime) -> list[SeenItem]:
        """What the week view shows between the two, series expanded, in order."""
        with self._world.lock:
            return [self._shown(one) for one in agenda(self._mailbox, self.calendar(calendar).id, (start, end))]

    # -- within

    def _occurrence(self, master_id: str, original_start: datetime) -> Seen:
        master = self._book.find(master_id).item
        found = next((one for one in occurrences(master) if one.original >= original_start), None)
        if found is None or found.original != original_start or found.is_deleted:
            raise not_found()
        return Seen(item=master, occurrence=found)

    def _shown(self, seen: Seen) -> SeenItem:
        return SeenItem(
            id=seen.id,
            change_key=seen.item.change_key,
            kind=seen.kind,
            folder=seen.item.folder,
            fields=Fields().over(seen.fields),
        )


def _timing(start: Moment, end: Moment, zone_name: str) -> list[Element]:
    return [
        t("Start", text=written(_instant(start, zone_name))),
        t("End", text=written(_instant(end, zone_name))),
        t("StartTimeZone", Id=zone_name),
        t("EndTimeZone", Id=zone_name),
        t("IsAllDayEvent", text=flag(not isinstance(start, datetime))),
    ]


def _instant(moment: Moment, zone_name: str) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), zone_of(zone_name))


def _texts(texts: dict[str, str], body: str | None) -> list[Element]:
    made = [t(name, text=text) for name, text in texts.items()]
    if body is not None:
        page = f"<html><head></head><body><p>{html.escape(body)}</p></body></html>"
        made.append(t("Body", text=page, BodyType="HTML"))
    return made
