"""Revisions of events, and one object laid over another, instance by instance (RFC 5546 §2.1.5, §3.2.2, §3.2.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hxdav.domain.times import When, Zoned, instant
from hxdav.ical.clocks import MOMENTS, moment_lines
from hxdav.ical.components import Component
from hxdav.ical.fields import key_of, timeline_of
from hxdav.ical.lines import ContentLine, fold, newline_of, with_newlines
from hxdav.ical.objects import CalendarObject
from hxdav.ical.patch import TextChange, changed, excerpt
from hxdav.ical.recurrence import occurs_at
from hxdav.ical.timeline import Timeline
from hxdav.ical.values import when_of
from hxdav.ical.zones import Zones

_SEQUENCE = re.compile(r"\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """SEQUENCE, 0 where there is none, and DTSTAMP, None where it cannot be read."""

    sequence: int
    stamp: datetime | None

    @classmethod
    def of(cls, vevent: Component, zones: Zones) -> Revision:
        """Return the revision of an event."""
        sequence = vevent.value("SEQUENCE")
        line = vevent.first("DTSTAMP")
        try:
            stamp = instant(when_of(line, zones), UTC) if line else None
        except (ValueError, OverflowError):
            stamp = None
        return cls(sequence=int(sequence) if _SEQUENCE.fullmatch(sequence) else 0, stamp=stamp)

    def is_newer(self, than: Revision) -> bool:
        """Return whether this is the later of two revisions of one instance; of equal ones neither is."""
        if self.sequence != than.sequence:
            return self.sequence > than.sequence
        return self.stamp is not None and than.stamp is not None and self.stamp > than.stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """``text`` is the result. ``was_older``: something is left out, because the other side has a newer revision of it.

    ``unknown``: something is left out, because the series has no such instance.
    """

    text: str
    was_older: bool = False
    unknown: bool = False


def lay_over(ours: CalendarObject, theirs: CalendarObject, *, practice_zone: ZoneInfo) -> Laid:
    """Return ``ours`` with what ``theirs``, of the same UID, says that is not older.

    With a master ``theirs`` says the whole: it replaces ``ours``, except for the instances of which ``ours`` has a
    newer revision. Without one it says its own instances, and the rest stays.
    """
    speaks_for_all = theirs.master is not None and ours.master is None
    timeline = timeline_of(theirs if speaks_for_all else ours, practice_zone)
    work = _Laying(ours=_Side.of(ours, timeline), theirs=_Side.of(theirs, timeline), practice_zone=practice_zone)
    return work.instances_only() if theirs.master is None or "" in work.older else work.whole()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """An object and its components by instance: "" for the master, otherwise as ``timeline`` names instances."""

    obj: CalendarObject
    vevents: Mapping[str, Component]

    @classmethod
    def of(cls, obj: CalendarObject, timeline: Timeline) -> _Side:
        overrides = {key_of(each, obj.zones, timeline): each for each in obj.overrides}
        return cls(obj=obj, vevents=overrides if obj.master is None else {"": obj.master, **overrides})

    def revision(self, key: str) -> Revision:
        return Revision.of(self.vevents[key], self.obj.zones)

    def original(self, key: str) -> When:
        (line, *_) = self.vevents[key].all("RECURRENCE-ID")
        return when_of(line, self.obj.zones)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laying:
    ours: _Side
    theirs: _Side
    practice_zone: ZoneInfo

    @property
    def older(self) -> frozenset[str]:
        """The instances of ``theirs`` of which ``ours`` has a newer revision."""
        both = self.ours.vevents.keys() & self.theirs.vevents.keys()
        return frozenset(key for key in both if self.ours.revision(key).is_newer(self.theirs.revision(key)))

    def instances_only(self) -> Laid:
        older = self.older
        wanted = {key for key in self.theirs.vevents if key and key not in older}
        known = {key for key in wanted if key in self.ours.vevents or self._takes_place(self.ours, self.theirs, key)}
        # An instance that is not there needs no cancellation.
        unknown = any(not _is_cancelled(self.theirs.vevents[key]) for key in wanted - known)
        return Laid(text=_with(self.ours, self.theirs, known), was_older=bool(older), unknown=unknown)

    def whole(self) -> Laid:
        kept = {key for key in self.ours.vevents if key and self._stays(key)}
        return Laid(text=_with(self.theirs, self.ours, kept), was_older=bool(kept))

    def _stays(self, key: str) -> bool:
        """Return whether our override of an instance outlives ``theirs``, which speaks for the whole series."""
        if key in self.theirs.vevents:
            return key in self.older
        if not self._takes_place(self.theirs, self.ours, key):
            return False
        mine, whole = self.ours.revision(key), self.theirs.revision("")
        return mine.is_newer(whole) or (self.ours.obj.master is None and not whole.is_newer(mine))

    def _takes_place(self, series: _Side, side: _Side, key: str) -> bool:
        if series.obj.master is None:
            return True
        return occurs_at(series.obj, side.original(key), practice_zone=self.practice_zone)


def _is_cancelled(vevent: Component) -> bool:
    return vevent.value("STATUS").upper() == "CANCELLED"


def _with(onto: _Side, source: _Side, keys: Iterable[str]) -> str:
    """The text of ``onto`` with these overrides as ``source`` has them, and the time zones that they need."""
    obj, own = onto.obj, source.obj
    newline = newline_of(obj.text[obj.main.start : obj.main.properties_start])
    behind = max(vevent.end for vevent in obj.vevents)
    changes: list[TextChange] = []
    zones: dict[str, str] = {}
    for key in sorted(keys):
        vevent, there = source.vevents[key], onto.vevents.get(key)
        start, end = (there.start, there.end) if there else (behind, behind)
        zones |= {name: own.zones.texts[name] for name in _zone_names(vevent, own) if _is_missing(name, obj, own)}
        text = with_newlines(excerpt(own.text, vevent, _respelled(vevent, obj, own)), newline)
        changes.append(TextChange(start=start, end=end, text=text))
    first = obj.calendar.children[0].start
    changes.append(TextChange(start=first, end=first, text=with_newlines("".join(zones.values()), newline)))
    return changed(obj.text, changes)


def _zone_names(vevent: Component, own: CalendarObject) -> Iterator[str]:
    return (own.zones.name_of(line.parameter("TZID")) for line in vevent.all(*MOMENTS))


def _is_missing(name: str, obj: CalendarObject, own: CalendarObject) -> bool:
    return name in own.zones.texts and name not in obj.zones.texts


def _respelled(vevent: Component, obj: CalendarObject, own: CalendarObject) -> Iterator[TextChange]:
    """Moments in UTC where ``obj`` means another zone than ``own`` by the same name."""
    for line in vevent.all(*MOMENTS):
        tzid = line.parameter("TZID")
        is_known = tzid and not _is_missing(own.zones.name_of(tzid), obj, own)
        if is_known and own.zones.get(tzid) != obj.zones.get(tzid):
            yield TextChange(start=line.start, end=line.end, text="".join(map(fold, _in_utc(line, own.zones))))


def _in_utc(line: ContentLine, zones: Zones) -> Iterator[str]:
    return moment_lines(line, zones, lambda when: Zoned(instant(when, UTC)) if isinstance(when, Zoned) else when)
