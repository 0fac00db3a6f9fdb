"""The clock that a component's times are read by: local times to moments and back, and how long it takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import assert_never

from hxdav.domain.times import AllDay, Floating, When, Zoned, instant
from hxdav.ical.components import Component
from hxdav.ical.values import Duration, date_text, duration_of, local_text, utc_text, when_of
from hxdav.ical.zones import Zones

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
LAST_LOCAL = LATEST.replace(tzinfo=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """How DTSTART is meant. Local times are naive; those of an all-day component are midnights.

    ``zone`` is that of DTSTART, or the practice's where DTSTART has none. ``time_of_day`` is DTSTART's.
    """

    zone: tzinfo
    all_day: bool
    floating: bool
    time_of_day: time

    @classmethod
    def of(cls, dtstart: When, practice_zone: tzinfo) -> Timeline:
        """The timeline on which a component that starts at ``dtstart`` recurs."""
        match dtstart:
            case AllDay():
                return cls(zone=practice_zone, all_day=True, floating=True, time_of_day=time.min)
            case Floating(local):
                return cls(zone=practice_zone, all_day=False, floating=True, time_of_day=local.time())
            case Zoned(moment):
                zone = moment.tzinfo or UTC
                return cls(zone=zone, all_day=False, floating=False, time_of_day=moment.time())
            case _:
                assert_never(dtstart)

    def local(self, when: When) -> datetime:
        """The local time that ``when``, of whichever kind, stands for here.

        A date among times means DTSTART's time on that day; a time among dates means its own day.
        """
        match when:
            case AllDay(day):
                return datetime.combine(day, self.time_of_day)
            case Floating(local):
                return datetime.combine(local.date(), time.min) if self.all_day else local
            case Zoned(moment):
                if self.all_day:
                    return datetime.combine(moment.date(), time.min)
                return moment.astimezone(self.zone).replace(tzinfo=None)
            case _:
                assert_never(when)

    def when(self, local: datetime) -> When:
        """The local time as a moment of the kind that DTSTART is of."""
        if self.all_day:
            return AllDay(local.date())
        return Floating(local) if self.floating else Zoned(local.replace(tzinfo=self.zone))

    def moment(self, local: datetime) -> datetime:
        """The moment, in UTC, of a local time; the last that a date can express where it lies behind that."""
        try:
            return local.replace(tzinfo=self.zone).astimezone(UTC)
        except OverflowError:
            return LATEST

    def local_at(self, moment: datetime) -> datetime:
        """The local time at ``moment``; held within what a date can express."""
        try:
            return moment.astimezone(self.zone).replace(tzinfo=None)
        except OverflowError:
            return moment.replace(tzinfo=None)

    def identity(self, local: datetime) -> str:
        """The RECURRENCE-ID of the instance at ``local``, in one spelling: a date, in UTC, or floating."""
        if self.all_day:
            return date_text(local)
        return local_text(local) if self.floating else utc_text(self.moment(local))

    def end_of(self, local: datetime, length: Duration) -> datetime:
        """The moment at which an instance ends: days are added on the calendar, the rest by the clock."""
        nominal = self.moment(shifted(local, timedelta(days=length.days))) if length.days else self.moment(local)
        return shifted(nominal, length.exact)


def shifted(moment: datetime, by: timedelta) -> datetime:
    """``moment`` moved by ``by``; held within what a date can express."""
    try:
        return moment + by
    except OverflowError:
        return (LATEST if by > timedelta(0) else EARLIEST).replace(tzinfo=moment.tzinfo)


def dtstart_of(vevent: Component, zones: Zones) -> When:
    """The DTSTART of an accepted component."""
    line = vevent.first("DTSTART")
    return AllDay(date.min) if line is None else when_of(line, zones)


def length_of(vevent: Component, dtstart: When, *, timeline: Timeline, zones: Zones) -> Duration:
    """How long each instance of ``vevent`` takes (RFC 5545 §3.6.1, §3.8.5.3): DTEND exactly, DURATION nominally."""
    duration = vevent.first("DURATION")
    if duration is not None:
        return duration_of(duration.value)
    dtend = vevent.first("DTEND")
    if dtend is None:
        return Duration(days=int(timeline.all_day), exact=timedelta(0))
    ends = when_of(dtend, zones)
    if isinstance(dtstart, AllDay) and isinstance(ends, AllDay):
        # RFC 5545 §3.8.2.2 wants the end later; the same day is what some clients write for one day.
        return Duration(days=max((ends.day - dtstart.day).days, 1), exact=timedelta(0))
    return Duration(days=0, exact=between(dtstart, ends, timeline))


def between(starts: When, ends: When, timeline: Timeline) -> timedelta:
    """The exact time from ``starts`` to ``ends``; nothing where the end is no later."""
    return max(instant(ends, timeline.zone) - instant(starts, timeline.zone), timedelta(0))
