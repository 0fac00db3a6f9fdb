"""When an appointment takes place: the index over it, and whether it starts within a window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from hxdav.domain.refusal import CalendarDataError
from hxdav.domain.times import Interval, OccurrenceIndex
from hxdav.ical.fields import cancels
from hxdav.ical.objects import CalendarObject
from hxdav.ical.recurrence import check_bounded, extent, instances, occurrences
from hxdav.ical.timeline import LATEST

INDEXED_AHEAD = timedelta(days=400)
"""How far ahead of today occurrences are indexed: further than any horizon, so that queries seldom pass its end."""

INDEXED_AT_MOST = 1000
"""How many occurrences of one appointment are indexed: the latest ones; a query beyond them reads the rule."""

COMPARED_AT_MOST = 4000
"""How many occurrences of an edited series are compared with those that it had: ten years of a daily one."""


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
    return a_start_within(content, within, practice_zone=practice_zone) is not None


def a_start_within(content: CalendarObject, within: Interval, *, practice_zone: ZoneInfo) -> datetime | None:
    """When the first occurrence of ``content`` that starts in ``within`` does; None where none does."""
    if not content.is_recurring:
        starts = extent(content, practice_zone=practice_zone).starts
        return starts if within.starts <= starts < within.ends else None
    # They come in their order, and one is enough: an endless series is not read to its end.
    starting = (each.interval.starts for each in instances(content, practice_zone=practice_zone, within=within))
    return next((starts for starts in starting if within.starts <= starts < within.ends), None)


def takes_place(content: CalendarObject, *, practice_zone: ZoneInfo) -> bool:
    """Return whether any occurrence of ``content`` is left, past ones included.

    A series without end always has some, unless all of it is cancelled.
    """
    if content.all_cancelled:
        return False
    whole = extent(content, practice_zone=practice_zone)
    if not content.is_recurring or whole.ends is None:
        return True
    starts = _starts(content, Interval(whole.starts, LATEST), practice_zone=practice_zone)
    return next(starts, None) is not None


def adds_a_start(after: CalendarObject, before: CalendarObject, *, practice_zone: ZoneInfo) -> bool:
    """Whether an occurrence of ``after`` starts when none of ``before`` does; looks at the first COMPARED_AT_MOST."""
    ever = Interval(extent(after, practice_zone=practice_zone).starts, LATEST)
    starts = set(islice(_starts(after, ever, practice_zone=practice_zone), COMPARED_AT_MOST))
    if not starts:
        return False
    within = Interval(min(starts), max(starts) + timedelta(seconds=1))
    return not starts.issubset(_starts(before, within, practice_zone=practice_zone))


def _starts(content: CalendarObject, within: Interval, *, practice_zone: ZoneInfo) -> Iterator[datetime]:
    """When the occurrences start that overlap ``within``; a cancelled override says what an EXDATE says."""
    found = instances(content, practice_zone=practice_zone, within=within)
    return (each.interval.starts for each in found if not cancels(content, each.vevent))
