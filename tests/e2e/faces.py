"""A calendar as the person has it before them: in a calendar program on hxdav, in Google's app, on an Apple device.

Each shows the same few things and takes the same few edits, so that a test can do to any of them what a person does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import icalendar
from caldav.calendarobjectresource import Event

from tests.simulators.caldav.device import Device
from tests.simulators.google.people import Person
from tests.simulators.google.wire import Json
from tests.waiting import until

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An event as it is shown; ``key`` is what the place calls it, and a series stands for itself."""

    key: str
    uid: str
    title: str
    starts: datetime | date


class Face(ABC):
    """One calendar, and the person before it."""

    @abstractmethod
    def seen(self) -> list[Seen]:
        """What is shown."""

    @abstractmethod
    def add(self, uid: str, title: str, starts: datetime) -> None:
        """Add an event of an hour under a UID, as an invitation or a drag does."""

    @abstractmethod
    def retitle(self, shown: Seen, title: str) -> None:
        """Call an event otherwise."""

    @abstractmethod
    def move(self, shown: Seen, starts: datetime) -> None:
        """Let an event take place at another time, for as long as before."""

    @abstractmethod
    def remove(self, shown: Seen) -> None:
        """Delete an event."""

    def titles(self) -> list[str]:
        """What is shown, by name."""
        return sorted(shown.title for shown in self.seen())

    def at(self, starts: datetime) -> list[Seen]:
        """What is shown at a time."""
        return [shown for shown in self.seen() if shown.starts == starts]

    def one_at(self, starts: datetime) -> Seen:
        """The one event at a time."""
        (shown,) = self.at(starts)
        return shown

    def titles_at(self, starts: datetime) -> list[str]:
        """The names of what is shown at a time."""
        return [shown.title for shown in self.at(starts)]

    def called(self, title: str) -> Seen:
        """The one event of that name."""
        (shown,) = [shown for shown in self.seen() if shown.title == title]
        return shown


class NativeFace(Face):
    """A calendar program that is subscribed to hxdav itself."""

    def __init__(self, calendar: Any) -> None:
        self._calendar = calendar

    def seen(self) -> list[Seen]:
        return [_seen(str(event.url), event.data) for event in self._calendar.events()]

    def add(self, uid: str, title: str, starts: datetime) -> None:
        self._calendar.save_event(_an_event(uid, title, starts))

    def retitle(self, shown: Seen, title: str) -> None:
        self._edit(shown, retitled(self._event(shown).data, title))

    def move(self, shown: Seen, starts: datetime) -> None:
        self._edit(shown, moved(self._event(shown).data, starts))

    def remove(self, shown: Seen) -> None:
        self._event(shown).delete()

    def _event(self, shown: Seen) -> Event:
        found: Event = self._calendar.event_by_url(shown.key)
        return found

    def _edit(self, shown: Seen, text: str) -> None:
        event = self._event(shown)
        event.data = text
        event.save()


class GoogleFace(Face):
    """Google's own app."""

    def __init__(self, person: Person, calendar_id: str) -> None:
        self.person = person
        self.calendar_id = calendar_id

    def events(self) -> list[Json]:
        """Everything that is there, in Google's words."""
        return self.person.events(self.calendar_id)

    def seen(self) -> list[Seen]:
        return [
            Seen(key=one["id"], uid=one["iCalUID"], title=one.get("summary", ""), starts=_google_start(one))
            for one in self.events()
            if "recurringEventId" not in one
        ]

    def add(self, uid: str, title: str, starts: datetime) -> None:
        self.person.add_event(self.calendar_id, starts, starts + HOUR, iCalUID=uid, summary=title)

    def retitle(self, shown: Seen, title: str) -> None:
        self.person.change_event(self.calendar_id, shown.key, summary=title)

    def move(self, shown: Seen, starts: datetime) -> None:
        now = self.person.resource(self.calendar_id, shown.key)
        length = datetime.fromisoformat(now["end"]["dateTime"]) - datetime.fromisoformat(now["start"]["dateTime"])
        self.person.change_event(self.calendar_id, shown.key, start=starts, end=starts + length)

    def remove(self, shown: Seen) -> None:
        self.person.delete_event(self.calendar_id, shown.key)


class AppleFace(Face):
    """A device with the iCloud account on it."""

    def __init__(self, device: Device, calendar: str) -> None:
        self.device = device
        self.calendar = calendar

    def seen(self) -> list[Seen]:
        return [_seen(name, text) for name, text in self.device.objects(self.calendar).items()]

    def add(self, uid: str, title: str, starts: datetime) -> None:
        self.device.put(self.calendar, f"{uid.partition('@')[0]}-put.ics", _an_event(uid, title, starts))

    def retitle(self, shown: Seen, title: str) -> None:
        self._edit(shown, retitled(self.device.read(self.calendar, shown.key), title))

    def move(self, shown: Seen, starts: datetime) -> None:
        self._edit(shown, moved(self.device.read(self.calendar, shown.key), starts))

    def remove(self, shown: Seen) -> None:
        self.device.delete(self.calendar, shown.key)

    def _edit(self, shown: Seen, text: str) -> None:
        self.device.put(self.calendar, shown.key, text)


def until_all_show(title: str, *, at: datetime, faces: Iterable[Face]) -> None:
    """Return as soon as that, and nothing else, is what each of the calendars shows at a time."""
    for face in faces:
        until(partial(_shows, face, title, at), what=f"{title} in each calendar")


def until_full(faces: Iterable[Face], count: int) -> None:
    """Return as soon as each of the calendars shows so many events."""
    for face in faces:
        until(partial(_has, face, count), what=f"{count} events in each calendar")


def retitled(text: str, title: str) -> str:
    """An object with another title."""
    whole = icalendar.Calendar.from_ical(text)
    whole.events[0]["SUMMARY"] = icalendar.vText(title)
    return _text(whole)


def moved(text: str, starts: datetime) -> str:
    """An object with another start, as long as it was."""
    whole = icalendar.Calendar.from_ical(text)
    vevent = whole.events[0]
    length = vevent.end - vevent.start
    for name in ("DTSTART", "DTEND", "DURATION"):
        vevent.pop(name, None)
    vevent.add("dtstart", starts)
    vevent.add("dtend", starts + length)
    return _text(whole)


def _shows(face: Face, title: str, at: datetime) -> bool:
    return face.titles_at(at) == [title]


def _has(face: Face, count: int) -> bool:
    return len(face.seen()) == count


def _seen(key: str, text: str) -> Seen:
    vevent = icalendar.Calendar.from_ical(text).events[0]
    return Seen(key=key, uid=str(vevent["UID"]), title=str(vevent.get("SUMMARY", "")), starts=vevent.start)


def _google_start(one: Json) -> datetime | date:
    start = one["start"]
    return datetime.fromisoformat(start["dateTime"]) if "dateTime" in start else date.fromisoformat(start["date"])


def _an_event(uid: str, title: str, starts: datetime) -> str:
    whole, vevent = icalendar.Calendar(), icalendar.Event()
    whole.add("version", "2.0")
    whole.add("prodid", "-//a person//EN")
    lines = {"uid": uid, "summary": title, "dtstamp": starts, "dtstart": starts, "dtend": starts + HOUR}
    for name, value in lines.items():
        vevent.add(name, value)
    whole.add_component(vevent)
    whole.add_missing_timezones()
    return _text(whole)


def _text(whole: icalendar.Calendar) -> str:
    written: str = whole.to_ical().decode()
    return written
