"""What a calendar object says to a person: its title, when and where, and the comment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from hxdav.domain.times import AllDay, Floating, When
from hxdav.ical.clocks import unknown_zones
from hxdav.ical.components import Component
from hxdav.ical.fields import bounds_of
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.text import unescape

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """``starts`` and ``ends`` are what a clock on the practice's wall shows, without a zone.

    Of an all-day appointment they are the midnights of its first and of its last day. ``rules`` are RRULE and what adds
    or leaves out dates, as they are written; none for a single appointment.
    """

    title: str
    starts: datetime
    ends: datetime
    all_day: bool
    place: str
    comment: str
    rules: tuple[str, ...] = ()


def summary_of(text: str, *, practice_zone: tzinfo) -> Summary:
    """What the text of a calendar object says; of a series what its master does."""
    content = object_of(text)
    return summary_in(content, content.main, practice_zone=practice_zone)


def summary_in(content: CalendarObject, vevent: Component, *, practice_zone: tzinfo) -> Summary:
    """What one component of a calendar object says."""
    bounds = bounds_of(vevent, content.zones, practice_zone)
    all_day = isinstance(bounds.starts, AllDay)
    ends = _local(bounds.ends, practice_zone)
    return Summary(
        title=unescape(vevent.value("SUMMARY")),
        starts=_local(bounds.starts, practice_zone),
        # The end of an all-day appointment is kept as the day after it (RFC 5545 §3.6.1).
        ends=ends - _DAY if all_day else ends,
        all_day=all_day,
        place=unescape(vevent.value("LOCATION")),
        comment=unescape(vevent.value("DESCRIPTION")),
        rules=tuple(f"{line.name}:{line.value}" for line in vevent.all("RRULE", "RDATE", "EXRULE", "EXDATE")),
    )


def doubt_about(content: CalendarObject, *, practice_zone: tzinfo) -> str:
    """A sentence about the times of ``content`` whose zone is not known; empty where there are none."""
    names = unknown_zones(content)
    if not names:
        return ""
    zones = ("zone " if len(names) == 1 else "zones ") + ", ".join(names)
    return f"hxdav does not know the time {zones} and uses {practice_zone} instead. Check the time of this appointment."


def _local(when: When, practice_zone: tzinfo) -> datetime:
    match when:
        case AllDay(day):
            return datetime.combine(day, time.min)
        case Floating(local):
            return local
        case _:
            return when.moment.astimezone(practice_zone).replace(tzinfo=None)
