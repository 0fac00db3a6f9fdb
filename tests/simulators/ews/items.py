"""Items: CreateItem, GetItem, UpdateItem, DeleteItem, MoveItem."""

from __future__ import annotations

from copy import deepcopy

from tests.simulators.ews.book import Seen
from tests.simulators.ews.calls import EwsCall, each, folder_named
from tests.simulators.ews.fields import Fields, extended_key
from tests.simulators.ews.rendering import read_shape
from tests.simulators.ews.wire import Element, EwsRefusal, find, local, m, need, succeeded, t
from tests.simulators.ews.words import READ_ONLY, element_named
from tests.simulators.ews.world import item_id_element

_ATTENDEES = {"RequiredAttendees", "OptionalAttendees", "Resources"}


def create_item(call: EwsCall) -> list[Element]:
    """New calendar items; nothing else can be made here."""

    def made(described: Element) -> Element:
        target = find(call.body, "m:SavedItemFolderId")
        folder = call.mailbox.folder("calendar") if target is None else folder_named(call, target[0])[1]
        if local(described) != "CalendarItem" or folder.folder_class != "IPF.Appointment":
            raise EwsRefusal("ErrorInvalidOperation", "Only calendar items in calendars are simulated.")
        return _told(call, call.book.create(folder.id, described, call.zone))

    return each(call, need(call.body, "m:Items"), made)


def get_item(call: EwsCall) -> list[Element]:
    """Items by their ids, in the shape that is asked for."""
    shape = read_shape(need(call.body, "m:ItemShape"))

    def told(named: Element) -> Element:
        seen = call.book.named(named)
        return succeeded("GetItem", m("Items", call.writer.element(seen, shape)))

    return each(call, need(call.body, "m:ItemIds"), told)


def update_item(call: EwsCall) -> list[Element]:
    """Changed items, each with its new change key."""

    def changed(change: Element) -> Element:
        seen = call.book.named(change[0])
        _check_key(call, change[0], seen)
        updates = list(need(change, "t:Updates"))
        after = call.book.change(seen, lambda fields: _apply(fields, updates), call.zone)
        answer = _told(call, after)
        answer.append(m("ConflictResults", t("Count", text="0")))
        return answer

    return each(call, need(call.body, "m:ItemChanges"), changed)


def _check_key(call: EwsCall, named: Element, seen: Seen) -> None:
    resolution, key = call.body.get("ConflictResolution"), named.get("ChangeKey")
    if key is None and resolution != "AlwaysOverwrite":
        raise EwsRefusal("ErrorChangeKeyRequired", "The change key is required for this operation.")
    if resolution == "NeverOverwrite" and key != seen.item.change_key:
        raise EwsRefusal("ErrorIrresolvableConflict", "The send or update operation could not be performed: conflict.")


def _apply(fields: Fields, updates: list[Element]) -> None:
    for update in updates:
        path = update[0]
        if local(path) == "ExtendedFieldURI":
            fields.extended[extended_key(path)] = None
        else:
            name = element_named(path.get("FieldURI", ""))
            if name in READ_ONLY:
                raise EwsRefusal("ErrorInvalidPropertySet", f"{name} cannot be set.")
            fields.plain[name] = None
        if local(update) == "SetItemField":
            fields.put(deepcopy(one) for one in update[1])


def delete_item(call: EwsCall) -> list[Element]:
    """Delete items, or move them to Deleted Items; a change key is not looked at, as Exchange does not."""
    for_good = call.body.get("DeleteType") != "MoveToDeletedItems"

    def gone(named: Element) -> Element:
        call.book.delete(call.book.named(named), for_good=for_good)
        return succeeded("DeleteItem")

    return each(call, need(call.body, "m:ItemIds"), gone)


def move_item(call: EwsCall) -> list[Element]:
    """Items in another folder, where they have other ids."""

    def moved(named: Element) -> Element:
        _, folder = folder_named(call, need(call.body, "m:ToFolderId")[0])
        return _told(call, call.book.move(call.book.named(named), folder.id))

    return each(call, need(call.body, "m:ItemIds"), moved)


def _told(call: EwsCall, seen: Seen) -> Element:
    told = t("CalendarItem", item_id_element(seen.id, seen.item.change_key))
    return succeeded(call.operation, m("Items", told))


def has_guests(described: Element) -> bool:
    """Does a message name attendees, to whom Exchange would write?"""
    return any(local(one) in _ATTENDEES for one in described.iter())
