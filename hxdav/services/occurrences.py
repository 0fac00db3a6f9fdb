"""When an appointment takes place: the index over it, and whether it starts within a window."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.refusal import CalendarDataError
from hxdav.domain.times import Interval
from hxdav.ical.objects import CalendarObject
from hxdav.ical.recurrence import check_bounded, extent, instances, occurrences
from hxdav.store.appointments import OccurrenceIndex

INDEXED_AHEAD = timedelta(days=400)
"""How far ahead of today occurrences are indexed: further than any horizon, so that queries seldom pass its end."""

INDEXED_AT_MOST = 1000
"""How many occurrences of one appointment are indexed: the latest ones; a query beyond them reads the rule."""


def index_of(content: CalendarObject, *, practice_zone: ZoneInfo, now: datetime) -> OccurrenceIndex:
    """When ``content`` takes place, as far as it is worth writing down."""
    if not content.is_recurring:
        whole = extent(content, practice_zone=practice_zone)
        return OccurrenceIndex(intervals=(Interval(whole.starts, whole.ends or whole.starts),))
    whole = extent(content, practice_zone=practice_zone)
    until = now + INDEXED_AHEAD
    if whole.ends is not None and whole.ends <= until:
        until = whole.ends + timedelta(seconds=1)
    within = Interval(whole.starts, max(whole.starts, until))
    found = [each.interval for each in occurrences(content, practice_zone=practice_zone, within=within)]
    kept = found[-INDEXED_AT_MOST:]
    is_whole = whole.ends is not None and whole.ends < within.ends and len(kept) == len(found)
    if is_whole:
        return OccurrenceIndex(intervals=tuple(kept))
    begins = kept[0].starts if len(kept) < len(found) else within.starts
    return OccurrenceIndex(intervals=tuple(kept), complete_within=Interval(begins, within.ends))


def unbounded(content: CalendarObject, *, practice_zone: ZoneInfo, now: datetime) -> CalendarDataError | None:
    """Why ``content`` repeats too often to be indexed, if it does."""
    try:
        check_bounded(content, practice_zone=practice_zone, until=now + INDEXED_AHEAD)
    except CalendarDataError as too_many:
        return too_many
    return None


def first_interval(content: CalendarObject, *, practice_zone: ZoneInfo) -> Interval:
    """When ``content`` takes place for the first time."""
    starts = extent(content, practice_zone=practice_zone).starts
    first_moment = Interval(starts, starts + timedelta(seconds=1))
    found = occurrences(content, practice_zone=practice_zone, within=first_moment)
    return found[0].interval if found else Interval(starts, starts)


def starts_within(content: CalendarObject, within: Interval, *, practice_zone: ZoneInfo) -> bool:
    """Whether an occurrence of ``content`` starts in ``within``."""
    if not content.is_recurring:
        return within.starts <= extent(content, practice_zone=practice_zone).starts < within.ends
    # One is enough: an endless series is not read to its end.
    return any(
        within.starts <= each.interval.starts < within.ends
        for each in instances(content, practice_zone=practice_zone, within=within)
    )
