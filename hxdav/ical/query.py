"""CALDAV:filter (RFC 4791 §9.7) as values, and whether a calendar object matches one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from hxdav.domain.times import AllDay, Interval, instant
from hxdav.ical.components import Component
from hxdav.ical.lines import ContentLine
from hxdav.ical.objects import CalendarObject
from hxdav.ical.recurrence import Instance, instances
from hxdav.ical.text import unescape
from hxdav.ical.timeline import EARLIEST, LATEST, shifted
from hxdav.ical.values import duration_of, when_of

EVER = Interval(EARLIEST, LATEST)
"""All time: an end of a time range that is not given (RFC 4791 §9.9)."""

_MAX_REPEATS = 1_000


def _ascii_casemap(text: str) -> str:
    return text.translate(_ASCII_UPPER)


_ASCII_UPPER = {ord(letter): ord(letter) - 32 for letter in "abcdefghijklmnopqrstuvwxyz"}
COLLATIONS: dict[str, Callable[[str], str]] = {
    "i;ascii-casemap": _ascii_casemap,
    "i;octet": str,
    "i;unicode-casemap": str.casefold,
}
"""By name (RFC 4790, RFC 5051): what is compared in the place of a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMatch:
    """CALDAV:text-match (§9.7.5): the text is part of the value. ``collation`` is one of COLLATIONS."""

    text: str
    negate: bool = False
    collation: str = "i;ascii-casemap"

    def holds(self, value: str) -> bool:
        """Whether ``value`` matches."""
        fold = COLLATIONS[self.collation]
        return (fold(self.text) in fold(value)) is not self.negate


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamFilter:
    """CALDAV:param-filter (§9.7.3)."""

    name: str
    absent: bool = False
    text_match: TextMatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PropFilter:
    """CALDAV:prop-filter (§9.7.2)."""

    name: str
    absent: bool = False
    text_match: TextMatch | None = None
    time_range: Interval | None = None
    params: tuple[ParamFilter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompFilter:
    """CALDAV:comp-filter (§9.7.1)."""

    name: str
    absent: bool = False
    time_range: Interval | None = None
    props: tuple[PropFilter, ...] = ()
    comps: tuple[CompFilter, ...] = ()


def matches(obj: CalendarObject, filter: CompFilter, *, practice_zone: tzinfo) -> bool:  # noqa: A002 - RFC 4791's word
    """Whether ``obj`` matches ``filter``, whose outermost component is VCALENDAR.

    A recurring object matches where one of its components does: the master stands for every instance that has no
    override of its own.
    """
    present = filter.name.upper() == obj.calendar.name
    if filter.absent or not present:
        return filter.absent and not present
    matcher = _Matcher(obj=obj, practice_zone=practice_zone)
    return matcher.has_properties(obj.calendar, filter) and all(
        matcher.has_component(obj.calendar, comp) for comp in filter.comps
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matcher:
    obj: CalendarObject
    practice_zone: tzinfo

    def has_component(self, parent: Component, filter: CompFilter) -> bool:  # noqa: A002
        """Whether one of the components in ``parent`` matches, or, for ``absent``, there is none."""
        named = list(parent.named(filter.name.upper()))
        if filter.absent:
            return not named
        return any(self._is_match(component, parent, filter) for component in named)

    def _is_match(self, component: Component, parent: Component, filter: CompFilter) -> bool:  # noqa: A002
        return (
            self.has_properties(component, filter)
            and all(self.has_component(component, comp) for comp in filter.comps)
            and (filter.time_range is None or self._is_within(component, parent, filter.time_range))
        )

    def has_properties(self, component: Component, filter: CompFilter) -> bool:  # noqa: A002
        """Whether every prop-filter matches a property of ``component``."""
        return all(self._has_property(component, prop) for prop in filter.props)

    def _has_property(self, component: Component, prop: PropFilter) -> bool:
        lines = list(component.all(prop.name.upper()))
        if prop.absent:
            return not lines
        return any(self._is_property(line, prop) for line in lines)

    def _is_property(self, line: ContentLine, prop: PropFilter) -> bool:
        if prop.text_match is not None and not prop.text_match.holds(unescape(line.value)):
            return False
        if prop.time_range is not None and not self._moment_is_within(line, prop.time_range):
            return False
        parameters = line.parameters()
        return all(_has_parameter(parameters, param) for param in prop.params)

    def _moment_is_within(self, line: ContentLine, within: Interval) -> bool:
        try:
            when = when_of(line, self.obj.zones)
        except (ValueError, OverflowError):
            return False
        starts = instant(when, self.practice_zone)
        day = timedelta(days=1) if isinstance(when, AllDay) else timedelta(0)
        return Interval(starts, shifted(starts, day)).overlaps(within)

    def _is_within(self, component: Component, parent: Component, within: Interval) -> bool:
        if component.name == "VEVENT":
            return any(True for _ in self._instances(component, within))
        if component.name == "VALARM" and parent.name == "VEVENT":
            return self._alarm_is_within(component, parent, within)
        return False

    def _instances(self, vevent: Component, within: Interval) -> Iterator[Instance]:
        found = instances(self.obj, practice_zone=self.practice_zone, within=within)
        return (instance for instance in found if instance.vevent is vevent)

    def _alarm_is_within(self, valarm: Component, vevent: Component, within: Interval) -> bool:
        """Whether it rings within ``within``, repeated ringing included (RFC 4791 §9.9, RFC 5545 §3.8.6)."""
        try:
            rings = _Rings.of(valarm, self.obj, self.practice_zone)
        except (ValueError, OverflowError):
            return False
        if rings.absolute is not None:
            return rings.is_within(rings.absolute, within)
        # An event may lie as far from the range as its alarm from it, on either side.
        around = Interval(shifted(within.starts, -rings.reach), shifted(within.ends, rings.reach))
        return any(
            rings.is_within(shifted(interval.ends if rings.from_end else interval.starts, rings.offset), within)
            for interval in (instance.interval for instance in self._instances(vevent, around))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rings:
    """When an alarm rings: at a moment or by an offset, and then ``times`` more, ``every`` so often."""

    absolute: datetime | None
    offset: timedelta
    from_end: bool
    every: timedelta
    times: int
    reach: timedelta
    """How far from its event it may ring."""

    @classmethod
    def of(cls, valarm: Component, obj: CalendarObject, practice_zone: tzinfo) -> _Rings:
        trigger = valarm.first("TRIGGER")
        if trigger is None:
            raise ValueError("no TRIGGER")
        times, every = 0, timedelta(0)
        if valarm.value("REPEAT").isdecimal() and valarm.value("DURATION"):
            every = max(duration_of(valarm.value("DURATION")).total, timedelta(0))
            times = min(int(valarm.value("REPEAT")), _MAX_REPEATS) if every else 0
        absolute, offset = None, timedelta(0)
        if trigger.value.strip()[:1].isdigit():
            absolute = instant(when_of(trigger, obj.zones), practice_zone)
        else:
            offset = duration_of(trigger.value).total
        from_end = trigger.parameter("RELATED").upper() == "END"
        # A second more: an event that ends just where the range begins does not overlap it.
        reach = abs(offset) + every * times + timedelta(seconds=1)
        return cls(absolute=absolute, offset=offset, from_end=from_end, every=every, times=times, reach=reach)

    def is_within(self, first: datetime, within: Interval) -> bool:
        """Whether one of the rings, the first of which is at ``first``, is within."""
        late = within.starts - first
        if late > timedelta(0):
            if not self.times:
                return False
            missed = -(-late // self.every)
            return missed <= self.times and shifted(first, missed * self.every) < within.ends
        return first < within.ends


def _has_parameter(parameters: Mapping[str, str], param: ParamFilter) -> bool:
    value = parameters.get(param.name.upper())
    if param.absent or value is None:
        return param.absent and value is None
    return param.text_match is None or param.text_match.holds(value)
