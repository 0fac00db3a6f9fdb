"""When a calendar object takes place (RFC 5545 §3.8.5): its occurrences, how far they reach, whether they are too many.

Rules are run in the local time of DTSTART, so that an appointment at nine stays at nine; all-day and floating ones are
read in the practice's zone. An override for THISANDFUTURE moves the later instances by as much as its own, and gives
them its length and its properties (§3.2.13, §3.8.4.4).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from heapq import merge
from itertools import chain, islice, takewhile

from hxdav.budget import spend
from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.domain.times import AllDay, Interval, When
from hxdav.ical.components import Component
from hxdav.ical.objects import CalendarObject, reaches_on
from hxdav.ical.rules import Allowance, Exhausted, RecurrenceRule, rule_of
from hxdav.ical.timeline import LAST_LOCAL, Timeline, between, dtstart_of, length_of, shifted
from hxdav.ical.values import Duration, periods_of, when_from, when_of, whens_of
from hxdav.ical.zones import Zones

MAX_INSTANCES = 20_000
"""How many instances a series may have up to the horizon, and how many any question about it looks at."""

_MARGIN = timedelta(days=2)
"""More than any two zones, and any change of a clock, lie apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One instance. ``recurrence_id`` is a date, a time in UTC (``Z``) or a floating one; empty for a single event."""

    interval: Interval
    recurrence_id: str
    transparent: bool
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Bounds, in UTC, of all occurrences; ``ends`` is None where a series has no end."""

    starts: datetime
    ends: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance and the component that tells of it: the master, its override, or an earlier one for THISANDFUTURE.

    ``original`` is when it would start without its override: the moment that ``recurrence_id`` names.
    """

    vevent: Component
    interval: Interval
    recurrence_id: str
    original: datetime


def occurrences(obj: CalendarObject, *, practice_zone: tzinfo, within: Interval) -> list[Occurrence]:
    """Every occurrence that overlaps ``within``, by start; at most MAX_INSTANCES."""
    found = [
        Occurrence(
            interval=instance.interval,
            recurrence_id=instance.recurrence_id,
            transparent=instance.vevent.value("TRANSP").upper() == "TRANSPARENT",
            status=instance.vevent.value("STATUS").upper(),
        )
        for instance in instances(obj, practice_zone=practice_zone, within=within)
    ]
    return sorted(found, key=lambda occurrence: occurrence.interval)


def instances(obj: CalendarObject, *, practice_zone: tzinfo, within: Interval) -> Iterator[Instance]:
    """Every instance that overlaps ``within``: those of the overrides first, then the master's in their order."""
    series = _series_of(obj, practice_zone)
    replaced = set()
    for override in obj.overrides:
        recurrence_id = _recurrence_id(override, obj.zones)
        timeline = Timeline.of(recurrence_id, practice_zone) if series is None else series.timeline
        local = timeline.local(recurrence_id)
        replaced.add(local)
        interval = _interval_of(override, obj.zones, practice_zone)
        if interval.overlaps(within) and not is_left_out(obj, override, practice_zone=practice_zone):
            yield Instance(
                vevent=override,
                interval=interval,
                recurrence_id=timeline.identity(local),
                original=timeline.moment(local),
            )
    if series is not None:
        yield from series.instances(within, replaced, named=obj.is_recurring)


def is_left_out(obj: CalendarObject, override: Component, *, practice_zone: tzinfo) -> bool:
    """Whether ``override`` changes later instances only: the one that it names is among the EXDATEs."""
    if obj.master is None or not reaches_on(override):
        return False
    timeline = Timeline.of(dtstart_of(obj.master, obj.zones), practice_zone)
    excluded = (when for line in obj.master.all("EXDATE") for when in whens_of(line, obj.zones))
    return timeline.local(_recurrence_id(override, obj.zones)) in map(timeline.local, excluded)


def instance_at(obj: CalendarObject, original: datetime, *, practice_zone: tzinfo) -> Instance | None:
    """The instance that the master of ``obj`` has at the moment ``original``, wherever it is moved to."""
    series = _series_of(obj, practice_zone)
    if series is None:
        return None
    local = series.timeline.local_at(original)
    near = series.starts(shifted(local, -_MARGIN), shifted(local, _MARGIN))
    return next((series.instance(each) for each in near if series.timeline.moment(each) == original), None)


def overridden(obj: CalendarObject, override: Component, *, practice_zone: tzinfo) -> Interval:
    """When the instance that ``override`` stands for would take place without it."""
    series = _series_of(obj, practice_zone) or _Series.of(override, zones=obj.zones, practice_zone=practice_zone)
    return series.interval(series.timeline.local(_recurrence_id(override, obj.zones)))


def occurs_at(obj: CalendarObject, when: When, *, practice_zone: tzinfo) -> bool:
    """Return whether the master of ``obj``, which has one, gives an instance at ``when``, overridden or not."""
    if obj.master is None:
        return False
    series = _Series.of(obj.master, zones=obj.zones, practice_zone=practice_zone)
    local = series.timeline.local(when)
    return next(series.starts(local, local), None) is not None


