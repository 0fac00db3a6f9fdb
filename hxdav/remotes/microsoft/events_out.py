"""Calendar objects as events of Graph's: what is written, and whether it can be.

A body names every property that hxdav writes; of these only the ones that differ are sent, so that the person's own
reminders, categories and words that Exchange has laid out stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hxdav.domain.ids import Uid
from hxdav.domain.times import AllDay, When, Zoned
from hxdav.ical.components import Component
from hxdav.ical.fields import bounds_of
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.rules import Allowance, Exhausted, rule_of
from hxdav.ical.text import unescape
from hxdav.ical.timeline import Timeline, dtstart_of
from hxdav.ical.values import when_of, whens_of
from hxdav.ical.zones import Zones
from hxdav.remotes.microsoft.clocks import require_steady_clock
from hxdav.remotes.microsoft.rules import pattern_for
from hxdav.remotes.microsoft.times import Json, NotExpressibleInOutlook, graph_time, sent_name, zone_key

_SET = "d4a7b1d6-6f6c-4b0a-9a0e-3f5f0c7a2b61"
MARK = f"String {{{_SET}}} Name HxId"
"""The extended property that holds the UID of an event, or the marker of a calendar, that hxdav has made."""

SPELLING = f"String {{{_SET}}} Name HxRule"
"""The one that holds zone and rule of a series as they were sent: Graph knows fewer words for them."""

_TIMES = ("isAllDay", "start", "end")
_OURS = "hxdav:"
_AGAIN = re.compile(r"#\d$")
_LONGEST_UID = 200
_MAX_LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEventBodies:
    """A calendar object as Graph keeps it: one event, or a master with what is different on some of its days.

    ``overrides`` and ``excluded`` go by the instance's key: its original start as ``Timeline.identity`` writes it.
    """

    uid: Uid
    master: Json
    overrides: Mapping[str, Json]
    excluded: frozenset[str]
    timeline: Timeline
    keys: Mapping[str, datetime]
    """The original local start of each key that ``overrides`` and ``excluded`` name."""

    bounds: tuple[When, When]
    """When the master starts and ends."""

    obj: CalendarObject

    @property
    def is_series(self) -> bool:
        """Whether it recurs."""
        return self.master["recurrence"] is not None

    def instance(self, local: datetime) -> Json:
        """What the instance with this original start says where nothing is different on it."""
        first, last = self.bounds
        body = {name: value for name, value in self.master.items() if name in _OF_AN_INSTANCE}
        starts = self.timeline.when(local)
        if isinstance(starts, AllDay) and isinstance(first, AllDay) and isinstance(last, AllDay):
            return body | _time_body(starts, AllDay(starts.day + (last.day - first.day)))
        if not (isinstance(starts, Zoned) and isinstance(first, Zoned) and isinstance(last, Zoned)):
            return body
        length: timedelta = last.moment.astimezone(UTC) - first.moment.astimezone(UTC)
        ends = starts.moment.astimezone(UTC) + length
        return body | _time_body(starts, Zoned(ends.astimezone(last.moment.tzinfo)))

    def has(self, local: datetime) -> bool:
        """Whether the rule gives an instance with this original start."""
        return local in _originals(self.obj, self.timeline, last=local)


_OF_AN_INSTANCE = frozenset({"subject", "body", "location", "showAs"})


def transaction_of(uid: Uid, *, again: int = 0) -> str:
    """The ``transactionId`` for an event with this UID: with it a create that is repeated makes nothing new.

    ``again`` counts those whose event was deleted since.
    """
    return f"{_OURS}{uid[:_LONGEST_UID]}" + (f"#{again}" if again else "")


def uid_of_transaction(transaction: str) -> Uid | None:
    """The UID that a ``transactionId`` names; None where it is not hxdav's: Outlook's own programs set others."""
    if not transaction.startswith(_OURS):
        return None
    return Uid(_AGAIN.sub("", transaction.removeprefix(_OURS)))


def can_express(text: str) -> bool:
    """Whether Graph can keep this object as it is."""
    try:
        bodies_of(text)
    except NotExpressibleInOutlook:
        return False
    return True


def bodies_of(text: str) -> GraphEventBodies:
    """The events for a calendar object; NotExpressible where Graph has no such thing."""
    obj = object_of(text)
    if obj.master is None:
        raise NotExpressibleInOutlook("instances without their series")
    if obj.is_cancelled:
        raise NotExpressibleInOutlook("a cancelled appointment")
    timeline = Timeline.of(dtstart_of(obj.master, obj.zones), UTC)
    bounds = bounds_of(obj.master, obj.zones, UTC)
    own: Json = {"recurrence": None, "sensitivity": "private"}
    if obj.is_recurring:
        own |= _recurrence(obj, timeline)
    excluded = {local for line in obj.master.all("EXDATE") for local in _locals(line, timeline, obj.zones)}
    kept: dict[datetime, Json] = {}
    for override in obj.overrides:
        local = _original(override, timeline, obj.zones)
        if override.value("STATUS").upper() == "CANCELLED":
            excluded.add(local)
        else:
            kept[local] = _body(override, obj.zones)
    kept = {local: body for local, body in kept.items() if local not in excluded}
    named = {*kept, *excluded}
    there = _originals(obj, timeline, last=max(named)) if named else []
    if not kept.keys() <= set(there):
        raise NotExpressibleInOutlook("a change to a day that the series does not have")
    _check_order([local for local in there if local not in excluded], kept)
    excluded &= set(there)
    if obj.is_recurring:
        require_steady_clock(_rule_of(obj), (bounds.starts, bounds.ends))
    return GraphEventBodies(
        uid=obj.uid,
        master=_body(obj.master, obj.zones) | own,
        overrides={timeline.identity(local): body for local, body in kept.items()},
        excluded=frozenset(map(timeline.identity, excluded)),
        timeline=timeline,
        keys={timeline.identity(local): local for local in {*kept, *excluded}},
        bounds=(bounds.starts, bounds.ends),
        obj=obj,
    )


def changes(now: Mapping[str, Any], wanted: Mapping[str, Any]) -> Json:
    """Those properties of ``wanted`` that are otherwise in ``now``; the parts of a time go together."""
    differing = {name for name, value in wanted.items() if name not in now or not _alike(now[name], value)}
    if not differing.isdisjoint(_TIMES):
        differing |= {name for name in _TIMES if name in wanted}
    differing.discard("singleValueExtendedProperties")
    if "recurrence" in differing and "singleValueExtendedProperties" in wanted:
        differing.add("singleValueExtendedProperties")
    return {name: value for name, value in wanted.items() if name in differing}


def _alike(now: Any, value: Any) -> bool:
    """Whether two values mean the same; at the ends of words Exchange adds and takes away blanks."""
    if isinstance(now, str) and isinstance(value, str):
        return now.replace("\r\n", "\n").strip() == value.replace("\r\n", "\n").strip()
    if isinstance(now, dict) and isinstance(value, dict) and now.keys() == value.keys():
        return all(_alike(now[name], value[name]) for name in now)
    return bool(now == value)


def mark(uid: str, spelling: str = "") -> list[Json]:
    """The extended properties of an event that hxdav makes."""
    marks = [{"id": MARK, "value": uid}]
    return [*marks, {"id": SPELLING, "value": spelling}] if spelling else marks


def _body(vevent: Component, zones: Zones) -> Json:
    bounds = bounds_of(vevent, zones, UTC)
    return {
        "subject": _text(vevent, "SUMMARY"),
        "body": {"contentType": "text", "content": _text(vevent, "DESCRIPTION")},
        "location": {"displayName": _text(vevent, "LOCATION")},
        "showAs": _shown_as(vevent),
    } | _time_body(bounds.starts, bounds.ends)


def _time_body(starts: When, ends: When) -> Json:
    return {"isAllDay": isinstance(starts, AllDay), "start": graph_time(starts), "end": graph_time(ends)}


def _shown_as(vevent: Component) -> str:
    """Graph has one word for whether it is certain and whether the time is taken; free says more to others."""
    if vevent.value("TRANSP").upper() == "TRANSPARENT":
        return "free"
    return "tentative" if vevent.value("STATUS").upper() == "TENTATIVE" else "busy"


def _text(vevent: Component, name: str) -> str:
    line = vevent.first(name)
    return "" if line is None else unescape(line.value)


def _recurrence(obj: CalendarObject, timeline: Timeline) -> Json:
    master = obj.main
    rules = [line.value.replace(" ", "") for line in master.all("RRULE") if line.value.strip()]
    if len(rules) != 1 or any(line.value.strip() for line in master.all("EXRULE", "RDATE")):
        raise NotExpressibleInOutlook("a series with more than one rule, or with extra dates")
    starts = dtstart_of(master, obj.zones)
    key = zone_key(starts)
    if isinstance(starts, Zoned) and not key:
        raise NotExpressibleInOutlook("a series in a time zone without a name that is generally known")
    first = timeline.local(starts)
    zone = sent_name(key or "UTC")
    pattern = pattern_for(rules[0], first, timeline=timeline, zones=obj.zones, zone=zone)
    return {"recurrence": pattern, "singleValueExtendedProperties": mark(obj.uid, f"{key or 'UTC'} {rules[0]}")}


def _locals(line: Any, timeline: Timeline, zones: Zones) -> Iterator[datetime]:
    return (timeline.local(when) for when in whens_of(line, zones))


def _original(override: Component, timeline: Timeline, zones: Zones) -> datetime:
    (line, *_) = override.all("RECURRENCE-ID")
    if line.parameter("RANGE"):
        raise NotExpressibleInOutlook("a change to one instance and all that follow")
    return timeline.local(when_of(line, zones))


def _rule_of(obj: CalendarObject) -> str:
    return obj.main.value("RRULE").replace(" ", "")


def _originals(obj: CalendarObject, timeline: Timeline, *, last: datetime) -> list[datetime]:
    """The original local starts of the series up to the first one behind ``last``."""
    first = timeline.local(dtstart_of(obj.main, obj.zones))
    rule = _rule_of(obj)
    found: list[datetime] = []
    if not rule:
        return found
    try:
        for local in rule_of(rule).starts(first, first, Allowance()):
            found.append(local)
            if local > last or len(found) > _MAX_LOOKED_AT:
                break
    except Exhausted:
        raise NotExpressibleInOutlook("a rule of this form") from None
    return found


def _check_order(there: list[datetime], kept: Mapping[datetime, Json]) -> None:
    """Exchange moves no instance to, or past, the day of another (ErrorOccurrenceCrossingBoundary)."""
    days = [kept[local]["start"]["dateTime"][:10] if local in kept else local.date().isoformat() for local in there]
    for index, local in enumerate(there):
        if local not in kept or days[index] == local.date().isoformat():
            continue
        before, after = days[:index][-1:], days[index + 1 :][:1]
        if any(day >= days[index] for day in before) or any(day <= days[index] for day in after):
            raise NotExpressibleInOutlook("an instance that is moved to or past the day of another one")
