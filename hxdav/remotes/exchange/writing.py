"""Bringing Exchange's items to what a calendar object says. Nobody is mailed, whomever the person has invited.

Only what differs is written, and only over the version that is known (ConflictResolution NeverOverwrite). Two windows
remain, for EWS has nothing to close them with: DeleteItem looks at no change key, so that an edit between the look at
an item and its removal goes into Deleted Items with it; and an occurrence is written under the change key that it has
after its series was looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from hxdav.ical.concurrent_edits import was_edited_between
from hxdav.ical.objects import object_of
from hxdav.ical.rules import Allowance, rule_of
from hxdav.ical.timeline import dtstart_of
from hxdav.remote import Changed, NotTaken, ObjectGone, RemoteObject, TryLater
from hxdav.remotes.exchange.calendar_folder import CalendarFolder
from hxdav.remotes.exchange.elements import KEY, Element, every, m, property_uri, t
from hxdav.remotes.exchange.items_out import bodies_of, key_value, new_item, updates
from hxdav.remotes.exchange.recurrence import recurrence_element
from hxdav.remotes.exchange.refusal import CHANGED, GONE, NO_ITEM, ExchangeRefusal, error_of, senseless
from hxdav.remotes.exchange.series import ExchangeSeries, item_id_element, master_key, read_pieces
from hxdav.remotes.microsoft.events_out import GraphEventBodies, changes
from hxdav.remotes.microsoft.times import Json, NotExpressibleInOutlook

_TO_NOBODY = "SendToNone"
_MOST_OCCURRENCES = 999
_FAR = 260
"""How many occurrences a series without end has for the moment in which it is said in other words."""

_AGAIN = "The appointment was in the calendar a moment ago and is not any more; hxdav tries again later."


class ExchangeWriter:
    """Writes the items of one calendar. Raises the port's errors."""

    def __init__(self, folder: CalendarFolder) -> None:
        self._folder = folder
        self._wire = folder.wire

    def create(self, text: str) -> RemoteObject:
        """A new object, or the one that an earlier call has made, brought to ``text``."""
        bodies = wanted(text)
        self._folder.require()
        found = self._found(bodies)
        try:
            return shown(self._bring(found if found is not None else self._made(bodies), bodies))
        except (ObjectGone, ExchangeRefusal) as error:
            raise _retried(error) from None

    def update(self, known: RemoteObject, text: str) -> RemoteObject:
        """``known`` brought to ``text``. Raises Changed, and ObjectGone."""
        bodies = wanted(text)
        self._folder.require()
        try:
            if bodies.is_series or object_of(known.text).is_recurring:
                return shown(self._bring(self._still(known), bodies))
            patch = changes(_known_master(known.text), bodies.master)
            if not patch:
                return shown(self._still(known))
            return shown(self._patched(item_id_element(known.remote_id, master_key(known.tag)), patch))
        except ExchangeRefusal as refusal:
            if refusal.code == NO_ITEM:
                raise ObjectGone(GONE) from None
            raise error_of(refusal.code) from None

    def remove(self, known: RemoteObject) -> None:
        """Put ``known`` into Deleted Items; done as well where it is gone. Raises Changed."""
        self._folder.require()
        try:
            self._still(known)
            self._delete(item_id_element(known.remote_id, master_key(known.tag)))
        except ObjectGone:
            return
        except ExchangeRefusal as refusal:
            if refusal.code != NO_ITEM:
                raise error_of(refusal.code) from None

    # -- items

    def _made(self, bodies: GraphEventBodies) -> ExchangeSeries:
        """A new item. Its answer names it only, so that it is read.

        Somebody may have edited it by then: the engine sees that it is ours at the next pull, and what they have done.
        """
        payload = m(
            "CreateItem",
            m("SavedItemFolderId", self._folder.element),
            m("Items", new_item(bodies, home=self._folder.home)),
            MessageDisposition="SaveOnly",
            SendMeetingInvitations=_TO_NOBODY,
        )
        made = _only_id(self._wire.one(payload))
        pieces = self._read(str(made.get("Id", "")))
        if pieces.change_key != made.get("ChangeKey"):
            raise Changed(CHANGED)
        return pieces

    def _found(self, bodies: GraphEventBodies) -> ExchangeSeries | None:
        """The item of this calendar that hxdav has made under the object's UID, where there is one."""
        value = t("FieldURIOrConstant", t("Constant", Value=key_value(bodies.uid)))
        payload = m(
            "FindItem",
            m("ItemShape", t("BaseShape", text="IdOnly")),
            m("IndexedPageItemView", MaxEntriesReturned="25", Offset="0", BasePoint="Beginning"),
            m("Restriction", t("IsEqualTo", property_uri(KEY), value)),
            m("ParentFolderIds", self._folder.element),
            Traversal="Shallow",
        )
        try:
            root = self._wire.one(payload)
        except ExchangeRefusal as refusal:
            raise error_of(refusal.code) from None
        ids = [str(named.get("Id", "")) for named in every(root, "m:RootFolder/t:Items/*/t:ItemId")]
        found = (pieces for pieces in read_pieces(self._wire, ids, home=self._folder.home) if pieces is not None)
        # A server may ignore the restriction, and tell of everything that is there.
        return next((pieces for pieces in found if pieces.made_as == bodies.uid), None)

    def _read(self, own_id: str) -> ExchangeSeries:
        (pieces,) = read_pieces(self._wire, [own_id], home=self._folder.home)
        if pieces is None:
            raise ObjectGone(GONE)
        return pieces

    def _still(self, known: RemoteObject) -> ExchangeSeries:
        """The pieces of ``known``, which are as they were known."""
        pieces = self._read(known.remote_id)
        if pieces.tag != known.tag:
            raise Changed(CHANGED)
        return pieces

    def _patched(self, named: Element, body: Mapping[str, Any]) -> ExchangeSeries:
        """The item after an update. An edit that came right behind it is not taken for our own words."""
        written = self._update(named, body)
        pieces = self._read(str(written.get("Id", "")))
        if pieces.change_key != written.get("ChangeKey"):
            raise Changed(CHANGED)
        return pieces

    def _update(self, named: Element, body: Mapping[str, Any]) -> Any:
        change = t("ItemChange", named, updates(body, home=self._folder.home))
        return self._sent(change)

    def _sent(self, change: Element) -> Any:
        payload = m(
            "UpdateItem",
            m("ItemChanges", change),
            ConflictResolution="NeverOverwrite",
            MessageDisposition="SaveOnly",
            SendMeetingInvitationsOrCancellations=_TO_NOBODY,
        )
        return _only_id(self._wire.one(payload))

    def _delete(self, named: Element) -> None:
        self._wire.one(
            m(
                "DeleteItem",
                m("ItemIds", named),
                DeleteType="MoveToDeletedItems",
                SendMeetingCancellations=_TO_NOBODY,
            )
        )

    # -- series

    def _bring(self, pieces: ExchangeSeries, bodies: GraphEventBodies) -> ExchangeSeries:
        """``pieces``, as they are now, brought to ``bodies``: the master first, for the occurrences follow its rule."""
        now = _bodies_now(pieces)
        patch = changes({} if now is None else _master_now(now, pieces), bodies.master)
        if now is not None and _is_back(now, bodies):
            pieces = self._restarted(pieces, bodies)
            patch["recurrence"] = bodies.master["recurrence"]
        if patch:
            pieces = self._patched(item_id_element(pieces.remote_id, pieces.change_key), patch)
        return self._bring_occurrences(pieces, bodies) if bodies.is_series else pieces

    def _restarted(self, pieces: ExchangeSeries, bodies: GraphEventBodies) -> ExchangeSeries:
        """The series in other words that mean the same, for one moment.

        With another recurrence Exchange forgets what was deleted out of a series, which it brings back in no other way;
        it may not where the words are the same.
        """
        element = recurrence_element(_in_other_words(bodies))
        update = t("SetItemField", t("FieldURI", FieldURI="calendar:Recurrence"), t("CalendarItem", element))
        named = item_id_element(pieces.remote_id, pieces.change_key)
        written = self._sent(t("ItemChange", named, t("Updates", update)))
        return self._read(str(written.get("Id", "")))

    def _bring_occurrences(self, pieces: ExchangeSeries, bodies: GraphEventBodies) -> ExchangeSeries:
        """The occurrences brought to ``bodies``. What is done once is not done again, so a failure can be repeated."""
        now = _bodies_now(pieces)
        if now is None or _is_back(now, bodies):
            raise NotTaken("Exchange does not bring back an appointment that was deleted out of its series.")
        todo = dict(_occurrence_changes(now, bodies))
        if not todo:
            return pieces
        indexes = _indexes(bodies, todo)
        for local, patch in todo.items():
            named = t("OccurrenceItemId", RecurringMasterId=pieces.remote_id, InstanceIndex=str(indexes[local]))
            if patch is None:
                self._delete_occurrence(named)
            else:
                self._update(self._occurrence(named), patch)
        brought = self._read(pieces.remote_id)
        written = {bodies.timeline.identity(local): patch is not None for local, patch in todo.items()}
        if was_edited_between(shown(pieces).text, shown(brought).text, written=written):
            # An edit of somebody else's has come between: it must not be taken for what was written.
            raise Changed(CHANGED)
        return brought

    def _occurrence(self, named: Element) -> Element:
        """``t:ItemId`` of an occurrence with the change key that it has now."""
        shape = m("ItemShape", t("BaseShape", text="IdOnly"))
        told = _only_id(self._wire.one(m("GetItem", shape, m("ItemIds", named))))
        return item_id_element(str(told.get("Id", "")), str(told.get("ChangeKey", "")))

    def _delete_occurrence(self, named: Element) -> None:
        try:
            self._delete(named)
        except ExchangeRefusal as refusal:
            if refusal.code not in {NO_ITEM, "ErrorCalendarOccurrenceIsDeletedFromRecurrence"}:
                raise


