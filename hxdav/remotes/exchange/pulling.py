"""Listing a calendar, and what changed since: SyncFolderItems says which items, GetItem what they are.

https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/mailbox-synchronization-and-ews-in-exchange
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from hxdav.remote import Cursor, CursorExpired, Gone, Page, RemoteId, RemoteState
from hxdav.remotes.exchange.calendar_folder import CalendarFolder
from hxdav.remotes.exchange.elements import Element, every, find, local, m, t, text_at
from hxdav.remotes.exchange.refusal import BAD_STATE, ExchangeRefusal, error_of, senseless
from hxdav.remotes.exchange.series import read_pieces

PAGE_SIZE = 100
"""How many changes a page has at most; Exchange gives no more than 512."""

_CHANGED = frozenset({"Create", "Update"})
_APPOINTMENT = "CalendarItem"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """From where to go on: Exchange's own state of the folder, and whether a listing is under way.

    ``day`` is that of the last listing. What is made and deleted between two looks is never told, and so is not what
    hxdav itself has made in that time: a listing on each day shows that it is missing.
    """

    day: date
    state: str = ""
    is_listing: bool = True

    @property
    def cursor(self) -> Cursor:
        kept = {
            "kind": "listing" if self.is_listing else "changes",
            "state": self.state,
            "day": self.day.isoformat(),
        }
        return Cursor(json.dumps(kept, separators=(",", ":")))

    @classmethod
    def of(cls, cursor: Cursor | None, *, today: date) -> _Place:
        if cursor is None:
            return cls(day=today)
        try:
            kept = json.loads(cursor)
            known = cls(
                day=date.fromisoformat(kept["day"]),
                state=str(kept["state"]),
                is_listing=kept["kind"] == "listing",
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise error_of(BAD_STATE) from None
        return known if known.is_listing or known.day == today else cls(day=today)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A page of SyncFolderItems: ids of what is there and was made or changed, and of what has left the folder."""

    state: str
    is_last: bool
    changed: tuple[str, ...]
    deleted: tuple[str, ...]


def pull(folder: CalendarFolder, cursor: Cursor | None, *, page_size: int, today: date) -> Page:
    """The next page. Raises CursorExpired, and CalendarUnavailable where the calendar is not there any more.

    Where changes would be told on another day than that of the last listing, it is a listing instead.
    """
    place = _Place.of(cursor, today=today)
    if cursor is None:
        folder.require()
    else:
        folder.require_lately()
    answer = _answer(folder, place, page_size=page_size)
    if not answer.is_last and answer.state == place.state:
        raise senseless()
    following = replace(place, state=answer.state, is_listing=place.is_listing and not answer.is_last)
    sightings = tuple(_seen(folder, place, answer))
    if any(isinstance(sighting, Gone) for sighting in sightings):
        # Nothing in a calendar that is deleted counts as removed.
        folder.require()
    return Page(sightings=sightings, cursor=following.cursor, more=not answer.is_last, listing=place.is_listing)


def _answer(folder: CalendarFolder, place: _Place, *, page_size: int) -> _Answer:
    asked = m("SyncFolderItems", m("ItemShape", t("BaseShape", text="IdOnly")), m("SyncFolderId", folder.element))
    if place.state:
        asked.append(m("SyncState", text=place.state))
    asked.append(m("MaxChangesReturned", text=str(page_size)))
    try:
        return _read(folder.wire.one(asked))
    except ExchangeRefusal as refusal:
        error = error_of(refusal.code)
        if isinstance(error, CursorExpired) and not place.state:
            raise senseless() from None
        raise error from None


def _read(message: Element) -> _Answer:
    state, is_last = text_at(message, "m:SyncState"), text_at(message, "m:IncludesLastItemInRange")
    told = find(message, "m:Changes")
    if not state or is_last not in {"true", "false"} or told is None:
        raise senseless()
    changed, deleted = dict[str, None](), dict[str, None]()
    for change in told:
        if local(change) == "Delete":
            deleted |= dict.fromkeys(_ids(change))
        elif local(change) in _CHANGED:
            # Mail that somebody has moved here, or a task, is no appointment, and stays where it is.
            changed |= dict.fromkeys(own for part in change if local(part) == _APPOINTMENT for own in _ids(part))
    return _Answer(state=state, is_last=is_last == "true", changed=tuple(changed), deleted=tuple(deleted))


def _ids(element: Element) -> list[str]:
    found = [str(named.get("Id", "")) for named in every(element, "t:ItemId")]
    if len(found) != 1 or not found[0]:
        raise senseless()
    return found


def _seen(folder: CalendarFolder, place: _Place, answer: _Answer) -> Iterator[RemoteState]:
    """What a page comes to. What is told to be deleted is asked for: only Exchange's word on it makes it gone.

    The same item may be told twice in a round, as made and as changed: it is asked for once.
    """
    deleted = () if place.is_listing else answer.deleted
    asked = tuple(dict.fromkeys((*answer.changed, *deleted)))
    if not asked:
        return
    for own, pieces in zip(asked, read_pieces(folder.wire, asked, home=folder.home), strict=True):
        if pieces is not None:
            if own in answer.changed:
                yield pieces.sighting()
        elif not place.is_listing:
            yield Gone(remote_id=RemoteId(own))