def _recurrence_id(override: Component, zones: Zones) -> When:
    (line, *_) = override.all("RECURRENCE-ID")
    return when_of(line, zones)


def extent(obj: CalendarObject, *, practice_zone: tzinfo) -> Extent:
    """How far the occurrences of ``obj`` reach, those that are taken out included."""
    if obj.master is not None and not obj.is_recurring:
        single = _interval_of(obj.master, obj.zones, practice_zone)
        return Extent(starts=single.starts, ends=single.ends)
    intervals = [_interval_of(override, obj.zones, practice_zone) for override in obj.overrides]
    endless = False
    series = _series_of(obj, practice_zone)
    if series is not None:
        intervals.append(series.interval(series.dtstart))
        intervals += [series.interval(local) for local in series.extra]
        last = series.last()
        endless = last is None
        intervals += [] if last is None else [series.interval(last)]
    starts = min(interval.starts for interval in intervals)
    return Extent(starts=starts, ends=None if endless else max(interval.ends for interval in intervals))


def check_bounded(obj: CalendarObject, *, practice_zone: tzinfo, until: datetime) -> None:
    """Raise TOO_MANY_INSTANCES for a series with more than MAX_INSTANCES up to ``until``, or that hides them."""
    if obj.master is None or not (obj.is_recurring or obj.master.first("EXRULE")):
        return
    series = _Series.of(obj.master, zones=obj.zones, practice_zone=practice_zone)
    last = shifted(series.timeline.local_at(until), _MARGIN)
    found = chain.from_iterable(
        series.by_rules(rules, series.dtstart, last) for rules in (series.rules, series.exrules)
    )
    try:
        is_bounded = next(islice(found, max(MAX_INSTANCES - len(series.extra), 0), None), None) is None
    except Exhausted:
        is_bounded = False
    if not is_bounded:
        raise CalendarDataError(Reason.TOO_MANY_INSTANCES)


def _interval_of(vevent: Component, zones: Zones, practice_zone: tzinfo) -> Interval:
    """When a component takes place by itself, whatever rules it has."""
    dtstart = dtstart_of(vevent, zones)
    timeline = Timeline.of(dtstart, practice_zone)
    return _interval(timeline, timeline.local(dtstart), length_of(vevent, dtstart, timeline=timeline, zones=zones))


