"""A calendar as a person sees it at a service: every occurrence by itself, to be called otherwise or deleted alone.

Each face goes past hxdav's own code for that service: by the app that its simulator has, or by a library of others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from tests.contract.remotes.ical_person import Shelf
from tests.fidelity.occurrences import PRACTICE, Occurrence, Span, Told, told_by
from tests.simulators.ews.people import Person as ExchangePerson
from tests.simulators.ews.people import SeenItem
from tests.simulators.google.people import Person as GooglePerson
from tests.simulators.google.wire import Json
from tests.simulators.graph.people import Person as GraphPerson


class Face(ABC):
    """One calendar, and the person before it."""

    @abstractmethod
    def objects(self) -> int:
        """How many things are in the calendar, of which a series is one."""

    @abstractmethod
    def seen(self, span: Span) -> list[Occurrence]:
        """What the person sees, in order."""

    @abstractmethod
    def retitle(self, occurrence: Occurrence, title: str) -> None:
        """Call one occurrence otherwise."""

    @abstractmethod
    def delete(self, occurrence: Occurrence) -> None:
        """Delete one occurrence."""


class GoogleFace(Face):
    """Google's own app."""

    def __init__(self, person: GooglePerson, calendar_id: str) -> None:
        self._person = person
        self._calendar = calendar_id

    def objects(self) -> int:
        return len([one for one in self._person.events(self._calendar) if "recurringEventId" not in one])

    def seen(self, span: Span) -> list[Occurrence]:
        return span.of(map(_google_occurrence, self._agenda(span)))

    def retitle(self, occurrence: Occurrence, title: str) -> None:
        self._person.change_event(self._calendar, self._id(occurrence), summary=title)

    def delete(self, occurrence: Occurrence) -> None:
        self._person.delete_event(self._calendar, self._id(occurrence))

    def _agenda(self, span: Span) -> list[Json]:
        return self._person.agenda(self._calendar, span.starts, span.ends)

    def _id(self, occurrence: Occurrence) -> str:
        (found,) = [one for one in self._agenda(_around(occurrence)) if _google_occurrence(one) == occurrence]
        return str(found["id"])


class OutlookFace(Face):
    """Outlook on the web, for Outlook.com and Office 365."""

    def __init__(self, person: GraphPerson, calendar_id: str) -> None:
        self._person = person
        self._calendar = calendar_id

    def objects(self) -> int:
        return len(self._person.events(self._calendar))

    def seen(self, span: Span) -> list[Occurrence]:
        return span.of(map(_graph_occurrence, self._person.agenda(self._calendar, span.starts, span.ends)))

    def retitle(self, occurrence: Occurrence, title: str) -> None:
        self._person.change_event(self._id(occurrence), subject=title)

    def delete(self, occurrence: Occurrence) -> None:
        self._person.delete_event(self._id(occurrence))

    def _id(self, occurrence: Occurrence) -> str:
        around = _around(occurrence)
        shown = self._person.agenda(self._calendar, around.starts, around.ends)
        (found,) = [one for one in shown if _graph_occurrence(one) == occurrence]
        return str(found["id"])


class ExchangeFace(Face):
    """Outlook on an Exchange of the practice's own."""

    def __init__(self, person: ExchangePerson, calendar_id: str) -> None:
        self._person = person
        self._calendar = calendar_id

    def objects(self) -> int:
        return len(self._person.items(self._calendar))

    def seen(self, span: Span) -> list[Occurrence]:
        return span.of(map(_ews_occurrence, self._person.agenda(self._calendar, span.starts, span.ends)))

    def retitle(self, occurrence: Occurrence, title: str) -> None:
        self._person.change(self._id(occurrence), Subject=title)

    def delete(self, occurrence: Occurrence) -> None:
        self._person.delete(self._id(occurrence))

    def _id(self, occurrence: Occurrence) -> str:
        around = _around(occurrence)
        shown = self._person.agenda(self._calendar, around.starts, around.ends)
        (found,) = [one for one in shown if _ews_occurrence(one) == occurrence]
        return found.id


