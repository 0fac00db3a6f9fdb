"""Makes a bridge's calendar, once, and looks what has become of it (docs/engine.md, rule 8)."""

from __future__ import annotations

from hxdav.errors import HxdavError
from hxdav.remote import CalendarState, CalendarUnavailable, Remote, RemoteId, RemoteState
from hxdav.sync.brake import MixedUp
from hxdav.sync.bridge_context import BridgeContext


class CalendarLost(HxdavError):
    """The calendar is hidden or gone: nothing in it counts as removed."""

    def __init__(self, state: CalendarState) -> None:
        super().__init__("The calendar is hidden, or no longer there.")
        self.state = state


def look(context: BridgeContext) -> CalendarState:
    """What has become of the calendar."""
    try:
        return context.remote.calendar_state(context.calendar_id)
    except CalendarUnavailable:
        return CalendarState.GONE


def require_visible(context: BridgeContext) -> None:
    """Raise CalendarLost unless the calendar is there, and shown."""
    state = look(context)
    if state is not CalendarState.VISIBLE:
        raise CalendarLost(state)


def find_or_make(remote: Remote, *, name: str, marker: str, zone: str) -> str:
    """The calendar that carries ``marker``: looked for first, because the answer to its making may have been lost."""
    return remote.find_calendar(marker) or remote.make_calendar(name, marker=marker, zone=zone)


def ask_for(context: BridgeContext, remote_id: str) -> RemoteState:
    """What the provider shows of one object now; raise MixedUp where it shows another one."""
    sighting = context.remote.read(context.calendar_id, RemoteId(remote_id))
    if sighting.remote_id != remote_id:
        raise MixedUp
    return sighting
