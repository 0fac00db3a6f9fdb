"""What an object says, field by field, each in one canonical text: what a bridge compares (rule 10).

Two texts are equal exactly when they mean the same to a person, however the two sides fold, escape, order or re-zone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hxdav.domain.field import EVERY_FIELD, Field
from hxdav.domain.times import AllDay, Floating, When, Zoned, days_after, instant
from hxdav.ical.clocks import last_local
from hxdav.ical.components import Component
from hxdav.ical.lines import ContentLine
from hxdav.ical.objects import CalendarObject, reaches_on
from hxdav.ical.rules import rule_of
from hxdav.ical.text import unescape
from hxdav.ical.timeline import Timeline, dtstart_of, length_of, shifted
from hxdav.ical.values import Duration, Period, periods_of, utc_text, when_from, when_of, when_text, whens_of
from hxdav.ical.zones import Zones

Parts = Mapping[str, Mapping[Field, str]]
"""The fields of each component: "" is the master or sole event, any other key the RECURRENCE-ID of an override.

A key is written as occurrences write it: a date, a local time, or a time in UTC.
"""

EXCLUDED = "EXDATE:"
"""Begins each line of a RECURRENCE that leaves an instance out; its key follows."""

OVERRIDE_FIELDS = EVERY_FIELD - {Field.RECURRENCE}
"""What an override can say of its instance."""

_DAY = timedelta(days=1)
_MARKUP = re.compile(
    r"</?(?:a|b|blockquote|body|br|div|em|font|h[1-6]|html|i|li|ol|p|pre|span|strong|table|td|tr|u|ul)\b[^<>]*>",
    re.IGNORECASE,
)
_LINE_END = re.compile(r"<br\b[^<>]*>|</(?:blockquote|div|h[1-6]|li|p|pre|table|tr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[/!a-z][^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDifference:
    """What differs of one component; ``field`` is None where the component itself came or went."""

    part: str
    field: Field | None

    def touches(self, fields: Collection[Field]) -> bool:
        """Whether it is about one of ``fields``; a component that comes or goes brings or takes all of its own."""
        return bool(fields) if self.field is None else self.field in fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """When a component starts, and before when it ends; both are of one kind."""

    starts: When
    ends: When


def parts_of(obj: CalendarObject, *, carries: frozenset[Field], practice_zone: tzinfo) -> Parts:
    """The fields of ``obj`` that ``carries`` names, component by component.

    A cancelled override is no part of its own where there is a master: it says what an EXDATE says.
    """
    timeline = timeline_of(obj, practice_zone)
    parts: dict[str, dict[Field, str]] = {}
    for vevent in live(obj):
        key = "" if vevent is obj.master else key_of(vevent, obj.zones, timeline)
        told = _Told(
            vevent=vevent,
            zones=obj.zones,
            timeline=Timeline.of(dtstart_of(vevent, obj.zones), practice_zone),
            recurs=not key and obj.is_recurring,
        )
        parts[key] = {field: _TELLERS[field](told) for field in carries & (OVERRIDE_FIELDS if key else EVERY_FIELD)}
    if "" in parts and Field.RECURRENCE in carries:
        cancelled = {EXCLUDED + key_of(each, obj.zones, timeline) for each in obj.overrides if cancels(obj, each)}
        lines = {*parts[""][Field.RECURRENCE].split("\n"), *cancelled}
        parts[""][Field.RECURRENCE] = "\n".join(sorted(filter(None, lines)))
    return parts


def differences(before: Parts, after: Parts) -> frozenset[FieldDifference]:
    """What changed from ``before`` to ``after``."""
    came_or_went = {FieldDifference(part=part, field=None) for part in before.keys() ^ after.keys()}
    changed = {
        FieldDifference(part=part, field=field)
        for part in before.keys() & after.keys()
        for field in before[part].keys() | after[part].keys()
        if before[part].get(field, "") != after[part].get(field, "")
    }
    return frozenset(came_or_went | changed)


def timeline_of(obj: CalendarObject, practice_zone: tzinfo) -> Timeline:
    """The timeline on which the instances of ``obj`` are told apart: that of the component that speaks for it."""
    when = dtstart_of(obj.master, obj.zones) if obj.master else when_of(_recurrence_id(obj.main), obj.zones)
    return Timeline.of(when, practice_zone)


def key_of(override: Component, zones: Zones, timeline: Timeline) -> str:
    """The instance that ``override`` stands for, as a key of Parts."""
    return timeline.identity(timeline.local(when_of(_recurrence_id(override), zones)))


def live(obj: CalendarObject) -> Iterator[Component]:
    """The master and the overrides that are more than an EXDATE in other words."""
    return (vevent for vevent in obj.vevents if not cancels(obj, vevent))


def cancels(obj: CalendarObject, override: Component) -> bool:
    """Whether ``override`` says no more than that its instance does not take place."""
    if obj.master is None or override is obj.master or reaches_on(override):
        return False
    return override.value("STATUS").upper() == "CANCELLED"


def bounds_of(vevent: Component, zones: Zones, practice_zone: tzinfo) -> Bounds:
    """When ``vevent`` itself starts and ends, whether it says so by DTEND, by DURATION or not at all."""
    starts = dtstart_of(vevent, zones)
    timeline = Timeline.of(starts, practice_zone)
    length = length_of(vevent, starts, timeline=timeline, zones=zones)
    local = timeline.local(starts)
    match starts:
        case AllDay(day):
            days = length.days - (-length.exact // _DAY)
            return Bounds(starts=starts, ends=AllDay(days_after(day, max(days, 1))))
        case Floating():
            dtend = vevent.first("DTEND")
            ends = when_of(dtend, zones) if dtend else None
            wall = ends.local if isinstance(ends, Floating) else shifted(local, length.total)
            return Bounds(starts=starts, ends=Floating(max(local, wall)))
        case Zoned(moment):
            ended = max(moment, timeline.end_of(local, length)).astimezone(timeline.zone)
            return Bounds(starts=starts, ends=Zoned(ended))


def _recurrence_id(override: Component) -> ContentLine:
    (line, *_) = override.all("RECURRENCE-ID")
    return line


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A component, and what it takes to read it."""

    vevent: Component
    zones: Zones
    timeline: Timeline
    recurs: bool

    @property
    def time(self) -> str:
        """Start and end, and whether later instances follow; of a series also the zone by whose clock they go."""
        bounds = bounds_of(self.vevent, self.zones, self.timeline.zone)
        following = " THISANDFUTURE" if reaches_on(self.vevent) else ""
        text = f"{when_text(bounds.starts)}/{when_text(bounds.ends)}{following}"
        zone = self.timeline.zone
        is_known = isinstance(zone, ZoneInfo) or zone is UTC
        return f"{text} {zone}" if self.recurs and not self.timeline.floating and is_known else text

    @property
    def recurrence(self) -> str:
        """A line for each rule and each extra or left-out instance, sorted."""
        lines = {
            f"{line.name}:{_rule_text(line.value, self)}"
            for line in self.vevent.all("RRULE", "EXRULE")
            if line.value.strip()
        }
        for line in self.vevent.all("RDATE"):
            lines |= {f"RDATE:{self._period_text(period)}" for period in periods_of(line, self.zones)}
        for line in self.vevent.all("EXDATE"):
            lines |= {EXCLUDED + self.key(when) for when in whens_of(line, self.zones)}
        return "\n".join(sorted(lines))

    def key(self, when: When) -> str:
        return self.timeline.identity(self.timeline.local(when))

    def words(self, name: str) -> str:
        """What a person reads; providers trim it, and some write it as HTML (facts of providers, pitfall 12)."""
        text = unescape(self.vevent.value(name)).replace("\r\n", "\n").replace("\r", "\n")
        if _MARKUP.search(text):
            # No control character passes into an object, so this one can stand for a break of the lines.
            text = html.unescape(_TAG.sub("", _LINE_END.sub("\0", text)))
            return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\0"))))
        return "\n".join(line.rstrip() for line in text.split("\n")).strip()

    def code(self, name: str, *, otherwise: str) -> str:
        """A word of a closed list, empty where it is the one that holds without it."""
        word = self.vevent.value(name).upper()
        return "" if word == otherwise else word

    def _period_text(self, period: Period) -> str:
        starts = self.timeline.local(period.starts)
        match period.ends:
            case None:
                return self.timeline.identity(starts)
            case Duration() as length:
                ends = self.timeline.end_of(starts, length)
            case when:
                ends = instant(when, self.timeline.zone)
        return f"{self.timeline.identity(starts)}/{utc_text(ends)}"


