"""The mailbox's folders: the calendar that hxdav makes below the person's own, and what becomes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from hxdav.remote import CalendarId, CalendarState, CalendarUnavailable, Identity, TryLater
from hxdav.remotes.exchange.elements import (
    MARKER,
    ZONE,
    Element,
    every,
    field_uri,
    find,
    m,
    own_properties,
    own_property,
    property_uri,
    t,
    text_at,
)
from hxdav.remotes.exchange.refusal import FOLDER_EXISTS, ExchangeRefusal, error_of, no_calendar, senseless
from hxdav.remotes.exchange.wire import ExchangeWire, granted

_KIND = "IPF.Appointment"
_PAGE = 200
_MOST_PAGES = 50
_MOST_NAMES = 50
_TAKEN = "The mailbox has many calendars of this name. Delete those that are not needed; hxdav tries again later."


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFolder:
    """A folder as it is told."""

    folder_id: str
    parent_id: str
    name: str
    kind: str
    marker: str
    zone: str


class Folders:
    """The folders of one mailbox."""

    def __init__(self, wire: ExchangeWire) -> None:
        self.wire = wire
        self._trash = ""

    def identity(self) -> Identity:
        """Whose mailbox it is: its own calendar never gets another id, whatever the mailbox comes to be called."""
        (shown,) = self._told([self._distinguished("calendar")])
        digest = hashlib.sha256(shown.folder_id.encode()).hexdigest()[:40]
        return Identity(subject=digest, label=self.wire.address)

    def marked(self, marker: str) -> CalendarId | None:
        """The calendar that carries ``marker``, wherever the person has moved it, unless they have deleted it."""
        sought = t("IsEqualTo", property_uri(MARKER), t("FieldURIOrConstant", t("Constant", Value=marker)))
        trash = self.trash()
        for shown in self._below("msgfolderroot", sought):
            if shown.marker == marker and shown.parent_id != trash:
                return CalendarId(shown.folder_id)
        return None

    def names(self) -> list[str]:
        """What the calendars in the mailbox are called, the person's own included."""
        sought = t("IsEqualTo", field_uri("folder:FolderClass"), t("FieldURIOrConstant", t("Constant", Value=_KIND)))
        trash = self.trash()
        found = (shown for shown in self._below("msgfolderroot", sought) if shown.parent_id != trash)
        return [shown.name for shown in found if shown.kind == _KIND]

    def make(self, name: str, *, marker: str, zone: str) -> CalendarId:
        """A new calendar below the person's own, with its marker from the first moment on.

        Exchange wants names below a folder to differ: one that is taken gets a number.
        """
        for number in range(1, _MOST_NAMES):
            plain = name if number == 1 else f"{name} ({number})"
            folder = t(
                "CalendarFolder",
                t("FolderClass", text=_KIND),
                t("DisplayName", text=plain),
                own_property(MARKER, marker),
                own_property(ZONE, zone),
            )
            parent = m("ParentFolderId", self._distinguished("calendar"))
            try:
                answer = self.wire.one(m("CreateFolder", parent, m("Folders", folder)))
            except ExchangeRefusal as refusal:
                if refusal.code != FOLDER_EXISTS:
                    raise error_of(refusal.code) from None
                continue
            made = find(answer, "m:Folders/t:CalendarFolder/t:FolderId")
            if made is None or not made.get("Id"):
                raise senseless()
            return CalendarId(str(made.get("Id")))
        raise TryLater(_TAKEN, code="too_many_names")

    def state(self, calendar_id: CalendarId) -> CalendarState:
        """Whether a calendar is there; deleted ones lie in the trash for a while, where nobody sees them."""
        try:
            self.shown(calendar_id)
        except CalendarUnavailable:
            return CalendarState.GONE
        return CalendarState.VISIBLE

    def shown(self, calendar_id: CalendarId) -> ShownFolder:
        """A calendar that is not in the trash. Raises CalendarUnavailable."""
        names = [t("FolderId", Id=calendar_id)]
        if not self._trash:
            names.append(self._distinguished("deleteditems"))
        shown, *others = self._told(names)
        for trash in others:
            self._trash = trash.folder_id
        if shown.parent_id == self._trash:
            raise no_calendar()
        return shown

    def trash(self) -> str:
        """The id of Deleted Items, asked for once."""
        if not self._trash:
            (shown,) = self._told([self._distinguished("deleteditems")])
            self._trash = shown.folder_id
        return self._trash

    def _told(self, names: list[Element]) -> list[ShownFolder]:
        try:
            messages = [granted(each) for each in self.wire.ask(m("GetFolder", _shape(), m("FolderIds", *names)))]
        except ExchangeRefusal as refusal:
            raise error_of(refusal.code) from None
        found = [_shown(element) for message in messages for element in every(message, "m:Folders/*")]
        if len(found) != len(names):
            raise senseless()
        return found

    def _below(self, distinguished: str, sought: Element) -> Iterator[ShownFolder]:
        offset = 0
        for _ in range(_MOST_PAGES):
            view = m("IndexedPageFolderView", MaxEntriesReturned=str(_PAGE), Offset=str(offset), BasePoint="Beginning")
            parents = m("ParentFolderIds", self._distinguished(distinguished))
            asked = m("FindFolder", _shape(), view, m("Restriction", sought), parents, Traversal="Deep")
            try:
                root = find(self.wire.one(asked), "m:RootFolder")
            except ExchangeRefusal as refusal:
                raise error_of(refusal.code) from None
            if root is None:
                raise senseless()
            elements = every(root, "t:Folders/*")
            yield from map(_shown, elements)
            offset += len(elements)
            if not elements or root.get("IncludesLastItemInRange") == "true":
                return

    def _distinguished(self, name: str) -> Element:
        """A folder that every mailbox has, in the account's own: whoever logs on may have another."""
        return t("DistinguishedFolderId", t("Mailbox", t("EmailAddress", text=self.wire.address)), Id=name)


def _shape() -> Element:
    asked = [field_uri(f"folder:{name}") for name in ("ParentFolderId", "FolderClass", "DisplayName")]
    asked += [property_uri(MARKER), property_uri(ZONE)]
    return m("FolderShape", t("BaseShape", text="IdOnly"), t("AdditionalProperties", *asked))


def _shown(element: Element) -> ShownFolder:
    own, parent, named = own_properties(element), find(element, "t:ParentFolderId"), find(element, "t:FolderId")
    if named is None or not named.get("Id"):
        raise senseless()
    return ShownFolder(
        folder_id=str(named.get("Id")),
        parent_id="" if parent is None else str(parent.get("Id", "")),
        name=text_at(element, "t:DisplayName"),
        kind=text_at(element, "t:FolderClass"),
        marker=own.get(MARKER, ""),
        zone=own.get(ZONE, ""),
    )
