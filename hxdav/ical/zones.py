"""Time zones: a TZID to the rules of its clock (RFC 5545 §3.2.19, §3.6.5).

A region and city of the IANA database (``Europe/Berlin``) mean that zone, whatever the object says of it: clients send
shortened, outdated or plainly wrong VTIMEZONEs. For every other name the object's own VTIMEZONE speaks, because people
use ``EST`` and ``GMT`` as labels. Where there is none, or none that can be read, the name itself may tell. Where both
say the same, the zone is the one of that name, which providers know.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice, takewhile

from hxdav.ical.components import Component, tree_of
from hxdav.ical.rules import YEARLY, Allowance, Exhausted, RecurrenceRule, rule_of
from hxdav.ical.text import unescape
from hxdav.ical.zone_names import iana_zone, same_clock, zone_named

_LOCAL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d))?", re.ASCII)
_OFFSET = re.compile(r"([+-]?)(\d\d)(\d\d)(\d\d)?", re.ASCII)
_RULES_FROM = 1970
_ONSETS_UNTIL = datetime(2100, 1, 1)  # noqa: DTZ001
_MAX_ONSETS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """The zones of one calendar object: by ``TZID``, not escaped, the text of its VTIMEZONE."""

    texts: Mapping[str, str]

    def get(self, tzid: str) -> tzinfo | None:
        """The zone called ``tzid``; None where nothing says what it is, so that its times are read as floating."""
        name = self.name_of(tzid)
        return _zone_of(name, self.texts[name]) if self.defines(tzid) else zone_named(name)

    def defines(self, tzid: str) -> bool:
        """Whether a VTIMEZONE tells what ``tzid`` means, and the IANA database does not."""
        name = self.name_of(tzid)
        return name in self.texts and not ("/" in name and iana_zone(name))

    def name_of(self, tzid: str) -> str:
        """``tzid``, a parameter, as its VTIMEZONE calls it: some programs escape it there as well (§3.2.19)."""
        return tzid if tzid in self.texts else unescape(tzid)


def zones_of(calendar: Component, text: str) -> Zones:
    """The zones that the VTIMEZONEs of ``calendar``, a component of ``text``, define."""
    return Zones(texts={tzid_in(zone): text[zone.start : zone.end] for zone in calendar.named("VTIMEZONE")})


def tzid_in(vtimezone: Component) -> str:
    """The TZID of a VTIMEZONE: TEXT, which is escaped there and not in a parameter (§3.8.3.1)."""
    return unescape(vtimezone.value("TZID"))


class ObjectZone(tzinfo):
    """A zone as a VTIMEZONE tells it: offsets, and the moments from which they hold.

    Of a wall-clock time that comes twice the first is meant, and one that never comes has the offset before the change;
    ``fold`` turns both around (PEP 495).
    """

    def __init__(self, name: str, first: timedelta, onsets: Sequence[_Onset]) -> None:
        self._name = name
        self._offsets = [first, *(onset.offset for onset in onsets)]
        self._moments = [onset.moment for onset in onsets]
        changes = list(zip(self._moments, self._offsets, self._offsets[1:], strict=False))
        self._first_walls = [moment + max(before, after) for moment, before, after in changes]
        self._second_walls = [moment + min(before, after) for moment, before, after in changes]

    def __eq__(self, other: object) -> bool:
        """Whether both keep the same clock, whatever they are called."""
        if not isinstance(other, ObjectZone):
            return NotImplemented
        return (self._moments, self._offsets) == (other._moments, other._offsets)

    def __hash__(self) -> int:
        return hash((*self._moments, *self._offsets))

    def __repr__(self) -> str:
        return f"ObjectZone({self._name!r})"

    def utcoffset(self, dt: datetime | None, /) -> timedelta | None:
        """The offset at a wall-clock time."""
        if dt is None:
            return None
        walls = self._second_walls if dt.fold else self._first_walls
        return self._offsets[bisect_right(walls, dt.replace(tzinfo=None))]

    def dst(self, dt: datetime | None, /) -> timedelta | None:
        """Nothing: a VTIMEZONE names its changes, and nobody here asks which of them is the summer's."""
        return None if dt is None else timedelta(0)

    def tzname(self, dt: datetime | None, /) -> str | None:  # noqa: ARG002
        """The TZID."""
        return self._name

    def fromutc(self, dt: datetime, /) -> datetime:
        """The wall-clock time at a moment, which ``dt`` writes in UTC."""
        moment = dt.replace(tzinfo=None)
        index = bisect_right(self._moments, moment)
        offset = self._offsets[index]
        repeated = self._offsets[index - 1] - offset if index else timedelta(0)
        fold = int(bool(index) and moment - self._moments[index - 1] < repeated)
        return dt + offset if not fold else (dt + offset).replace(fold=1)


