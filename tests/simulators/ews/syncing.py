"""SyncFolderItems: what changed in a folder since a state, page by page.

https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/syncfolderitems-operation
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass

from tests.simulators.ews.book import Seen
from tests.simulators.ews.calls import EwsCall, each, folder_named
from tests.simulators.ews.rendering import Shape, read_shape
from tests.simulators.ews.wire import Element, EwsRefusal, children, flag, m, need, succeeded, t, text_at
from tests.simulators.ews.world import Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """Up to which change a client knows a folder; ``base`` is where the round began that it is in.

    What was made after the base is new to the client, even where it changed since.
    """

    folder: str
    epoch: int
    base: int = 0
    upto: int = 0

    def written(self) -> str:
        """The opaque text."""
        return base64.b64encode(json.dumps(asdict(self)).encode()).decode()


def sync_folder_items(call: EwsCall) -> list[Element]:
    """One page of changes of one folder."""
    return each(call, [need(call.body, "m:SyncFolderId")[0]], lambda named: _synced(call, named))


def _synced(call: EwsCall, named: Element) -> Element:
    mailbox, folder = folder_named(call, named)
    state = _state(call, folder.id)
    shape = read_shape(need(call.body, "m:ItemShape"), search=True)
    ignored = {one.get("Id") for one in children(call.body, "m:Ignore")}
    changes = [one for one in _changes(call, mailbox, state=state, shape=shape) if one[1] not in ignored]
    asked = int(text_at(call.body, "m:MaxChangesReturned") or "512")
    size = min(asked, call.world.quirks.largest_sync_page)
    page, is_last = changes[:size], len(changes) <= size
    if is_last:
        after = SyncState(folder=folder.id, epoch=state.epoch, base=call.world.number, upto=call.world.number)
    else:
        after = SyncState(folder=folder.id, epoch=state.epoch, base=state.base, upto=page[-1][0])
    told = page[: int(call.share * len(page))]
    return succeeded(
        "SyncFolderItems",
        m("SyncState", text=after.written()),
        m("IncludesLastItemInRange", text=flag(is_last)),
        m("Changes", *(element for _, _, element in told)),
    )


def _state(call: EwsCall, folder_id: str) -> SyncState:
    text = text_at(call.body, "m:SyncState")
    if not text:
        return SyncState(folder=folder_id, epoch=call.world.sync_epoch)
    try:
        state = SyncState(**json.loads(base64.b64decode(text, validate=True)))
    except (ValueError, TypeError, binascii.Error) as exc:
        raise _invalid() from exc
    if (state.folder, state.epoch) != (folder_id, call.world.sync_epoch):
        raise _invalid()
    return state


def _invalid() -> EwsRefusal:
    payload = (m("SyncState"), m("IncludesLastItemInRange", text="true"))
    return EwsRefusal("ErrorInvalidSyncStateData", "Synchronization state data is corrupt.", payload=payload)


def _changes(call: EwsCall, mailbox: Mailbox, *, state: SyncState, shape: Shape) -> list[tuple[int, str, Element]]:
    """Number, id and element of each change past the state, in order."""
    found: list[tuple[int, str, Element]] = []
    for item in mailbox.items_in(state.folder):
        if item.changed > state.upto:
            kind = "Create" if item.created > state.base else "Update"
            element = t(kind, call.writer.element(Seen(item=item), shape))
            found.append((item.changed, item.id, element))
    for grave in mailbox.tombstones:
        if grave.folder == state.folder and grave.number > state.upto and grave.created <= state.upto:
            element = t("Delete", t("ItemId", Id=grave.item_id))
            found.append((grave.number, grave.item_id, element))
    return sorted(found, key=lambda one: one[0])