def wanted(text: str) -> GraphEventBodies:
    """The items for ``text``, in Graph's words; NotTaken where Exchange has no such thing."""
    try:
        return bodies_of(text)
    except NotExpressibleInOutlook as missing:
        raise NotTaken(f"Exchange cannot keep this appointment: it does not know {missing}.") from None


def shown(pieces: ExchangeSeries) -> RemoteObject:
    """What a write has led to; TryLater where Exchange's answer makes no sense of it."""
    sighting = pieces.sighting()
    if not isinstance(sighting, RemoteObject):
        raise senseless()
    return sighting


def _retried(error: ObjectGone | ExchangeRefusal) -> Exception:
    """What becomes of a creation that found its own item gone: it is tried again."""
    if isinstance(error, ObjectGone) or error.code == NO_ITEM:
        return TryLater(_AGAIN, code="lost_again")
    return error_of(error.code)


def _only_id(message: Element) -> Any:
    found = every(message, "m:Items/*/t:ItemId")
    if len(found) != 1:
        raise senseless()
    return found[0]


def _bodies_now(pieces: ExchangeSeries) -> GraphEventBodies | None:
    """What is there, in the words in which it would be written; None where hxdav would not write it so."""
    try:
        return bodies_of(shown(pieces).text)
    except NotExpressibleInOutlook:
        return None