def _series_of(obj: CalendarObject, practice_zone: tzinfo) -> _Series | None:
    """The master of ``obj``, read, with the changes that its overrides make to later instances."""
    if obj.master is None:
        return None
    series = _Series.of(obj.master, zones=obj.zones, practice_zone=practice_zone)
    changes = [_Change.of(series, override, practice_zone) for override in obj.overrides if reaches_on(override)]
    return replace(series, changes=tuple(sorted(changes, key=lambda change: change.begins)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What an override for THISANDFUTURE makes of the instances behind ``begins``, the local time of its own.

    They are ``moved`` on the series' clock, or on the override's where only one of the two is all-day.
    """

    vevent: Component
    begins: datetime
    moved: timedelta
    timeline: Timeline
    length: Duration

    @classmethod
    def of(cls, series: _Series, override: Component, practice_zone: tzinfo) -> _Change:
        own = _Series.of(override, zones=series.zones, practice_zone=practice_zone)
        begins = series.timeline.local(_recurrence_id(override, series.zones))
        alike = own.timeline.all_day == series.timeline.all_day
        starts = series.timeline.local(dtstart_of(override, series.zones)) if alike else own.dtstart
        timeline = series.timeline if alike else own.timeline
        return cls(vevent=override, begins=begins, moved=starts - begins, timeline=timeline, length=own.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """A master, read: everything in local times of its timeline.

    ``extra`` are the RDATEs, each with its own length where it is a period. ``changes`` are in order.
    """

    vevent: Component
    timeline: Timeline
    dtstart: datetime
    length: Duration
    rules: tuple[RecurrenceRule, ...]
    exrules: tuple[RecurrenceRule, ...]
    extra: Mapping[datetime, Duration | None]
    excluded: frozenset[datetime]
    zones: Zones
    changes: tuple[_Change, ...] = ()

    @classmethod
    def of(cls, vevent: Component, *, zones: Zones, practice_zone: tzinfo) -> _Series:
        dtstart = dtstart_of(vevent, zones)
        timeline = Timeline.of(dtstart, practice_zone)
        return cls(
            vevent=vevent,
            timeline=timeline,
            dtstart=timeline.local(dtstart),
            length=length_of(vevent, dtstart, timeline=timeline, zones=zones),
            rules=_rules(vevent, "RRULE"),
            exrules=_rules(vevent, "EXRULE"),
            extra=_extra(vevent, timeline, zones),
            excluded=frozenset(timeline.local(when) for line in vevent.all("EXDATE") for when in whens_of(line, zones)),
            zones=zones,
        )

    def instances(self, within: Interval, replaced: set[datetime], *, named: bool) -> Iterator[Instance]:
        """The master's own instances that overlap ``within``; ``named``: with their RECURRENCE-ID."""
        lengths = (self.length, *filter(None, self.extra.values()), *(change.length for change in self.changes))
        moved = (timedelta(0), *(change.moved for change in self.changes))
        before = max(length.total for length in lengths) + max(moved) + _MARGIN
        first = shifted(self.timeline.local_at(within.starts), -before)
        last = shifted(self.timeline.local_at(within.ends), _MARGIN - min(moved))
        for local in self.starts(first, last):
            if local in replaced:
                continue
            if self.interval(local).overlaps(within):
                instance = self.instance(local)
                yield instance if named else replace(instance, recurrence_id="")

    def instance(self, local: datetime) -> Instance:
        """The instance at ``local``, which has no override of its own."""
        change = self._change_at(local)
        return Instance(
            vevent=change.vevent if change else self.vevent,
            interval=self.interval(local),
            recurrence_id=self.timeline.identity(local),
            original=self.timeline.moment(local),
        )

    def starts(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """The local starts from ``first`` to ``last``, each once, without those that are excluded.

        DTSTART always counts (RFC 5545 §3.8.5.3). Where a search takes too much work, the rest is left out.
        """
        excluded = self.excluded
        if self.exrules:
            excluded |= set(self._bounded(self.exrules, first, last))
        given = sorted(local for local in {self.dtstart, *self.extra} if first <= local <= last)
        previous = None
        for local in merge(given, self._bounded(self.rules, first, last)):
            spend(0)
            if local != previous and local not in excluded:
                yield local
            previous = local

    def _bounded(self, rules: tuple[RecurrenceRule, ...], first: datetime, last: datetime) -> Iterator[datetime]:
        count = 0
        try:
            for local in self.by_rules(rules, first, last):
                yield local
                count += 1
                if count >= MAX_INSTANCES:
                    return
        except Exhausted:
            return

    def by_rules(self, rules: tuple[RecurrenceRule, ...], first: datetime, last: datetime) -> Iterator[datetime]:
        """What ``rules`` alone give from ``first`` to ``last``; Exhausted where that takes too much work."""
        allowance = Allowance()

        def by_rule(rule: RecurrenceRule) -> Iterator[datetime]:
            until = self._until(rule, last)
            if until < first:
                return iter(())
            starts = rule.starts(self.dtstart, max(first, self.dtstart), allowance)
            return takewhile(lambda local: local <= until, starts)

        return merge(*map(by_rule, rules))

    def _until(self, rule: RecurrenceRule, last: datetime) -> datetime:
        """The local time after which a rule gives nothing that is asked for."""
        if not rule.until:
            return last
        until = when_from(rule.until, "", self.zones)
        if isinstance(until, AllDay) and not self.timeline.all_day:
            # A date ends a series of times with the last moment of that day.
            return min(last, datetime.combine(until.day, LAST_LOCAL.time()))
        return min(last, self.timeline.local(until))

    def last(self) -> datetime | None:
        """The last local start that the rules give; None where there is no end to them, or none in sight."""
        if any(rule.is_endless for rule in self.rules):
            return None
        last = self.dtstart
        try:
            for count, local in enumerate(self.by_rules(self.rules, self.dtstart, LAST_LOCAL)):
                last = local
                if count > MAX_INSTANCES:
                    return None
        except Exhausted:
            return None
        return last

    def interval(self, local: datetime) -> Interval:
        """When the instance at ``local`` takes place."""
        change = self._change_at(local)
        if change is not None:
            return _interval(change.timeline, shifted(local, change.moved), change.length)
        return _interval(self.timeline, local, self.extra.get(local) or self.length)

    def _change_at(self, local: datetime) -> _Change | None:
        """The last change that begins before ``local``."""
        behind = bisect_left(self.changes, local, key=lambda change: change.begins)
        return self.changes[behind - 1] if behind else None


def _interval(timeline: Timeline, local: datetime, length: Duration) -> Interval:
    starts = timeline.moment(local)
    return Interval(starts, max(starts, timeline.end_of(local, length)))


def _rules(vevent: Component, name: str) -> tuple[RecurrenceRule, ...]:
    return tuple(rule_of(line.value) for line in vevent.all(name) if line.value.strip())


def _extra(vevent: Component, timeline: Timeline, zones: Zones) -> dict[datetime, Duration | None]:
    extra: dict[datetime, Duration | None] = {}
    for line in vevent.all("RDATE"):
        for period in periods_of(line, zones):
            extra[timeline.local(period.starts)] = _length(period.starts, period.ends, timeline)
    return extra


def _length(starts: When, ends: When | Duration | None, timeline: Timeline) -> Duration | None:
    if ends is None or isinstance(ends, Duration):
        return ends
    return Duration(days=0, exact=between(starts, ends, timeline))
