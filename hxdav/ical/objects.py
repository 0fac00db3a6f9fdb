"""A calendar object: its text, and what is read off it (RFC 4791 §4.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hxdav.domain.ids import Uid
from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.ical import validity
from hxdav.ical.components import Component, tree_of
from hxdav.ical.text import unescape
from hxdav.ical.zones import Zones, zones_of

_TORN_CHARACTER = re.compile(rb"\r?\n[ \t](?=[\x80-\xbf])")
_NOT_UTF_8 = "It is not in UTF-8 (RFC 5545 §3.1.4)."
_RECURRENCE = frozenset({"RRULE", "RDATE"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalendarObject:
    """One event with its overrides. ``text`` is what it was read from, byte order mark and line breaks included.

    ``status`` is STATUS in upper case, of the master or the first override; empty where there is none.
    """

    text: str
    uid: Uid
    status: str
    calendar: Component
    master: Component | None
    overrides: tuple[Component, ...]
    zones: Zones

    @property
    def main(self) -> Component:
        """The component that speaks for the whole: the master, or the first override where there is none."""
        return self.overrides[0] if self.master is None else self.master

    @property
    def vevents(self) -> tuple[Component, ...]:
        """The master, if there is one, and the overrides."""
        return self.overrides if self.master is None else (self.master, *self.overrides)

    @property
    def summary(self) -> str:
        """The title, as the person reads it."""
        line = self.main.first("SUMMARY")
        return "" if line is None else unescape(line.value)

    @property
    def is_recurring(self) -> bool:
        """Whether it has, or is part of, a recurrence set."""
        if self.overrides or self.master is None:
            return True
        return any(line.name in _RECURRENCE and line.value.strip() for line in self.master.properties)

    @property
    def is_cancelled(self) -> bool:
        """Whether the single event or the whole series is cancelled; a cancelled override alone does not say so."""
        return self.master is not None and self.status == "CANCELLED"

    @property
    def all_cancelled(self) -> bool:
        """Whether all of it is cancelled: the master, or every override where there is no master."""
        if self.master is not None:
            return self.is_cancelled
        return all(override.value("STATUS").upper() == "CANCELLED" for override in self.overrides)

    @property
    def transparent(self) -> bool:
        """Whether it leaves the time that it takes free (RFC 5545 §3.8.2.7)."""
        return self.main.value("TRANSP").upper() == "TRANSPARENT"


def reaches_on(override: Component) -> bool:
    """Whether ``override`` also changes the instances that follow its own (RANGE=THISANDFUTURE, RFC 5545 §3.2.13)."""
    return any(line.parameter("RANGE").upper() == "THISANDFUTURE" for line in override.all("RECURRENCE-ID"))


def read_object(body: bytes) -> CalendarObject:
    """The calendar object that ``body`` holds, or CalendarDataError (RFC 4791 §4.1, §5.3.2.1).

    ``text`` encodes to ``body`` again, unless a fold tears a character apart: then it is the text with that character
    made whole (RFC 5545 §3.1).
    """
    text = decode(body)
    calendar = validity.check_form(text)
    return checked_object(text, calendar, zones_of(calendar, text))


def checked_object(text: str, calendar: Component, zones: Zones) -> CalendarObject:
    """Return the object that ``calendar``, the whole of ``text``, holds, or raise CalendarDataError."""
    vevents = validity.check_one_object(calendar)
    for vevent in vevents:
        validity.check_event(vevent, zones)
    validity.check_overrides(vevents, zones)
    return _object(text, calendar, zones)


def object_of(text: str) -> CalendarObject:
    """The calendar object of a text that has been accepted before."""
    calendar = next(component for component in tree_of(text).components if component.name == "VCALENDAR")
    return _object(text, calendar, zones_of(calendar, text))


def decode(body: bytes) -> str:
    """The text of ``body``, which has to be UTF-8."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        try:
            return _TORN_CHARACTER.sub(b"", body).decode()
        except UnicodeDecodeError:
            raise CalendarDataError(Reason.NOT_CALENDAR_DATA, _NOT_UTF_8) from None


def _object(text: str, calendar: Component, zones: Zones) -> CalendarObject:
    vevents = tuple(calendar.named("VEVENT"))
    overrides = tuple(vevent for vevent in vevents if vevent.first("RECURRENCE-ID") is not None)
    master = next((vevent for vevent in vevents if vevent.first("RECURRENCE-ID") is None), None)
    return CalendarObject(
        text=text,
        uid=Uid(unescape(vevents[0].value("UID"))),
        status=(master or overrides[0]).value("STATUS").upper(),
        calendar=calendar,
        master=master,
        overrides=overrides,
        zones=zones,
    )