def _master_now(now: GraphEventBodies, pieces: ExchangeSeries) -> Json:
    return now.master | {"sensitivity": str(pieces.master().get("sensitivity") or "normal")}


def _known_master(text: str) -> Json:
    """What a single item says by its known text; nothing that counts where hxdav would not write it so."""
    try:
        now = bodies_of(text).master
    except NotExpressibleInOutlook:
        return {}
    return now | {"sensitivity": object_of(text).main.value("CLASS").lower() or "normal"}


def _is_back(now: GraphEventBodies, bodies: GraphEventBodies) -> bool:
    """Whether an occurrence is to take place again that was deleted out of the series."""
    return bodies.is_series and any(bodies.has(now.keys[key]) for key in now.excluded - bodies.excluded)


def _occurrence_changes(now: GraphEventBodies, bodies: GraphEventBodies) -> Iterator[tuple[datetime, Json | None]]:
    """For each occurrence that is not as it has to be its original start, and what to change; None deletes it.

    Deletions go first: an occurrence is moved to no day on which another one still is.
    """
    for key in sorted(bodies.excluded - now.excluded):
        yield bodies.keys[key], None
    for key, local in sorted({**now.keys, **bodies.keys}.items()):
        if key in bodies.excluded or key in now.excluded:
            continue
        current = now.overrides.get(key) or now.instance(local)
        patch = changes(current, bodies.overrides.get(key) or bodies.instance(local))
        if patch:
            yield local, patch


def _starts(bodies: GraphEventBodies) -> Iterator[datetime]:
    first = bodies.timeline.local(dtstart_of(bodies.obj.main, bodies.obj.zones))
    return rule_of(bodies.obj.main.value("RRULE").replace(" ", "")).starts(first, first, Allowance())


def _indexes(bodies: GraphEventBodies, locals_: Mapping[datetime, object]) -> dict[datetime, int]:
    """Which occurrences of the rule start then, counted from 1; deleted ones count."""
    found: dict[datetime, int] = {}
    for index, local in enumerate(_starts(bodies), start=1):
        if local in locals_:
            found[local] = index
        if len(found) == len(locals_):
            return found
    raise Changed(CHANGED)


def _in_other_words(bodies: GraphEventBodies) -> Json:
    """A recurrence that means the same as the object's, with another end: by number for by date, and the reverse.

    One without end has no other words: it ends far off.
    """
    recurrence: Json = bodies.master["recurrence"]
    bounds: Json = {"startDate": recurrence["range"]["startDate"]}
    kind = recurrence["range"]["type"]
    starts = list(islice(_starts(bodies), _FAR if kind == "noEnd" else _MOST_OCCURRENCES))
    if kind == "endDate":
        bounds |= {"type": "numbered", "numberOfOccurrences": len(starts)}
    else:
        bounds |= {"type": "endDate", "endDate": starts[-1].date().isoformat()}
    return recurrence | {"range": recurrence["range"] | bounds}
