"""Pulling: what changed since a cursor (RFC 6578), or a listing of everything.

A cursor is JSON: the collection's sync token and ctag, and of what was announced the names that are still to be
fetched; never any content. Where the collection has no sync token, or its report fails, every change is a listing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from http import HTTPStatus

import httpx

from hxdav.remote import Cursor, CursorExpired, Gone, Page, RemoteId, RemoteState, TryLater
from hxdav.remotes.caldav import bodies
from hxdav.remotes.caldav.answers import (
    CALENDARSERVER,
    DAV,
    InvalidMultistatus,
    Multistatus,
    ResourceReport,
    parsed,
    same_collection,
)
from hxdav.remotes.caldav.folder import RemoteCollection
from hxdav.remotes.caldav.objects import fetched

_ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_REFUSED_TOKEN = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.GONE,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.INSUFFICIENT_STORAGE,
    }
)
"""What servers say to a token that they do not know (any more); RFC 6578 §3.2 has 403 or 409."""

_NO_REPORT = frozenset(
    {
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
"""What servers say that cannot do the report, or fail in it."""

_EXPIRED = "The calendar server cannot tell any more what has changed; hxdav lists the calendar anew."
_NO_SENSE = "The calendar server's answer made no sense; hxdav tries again later."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What a cursor holds: how the collection stood, and which names are ``left`` to be fetched from then.

    ``truncated``: the server had more to say than what it announced (RFC 6578 §3.6).
    """

    token: str
    ctag: str
    left: tuple[RemoteId, ...] = ()
    listing: bool = False
    truncated: bool = False


def pull(folder: RemoteCollection, cursor: Cursor | None) -> Page:
    """The next page since ``cursor``; of a listing where that is None, or where the server can do no better."""
    if cursor is None:
        return _listing(folder, _standing(folder))
    place = _read(cursor)
    if place.left:
        return _page(folder, place)
    if place.truncated:
        return _changes(folder, place, now=place)
    now = _standing(folder)
    if now == place and (now.token or now.ctag):
        return Page(sightings=(), cursor=cursor, more=False, listing=False)
    if not (now.token and place.token):
        return _listing(folder, now, before=place)
    return _changes(folder, place, now=now)


def _standing(folder: RemoteCollection) -> _Place:
    """How the collection stands: one small request, and all that an unchanged calendar costs."""
    told = folder.wire.told_of(folder.calendar_id, "D:sync-token", "S:getctag")
    return _Place(token=told.text(f"{DAV}sync-token"), ctag=told.text(f"{CALENDARSERVER}getctag"))


def _listing(folder: RemoteCollection, now: _Place, *, before: _Place | None = None) -> Page:
    """The first page of everything. ``now`` was asked for before it, so that no change falls between.

    A collection without token and ctag gets one made of its entity tags.
    """
    found = folder.wire.propfind(folder.calendar_id, "D:getetag", depth=1)
    members = _members(folder, found.told)
    if not any(same_collection(told.url, folder.calendar_id) for told in found.told):
        # The collection itself has to be among them: a listing without it is none, and proves nothing to be absent.
        raise TryLater(_NO_SENSE, code="senseless")
    if not now.token and not now.ctag:
        stand = "\n".join(sorted(f"{name} {told.tag}" for name, told in members))
        now = replace(now, ctag="made:" + sha256(stand.encode()).hexdigest())
        if before is not None and before.ctag == now.ctag:
            return Page(sightings=(), cursor=_written(now), more=False, listing=False)
    left = tuple(name for name, told in members if told.code == HTTPStatus.OK)
    return _page(folder, replace(now, left=left, listing=True))


def _changes(folder: RemoteCollection, place: _Place, *, now: _Place) -> Page:
    """The first page of what the report announces since ``place`` (RFC 6578 §3.4)."""
    try:
        found, truncated = _reported(folder, place.token)
    except NotImplementedError:
        return _listing(folder, _standing(folder))
    members = dict(_members(folder, found.told))
    gone = tuple(Gone(remote_id=name) for name, told in members.items() if told.code in _ABSENT)
    left = tuple(name for name, told in members.items() if told.code == HTTPStatus.OK)
    if truncated and found.sync_token == place.token:
        # It would say the same again without end.
        raise CursorExpired(_EXPIRED)
    # A server may spell its token otherwise in the report; where nothing came, the property's is the one to compare.
    token = found.sync_token if members or truncated else now.token
    following = _Place(token=token, ctag=now.ctag, left=left, truncated=truncated)
    return _page(folder, following, gone)


def _reported(folder: RemoteCollection, token: str) -> tuple[Multistatus, bool]:
    """What a sync-collection report says, and whether it was truncated; NotImplementedError where there is none."""
    response = folder.wire.send_report(folder.calendar_id, bodies.sync_collection(token))
    if response.status_code != HTTPStatus.MULTI_STATUS:
        if _refuses_token(response):
            raise CursorExpired(_EXPIRED)
        if response.status_code in _NO_REPORT:
            raise NotImplementedError
        raise folder.wire.refused(response)
    found = folder.wire.understood(response)
    if not found.sync_token:
        raise TryLater(_NO_SENSE, code="senseless")
    return found, any(told.code == HTTPStatus.INSUFFICIENT_STORAGE for told in found.told)


def _refuses_token(response: httpx.Response) -> bool:
    """Whether an answer refuses the token: it says so (DAV:valid-sync-token), or what else could it mean."""
    if response.status_code in _REFUSED_TOKEN:
        return True
    try:
        return parsed(response.content).find(f".//{DAV}valid-sync-token") is not None
    except InvalidMultistatus:
        return False


def _page(folder: RemoteCollection, place: _Place, gone: Sequence[Gone] = ()) -> Page:
    """The next objects of those that are left, behind what is ``gone``."""
    now, later = place.left[: folder.page_size], place.left[folder.page_size :]
    sightings: tuple[RemoteState, ...] = (*gone, *fetched(folder, now))
    more = bool(later) or place.truncated
    following = replace(place, left=later, listing=place.listing and bool(later))
    return Page(sightings=sightings, cursor=_written(following), more=more, listing=place.listing)


def _members(folder: RemoteCollection, told: Sequence[ResourceReport]) -> list[tuple[RemoteId, ResourceReport]]:
    """What is told of objects: neither of the collection, which iCloud lists as its own member, nor of what is else."""
    named = ((folder.name(each.url), each) for each in told)
    return [(name, each) for name, each in named if name is not None]


def _written(place: _Place) -> Cursor:
    fields = {
        "kind": "caldav",
        "token": place.token,
        "ctag": place.ctag,
        "left": list(place.left),
        "listing": place.listing,
        "truncated": place.truncated,
    }
    return Cursor(json.dumps({name: value for name, value in fields.items() if value}, separators=(",", ":")))


def _read(cursor: Cursor) -> _Place:
    try:
        fields = json.loads(cursor)
        if fields["kind"] != "caldav":
            raise CursorExpired(_EXPIRED)
        return _Place(
            token=str(fields.get("token", "")),
            ctag=str(fields.get("ctag", "")),
            left=tuple(RemoteId(str(name)) for name in fields.get("left", ())),
            listing=bool(fields.get("listing")),
            truncated=bool(fields.get("truncated")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CursorExpired(_EXPIRED) from None
