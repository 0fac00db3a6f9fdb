"""Folders: GetFolder, FindFolder, CreateFolder, UpdateFolder, DeleteFolder."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from tests.simulators.ews.book import ItemBook
from tests.simulators.ews.calls import EwsCall, each, folder_named
from tests.simulators.ews.fields import Fields, extended_key
from tests.simulators.ews.rendering import folder_element, read_shape
from tests.simulators.ews.restrictions import matches
from tests.simulators.ews.wire import Element, EwsRefusal, find, flag, local, m, need, succeeded, t, text_at
from tests.simulators.ews.words import FOLDER_SHAPE, element_named
from tests.simulators.ews.world import Mailbox, StoredFolder


def get_folder(call: EwsCall) -> list[Element]:
    """One message for each folder that is named; what is not there is ErrorItemNotFound."""
    shape = read_shape(need(call.body, "m:FolderShape"), default=FOLDER_SHAPE)

    def told(named: Element) -> Element:
        mailbox, folder = folder_named(call, named)
        return succeeded("GetFolder", m("Folders", folder_element(mailbox, folder, shape)))

    return each(call, need(call.body, "m:FolderIds"), told)


def find_folder(call: EwsCall) -> list[Element]:
    """The folders below each one that is named, at any depth where Traversal says so."""
    shape = read_shape(need(call.body, "m:FolderShape"), default=FOLDER_SHAPE)
    restriction = find(call.body, "m:Restriction")
    is_deep = call.body.get("Traversal") == "Deep"

    def told(named: Element) -> Element:
        mailbox, parent = folder_named(call, named)
        below = [one for one in _below(mailbox, parent, is_deep=is_deep) if matches(_searched(one), restriction)]
        view = find(call.body, "m:IndexedPageFolderView")
        offset = int(view.get("Offset", "0")) if view is not None else 0
        size = int(view.get("MaxEntriesReturned", "1000")) if view is not None else 1000
        page = below[offset : offset + size]
        root = m(
            "RootFolder",
            t("Folders", *(folder_element(mailbox, one, shape) for one in page)),
            IndexedPagingOffset=str(offset + len(page)),
            TotalItemsInView=str(len(below)),
            IncludesLastItemInRange=flag(offset + len(page) >= len(below)),
        )
        return succeeded("FindFolder", root)

    return each(call, need(call.body, "m:ParentFolderIds"), told)


def _below(mailbox: Mailbox, parent: StoredFolder, *, is_deep: bool) -> Iterator[StoredFolder]:
    for one in list(mailbox.folders.values()):
        if one.parent == parent.id:
            yield one
            if is_deep:
                yield from _below(mailbox, one, is_deep=True)


def _searched(folder: StoredFolder) -> Fields:
    searched = Fields().over(folder.fields)
    searched.put_text("DisplayName", folder.name)
    searched.put_text("FolderClass", folder.folder_class)
    return searched


def create_folder(call: EwsCall) -> list[Element]:
    """New folders, each with a name that its parent does not have yet."""

    def made(described: Element) -> Element:
        mailbox, parent = folder_named(call, need(call.body, "m:ParentFolderId")[0])
        name = text_at(described, "t:DisplayName") or ""
        _check_name(mailbox, parent.id, name)
        default = "IPF.Appointment" if local(described) == "CalendarFolder" else "IPF.Note"
        folder = call.world.add_folder(
            mailbox, name=name, parent=parent.id, folder_class=text_at(described, "t:FolderClass") or default
        )
        folder.fields.put(one for one in described if local(one) == "ExtendedProperty")
        return succeeded("CreateFolder", m("Folders", folder_element(mailbox, folder)))

    return each(call, need(call.body, "m:Folders"), made)


def update_folder(call: EwsCall) -> list[Element]:
    """Another name, and other extended properties."""

    def changed(change: Element) -> Element:
        mailbox, folder = folder_named(call, change[0])
        for update in need(change, "t:Updates"):
            _update(mailbox, folder, update)
        folder.changed = call.world.next_number()
        return succeeded("UpdateFolder", m("Folders", folder_element(mailbox, folder)))

    return each(call, need(call.body, "m:FolderChanges"), changed)


def _update(mailbox: Mailbox, folder: StoredFolder, update: Element) -> None:
    named, is_set = update[0], local(update) == "SetFolderField"
    if local(named) == "ExtendedFieldURI":
        folder.fields.extended.pop(extended_key(named), None)
        if is_set:
            folder.fields.put(deepcopy(one) for one in update[1])
        return
    if element_named(named.get("FieldURI", "")) != "DisplayName" or not is_set or folder.distinguished:
        raise EwsRefusal("ErrorInvalidPropertySet", "This property of a folder cannot be set.")
    rename_folder(mailbox, folder, text_at(update[1], "t:DisplayName") or "")


def rename_folder(mailbox: Mailbox, folder: StoredFolder, name: str) -> None:
    """Give a folder another name."""
    if name != folder.name:
        _check_name(mailbox, folder.parent, name)
    folder.name = name


def _check_name(mailbox: Mailbox, parent: str | None, name: str) -> None:
    if not name:
        raise EwsRefusal("ErrorInvalidPropertySet", "A folder needs a name.")
    if any(one.parent == parent and one.name.casefold() == name.casefold() for one in mailbox.folders.values()):
        raise EwsRefusal("ErrorFolderExists", "A folder with the specified name already exists.")


def delete_folder(call: EwsCall) -> list[Element]:
    """Delete folders for good, or move them to Deleted Items, where they keep their ids."""
    for_good = call.body.get("DeleteType") != "MoveToDeletedItems"

    def gone(named: Element) -> Element:
        mailbox, folder = folder_named(call, named)
        remove_folder(ItemBook(call.world, mailbox), folder, for_good=for_good)
        return succeeded("DeleteFolder")

    return each(call, need(call.body, "m:FolderIds"), gone)


def remove_folder(book: ItemBook, folder: StoredFolder, *, for_good: bool) -> None:
    """Delete a folder with what is in it, or move it to Deleted Items."""
    if folder.distinguished:
        raise EwsRefusal("ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
    trash = book.mailbox.folder("deleteditems")
    folder.changed = book.world.next_number()
    if not for_good and folder.parent != trash.id:
        taken = {one.name for one in book.mailbox.folders.values() if one.parent == trash.id}
        folder.parent = trash.id
        folder.name = folder.name if folder.name not in taken else f"{folder.name}{folder.changed}"
        return
    for item in book.mailbox.items_in(folder.id):
        book.delete(book.find(item.id), for_good=True)
    for child in [one for one in book.mailbox.folders.values() if one.parent == folder.id]:
        remove_folder(book, child, for_good=True)
    del book.mailbox.folders[folder.id]
