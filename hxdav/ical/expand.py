"""Recurring objects as a client asks to see them: instance by instance, or with fewer overrides (RFC 4791 §9.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, tzinfo

from hxdav.budget import spend
from hxdav.domain.times import AllDay, Interval, When, Zoned, days_after
from hxdav.ical.components import Component
from hxdav.ical.lines import newline_of
from hxdav.ical.objects import CalendarObject, reaches_on
from hxdav.ical.patch import drop
from hxdav.ical.recurrence import Instance, instances, overridden
from hxdav.ical.timeline import Timeline, dtstart_of
from hxdav.ical.values import when_text

_REPLACED = frozenset({"DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE", "EXRULE"})


def expand(obj: CalendarObject, *, within: Interval, practice_zone: tzinfo) -> str:
    """Each instance that overlaps ``within`` as an event of its own (§9.6.5).

    Times are in UTC, days stay days; rules and time zones are gone. An object with no instance there is a calendar
    without events.
    """
    found = sorted(instances(obj, practice_zone=practice_zone, within=within), key=lambda instance: instance.interval)
    newline = newline_of(obj.text[obj.calendar.start : obj.calendar.properties_start])
    pieces = ["BEGIN:VCALENDAR" + newline, *(obj.text[line.start : line.end] for line in obj.calendar.properties)]
    forms: dict[int, _Form] = {}
    for instance in found:
        form = forms.get(id(instance.vevent))
        if form is None:
            form = forms[id(instance.vevent)] = _Form.of(obj, instance.vevent, practice_zone, newline=newline)
        piece = form.filled(instance)
        spend(octets=len(piece))
        pieces.append(piece)
    return "".join((*pieces, "END:VCALENDAR", newline))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What all instances that one component tells of have in common: read once, however many there are."""

    timeline: Timeline
    has_end: bool
    rest: str
    newline: str

    @classmethod
    def of(cls, obj: CalendarObject, vevent: Component, practice_zone: tzinfo, *, newline: str) -> _Form:
        kept = [obj.text[line.start : line.end] for line in vevent.properties if line.name not in _REPLACED]
        kept += [obj.text[child.start : child.end] for child in vevent.children]
        return cls(
            timeline=Timeline.of(dtstart_of(vevent, obj.zones), practice_zone),
            has_end=vevent.first("DTEND") is not None or vevent.first("DURATION") is not None,
            rest="".join(kept),
            newline=newline,
        )

    def filled(self, instance: Instance) -> str:
        """The event that an instance is by itself."""
        lines = ("BEGIN:VEVENT", *self._times(instance), self.rest)
        return self.newline.join(lines) + "END:VEVENT" + self.newline

    def _times(self, instance: Instance) -> Iterator[str]:
        interval = instance.interval
        bounds = [("DTSTART", interval.starts)]
        if self.has_end or (not self.timeline.all_day and interval.ends > interval.starts):
            bounds.append(("DTEND", interval.ends))
        for name, moment in bounds:
            yield _time_line(name, _when(self.timeline, moment))
        if "T" in instance.recurrence_id:
            yield _time_line("RECURRENCE-ID", Zoned(instance.original))
        elif instance.recurrence_id:
            yield f"RECURRENCE-ID;VALUE=DATE:{instance.recurrence_id}"


def _when(timeline: Timeline, moment: datetime) -> When:
    if not timeline.all_day:
        return Zoned(moment)
    local = timeline.local_at(moment)
    # A length in hours ends some day of which it has not all: that day is taken in.
    return AllDay(local.date() if local.time() == time.min else days_after(local.date(), 1))


def _time_line(name: str, when: When) -> str:
    return f"{name};VALUE=DATE:{when_text(when)}" if isinstance(when, AllDay) else f"{name}:{when_text(when)}"


def limit_recurrence_set(obj: CalendarObject, *, within: Interval, practice_zone: tzinfo) -> str:
    """The text of ``obj`` with only those overrides that bear on ``within`` (§9.6.6).

    An override does where it takes place there, or takes an instance away from there; one for THISANDFUTURE always.
    """
    bearing = {id(instance.vevent) for instance in instances(obj, practice_zone=practice_zone, within=within)}
    return drop(
        obj.text,
        [
            override
            for override in obj.overrides
            if id(override) not in bearing
            and not reaches_on(override)
            and not overridden(obj, override, practice_zone=practice_zone).overlaps(within)
        ],
    )