class CalDavFace(Face):
    """A calendar program that keeps calendar objects, and edits them as its library does."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def objects(self) -> int:
        return len(self._shelf.objects())

    def seen(self, span: Span) -> list[Occurrence]:
        return span.of(each.occurrence for _, each in self._told(span))

    def retitle(self, occurrence: Occurrence, title: str) -> None:
        name, calendar, told = self._found(occurrence)
        _override_of(calendar, told)["SUMMARY"] = icalendar.vText(title)
        self._put(name, calendar)

    def delete(self, occurrence: Occurrence) -> None:
        name, calendar, told = self._found(occurrence)
        master = _master(calendar)
        if not _recurs(master):
            self._shelf.delete(name)
            return
        override = _override_at(calendar, told)
        if override is not None:
            calendar.subcomponents.remove(override)
        master.add("EXDATE", _as_start(master, told.original))
        self._put(name, calendar)

    def _told(self, span: Span) -> list[tuple[str, Told]]:
        return [(name, told) for name, text in self._shelf.objects().items() for told in told_by(text, span)]

    def _found(self, occurrence: Occurrence) -> tuple[str, icalendar.Calendar, Told]:
        ((name, told),) = [found for found in self._told(_around(occurrence)) if found[1].occurrence == occurrence]
        return name, icalendar.Calendar.from_ical(self._shelf.objects()[name]), told

    def _put(self, name: str, calendar: icalendar.Calendar) -> None:
        self._shelf.put(name, calendar.to_ical().decode())


def _around(occurrence: Occurrence) -> Span:
    """The day of an occurrence; whole days begin earlier where a calendar keeps them in UTC."""
    return Span(starts=occurrence.moment - timedelta(hours=12), ends=occurrence.moment + timedelta(hours=12))


# -- in each service's words


def _google_occurrence(one: Json) -> Occurrence:
    return Occurrence(
        starts=_google_when(one["start"]), ends=_google_when(one["end"]), title=str(one.get("summary", ""))
    )


def _google_when(told: Json) -> datetime | date:
    if "date" in told:
        return date.fromisoformat(told["date"])
    return datetime.fromisoformat(told["dateTime"]).astimezone(UTC)


def _graph_occurrence(one: Json) -> Occurrence:
    starts, ends = (_graph_moment(one[name]) for name in ("start", "end"))
    title = str(one["subject"])
    if one["isAllDay"]:
        return Occurrence(starts=starts.date(), ends=ends.date(), title=title)
    return Occurrence(starts=starts, ends=ends, title=title)


def _graph_moment(told: Json) -> datetime:
    assert told["timeZone"] == "UTC"
    return datetime.fromisoformat(told["dateTime"][:19]).replace(tzinfo=UTC)


def _ews_occurrence(one: SeenItem) -> Occurrence:
    title = one.text("Subject") or ""
    if one.fields.is_all_day:
        zone: ZoneInfo = one.fields.zone
        starts, ends = (moment.astimezone(zone).date() for moment in (one.start, one.end))
        return Occurrence(starts=starts, ends=ends, title=title)
    return Occurrence(starts=one.start, ends=one.end, title=title)


# -- calendar objects


def _master(calendar: icalendar.Calendar) -> Any:
    (master,) = [vevent for vevent in calendar.events if "RECURRENCE-ID" not in vevent]
    return master


def _recurs(vevent: Any) -> bool:
    return any(name in vevent for name in ("RRULE", "RDATE"))


def _override_at(calendar: Any, told: Told) -> Any | None:
    for vevent in calendar.events:
        with suppress(KeyError):
            if _instant(vevent["RECURRENCE-ID"].dt) == _instant(told.original):
                return vevent
    return None


def _override_of(calendar: icalendar.Calendar, told: Told) -> Any:
    """The component to change for one occurrence: its override, which is made where there is none."""
    master = _master(calendar)
    if not _recurs(master):
        return master
    override = _override_at(calendar, told)
    if override is not None:
        return override
    override = master.copy(recursive=True)
    for name in ("RRULE", "EXDATE", "RDATE", "DTSTART", "DTEND", "DURATION"):
        override.pop(name, None)
    override.add("RECURRENCE-ID", _as_start(master, told.original))
    override.add("DTSTART", _as_start(master, told.occurrence.starts))
    override.add("DTEND", _as_start(master, told.occurrence.ends))
    calendar.add_component(override)
    return override


def _as_start(master: Any, when: datetime | date) -> datetime | date:
    """``when`` by the clock of the series, as programs write it."""
    start = master.start
    if not isinstance(when, datetime):
        return when
    aware = when.replace(tzinfo=when.tzinfo or start.tzinfo or PRACTICE)
    if start.tzinfo is None:
        return aware.astimezone(PRACTICE).replace(tzinfo=None)
    return aware.astimezone(start.tzinfo)


def _instant(when: datetime | date) -> datetime | date:
    if not isinstance(when, datetime):
        return when
    return when.replace(tzinfo=when.tzinfo or PRACTICE).astimezone(UTC)
