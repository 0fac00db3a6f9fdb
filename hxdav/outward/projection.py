"""What a provider is told of an appointment (rule 11): a fresh object of the fields that the level shows.

Nothing else of the kept text leaves: no guests, no links, no alarms, no property that some program has added.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment
from hxdav.domain.field import Field
from hxdav.domain.ids import Uid
from hxdav.domain.privacy import PrivacyLevel, hidden_fields
from hxdav.domain.times import AllDay, Zoned
from hxdav.ical.build import PRODID, text_line, with_timezones
from hxdav.ical.clocks import RULES, Turn, moment_line, moment_lines, moments_of, recurrence_id_lines, rule_text, zoning
from hxdav.ical.components import Component
from hxdav.ical.fields import bounds_of, cancels, live, timeline_of
from hxdav.ical.lines import content_lines, fold
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.text import unescape
from hxdav.ical.timeline import Timeline, dtstart_of
from hxdav.ical.values import utc_text, when_of
from hxdav.ical.zones import ObjectZone
from hxdav.remote import Capabilities

_BUSY = "Busy"
_APPOINTMENT = "Appointment"
_WORDS = {Field.TITLE: "SUMMARY", Field.LOCATION: "LOCATION", Field.COMMENT: "DESCRIPTION"}
_CODES = {"STATUS": ("CONFIRMED", "TENTATIVE", "CANCELLED"), "TRANSP": ("OPAQUE", "TRANSPARENT")}


def initials_of(names: Sequence[str]) -> str:
    """The initials of people: ``A. B.`` for Anna Berg, those of several with commas between; empty for nobody."""
    return ", ".join(filter(None, map(_initials, names)))


def _initials(name: str) -> str:
    last, comma, first = name.partition(",")
    words = unicodedata.normalize("NFC", f"{first} {last}" if comma else name).split()
    letters = [next(filter(str.isalpha, word), "") for word in words]
    known = [letter.upper()[0] for letter in letters if letter]
    return " ".join(f"{letter}." for letter in ([known[0], known[-1]] if len(known) > 1 else known))


def outward(
    appointment: Appointment,
    *,
    uid: Uid,
    level: PrivacyLevel,
    initials: str,
    capabilities: Capabilities,
    practice_zone: ZoneInfo,
) -> str:
    """The text of ``appointment`` that goes to a provider, under ``uid``; the same for the same input.

    ``initials`` are those of its patients. Floating moments are written in the practice's zone where the provider keeps
    none, zones by their IANA names, cancelled overrides as EXDATE, and an end is always there.
    """
    obj = object_of(appointment.text)
    hidden = hidden_fields(appointment.kind, level)
    writing = _Writing(
        obj=obj,
        uid=uid,
        stamp=_stamp(obj, appointment),
        title=_title(level, initials) if Field.TITLE in hidden else None,
        hidden=hidden,
        turn=(lambda when: when) if capabilities.floating else zoning(practice_zone),
        practice_zone=practice_zone,
    )
    return writing.text()


def _title(level: PrivacyLevel, initials: str) -> str:
    match level:
        case PrivacyLevel.BUSY:
            return _BUSY
        case PrivacyLevel.APPOINTMENT | PrivacyLevel.FULL:
            return _APPOINTMENT
        case PrivacyLevel.INITIALS:
            return initials or _APPOINTMENT
        case _:
            assert_never(level)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """An object on its way out. ``title`` stands for every component's own where it is not None."""

    obj: CalendarObject
    uid: Uid
    stamp: str
    title: str | None
    hidden: frozenset[Field]
    turn: Turn
    practice_zone: ZoneInfo

    def text(self) -> str:
        """The whole calendar, with the time zones that it names."""
        lines: list[str] = []
        for vevent in live(self.obj):
            lines += ("BEGIN:VEVENT", text_line("UID", self.uid), f"DTSTAMP:{self.stamp}")
            lines += (*self._dates(vevent), *self._words(vevent), "CLASS:PRIVATE", "END:VEVENT")
        head = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "CALSCALE:GREGORIAN")
        text = "".join(map(fold, (*head, *self._own_zones(), *lines, "END:VCALENDAR")))
        return with_timezones(text, moments_of(object_of(text)))

    def _dates(self, vevent: Component) -> Iterator[str]:
        starts = self.turn(dtstart_of(vevent, self.obj.zones))
        if vevent is not self.obj.master:
            yield from recurrence_id_lines(
                vevent, self.obj.zones, self._as_start(timeline_of(self.obj, self.practice_zone))
            )
        yield moment_line("DTSTART", starts)
        yield self._end(vevent)
        if vevent is self.obj.master:
            yield from self._recurrence(vevent, Timeline.of(starts, self.practice_zone))

    def _end(self, vevent: Component) -> str:
        """An end of the kind that the start is of: some providers refuse an event without one."""
        bounds = bounds_of(vevent, self.obj.zones, self.practice_zone)
        duration = vevent.value("DURATION")
        is_nominal = duration and not isinstance(bounds.starts, AllDay)
        return f"DURATION:{duration.upper()}" if is_nominal else moment_line("DTEND", self.turn(bounds.ends))

    def _recurrence(self, master: Component, timeline: Timeline) -> Iterator[str]:
        for line in master.all(*RULES):
            if line.value.strip():
                yield f"{line.name}:{rule_text(line.value.strip().upper(), timeline, self.obj.zones)}"
        yield from self._instances(master, "RDATE", timeline)
        yield from self._instances(master, "EXDATE", timeline)
        for override in self.obj.overrides:
            if cancels(self.obj, override):
                for written in self._instances(override, "RECURRENCE-ID", timeline):
                    yield "EXDATE" + written.removeprefix("RECURRENCE-ID")

    def _instances(self, vevent: Component, name: str, timeline: Timeline) -> Iterator[str]:
        """The lines that name instances, each as the start of the series would: some providers match them as text."""
        for line in vevent.all(name):
            yield from moment_lines(line, self.obj.zones, self._as_start(timeline))

    def _as_start(self, timeline: Timeline) -> Turn:
        return lambda when: self.turn(timeline.when(timeline.local(when)))

    def _words(self, vevent: Component) -> Iterator[str]:
        for field, name in _WORDS.items():
            words = unescape(vevent.value(name)) if field not in self.hidden else ""
            if field is Field.TITLE and self.title is not None:
                words = self.title
            if words:
                yield text_line(name, words)
        for name, known in _CODES.items():
            word = vevent.value(name).upper()
            if word in known:
                yield f"{name}:{word}"

    def _own_zones(self) -> Iterator[str]:
        """The VTIMEZONEs of the zones that nobody but the object itself knows."""
        zones = {when.moment.tzinfo for when in moments_of(self.obj) if isinstance(when, Zoned)}
        names = {zone.tzname(None) for zone in zones if isinstance(zone, ObjectZone)}
        for tzid, vtimezone in self.obj.zones.texts.items():
            if tzid in names:
                yield from (f"{line.name}{line.params}:{line.value}" for line in content_lines(vtimezone))


def _stamp(obj: CalendarObject, appointment: Appointment) -> str:
    """When the kept text was made, as far as it says so: what else changes of an appointment changes no stamp."""
    line = obj.main.first("DTSTAMP")
    try:
        when = when_of(line, obj.zones) if line else None
    except (ValueError, OverflowError):
        when = None
    return utc_text(when.moment if isinstance(when, Zoned) else appointment.created_at)
