"""The person at a device that keeps calendar objects whole: reads one, changes it with a library of others, puts it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import uuid4

import icalendar


class Shelf(Protocol):
    """A calendar's objects by the names that they have there."""

    def objects(self) -> dict[str, str]:
        """The texts of all objects."""
        ...

    def put(self, name: str, text: str) -> None:
        """Add an object, or bring it to this text."""
        ...

    def delete(self, name: str) -> None:
        """Delete an object."""
        ...

    def delete_calendar(self) -> None:
        """Delete the calendar."""
        ...


class ShelfPerson:
    """A ``Person`` over a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def uids(self) -> list[str]:
        """The UID of every object."""
        return [_uid(text) for text in self._shelf.objects().values()]

    def add(self, text: str) -> str:
        """Put it under a name such as Apple's devices choose."""
        self._shelf.put(f"{uuid4()}.ics".upper().replace("ICS", "ics"), text)
        return _uid(text)

    def retitle(self, uid: str, title: str) -> None:
        """Change SUMMARY of the master."""

        def retitled(calendar: icalendar.Calendar) -> None:
            _master(calendar)["SUMMARY"] = icalendar.vText(title)

        self._edit(uid, retitled)

    def remove(self, uid: str) -> None:
        """Delete the object."""
        self._shelf.delete(self._name(uid))

    def retitle_instance(self, uid: str, starts: datetime, title: str) -> None:
        """Add an override."""

        def retitled(calendar: icalendar.Calendar) -> None:
            override = _master(calendar).copy(recursive=True)
            length = override.end - override.start
            for name in ("RRULE", "EXDATE", "RDATE", "DTSTART", "DTEND", "DURATION", "SUMMARY"):
                override.pop(name, None)
            local = _local(calendar, starts)
            override.add("RECURRENCE-ID", local)
            override.add("DTSTART", local)
            override.add("DTEND", local + length)
            override.add("SUMMARY", title)
            calendar.add_component(override)

        self._edit(uid, retitled)

    def remove_instance(self, uid: str, starts: datetime) -> None:
        """Add an EXDATE."""
        self._edit(
            uid,
            lambda calendar: _master(calendar).add("EXDATE", _local(calendar, starts)),
        )

    def delete_calendar(self) -> None:
        """Delete the calendar."""
        self._shelf.delete_calendar()

    def hide_calendar(self, *, hidden: bool) -> None:
        """Not seen by others: every device hides for itself."""
        raise NotImplementedError

    def _edit(self, uid: str, change: Callable[[icalendar.Calendar], None]) -> None:
        name = self._name(uid)
        calendar = icalendar.Calendar.from_ical(self._shelf.objects()[name])
        change(calendar)
        self._shelf.put(name, calendar.to_ical().decode())

    def _name(self, uid: str) -> str:
        return next(name for name, text in self._shelf.objects().items() if _uid(text) == uid)


def _uid(text: str) -> str:
    return str(icalendar.Calendar.from_ical(text).walk("VEVENT")[0]["UID"])


def _master(calendar: icalendar.Calendar) -> icalendar.Event:
    return next(event for event in calendar.events if "RECURRENCE-ID" not in event)


def _local(calendar: icalendar.Calendar, moment: datetime) -> datetime:
    """A moment in the zone of the series."""
    starts = _master(calendar).start
    assert isinstance(starts, datetime)
    return moment.astimezone(starts.tzinfo)