@dataclass(frozen=True, slots=True, order=True)
class _Onset:
    """From ``moment`` (UTC, naive) on the clock is ``offset`` ahead; ``before`` is what it was until then."""

    moment: datetime
    offset: timedelta
    before: timedelta


@lru_cache(maxsize=256)
def _zone_of(name: str, text: str) -> tzinfo | None:
    """The zone that a VTIMEZONE describes: the one that its name means, where both keep the same clock.

    That one has a name that providers know.
    """
    own, named = _zone_of_vtimezone(text), zone_named(name)
    return named if own is None or same_clock(own, named) else own


def _zone_of_vtimezone(text: str) -> tzinfo | None:
    """The zone that a VTIMEZONE describes; None where it cannot be made out."""
    trees = tree_of(text).components
    allowance = Allowance()
    try:
        onsets = sorted(onset for child in trees[0].children for onset in _onsets(child, allowance))
    except (ValueError, OverflowError, Exhausted):
        return None
    if not onsets or len(onsets) > _MAX_ONSETS:
        return None
    return ObjectZone(tzid_in(trees[0]), onsets[0].before, onsets)


def _onsets(observance: Component, allowance: Allowance) -> Iterator[_Onset]:
    """When a STANDARD or DAYLIGHT component takes hold: at DTSTART, its RDATEs, and by its rules."""
    before, offset = (_offset(observance.value(name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
    dtstart = _local(observance.value("DTSTART"))
    locals_ = {dtstart}
    for line in observance.all("RDATE"):
        locals_.update(_local(item) for item in line.value.split(",") if item.strip())
    for line in observance.all("RRULE"):
        locals_.update(_by_rule(rule_of(line.value), dtstart, before=before, allowance=allowance))
    return (_Onset(local - before, offset, before) for local in locals_)


def _by_rule(rule: RecurrenceRule, dtstart: datetime, *, before: timedelta, allowance: Allowance) -> Iterator[datetime]:
    until = _ONSETS_UNTIL
    if rule.until:
        until = min(until, _local(rule.until) + (before if rule.until.endswith("Z") else timedelta(0)))
    if rule.frequency == YEARLY and rule.interval == 1 and rule.count is None and dtstart.year < _RULES_FROM:
        # Many begin in 1601, and none need the centuries between.
        dtstart = dtstart.replace(year=_RULES_FROM, day=min(dtstart.day, 28))
    found = rule.starts(dtstart, dtstart, allowance)
    return islice(takewhile(lambda local: local <= until, found), _MAX_ONSETS + 1)


def _local(value: str) -> datetime:
    match = _LOCAL.match(value.strip())
    if match is None:
        raise ValueError("not a local time")
    return datetime(*(int(part or 0) for part in match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001


def _offset(value: str) -> timedelta:
    match = _OFFSET.fullmatch(value)
    if match is None:
        raise ValueError("not an offset")
    hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if offset >= timedelta(days=1):
        raise ValueError("an offset of a day or more")
    return -offset if match[1] == "-" else offset
