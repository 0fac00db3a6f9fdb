"""VTIMEZONE components written from the IANA database (RFC 5545 §3.6.5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hxdav.ical.values import local_text

_FIRST_YEAR, _LAST_YEAR = 1902, 2200
"""The years for which zones are written; what lies outside goes by the nearest."""

_SPAN = 5
"""For how many years a zone has to keep yearly rules to be written with them."""

_LISTED_UNTIL = 2037
"""The last year for which the database lists changes; those of later years follow the rules of this one."""

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LAST = 4
_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Transition:
    """A change of the clock. ``local`` is the wall-clock time at which it is made, by the offset before."""

    local: datetime
    before: timedelta
    after: timedelta
    name: str
    is_daylight: bool


@lru_cache(maxsize=256)
def vtimezone(key: str, year: int) -> tuple[str, ...]:
    """The content lines of a VTIMEZONE for the zone ``key``, right for every time from ``year`` on.

    Each change of the clock by itself, and from the year on in which the zone has come to yearly rules, these.
    """
    zone = ZoneInfo(key)
    year = min(max(year, _FIRST_YEAR), _LAST_YEAR)
    last = max(year + _SPAN, _LISTED_UNTIL)
    # The year before holds the change that the first January still goes by.
    transitions = list(_transitions(zone, year - 1, last))
    if not transitions:
        moment = datetime(year, 1, 1, tzinfo=zone)
        offset = moment.utcoffset() or timedelta(0)
        observances: Iterable[str] = _observance(datetime(1970, 1, 1), offset, name=moment.tzname() or key)  # noqa: DTZ001
    else:
        observances = _observances(transitions, _settled_in(transitions, year - 1, last))
    return ("BEGIN:VTIMEZONE", f"TZID:{key}", *observances, "END:VTIMEZONE")


def _settled_in(transitions: list[_Transition], first: int, last: int) -> int:
    """The year, not before ``first``, from which on all up to ``last`` have the same rules; a later one for none."""
    rules = defaultdict(set)
    for transition in transitions:
        rules[transition.local.year].add(_rule(transition))
    settled = last
    while settled > first and rules[settled - 1] == rules[last]:
        settled -= 1
    return settled if last - settled >= _SPAN else last + 1


def _observances(transitions: list[_Transition], settled: int) -> Iterator[str]:
    """Each of ``transitions`` by itself before the year ``settled``, and those of that year with their yearly rules."""
    for transition in transitions:
        if transition.local.year <= settled:
            yield from _observance(
                transition.local,
                transition.after,
                before=transition.before,
                name=transition.name,
                rule=_rule(transition).line if transition.local.year == settled else "",
                kind="DAYLIGHT" if transition.is_daylight else "STANDARD",
            )


def _observance(
    start: datetime,
    offset: timedelta,
    *,
    name: str,
    before: timedelta | None = None,
    rule: str = "",
    kind: str = "STANDARD",
) -> Iterator[str]:
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{local_text(start)}"
    yield f"TZOFFSETFROM:{offset_text(offset if before is None else before)}"
    yield f"TZOFFSETTO:{offset_text(offset)}"
    yield f"TZNAME:{name}"
    if rule:
        yield rule
    yield f"END:{kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What two changes have in common that follow one rule."""

    line: str
    time: tuple[int, int, int]
    before: timedelta
    after: timedelta


def _rule(transition: _Transition) -> _Rule:
    local = transition.local
    ordinal = (local.day - 1) // _WEEK + 1
    # The fourth is taken for the last where it can be: no zone means "the fourth but not the last".
    is_last = (local + timedelta(days=_WEEK)).month != local.month or ordinal > _LAST
    day = f"{-1 if is_last else ordinal}{_WEEKDAYS[local.weekday()]}"
    return _Rule(
        line=f"RRULE:FREQ=YEARLY;BYMONTH={local.month};BYDAY={day}",
        time=(local.hour, local.minute, local.second),
        before=transition.before,
        after=transition.after,
    )


def _transitions(zone: ZoneInfo, first: int, last: int) -> Iterator[_Transition]:
    """Every change of the clock from the year ``first`` to the year ``last``, found by halving the days between."""
    day = datetime(first, 1, 1, tzinfo=UTC)
    end = datetime(last + 1, 1, 1, tzinfo=UTC)
    while day < end:
        following = day + timedelta(days=1)
        if _offset(zone, day) != _offset(zone, following):
            yield _transition(zone, day, following)
        day = following


def _transition(zone: ZoneInfo, low: datetime, high: datetime) -> _Transition:
    before, after = _offset(zone, low), _offset(zone, high)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    changed = high.astimezone(zone)
    return _Transition(
        local=(high + before).replace(tzinfo=None),
        before=before,
        after=after,
        name=changed.tzname() or zone.key,
        is_daylight=bool(changed.dst()),
    )


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def offset_text(offset: timedelta) -> str:
    """A UTC-OFFSET as it is written (RFC 5545 §3.3.14)."""
    sign = "-" if offset < timedelta(0) else "+"
    minutes, seconds = divmod(abs(offset).seconds, 60)
    text = f"{sign}{minutes // 60:02}{minutes % 60:02}"
    return f"{text}{seconds:02}" if seconds else text
