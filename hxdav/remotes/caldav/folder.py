"""A calendar as a collection at its server: its objects have names there, and URLs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hxdav.remote import CalendarId, CalendarUnavailable, RemoteId, Tag, TryLater
from hxdav.remotes.caldav.answers import Multistatus, member_of
from hxdav.remotes.caldav.wire import CalDavWire

_NO_CALENDAR = "The calendar is not there any more, or is none any more."
_NO_TAG = "The calendar server does not show an appointment whole; hxdav asks again later."


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCollection:
    """A calendar's collection, over a wire to its server; a pull gives ``page_size`` objects at a time."""

    wire: CalDavWire
    calendar_id: CalendarId
    page_size: int

    def url(self, name: RemoteId) -> str:
        """Where an object is; its name is percent-encoded already."""
        return f"{self.calendar_id.rstrip('/')}/{name}"

    def href(self, name: RemoteId) -> str:
        """The path alone, as it stands in requests' bodies."""
        return urlsplit(self.url(name)).path

    def name(self, url: str) -> RemoteId | None:
        """Which of its objects a URL names; None where that is none of them."""
        return member_of(self.calendar_id, url)

    def report(self, body: bytes) -> Multistatus:
        """The answer to a REPORT about its objects."""
        return self.wire.report(self.calendar_id, body)

    def require(self) -> None:
        """Raise CalendarUnavailable unless the calendar answers, and is one."""
        require_calendar(self.wire, self.calendar_id)

    def tag(self, name: RemoteId) -> Tag:
        """The entity tag of an object, asked for by itself."""
        tag = self.wire.told_of(self.url(name), "D:getetag").tag
        if not tag:
            raise TryLater(_NO_TAG, code="no_tag")
        return tag


def require_calendar(wire: CalDavWire, calendar_id: CalendarId) -> None:
    """Raise CalendarUnavailable unless there is a calendar that answers."""
    if not wire.told_of(calendar_id, "D:resourcetype").is_calendar:
        raise CalendarUnavailable(_NO_CALENDAR)
