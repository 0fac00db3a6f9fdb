"""VTIMEZONE components written from the IANA database (RFC 5545 §3.6.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hxdav.ical.values import local_text

_SPAN = 5
"""How many years behind the first one are looked at, and written where they follow no yearly rule."""

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

    Yearly rules where the zone has kept them for the years that follow, else each change of those years by itself.
    """
    zone = ZoneInfo(key)
    # The year before holds the change that the first January still goes by.
    transitions = list(_transitions(zone, year - 1, year + _SPAN))
    if not transitions:
        moment = datetime(year, 1, 1, tzinfo=zone)
        offset = moment.utcoffset() or timedelta(0)
        observances = list(_observance(datetime(1970, 1, 1), offset, name=moment.tzname() or key))  # noqa: DTZ001
    else:
        observances = _observances(transitions, year - 1)
    return ("BEGIN:VTIMEZONE", f"TZID:{key}", *observances, "END:VTIMEZONE")


def _observances(transitions: list[_Transition], first_year: int) -> list[str]:
    rules = {_rule(transition): transition for transition in reversed(transitions)}
    kept = [transition for transition in transitions if transition.local.year == first_year]
    yearly = len(transitions) == len(rules) * (_SPAN + 2) and len(kept) == len(rules)
    lines: list[str] = []
    for transition in kept if yearly else transitions:
        rule = _rule(transition).line if yearly else ""
        lines += _observance(
            transition.local,
            transition.after,
            before=transition.before,
            name=transition.name,
            rule=rule,
            kind="DAYLIGHT" if transition.is_daylight else "STANDARD",
        )
    return lines


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
    yield f"TZOFFSETFROM:{_offset_text(offset if before is None else before)}"
    yield f"TZOFFSETTO:{_offset_text(offset)}"
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


def _offset_text(offset: timedelta) -> str:
    sign = "-" if offset < timedelta(0) else "+"
    minutes, seconds = divmod(abs(offset).seconds, 60)
    text = f"{sign}{minutes // 60:02}{minutes % 60:02}"
    return f"{text}{seconds:02}" if seconds else text
