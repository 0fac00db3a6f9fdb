"""When somebody is busy: a VFREEBUSY for a free-busy query (RFC 4791 §7.10, RFC 5545 §3.6.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum

from hxdav.budget import spend
from hxdav.domain.times import Interval
from hxdav.ical.build import PRODID
from hxdav.ical.lines import fold
from hxdav.ical.objects import CalendarObject
from hxdav.ical.recurrence import occurrences
from hxdav.ical.values import utc_text


class BusyType(StrEnum):
    """FBTYPE (RFC 5545 §3.2.9), as far as events have it."""

    BUSY = "BUSY"
    TENTATIVE = "BUSY-TENTATIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyPeriod:
    """A time that is taken."""

    interval: Interval
    type: BusyType


def busy(obj: CalendarObject, *, within: Interval, practice_zone: tzinfo) -> list[BusyPeriod]:
    """The times within ``within`` that ``obj`` takes; what is transparent or cancelled takes none."""
    periods: list[BusyPeriod] = []
    for occurrence in occurrences(obj, practice_zone=practice_zone, within=within):
        interval = occurrence.interval
        spend()
        if occurrence.transparent or occurrence.status == "CANCELLED" or interval.starts == interval.ends:
            continue
        part = Interval(max(interval.starts, within.starts), min(interval.ends, within.ends))
        kind = BusyType.TENTATIVE if occurrence.status == "TENTATIVE" else BusyType.BUSY
        periods.append(BusyPeriod(interval=part, type=kind))
    return periods


def freebusy_text(periods: Iterable[BusyPeriod], *, within: Interval, now: datetime) -> str:
    """The VCALENDAR that answers a free-busy query: periods in UTC, those of one type that touch made one."""
    digest = hashlib.sha256(f"{within}{now}".encode()).hexdigest()[:32]
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "BEGIN:VFREEBUSY", f"UID:{digest}@hxdav"),
        *(f"DTSTAMP:{utc_text(now)}", f"DTSTART:{utc_text(within.starts)}", f"DTEND:{utc_text(within.ends)}"),
        *(
            f"FREEBUSY;FBTYPE={period.type}:{utc_text(period.interval.starts)}/{utc_text(period.interval.ends)}"
            for period in _merged(periods)
        ),
        *("END:VFREEBUSY", "END:VCALENDAR"),
    ]
    return "".join(map(fold, lines))


def _merged(periods: Iterable[BusyPeriod]) -> list[BusyPeriod]:
    merged: list[BusyPeriod] = []
    for period in sorted(periods, key=lambda period: (period.type, period.interval)):
        last = merged[-1] if merged else None
        if last is None or last.type != period.type or last.interval.ends < period.interval.starts:
            merged.append(period)
        else:
            ends = max(last.interval.ends, period.interval.ends)
            merged[-1] = replace(last, interval=Interval(last.interval.starts, ends))
    return sorted(merged, key=lambda period: period.interval)
