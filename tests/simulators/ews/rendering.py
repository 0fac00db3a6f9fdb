"""Items and folders as Exchange writes them, in the shape that was asked for and the order of the schema."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice

from tests.simulators.ews.book import Seen
from tests.simulators.ews.fields import extended_key
from tests.simulators.ews.series import Occurrence, living, occurrence_id, occurrences
from tests.simulators.ews.times import written
from tests.simulators.ews.wire import Element, children, flag, local, t, text_at
from tests.simulators.ews.words import DEFAULT_SHAPE, NOT_FOUND_BY_SEARCH, RANK, element_named
from tests.simulators.ews.world import Mailbox, StoredFolder, item_id_element

_SEARCH_LENGTH = 255
_RIGHTS = ("CreateAssociated", "CreateContents", "CreateHierarchy", "Delete", "Modify", "Read", "ViewPrivateItems")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What of an item was asked for: element names, keys of extended properties, and the kind of body.

    ``names`` is None for all there are. A ``search`` leaves out what only GetItem tells, and shortens long texts.
    """

    names: frozenset[str] | None
    extended: frozenset[str]
    body: str
    search: bool


def read_shape(element: Element, *, search: bool = False, default: frozenset[str] = DEFAULT_SHAPE) -> Shape:
    """The shape that ``m:ItemShape`` or ``m:FolderShape`` asks for; ``default`` is what its BaseShape Default is."""
    names = {"IdOnly": {"ItemId"}, "Default": set(default)}.get(text_at(element, "t:BaseShape") or "IdOnly")
    extended: set[str] = set()
    for asked in children(element, "t:AdditionalProperties"):
        if local(asked) == "ExtendedFieldURI":
            extended.add(extended_key(asked))
        elif names is not None:
            names.add(element_named(asked.get("FieldURI", "")))
    return Shape(
        names=None if names is None else frozenset(names),
        extended=frozenset(extended),
        body=text_at(element, "t:BodyType") or "Best",
        search=search,
    )


class ItemWriter:
    """``t:CalendarItem`` of what is in one mailbox."""

    def __init__(self, mailbox: Mailbox, *, html_bodies: bool = False) -> None:
        self.mailbox = mailbox
        self.html_bodies = html_bodies

    def element(self, seen: Seen, shape: Shape) -> Element:
        """The item in that shape."""
        children = [
            *(deepcopy(one) for name, one in seen.fields.plain.items() if one is not None and name not in _WRITTEN),
            *(deepcopy(one) for key, one in seen.fields.extended.items() if one is not None and key in shape.extended),
        ]
        wanted = [one for one in children if _is_wanted(local(one), shape)]
        for name, write in _WRITTEN.items():
            if _is_wanted(name, shape):
                made = write(self, seen, shape)
                wanted += [] if made is None else [made]
        if shape.search:
            for one in wanted:
                _shorten(one)
        return t("CalendarItem", *sorted(wanted, key=lambda one: RANK[local(one)]))

    # -- what is not just told as it was written

    def _body(self, seen: Seen, shape: Shape) -> Element | None:
        kept = seen.fields.plain.get("Body")
        if kept is None:
            return None
        is_html = kept.get("BodyType") == "HTML"
        asked = shape.body if shape.body != "Best" or not self.html_bodies else "HTML"
        text = kept.text or ""
        if asked == "Text" and is_html:
            return t("Body", text=plain_text(text), BodyType="Text")
        if asked == "HTML" and not is_html:
            inner = html.escape(text, quote=False).replace("\n", "<br>\n")
            page = f"<html>\n<body>\n<div>{inner}</div>\n</body>\n</html>\n"
            return t("Body", text=page, BodyType="HTML")
        return deepcopy(kept)

    def _text_body(self, seen: Seen, shape: Shape) -> Element | None:
        kept = seen.fields.plain.get("Body")
        if kept is None:
            return None
        text = kept.text or ""
        return t("TextBody", text=plain_text(text) if kept.get("BodyType") == "HTML" else text, BodyType="Text")

    def _organizer(self, seen: Seen, shape: Shape) -> Element:
        return t("Organizer", mailbox_element(self.mailbox))

    def _recurrence(self, seen: Seen, shape: Shape) -> Element | None:
        recurrence = seen.item.fields.recurrence
        return recurrence.element() if recurrence and seen.occurrence is None else None

    def _first(self, seen: Seen, shape: Shape) -> Element | None:
        found = None if seen.occurrence else next(living(seen.item), None)
        return _info(seen, "FirstOccurrence", found) if found else None

    def _last(self, seen: Seen, shape: Shape) -> Element | None:
        recurrence = seen.item.fields.recurrence
        if seen.occurrence or recurrence is None or (recurrence.count is None and recurrence.until is None):
            return None
        found = list(living(seen.item))
        return _info(seen, "LastOccurrence", found[-1]) if found else None

    def _modified(self, seen: Seen, shape: Shape) -> Element | None:
        if seen.occurrence or not seen.item.exceptions:
            return None
        found = (one for one in occurrences(seen.item) if one.is_exception)
        told = islice(found, len(seen.item.exceptions))
        return t("ModifiedOccurrences", *(_info(seen, "Occurrence", one) for one in told))

    def _deleted(self, seen: Seen, shape: Shape) -> Element | None:
        if seen.occurrence or not seen.item.deleted:
            return None
        told = islice((one for one in occurrences(seen.item) if one.is_deleted), len(seen.item.deleted))
        starts = (t("Start", text=written(one.original)) for one in told)
        return t("DeletedOccurrences", *(t("DeletedOccurrence", start) for start in starts))

    def _reminder_due(self, seen: Seen, shape: Shape) -> Element | None:
        return (
            t("ReminderDueBy", text=written(seen.fields.start)) if seen.fields.text("ReminderIsSet") == "true" else None
        )

    def _original(self, seen: Seen, shape: Shape) -> Element | None:
        return t("OriginalStart", text=written(seen.occurrence.original)) if seen.occurrence else None

    def _recurrence_id(self, seen: Seen, shape: Shape) -> Element | None:
        return t("RecurrenceId", text=written(seen.occurrence.original)) if seen.occurrence else None

    def _duration(self, seen: Seen, shape: Shape) -> Element:
        minutes = int((seen.fields.end - seen.fields.start).total_seconds()) // 60
        return t("Duration", text=f"PT{minutes}M")


