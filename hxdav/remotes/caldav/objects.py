"""Whole objects of a calendar, fetched by their names (RFC 4791 §7.9)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from http import HTTPStatus

from hxdav.domain.ids import Uid
from hxdav.domain.mirror import OWN_DOMAIN
from hxdav.domain.refusal import CalendarDataError
from hxdav.ical.objects import read_object
from hxdav.remote import Gone, RemoteId, RemoteObject, RemoteState, Tag, Unreadable
from hxdav.remotes.caldav import bodies
from hxdav.remotes.caldav.answers import ResourceReport, as_read, tag_of
from hxdav.remotes.caldav.folder import RemoteCollection
from hxdav.remotes.caldav.wire import CalDavAnswerTooLarge, NotServed

AT_ONCE = 50
"""How many objects one request asks for."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}")
_ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_NOT_TEXT = "It is no text in UTF-8."
_KEPT_BACK = "The calendar server does not show it to this account."
_TOO_LARGE = "It is larger than hxdav reads."


def fetched(folder: RemoteCollection, names: Sequence[RemoteId]) -> Iterator[RemoteObject | Unreadable]:
    """The objects of these names that are there, in their order; nothing is told of those that are not."""
    for start in range(0, len(names), AT_ONCE):
        batch = names[start : start + AT_ONCE]
        shown = _multiget(folder, batch)
        for name in batch:
            told = shown.get(name)
            if told is not None and told.code in _ABSENT:
                continue
            # What a report passes over is asked for by itself: silence is no word on an object.
            sighting = _by_itself(folder, name) if told is None else _of_report(folder, name, told)
            if not isinstance(sighting, Gone):
                yield sighting


def read(folder: RemoteCollection, name: RemoteId) -> RemoteState:
    """One object as it is now. Gone takes two answers: 404 or 410 on the object, then one of its calendar."""
    told = _multiget(folder, [name]).get(name)
    if told is None or told.code in _ABSENT:
        return _by_itself(folder, name)
    return _of_report(folder, name, told)


def _of_report(folder: RemoteCollection, name: RemoteId, told: ResourceReport) -> RemoteState:
    if told.code == HTTPStatus.FORBIDDEN:
        # One object that is kept from us is no reason to give up the others.
        return Unreadable(remote_id=name, tag=told.tag or folder.tag(name), sentence=_KEPT_BACK)
    if told.code != HTTPStatus.OK:
        raise folder.wire.refusal(told.code)
    if not (told.calendar_data and told.tag):
        return _by_itself(folder, name)
    return _sighting(name, told.tag, told.calendar_data)


def _by_itself(folder: RemoteCollection, name: RemoteId) -> RemoteState:
    try:
        response = folder.wire.send("GET", folder.url(name))
    except CalDavAnswerTooLarge:
        return Unreadable(remote_id=name, tag=folder.tag(name), sentence=_TOO_LARGE)
    if response.status_code in _ABSENT:
        folder.require()
        return Gone(remote_id=name)
    folder.wire.expect(response, {HTTPStatus.OK})
    tag = tag_of(response.headers.get("ETag", "")) or folder.tag(name)
    try:
        # The Content-Type is not asked: iCloud's cannot be trusted (calcurse, issues 30 and 60).
        text = response.content.decode()
    except UnicodeDecodeError:
        return Unreadable(remote_id=name, tag=tag, sentence=_NOT_TEXT)
    return _sighting(name, tag, as_read(text))


def _sighting(name: RemoteId, tag: Tag, text: str) -> RemoteObject | Unreadable:
    """An object with its text, or why that is no event that could be kept."""
    try:
        uid = read_object(text.encode()).uid
    except CalendarDataError as error:
        return Unreadable(remote_id=name, tag=tag, sentence=error.detail, reason=error.reason)
    is_ours = uid.endswith(f"@{OWN_DOMAIN}") and name == name_of(uid)
    return RemoteObject(remote_id=name, tag=tag, text=text, key=uid if is_ours else None)


def name_of(uid: Uid) -> RemoteId:
    """The name under which hxdav adds an object with this UID."""
    return RemoteId(f"{uid if _PLAIN.fullmatch(uid) else sha256(uid.encode()).hexdigest()}.ics")


def _multiget(folder: RemoteCollection, names: Sequence[RemoteId]) -> Mapping[RemoteId, ResourceReport]:
    """What a report tells of these; too much at once is asked for by halves.

    sabre/dav 1.8 answers 404 for the whole report where one object is missing, and some servers know no such report.
    The objects are then asked for one by one.
    """
    try:
        told = folder.report(bodies.multiget(folder.href(name) for name in names)).told
    except CalDavAnswerTooLarge:
        half = len(names) // 2
        return {**_multiget(folder, names[:half]), **_multiget(folder, names[half:])} if half else {}
    except NotServed:
        folder.require()
        return {}
    shown = ((folder.name(each.url), each) for each in told)
    return {name: each for name, each in shown if name is not None}
