"""The calendar around events, read once for the many objects that share it."""

from __future__ import annotations

from dataclasses import dataclass

from hxdav.ical.components import Component, tree_of
from hxdav.ical.objects import CalendarObject, checked_object
from hxdav.ical.validity import check_characters, check_flaws
from hxdav.ical.zones import Zones, zones_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The beginning of a calendar: ``text`` ends behind its own properties and time zones."""

    text: str
    newline: str
    calendar: Component
    zones: Zones

    @classmethod
    def of(cls, text: str, newline: str) -> Frame:
        """Return the frame of a VCALENDAR that has no END yet."""
        calendar = tree_of(text).components[0]
        return cls(text=text, newline=newline, calendar=calendar, zones=zones_of(calendar, text))

    def read(self, vevents: str) -> CalendarObject:
        """Return the object of these VEVENTs in this calendar.

        Raise CalendarDataError where read_object would; its sentences count the lines of the whole object.
        """
        text = f"{self.text}{vevents}END:VCALENDAR{self.newline}"
        check_characters(text)
        start, number = len(self.text), self.text.count("\n") + 1
        tree = tree_of(text, start, start + len(vevents), number=number)
        check_flaws(tree)
        calendar = Component(
            name=self.calendar.name,
            properties=self.calendar.properties,
            children=(*self.calendar.children, *tree.components),
            start=self.calendar.start,
            end=len(text),
            properties_start=self.calendar.properties_start,
        )
        return checked_object(text, calendar, self.zones)