def _always(name: str, text: str) -> Callable[[ItemWriter, Seen, Shape], Element]:
    return lambda _, __, ___: t(name, text=text)


def _told(name: str, text: Callable[[Seen], str]) -> Callable[[ItemWriter, Seen, Shape], Element]:
    return lambda _, seen, __: t(name, text=text(seen))


_WRITTEN: dict[str, Callable[[ItemWriter, Seen, Shape], Element | None]] = {
    "ItemId": lambda _, seen, __: item_id_element(seen.id, seen.item.change_key),
    "ParentFolderId": lambda _, seen, __: t("ParentFolderId", Id=seen.item.folder),
    "ItemClass": lambda _, seen, __: t(
        "ItemClass",
        text="IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}" if seen.kind == "Exception" else "IPM.Appointment",
    ),
    "Body": ItemWriter._body,
    "TextBody": ItemWriter._text_body,
    "DateTimeReceived": _told("DateTimeReceived", lambda seen: written(seen.item.made_at)),
    "DateTimeSent": _told("DateTimeSent", lambda seen: written(seen.item.made_at)),
    "DateTimeCreated": _told("DateTimeCreated", lambda seen: written(seen.item.made_at)),
    "Size": _told("Size", lambda seen: str(2000 + 100 * len(seen.fields.plain))),
    "IsDraft": _always("IsDraft", "false"),
    "ReminderDueBy": ItemWriter._reminder_due,
    "HasAttachments": _always("HasAttachments", "false"),
    "EffectiveRights": lambda _, __, ___: rights_element(),
    "LastModifiedName": lambda writer, _, __: t("LastModifiedName", text=writer.mailbox.name),
    "LastModifiedTime": _told("LastModifiedTime", lambda seen: written(seen.item.changed_at)),
    "RecurrenceId": ItemWriter._recurrence_id,
    "DateTimeStamp": _told("DateTimeStamp", lambda seen: written(seen.item.changed_at)),
    "OriginalStart": ItemWriter._original,
    "IsMeeting": _always("IsMeeting", "false"),
    "IsCancelled": _always("IsCancelled", "false"),
    "IsRecurring": _told("IsRecurring", lambda seen: flag(seen.kind != "Single")),
    "MeetingRequestWasSent": _always("MeetingRequestWasSent", "false"),
    "CalendarItemType": _told("CalendarItemType", lambda seen: seen.kind),
    "MyResponseType": _always("MyResponseType", "Organizer"),
    "Organizer": ItemWriter._organizer,
    "Duration": ItemWriter._duration,
    "TimeZone": _told("TimeZone", lambda seen: seen.fields.zone_name),
    "AppointmentSequenceNumber": _always("AppointmentSequenceNumber", "0"),
    "AppointmentState": _always("AppointmentState", "0"),
    "Recurrence": ItemWriter._recurrence,
    "FirstOccurrence": ItemWriter._first,
    "LastOccurrence": ItemWriter._last,
    "ModifiedOccurrences": ItemWriter._modified,
    "DeletedOccurrences": ItemWriter._deleted,
    "IsOrganizer": _always("IsOrganizer", "true"),
}


