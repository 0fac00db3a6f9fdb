"""The account's calendars: found by a marker, made once, and what has become of them (RFC 4791 §5.2, §5.3.1)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urljoin

from hxdav.remote import CalendarId, CalendarState, CalendarUnavailable, NotTaken, TryLater
from hxdav.remotes.caldav import bodies
from hxdav.remotes.caldav.answers import CALDAV, DAV, ResourceReport, path_of, same_collection
from hxdav.remotes.caldav.folder import require_calendar
from hxdav.remotes.caldav.places import Places
from hxdav.remotes.caldav.wire import CalDavWire

_DESCRIPTION = "Appointments of the practice, kept in step by hxdav."
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,63}")
_CONFLICTS = frozenset(
    {
        HTTPStatus.FORBIDDEN,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
    }
)
"""What servers say to MKCALENDAR where there is something already (RFC 4791 §5.3.1.1 and what is made of it)."""

_NOT_MADE = "The account takes no further calendar. Look there whether it may have one more, then connect it again."
_NOT_SHOWN = "The calendar server has made the calendar and does not show it yet; hxdav looks again later."
_NO_HOME = "The account's calendars do not answer; hxdav tries again later."


def calendar_named(places: Places, wire: CalDavWire, marker: str) -> CalendarId | None:
    """The calendar that was made with ``marker``: its address is made of it, and its description says it too."""
    for told in _listed(places, wire):
        is_ours = same_collection(told.url, places.home() + _segment_of(marker))
        if is_ours or marker in told.text(f"{CALDAV}calendar-description").split():
            # On the home's host, whichever the href names: at iCloud the partition, not the front door.
            return CalendarId(urljoin(places.home(), path_of(told.url)))
    return None


def names_of(places: Places, wire: CalDavWire) -> tuple[str, ...]:
    """What the account's calendars are called."""
    return tuple(name for told in _listed(places, wire) if (name := told.text(f"{DAV}displayname")))


def made(places: Places, wire: CalDavWire, name: str, *, marker: str, zone: str) -> CalendarId:
    """A new calendar, or the one that carries ``marker`` already: its address is taken then, so it is adopted."""
    url = f"{places.home()}{_segment_of(marker)}/"
    body = bodies.mkcalendar(name, description=f"{_DESCRIPTION} {marker}", zone=zone)
    response = wire.send("MKCALENDAR", url, content=body, headers={"Content-Type": "application/xml; charset=utf-8"})
    if response.status_code not in _CONFLICTS:
        wire.expect(response, {HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.MULTI_STATUS})
    found = calendar_named(places, wire, marker)
    if found is not None:
        return found
    if response.status_code in _CONFLICTS:
        raise NotTaken(_NOT_MADE)
    raise TryLater(_NOT_SHOWN, code="not_shown")


def state_of(places: Places, wire: CalDavWire, calendar_id: CalendarId) -> CalendarState:
    """Whether a calendar is there; gone only by the server's word on it, while the account's home answers."""
    try:
        require_calendar(wire, calendar_id)
    except CalendarUnavailable:
        try:
            wire.told_of(places.home(), "D:resourcetype")
        except CalendarUnavailable:
            raise TryLater(_NO_HOME, code="no_home") from None
        return CalendarState.GONE
    return CalendarState.VISIBLE


def _listed(places: Places, wire: CalDavWire) -> Iterator[ResourceReport]:
    home = places.home()
    asked = ("D:resourcetype", "D:displayname", "C:calendar-description")
    for told in wire.propfind(home, *asked, depth=1).told:
        if told.is_calendar and told.code == HTTPStatus.OK:
            yield told


def _segment_of(marker: str) -> str:
    """The last segment of the address of the calendar with this marker: itself, or a digest of what is no address."""
    return marker if _PLAIN.fullmatch(marker) else hashlib.sha256(marker.encode()).hexdigest()[:32]