_TELLERS: Mapping[Field, Callable[[_Told], str]] = {
    Field.TITLE: lambda told: told.words("SUMMARY"),
    Field.TIME: lambda told: told.time,
    Field.RECURRENCE: lambda told: told.recurrence,
    Field.LOCATION: lambda told: told.words("LOCATION"),
    Field.COMMENT: lambda told: told.words("DESCRIPTION"),
    Field.FREE: lambda told: told.code("TRANSP", otherwise="OPAQUE"),
    Field.STATUS: lambda told: told.code("STATUS", otherwise="CONFIRMED"),
}


def _rule_text(value: str, told: _Told) -> str:
    """A rule, its parts and their values sorted, without what holds anyway (RFC 5545 §3.3.10)."""
    parts = dict(part.partition("=")[::2] for part in value.upper().replace(" ", "").split(";") if part)
    until = rule_of(value).until
    if until:
        parts["UNTIL"] = told.timeline.identity(last_local(when_from(until, "", told.zones), told.timeline))
    written = {name: ",".join(sorted(set(map(_number_text, text.split(","))))) for name, text in parts.items()}
    return ";".join(f"{name}={text}" for name, text in sorted(written.items()) if _DEFAULTS.get(name) != text)


_DEFAULTS = {"INTERVAL": "1", "WKST": "MO", "RSCALE": "GREGORIAN"}
_NUMBER = re.compile(r"([+-]?)0*(\d.*)", re.ASCII)


def _number_text(text: str) -> str:
    """A number without plus sign and leading zeros, also before a day of the week; anything else as it is."""
    match = _NUMBER.fullmatch(text)
    return text if match is None else match[1].removeprefix("+") + match[2]
