"""What the server keeps: mailboxes, folders, items, and one log by which every change is ordered."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from threading import Condition, RLock

from tests.simulators.ews.fields import Fields
from tests.simulators.ews.wire import Element, EwsRefusal, t

Clock = Callable[[], datetime]

WELL_KNOWN = {
    "msgfolderroot": "Top of Information Store",
    "calendar": "Calendar",
    "deleteditems": "Deleted Items",
    "inbox": "Inbox",
}


def real_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Quirks:
    """What Exchange does to some and not to others; each is off until a test turns it on."""

    html_bodies: bool = False
    """Bodies come back as HTML unless text is asked for."""
    largest_sync_page: int = 512
    """No page of SyncFolderItems has more changes, whatever was asked for."""
    largest_find_page: int = 1000
    """No page of FindItem has more items."""
    restrictions_ignored: bool = False
    """FindItem tells of everything in the folder, whatever was asked for."""
    noisy: bool = False
    """A ModifiedEvent follows each CreatedEvent, and each event comes twice."""
    hanging_connections: int = 10
    """GetStreamingEvents at the same time by one account (HangingConnectionLimit)."""
    concurrent_requests: int = 27
    """Requests at the same time by one account (EWSMaxConcurrency)."""
    streaming_minute: float = 60.0
    """How many seconds a minute of ConnectionTimeout lasts."""


@dataclass(slots=True, kw_only=True)
class StoredFolder:
    """A folder; ``distinguished`` is its well-known name, ``fields`` what was written in it."""

    id: str
    parent: str | None
    name: str
    folder_class: str
    changed: int
    distinguished: str | None = None
    fields: Fields = field(default_factory=Fields)

    @property
    def change_key(self) -> str:
        """Changes whenever the folder does."""
        return change_key(self.changed)


@dataclass(slots=True, kw_only=True)
class StoredItem:
    """A single or a series, with the numbers of its making and of its last change.

    An exception has its own fields under the day of its original start; ``deleted`` are the days taken out.
    """

    id: str
    folder: str
    fields: Fields
    created: int
    changed: int
    made_at: datetime
    changed_at: datetime
    exceptions: dict[date, Fields] = field(default_factory=dict)
    deleted: set[date] = field(default_factory=set)

    @property
    def change_key(self) -> str:
        """Changes whenever the item does; of a series, whenever any of its occurrences does."""
        return change_key(self.changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """That an item has left a folder."""

    item_id: str
    folder: str
    created: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the log, in the words of notifications: CreatedEvent, ModifiedEvent, DeletedEvent, MovedEvent."""

    number: int
    kind: str
    at: datetime
    item_id: str
    change_key: str
    folder: str
    old_item_id: str = ""
    old_folder: str = ""


@dataclass(slots=True, kw_only=True)
class Mailbox:
    """One account: who may open it, and what is in it. ``zone`` is a Windows name."""

    email: str
    name: str
    password: str
    zone: str
    folders: dict[str, StoredFolder] = field(default_factory=dict)
    items: dict[str, StoredItem] = field(default_factory=dict)
    tombstones: list[Tombstone] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def folder(self, folder_id: str) -> StoredFolder:
        """The folder with that id or well-known name."""
        found = self.folders.get(folder_id) or next(
            (one for one in self.folders.values() if one.distinguished == folder_id), None
        )
        if found is None:
            # A folder that was deleted for good is not called a folder any more.
            raise EwsRefusal("ErrorItemNotFound", "The specified object was not found in the store.")
        return found

    def items_in(self, folder_id: str) -> list[StoredItem]:
        """The items of a folder, in the order in which they last changed."""
        return sorted((one for one in self.items.values() if one.folder == folder_id), key=lambda one: one.changed)


class World:
    """All of it, behind one lock; ``changed`` wakes those who wait for a change."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = RLock()
        self.changed = Condition(self.lock)
        self.mailboxes: dict[str, Mailbox] = {}
        self.quirks = Quirks()
        self.sync_epoch = 1
        self._number = 0

    def next_number(self) -> int:
        """The number of a new change."""
        self._number += 1
        return self._number

    @property
    def number(self) -> int:
        """The number of the last change."""
        return self._number

    def new_id(self, mailbox: Mailbox) -> str:
        """An id as long and as sensitive to case as Exchange's."""
        digest = hashlib.sha512(f"{mailbox.email}/{self.next_number()}".encode()).digest()
        return "AAMkAD" + base64.b64encode(digest + digest[:18]).decode()

    def add_mailbox(self, email: str, *, password: str, zone: str, name: str) -> Mailbox:
        """A new account with the folders that every account has."""
        made = Mailbox(email=email, name=name, password=password, zone=zone)
        root = self.add_folder(made, name="Root", parent=None, folder_class="IPF.Root", distinguished="root")
        top: StoredFolder = root
        for well_known, title in WELL_KNOWN.items():
            kind = "IPF.Appointment" if well_known == "calendar" else "IPF.Note"
            folder = self.add_folder(made, name=title, parent=top.id, folder_class=kind, distinguished=well_known)
            top = folder if well_known == "msgfolderroot" else top
        self.mailboxes[email.lower()] = made
        return made

    def add_folder(
        self, mailbox: Mailbox, *, name: str, parent: str | None, folder_class: str, distinguished: str | None = None
    ) -> StoredFolder:
        """A new folder."""
        made = StoredFolder(
            id=self.new_id(mailbox),
            parent=parent,
            name=name,
            folder_class=folder_class,
            changed=self.number,
            distinguished=distinguished,
        )
        mailbox.folders[made.id] = made
        return made

    def tell(self, mailbox: Mailbox, item: StoredItem, kind: str, **old: str) -> None:
        """Write a change into the log, and wake those who wait."""
        times = 2 if self.quirks.noisy else 1
        kinds = [kind, "ModifiedEvent"] if self.quirks.noisy and kind == "CreatedEvent" else [kind]
        for one in kinds * times:
            change = Change(
                number=self.next_number(),
                kind=one,
                at=self.clock(),
                item_id=item.id,
                change_key=item.change_key,
                folder=item.folder,
                **old,
            )
            mailbox.changes.append(change)
        self.changed.notify_all()


def change_key(number: int) -> str:
    """A number as a change key."""
    return "DwAAABYAAA" + base64.b64encode(number.to_bytes(9)).decode()


def item_id_element(item_id: str, key: str, name: str = "ItemId") -> Element:
    """``t:ItemId`` with its change key."""
    return t(name, Id=item_id, ChangeKey=key)
