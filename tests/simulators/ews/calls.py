"""One operation as it was called: by whom, on which mailbox, and what its messages have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.simulators.ews.book import ItemBook
from tests.simulators.ews.rendering import ItemWriter
from tests.simulators.ews.wire import Element, EwsRefusal, find, local, m, refused, text_at
from tests.simulators.ews.world import Mailbox, StoredFolder, World

_WITH_ITEMS = {"CreateItem", "GetItem", "UpdateItem", "MoveItem"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EwsCall:
    """One operation. ``zone`` is the Windows name in the request's TimeZoneContext, UTC where there is none.

    ``share`` is how much of a listing is told.
    """

    operation: str
    body: Element
    world: World
    mailbox: Mailbox
    zone: str = "UTC"
    share: float = 1.0

    @property
    def book(self) -> ItemBook:
        """The items of the mailbox."""
        return ItemBook(self.world, self.mailbox)

    @property
    def writer(self) -> ItemWriter:
        """What writes them."""
        return ItemWriter(self.mailbox, html_bodies=self.world.quirks.html_bodies)


def folder_named(call: EwsCall, element: Element) -> tuple[Mailbox, StoredFolder]:
    """What ``t:FolderId`` or ``t:DistinguishedFolderId`` names; only one's own mailbox is open to one."""
    email = text_at(element, "t:Mailbox/t:EmailAddress")
    if email and email.lower() != call.mailbox.email.lower():
        known = email.lower() in call.world.mailboxes
        raise EwsRefusal("ErrorAccessDenied" if known else "ErrorNonExistentMailbox", "The mailbox is not open to you.")
    if local(element) == "DistinguishedFolderId":
        name = element.get("Id", "")
        found = next((one for one in call.mailbox.folders.values() if one.distinguished == name), None)
        if found is None:
            raise EwsRefusal("ErrorFolderNotFound", "The specified folder could not be found in the store.")
        return call.mailbox, found
    return call.mailbox, call.mailbox.folder(element.get("Id", ""))


def each(call: EwsCall, asked: Iterable[Element], answered: Callable[[Element], Element]) -> list[Element]:
    """One response message for each thing that was asked; one refusal leaves the others alone."""
    messages: list[Element] = []
    for one in asked:
        try:
            messages.append(answered(one))
        except EwsRefusal as refusal:
            messages.append(refused_message(call, refusal))
    return messages


def refused_message(call: EwsCall, refusal: EwsRefusal) -> Element:
    """The refusal in the shape that the operation's messages have."""
    message = refused(call.operation, refusal)
    if call.operation in _WITH_ITEMS and find(message, "m:Items") is None:
        message.append(m("Items"))
    return message
