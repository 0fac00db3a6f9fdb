"""Makes a bridge's calendar, once, and looks what has become of it (`design.md` §7, rule 8)."""

from __future__ import annotations

from hxdav.errors import HxdavError
from hxdav.remote import CalendarState, CalendarUnavailable, Remote, RemoteId, Sighting
from hxdav.sync.brake import MixedUp
from hxdav.sync.errand import Errand


class CalendarLost(HxdavError):
    """The calendar is hidden or gone: nothing in it counts as removed."""

    def __init__(self, state: CalendarState) -> None:
        super().__init__("The calendar is hidden, or no longer there.")
        self.state = state


def look(errand: Errand) -> CalendarState:
    """What has become of the calendar."""
    try:
        return errand.remote.calendar_state(errand.calendar_id)
    except CalendarUnavailable:
        return CalendarState.GONE


def require_visible(errand: Errand) -> None:
    """Raise CalendarLost unless the calendar is there, and shown."""
    state = look(errand)
    if state is not CalendarState.VISIBLE:
        raise CalendarLost(state)


def find_or_make(remote: Remote, *, name: str, marker: str, zone: str) -> str:
    """The calendar that carries ``marker``: looked for first, because the answer to its making may have been lost."""
    return remote.find_calendar(marker) or remote.make_calendar(name, marker=marker, zone=zone)


def ask_for(errand: Errand, remote_id: str) -> Sighting:
    """What the provider shows of one object now; raise MixedUp where it shows another one."""
    sighting = errand.remote.read(errand.calendar_id, RemoteId(remote_id))
    if sighting.remote_id != remote_id:
        raise MixedUp
    return sighting
