"""Moments told by another clock: what floats, read in a zone; what has one, written as floating (RFC 5545 §3.3.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hxdav.domain.times import AllDay, Floating, When, Zoned
from hxdav.ical.components import Component
from hxdav.ical.lines import ContentLine, fold, newline_of
from hxdav.ical.objects import CalendarObject, reaches_on
from hxdav.ical.patch import TextChange, changed
from hxdav.ical.rules import rule_of
from hxdav.ical.timeline import LAST_LOCAL, Timeline, dtstart_of
from hxdav.ical.values import Duration, date_text, local_text, periods_of, utc_text, when_from
from hxdav.ical.zone_names import iana_zone
from hxdav.ical.zones import ObjectZone, Zones

MOMENTS = ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE")
"""The properties of an event that hold moments of its own clock."""

RULES = ("RRULE", "EXRULE")

Turn = Callable[[When], When]
_UNTIL = re.compile(r"(\bUNTIL *=)[^;]*", re.IGNORECASE)
_NEEDS_QUOTES = re.compile(r"[:;,]")


def zoned(obj: CalendarObject, zone: ZoneInfo) -> str:
    """The text of ``obj`` with every floating moment in ``zone``; it may lack the VTIMEZONE of that."""
    return _retold(obj, zoning(zone), lambda when: isinstance(when, Floating))


def floated(obj: CalendarObject, zone: ZoneInfo) -> str:
    """The text of ``obj`` with every moment that has a zone floating as it reads in ``zone``."""
    return _retold(obj, _floating(zone), lambda when: isinstance(when, Zoned))


def zoning(zone: ZoneInfo) -> Turn:
    """What turns floating moments into those of ``zone``, and leaves the others."""
    return lambda when: Zoned(when.local.replace(tzinfo=zone)) if isinstance(when, Floating) else when


def _floating(zone: ZoneInfo) -> Turn:
    def turn(when: When) -> When:
        return Floating(when.moment.astimezone(zone).replace(tzinfo=None)) if isinstance(when, Zoned) else when

    return turn


def _retold(obj: CalendarObject, turn: Turn, concerns: Callable[[When], bool]) -> str:
    changes: list[TextChange] = []
    for vevent in obj.vevents:
        newline = newline_of(obj.text[vevent.start : vevent.properties_start])
        if concerns(dtstart_of(vevent, obj.zones)):
            timeline = Timeline.of(turn(dtstart_of(vevent, obj.zones)), UTC)
            for line in vevent.all(*RULES):
                if "UNTIL" in line.value.upper():
                    rule = rule_text(line.value, timeline, obj.zones, turn=turn)
                    changes.append(_change(line, [f"{line.name}{line.params}:{rule}"], newline))
        changes += (
            _change(line, moment_lines(line, obj.zones, turn), newline)
            for line in vevent.all(*MOMENTS)
            if any(concerns(period.starts) for period in periods_of(line, obj.zones))
        )
    return changed(obj.text, changes)


def _change(line: ContentLine, contents: Iterable[str], newline: str) -> TextChange:
    return TextChange(start=line.start, end=line.end, text="".join(fold(content, newline) for content in contents))


def moment_lines(line: ContentLine, zones: Zones, turn: Turn) -> Iterator[str]:
    """The content lines, not folded, that say what ``line`` says, each moment turned and its zone by its IANA name.

    It takes several where ``line`` lists moments of several kinds. Of a zone that nothing defines there is no more
    than the wall-clock time.
    """
    written: dict[str, list[str]] = {}
    for period in periods_of(line, zones):
        params, text = _written(turn(period.starts))
        if isinstance(period.ends, Duration):
            text += f"/{_duration_text(period.ends)}"
        elif period.ends is not None:
            text += f"/{_written(turn(period.ends))[1]}"
        written.setdefault(f";VALUE=PERIOD{params}" if "/" in text else params, []).append(text)
    return (f"{line.name}{params}:{','.join(texts)}" for params, texts in written.items())


def recurrence_id_lines(override: Component, zones: Zones, turn: Turn) -> Iterator[str]:
    """The content lines, not folded, of the RECURRENCE-ID of ``override``, its moment turned; RANGE stays."""
    reach = ";RANGE=THISANDFUTURE" if reaches_on(override) else ""
    for line in override.all("RECURRENCE-ID"):
        for text in moment_lines(line, zones, turn):
            yield f"{line.name}{reach}{text.removeprefix(line.name)}"


def moments_of(obj: CalendarObject) -> list[When]:
    """Every moment that ``obj`` names by a clock of its own, ends of periods left out."""
    lines = (line for vevent in obj.vevents for line in vevent.all(*MOMENTS))
    return [period.starts for line in lines for period in periods_of(line, obj.zones)]


def unknown_zones(obj: CalendarObject) -> list[str]:
    """The TZIDs of ``obj`` that nothing explains, each once: times that name them are read as floating."""
    found: dict[str, None] = {}
    for vevent in obj.vevents:
        for line in vevent.all(*MOMENTS):
            tzid = line.parameter("TZID")
            if tzid and any(isinstance(period.starts, Floating) for period in periods_of(line, obj.zones)):
                found[tzid] = None
    return list(found)


def moment_line(name: str, when: When) -> str:
    """The content line, not folded, of a property that holds a moment, in whichever zone that is."""
    params, text = _written(when)
    return f"{name}{params}:{text}"


def _written(when: When) -> tuple[str, str]:
    """The parameters and the value that write ``when``."""
    match when:
        case AllDay(day):
            return ";VALUE=DATE", date_text(day)
        case Floating(local):
            return "", local_text(local)
        case Zoned(moment):
            tzid = tzid_of(moment.tzinfo)
            # Of a wall-clock time that comes twice, the name of a zone means the first.
            return (f";TZID={tzid}", local_text(moment)) if tzid and not moment.fold else ("", utc_text(moment))


def tzid_of(zone: tzinfo | None) -> str:
    """What a TZID calls ``zone``, in quotes where it needs them; empty for UTC."""
    if isinstance(zone, ZoneInfo):
        return "" if iana_zone(zone.key) is UTC else zone.key
    name = (zone.tzname(None) or "") if isinstance(zone, ObjectZone) else ""
    return f'"{name}"' if _NEEDS_QUOTES.search(name) else name


def _duration_text(length: Duration) -> str:
    seconds = int(length.exact.total_seconds())
    return f"{'-' if length.total < timedelta(0) else ''}P{abs(length.days)}DT{abs(seconds)}S"


def rule_text(rule: str, timeline: Timeline, zones: Zones, *, turn: Turn = lambda when: when) -> str:
    """``rule`` with its UNTIL spelled as ``timeline`` names instances: in UTC, floating, or as a date (§3.3.10).

    ``turn`` is what the timeline's own moments have been turned with, where they have.
    """
    until = rule_of(rule).until
    if not until:
        return rule
    ends = timeline.identity(last_local(turn(when_from(until, "", zones)), timeline))
    return _UNTIL.sub(lambda match: match[1] + ends, rule)


def last_local(until: When, timeline: Timeline) -> datetime:
    """The local time after which there is no instance; a date among times means the end of that day."""
    if isinstance(until, AllDay) and not timeline.all_day:
        return datetime.combine(until.day, LAST_LOCAL.time())
    return timeline.local(until)
