"""Writing: each PUT and DELETE names the version that it is about, and can be done again (RFC 9110 §13)."""

from __future__ import annotations

from datetime import UTC
from http import HTTPStatus
from xml.etree.ElementTree import Element

import httpx

from hxdav.domain.field import EVERY_FIELD
from hxdav.ical.fields import differences, parts_of
from hxdav.ical.objects import object_of
from hxdav.remote import (
    Changed,
    Gone,
    NotTaken,
    ObjectGone,
    RemoteError,
    RemoteId,
    RemoteObject,
    Tag,
    TryLater,
)
from hxdav.remotes.caldav import bodies
from hxdav.remotes.caldav.account import Flavour
from hxdav.remotes.caldav.answers import CALDAV, DAV, InvalidMultistatus, as_read, parsed, resolved, tag_of
from hxdav.remotes.caldav.ends import with_ends
from hxdav.remotes.caldav.folder import RemoteCollection
from hxdav.remotes.caldav.objects import name_of, read

_DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT})
_ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_TAKEN = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})
"""What servers say to a new object whose name or UID is there already."""

_TAKEN_UID = {f"{CALDAV}no-uid-conflict", f"{CALDAV}unique-scheduling-object-resource"}
_PUT_AGAIN = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.LOCKED, HTTPStatus.TOO_EARLY})
_UNREAD = Tag('"unread"')
"""Of an object that is not known as it is now: nothing is written under it."""

_CHANGED = "The appointment was changed in the calendar in the meantime."
_GONE = "The appointment is not in the calendar any more."
_LOST_AGAIN = "The appointment was in the calendar a moment ago and is not any more; hxdav tries again later."
_ELSEWHERE = (
    "The account does not take this appointment: another of its calendars may hold one with the same identifier."
    " Remove that one, or move it into this calendar."
)
_NOT_TAKEN = "The calendar server does not take this appointment as it is. Change it, or leave it in the practice's."


def create(folder: RemoteCollection, text: str) -> RemoteObject:
    """Add an object under a name that its UID gives; one that is there already is brought to ``text``."""
    uid = object_of(text).uid
    name = name_of(uid)
    response = _put(folder, name, text, condition={"If-None-Match": "*"})
    if response.status_code in _DONE:
        return _shown(folder, name, text, response=response)
    if response.status_code in _TAKEN:
        known = _known(folder, uid, name, response=response)
        try:
            return update(folder, known, text)
        except ObjectGone:
            raise TryLater(_LOST_AGAIN, code="lost_again") from None
    if response.status_code in _ABSENT:
        folder.require()
    raise _refused(folder, response)


def update(folder: RemoteCollection, known: RemoteObject, text: str) -> RemoteObject:
    """Bring an object that still has ``known.tag`` to ``text``. Never If-Match: *, which iCloud takes the wrong way."""
    response = _put(folder, known.remote_id, text, condition={"If-Match": known.tag})
    if response.status_code in _DONE:
        return _shown(folder, known.remote_id, text, response=response)
    if response.status_code in _ABSENT | _TAKEN:
        if isinstance(read(folder, known.remote_id), Gone):
            raise ObjectGone(_GONE)
        if response.status_code == HTTPStatus.PRECONDITION_FAILED:
            raise Changed(_CHANGED)
    raise _refused(folder, response)


def remove(folder: RemoteCollection, known: RemoteObject) -> None:
    """Remove an object that still has ``known.tag``; done as well where it is gone, while its calendar answers."""
    response = folder.wire.send("DELETE", folder.url(known.remote_id), headers={"If-Match": known.tag})
    if response.status_code in _DONE:
        return
    if response.status_code in _ABSENT | {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}:
        if isinstance(read(folder, known.remote_id), Gone):
            return
        raise Changed(_CHANGED)
    raise folder.wire.refused(response)


def _put(folder: RemoteCollection, name: RemoteId, text: str, *, condition: dict[str, str]) -> httpx.Response:
    headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
    return folder.wire.send("PUT", folder.url(name), content=with_ends(text).encode(), headers=headers)


def _shown(folder: RemoteCollection, name: RemoteId, text: str, *, response: httpx.Response) -> RemoteObject:
    """An object as the provider shows it, now that it was put.

    A strong entity tag says that it was kept as it was sent (RFC 4791 §5.3.4); iCloud writes objects anew all the same.
    """
    written = response.headers.get("ETag", "").strip()
    if written.startswith('"') and folder.wire.flavour is not Flavour.ICLOUD:
        return RemoteObject(remote_id=name, tag=tag_of(written), text=as_read(with_ends(text)))
    sighting = read(folder, name)
    if not isinstance(sighting, RemoteObject):
        raise TryLater(_LOST_AGAIN, code="lost_again")
    told = tag_of(written)
    if told != sighting.tag if told else _says_else(sighting.text, text):
        # Somebody was quicker than our reading back: what they wrote is to be pulled, and not taken for our own words.
        return RemoteObject(remote_id=name, tag=told or _UNREAD, text=as_read(with_ends(text)))
    return sighting


def _says_else(shown: str, text: str) -> bool:
    """Whether what is shown means something else than what was put: all that tells, where a put gives no tag."""
    put, read_back = (
        parts_of(object_of(each), carries=EVERY_FIELD, practice_zone=UTC) for each in (with_ends(text), shown)
    )
    return bool(differences(put, read_back))


def _known(folder: RemoteCollection, uid: str, name: RemoteId, *, response: httpx.Response) -> RemoteObject:
    """The object of this calendar whose UID was refused as taken: at our name, where that says, or by a query."""
    for candidate in dict.fromkeys((name, *_named_by(folder, response))):
        sighting = read(folder, candidate)
        if isinstance(sighting, RemoteObject) and object_of(sighting.text).uid == uid:
            return sighting
    for told in folder.report(bodies.query_by_uid(uid)).told:
        found = folder.name(told.url)
        sighting = Gone(remote_id=name) if found is None else read(folder, found)
        if isinstance(sighting, RemoteObject) and object_of(sighting.text).uid == uid:
            return sighting
    raise NotTaken(_NOT_TAKEN if _conditions(response) - _TAKEN_UID else _ELSEWHERE)


def _named_by(folder: RemoteCollection, response: httpx.Response) -> list[RemoteId]:
    """Where a refusal says that the UID is (RFC 4791 §5.3.2.1), where that is in this calendar."""
    hrefs = [] if (root := _error(response)) is None else root.iterfind(f".//{DAV}href")
    try:
        found = [folder.name(resolved(str(response.url), (href.text or "").strip())) for href in hrefs]
    except InvalidMultistatus:
        return []
    return [name for name in found if name is not None]


def _conditions(response: httpx.Response) -> set[str]:
    """Which conditions a refusal names (RFC 4918 §16); Apple's says nothing."""
    root = _error(response)
    return set() if root is None else {element.tag for element in root}


def _error(response: httpx.Response) -> Element | None:
    try:
        root = parsed(response.content)
    except InvalidMultistatus:
        return None
    return root if root.tag == f"{DAV}error" else None


def _refused(folder: RemoteCollection, response: httpx.Response) -> RemoteError:
    """The error for a PUT that was not taken: what is wrong with the object is parked, the rest as ever."""
    code = response.status_code
    lasting = HTTPStatus.BAD_REQUEST <= code < HTTPStatus.INTERNAL_SERVER_ERROR and code not in _PUT_AGAIN
    if code == HTTPStatus.INSUFFICIENT_STORAGE or (lasting and code != HTTPStatus.TOO_MANY_REQUESTS):
        return NotTaken(_NOT_TAKEN)
    return folder.wire.refused(response)