def _is_wanted(name: str, shape: Shape) -> bool:
    if shape.search and name in NOT_FOUND_BY_SEARCH:
        return False
    return shape.names is None or name in shape.names or name == "ExtendedProperty"


def _shorten(element: Element) -> None:
    # A search tells the first 255 characters of a text and says nothing of the rest.
    texts: Iterable[Element] = element.iter() if local(element) == "ExtendedProperty" else [element]
    for one in texts:
        if one.text and local(one) in {"Subject", "Location", "Value"}:
            one.text = one.text[:_SEARCH_LENGTH]


def _info(seen: Seen, name: str, one: Occurrence) -> Element:
    return t(
        name,
        item_id_element(occurrence_id(seen.item.id, one.day), seen.item.change_key),
        t("Start", text=written(one.fields.start)),
        t("End", text=written(one.fields.end)),
        t("OriginalStart", text=written(one.original)),
    )


def plain_text(page: str) -> str:
    """The text of HTML."""
    inner = re.sub(r"(?is)<(head|style|script)\b.*?</\1>", "", page)
    lined = re.sub(r"(?i)<br\s*/?>\n?|</p>\n?", "\n", inner)
    return html.unescape(re.sub(r"<[^>]+>", "", lined)).strip()


def mailbox_element(mailbox: Mailbox) -> Element:
    """``t:Mailbox`` of an account."""
    return t(
        "Mailbox",
        t("Name", text=mailbox.name),
        t("EmailAddress", text=mailbox.email),
        t("RoutingType", text="SMTP"),
        t("MailboxType", text="Mailbox"),
    )


def rights_element() -> Element:
    """That its owner may do everything."""
    return t("EffectiveRights", *(t(name, text="true") for name in _RIGHTS))


def folder_element(mailbox: Mailbox, folder: StoredFolder, shape: Shape | None = None) -> Element:
    """A folder: its id alone without a shape, otherwise all that hxdav asks for and the properties of the shape."""
    kind = "CalendarFolder" if folder.folder_class == "IPF.Appointment" else "Folder"
    folder_id = t("FolderId", Id=folder.id, ChangeKey=folder.change_key)
    if shape is None:
        return t(kind, folder_id)
    children = sum(1 for one in mailbox.folders.values() if one.parent == folder.id)
    parts = [
        folder_id,
        t("ParentFolderId", Id=folder.parent) if folder.parent else None,
        t("FolderClass", text=folder.folder_class),
        t("DisplayName", text=folder.name),
        t("TotalCount", text=str(sum(1 for one in mailbox.items.values() if one.folder == folder.id))),
        t("ChildFolderCount", text=str(children)),
        *(deepcopy(one) for key, one in folder.fields.extended.items() if key in shape.extended),
        rights_element(),
        t("DistinguishedFolderId", text=folder.distinguished) if folder.distinguished else None,
    ]
    asked = {"FolderId", "ExtendedProperty"} | ((shape.names or set()) - {"ItemId"})
    told = [one for one in parts if one is not None and (shape.names is None or local(one) in asked)]
    return t(kind, *told)
