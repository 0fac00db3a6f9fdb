"""Calendar objects as events of Google's: what is written, and whether it can be.

A body names every field that hxdav writes, with None for what is to be empty, so that a patch brings an event to it
and leaves the person's own reminders, colours and guests alone.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b32hexencode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Any

from hxdav.domain.ids import Uid
from hxdav.domain.times import Interval, When, Zoned, instant
from hxdav.ical.clocks import rule_text
from hxdav.ical.components import Component
from hxdav.ical.fields import bounds_of
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.recurrence import occurrences
from hxdav.ical.rules import rule_of
from hxdav.ical.text import unescape
from hxdav.ical.timeline import Timeline, dtstart_of
from hxdav.ical.values import periods_of, when_from, when_of, whens_of
from hxdav.ical.zones import Zones
from hxdav.remotes.google.times import Json, NotExpressibleInGoogle, google_time, zone_name

MARK = "hxdav"
"""The private property that holds the UID of an event that hxdav has made."""

_OWN_STEM = re.compile(r"[0-9a-f]{32}")
_FINER_THAN_A_DAY = 4
"""From here on dateutil counts HOURLY, MINUTELY and SECONDLY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleEventBodies:
    """A calendar object as Google keeps it: one event, or a master with what is different on some of its days.

    ``overrides`` and ``excluded`` go by the instance's key: its original start as its id ends with it
    (``20261123T080000Z``, ``20261123``).
    """

    uid: Uid
    master: Json
    overrides: Mapping[str, Json]
    excluded: frozenset[str]
    obj: CalendarObject

    def has(self, key: str) -> bool:
        """Whether the series has an instance of this key, left-out ones not counted."""
        return _has(self.obj, key)


def event_id(uid: Uid) -> str:
    """The id for an event with this UID (base32hex): its stem where hxdav has derived it, a hash of it otherwise."""
    stem = uid.partition("@")[0]
    if _OWN_STEM.fullmatch(stem):
        return stem
    return b32hexencode(hashlib.sha256(uid.encode()).digest()[:20]).decode().lower()


def can_express(text: str) -> bool:
    """Whether Google can keep this object as it is."""
    try:
        bodies_of(text)
    except NotExpressibleInGoogle:
        return False
    return True


def bodies_of(text: str) -> GoogleEventBodies:
    """The events for a calendar object; NotExpressible where Google has no such thing."""
    obj = object_of(text)
    if obj.master is None:
        raise NotExpressibleInGoogle("instances without their series")
    if obj.is_cancelled:
        raise NotExpressibleInGoogle("a cancelled appointment")
    timeline = Timeline.of(dtstart_of(obj.master, obj.zones), UTC)
    lines = _recurrence(obj, timeline) if obj.is_recurring else []
    cancelled, kept = set[str](), dict[str, Json]()
    for override in obj.overrides:
        key = _key(override, timeline, obj.zones)
        if override.value("STATUS").upper() == "CANCELLED":
            cancelled.add(key)
        else:
            kept[key] = _body(override, obj.zones)
    excluded = frozenset(_keys(obj.master, timeline, obj.zones)) | cancelled
    if cancelled:
        lines = [line for line in lines if not line.startswith("EXDATE")] + _exdates(excluded)
    kept = {key: body for key, body in kept.items() if key not in excluded}
    if not all(_has(obj, key) for key in kept):
        raise NotExpressibleInGoogle("a change to a day that the series does not have")
    return GoogleEventBodies(
        uid=obj.uid,
        master=_body(obj.master, obj.zones)
        | {"recurrence": lines or None, "visibility": "private", "extendedProperties": {"private": {MARK: obj.uid}}},
        overrides=kept,
        excluded=excluded,
        obj=obj,
    )


def instance_key(when: When, timeline: Timeline) -> str:
    """The key of the instance that would start at ``when``."""
    return timeline.identity(timeline.local(when))


def _body(vevent: Component, zones: Zones) -> Json:
    bounds = bounds_of(vevent, zones, UTC)
    tentative = vevent.value("STATUS").upper() == "TENTATIVE"
    transparent = vevent.value("TRANSP").upper() == "TRANSPARENT"
    return {
        "summary": _text(vevent, "SUMMARY"),
        "description": _text(vevent, "DESCRIPTION"),
        "location": _text(vevent, "LOCATION"),
        "start": google_time(bounds.starts),
        "end": google_time(bounds.ends),
        "status": "tentative" if tentative else "confirmed",
        "transparency": "transparent" if transparent else "opaque",
    }


def _text(vevent: Component, name: str) -> str | None:
    line = vevent.first(name)
    return None if line is None else unescape(line.value) or None


def _recurrence(obj: CalendarObject, timeline: Timeline) -> list[str]:
    """The lines of ``recurrence``. All times in them are in UTC, which leaves no question in whose zone they are."""
    master = obj.main
    # Exchange writes blanks into its rules.
    rules = [line.value.replace(" ", "") for line in master.all("RRULE") if line.value.strip()]
    if len(rules) > 1 or any(line.value.strip() for line in master.all("EXRULE")):
        raise NotExpressibleInGoogle("more than one recurrence rule")
    starts = dtstart_of(master, obj.zones)
    if isinstance(starts, Zoned) and not zone_name(starts):
        raise NotExpressibleInGoogle("a series in a time zone without a name that is generally known")
    extra = [period for line in master.all("RDATE") for period in periods_of(line, obj.zones)]
    if any(period.ends is not None for period in extra):
        raise NotExpressibleInGoogle("an extra date with a length of its own")
    lines = [f"RRULE:{_rule(rule, timeline, obj.zones)}" for rule in rules]
    lines += _dates("RDATE", {instance_key(period.starts, timeline) for period in extra})
    return lines + _exdates(_keys(master, timeline, obj.zones))


def _rule(value: str, timeline: Timeline, zones: Zones) -> str:
    rule = rule_of(value)
    if rule.frequency >= _FINER_THAN_A_DAY or rule.is_empty:
        raise NotExpressibleInGoogle("a series that repeats within a day, by another calendar, or never")
    return rule_text(value, timeline, zones)


def _keys(master: Component, timeline: Timeline, zones: Zones) -> Iterator[str]:
    return (instance_key(when, timeline) for line in master.all("EXDATE") for when in whens_of(line, zones))


def _key(override: Component, timeline: Timeline, zones: Zones) -> str:
    (line, *_) = override.all("RECURRENCE-ID")
    if line.parameter("RANGE"):
        raise NotExpressibleInGoogle("a change to one instance and all that follow")
    return instance_key(when_of(line, zones), timeline)


def _has(obj: CalendarObject, key: str) -> bool:
    starts = instant(when_from(key, "", obj.zones), UTC)
    found = occurrences(
        replace(obj, overrides=()), practice_zone=UTC, within=Interval(starts, starts + timedelta(seconds=1))
    )
    return any(occurrence.recurrence_id == key for occurrence in found)


def _exdates(keys: Iterator[str] | frozenset[str]) -> list[str]:
    """Left-out days as lines of the series: one request, however many there are, and Google keeps them as they are."""
    return _dates("EXDATE", set(keys))


def _dates(name: str, keys: set[str]) -> list[str]:
    if not keys:
        return []
    as_date = "" if any("T" in key for key in keys) else ";VALUE=DATE"
    return [f"{name}{as_date}:{','.join(sorted(keys))}"]


def without_nothing(body: Mapping[str, Any]) -> Json:
    """``body`` without what is None: an insert names only what there is."""
    return {
        key: without_nothing(value) if isinstance(value, dict) else value
        for key, value in body.items()
        if value is not None
    }
