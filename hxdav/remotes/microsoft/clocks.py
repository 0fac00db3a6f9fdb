"""Nights on which a clock is changed, and what Exchange cannot say of them.

Exchange keeps of a series at which times of day its instances start and end ([MS-OXOCAL] 2.2.1.44.5, StartTimeOffset
and EndTimeOffset). RFC 5545 §3.8.5.3 gives all of them one length instead. The two are not the same for an instance
during which the clock is changed, and a time that the clock skips or shows twice is no moment to be sure of.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timezone, tzinfo
from functools import lru_cache
from itertools import islice, takewhile

from hxdav.domain.times import When, Zoned
from hxdav.ical.rules import Allowance, Exhausted, rule_of
from hxdav.remotes.microsoft.times import NotExpressibleInOutlook, is_certain

_BY_DAY = (time(5), time(21))
"""Between these, clocks are changed nowhere."""

_YEARS = 30
_MOST = 1_000
"""Further than that nobody looks: a series of each day meets in three years what it will ever meet."""


def require_steady_clock(rule: str, bounds: tuple[When, When]) -> None:
    """Raise NotExpressible where Exchange would show an instance of ``rule`` at another time, or for another length.

    ``bounds`` are those of the first instance. Exceptions do not help: the series is there before they are.
    """
    starts, ends = bounds
    if not (isinstance(starts, Zoned) and isinstance(ends, Zoned)):
        return
    zone = starts.moment.tzinfo or UTC
    first, last = _local(starts, zone), _local(ends, zone)
    if isinstance(zone, timezone) or _is_by_day(first, last):
        return
    if _meets_a_change(rule, first, last, zone):
        raise NotExpressibleInOutlook("a series on nights on which the clock is changed")


@lru_cache(maxsize=512)
def _meets_a_change(rule: str, first: datetime, last: datetime, zone: tzinfo) -> bool:  # noqa: PLR0917 - the key
    """Whether some instance is on such a night, or the rule is too laborious to tell."""
    last_year = first.year + _YEARS
    starts = takewhile(lambda local: local.year <= last_year, rule_of(rule).starts(first, first, Allowance()))
    try:
        return not all(_is_steady(local, local + (last - first), zone) for local in islice(starts, _MOST))
    except Exhausted:
        return True


def _local(when: Zoned, zone: tzinfo) -> datetime:
    return when.moment.astimezone(zone).replace(tzinfo=None)


def _is_by_day(first: datetime, last: datetime) -> bool:
    earliest, latest = _BY_DAY
    return first.date() == last.date() and earliest <= first.time() and last.time() <= latest


def _is_steady(first: datetime, last: datetime, zone: tzinfo) -> bool:
    starts, ends = first.replace(tzinfo=zone), last.replace(tzinfo=zone)
    return is_certain(starts) and is_certain(ends) and starts.utcoffset() == ends.utcoffset()
