"""What people make of calendar objects: the texts that the convergence machine's edits come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hxdav.domain.times import Interval
from hxdav.ical.components import Component
from hxdav.ical.fields import key_of, timeline_of
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.patch import drop, set_lines
from hxdav.ical.recurrence import Instance, instances
from tests.builders import an_object
from tests.integration.machines.model import ZONE, day_at

RULES: Mapping[str, str] = {
    "single": "",
    "all-day": "",
    "floating": "",
    "utc": "",
    "weekly": "FREQ=WEEKLY;COUNT=5",
    "endless": "FREQ=WEEKLY",
    "third": "FREQ=DAILY;INTERVAL=3;COUNT=4",
    "daily": "FREQ=DAILY;COUNT=4",
    "hourly": "FREQ=HOURLY;COUNT=3",
    "all-day series": "FREQ=DAILY;COUNT=3",
    "floating series": "FREQ=DAILY;COUNT=3",
}
KINDS = tuple(RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """Writes: at ``now``, each word and each time of day with a ``serial`` that nothing else has."""

    now: datetime
    serial: int
    word: str = "Own"

    @property
    def mark(self) -> str:
        """A word of its own."""
        return f"{self.word}{self.serial}x"

    def times(self, kind: str, *, days: int, hour: str) -> tuple[str, str]:
        """The lines of start and end, so many days from today."""
        day = day_at(self.now) + timedelta(days=days)
        moment = f"{day:%Y%m%d}T{hour}{self.serial // 60 % 60:02}{self.serial % 60:02}"
        match kind.split(maxsplit=1)[0]:
            case "all-day":
                return f"DTSTART;VALUE=DATE:{day:%Y%m%d}", ""
            case "floating":
                return f"DTSTART:{moment}", "DURATION:PT50M"
            case "utc":
                return f"DTSTART:{moment}Z", "DURATION:PT50M"
            case _:
                return f"DTSTART;TZID=Australia/Sydney:{moment}", "DURATION:PT50M"

    def new(self, kind: str, *, uid: str, days: int, hour: str) -> str:
        """A new object."""
        start, end = self.times(kind, days=days, hour=hour)
        rule = [f"RRULE:{RULES[kind]}"] if RULES[kind] else []
        return an_object(uid, *rule, f"X-BORN:{self.serial}", start=start, end=end, summary=self.mark)


Edit = Callable[[Pen, str, int, str], str]


def _retitled(pen: Pen, text: str, _days: int, _hour: str) -> str:
    # Providers trim titles.
    return set_lines(text, {"SUMMARY": [f"SUMMARY: {pen.mark} "]})


def _relocated(pen: Pen, text: str, _days: int, _hour: str) -> str:
    return set_lines(text, {"LOCATION": [f"LOCATION:{pen.mark}"]})


def _commented(pen: Pen, text: str, _days: int, _hour: str) -> str:
    return set_lines(text, {"DESCRIPTION": [f"DESCRIPTION:{pen.mark}"]})


def _cleared(_pen: Pen, text: str, _days: int, _hour: str) -> str:
    return set_lines(text, {"LOCATION": None, "DESCRIPTION": None})


def _moved(kind: str) -> Edit:
    def move(pen: Pen, text: str, days: int, hour: str) -> str:
        obj = object_of(text)
        start, end = pen.times(kind, days=days, hour=hour)
        bare = drop(text, [each for each in obj.overrides if each is not obj.main])
        lines = {"DTSTART": [start], "DTEND": None, "DURATION": [end] if end else None}
        return set_lines(bare, lines | {"EXDATE": None, "RDATE": None})

    return move


def _freed(_pen: Pen, text: str, days: int, _hour: str) -> str:
    return set_lines(text, {"TRANSP": ["TRANSP:TRANSPARENT"] if days % 2 else None})


def _tentative(_pen: Pen, text: str, days: int, _hour: str) -> str:
    return set_lines(text, {"STATUS": ["STATUS:TENTATIVE"] if days % 2 else None})


def _cancelled(_pen: Pen, text: str, _days: int, _hour: str) -> str:
    """The whole of it is cancelled."""
    return set_lines(text, {"STATUS": ["STATUS:CANCELLED"]})


def _repeated(pen: Pen, text: str, days: int, _hour: str) -> str:
    obj = object_of(text)
    bare = drop(text, [each for each in obj.overrides if each is not obj.main])
    rules = [f"RRULE:FREQ=DAILY;COUNT={2 + pen.serial % 4}", f"RRULE:FREQ=WEEKLY;COUNT={2 + days % 3}", None]
    rule = rules[pen.serial % 3]
    return set_lines(bare, {"RRULE": [rule] if rule else None, "EXDATE": None, "RDATE": None})


def _one_changed(pen: Pen, text: str, days: int, _hour: str) -> str:
    """One instance gets a title and half an hour more."""
    obj = object_of(text)
    instance = _instance(obj, days)
    if instance is None:
        return text
    key = instance.recurrence_id
    bare = drop(text, _overrides(obj, key))
    return bare.replace("END:VCALENDAR", f"{_override(obj, instance, pen.mark)}END:VCALENDAR")


def _one_deleted(_pen: Pen, text: str, days: int, _hour: str) -> str:
    """One instance does not take place."""
    obj = object_of(text)
    instance = _instance(obj, days)
    if instance is None:
        return text
    key = instance.recurrence_id
    bare = drop(text, _overrides(obj, key))
    master = object_of(bare).main
    return bare[: master.properties[-1].end] + f"EXDATE{_named(key)}\r\n" + bare[master.properties[-1].end :]


def _ended_before(_pen: Pen, text: str, days: int, _hour: str) -> str:
    """The series ends before one of its instances ("this and following", of which the rest is another object)."""
    obj = object_of(text)
    instance = _instance(obj, 1 + days % 3)
    if instance is None or not obj.main.value("RRULE"):
        return text
    key = instance.recurrence_id
    last = (instance.original - timedelta(days=1)).astimezone(UTC)
    until = f"{last.astimezone(ZONE):%Y%m%d}" if len(key) == len("20261122") else f"{last:%Y%m%dT%H%M%S}"
    rule = re.sub(r";(COUNT|UNTIL)=[^;]*", "", obj.main.value("RRULE"))
    later = [each for each in obj.overrides if key_of(each, obj.zones, timeline_of(obj, ZONE)) >= key]
    suffix = "Z" if key.endswith("Z") else ""
    return set_lines(drop(text, later), {"RRULE": [f"RRULE:{rule};UNTIL={until}{suffix}"]})


EDITS: Mapping[str, Edit] = {
    "title": _retitled,
    "location": _relocated,
    "comment": _commented,
    "clear": _cleared,
    "time": _moved("single"),
    "all-day": _moved("all-day"),
    "floating": _moved("floating"),
    "utc": _moved("utc"),
    "free": _freed,
    "tentative": _tentative,
    "recurrence": _repeated,
    "one changed": _one_changed,
    "one deleted": _one_deleted,
    "this and following": _ended_before,
    "cancelled": _cancelled,
}


def is_over(text: str) -> bool:
    """Whether it is cancelled as a whole, or a series of which no instance is left."""
    obj = object_of(text)
    has_rule = obj.master is not None and obj.is_recurring
    return obj.is_cancelled or (has_rule and next(instances(obj, practice_zone=ZONE, within=_EVER), None) is None)


def _instance(obj: CalendarObject, days: int) -> Instance | None:
    if obj.master is None or not obj.is_recurring:
        return None
    start = next(instances(obj, practice_zone=ZONE, within=_EVER), None)
    if start is None:
        return None
    within = Interval(start.interval.starts, start.interval.starts + timedelta(days=60))
    found = sorted(instances(obj, practice_zone=ZONE, within=within), key=lambda each: each.original)[:6]
    return found[days % len(found)] if found else None


_EVER = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))


def _overrides(obj: CalendarObject, key: str) -> list[Component]:
    timeline = timeline_of(obj, ZONE)
    return [each for each in obj.overrides if key_of(each, obj.zones, timeline) == key]


def _named(key: str) -> str:
    return f":{key}" if "T" in key else f";VALUE=DATE:{key}"


def _override(obj: CalendarObject, instance: Instance, title: str) -> str:
    key = instance.recurrence_id
    if "T" not in key:
        times = [f"DTSTART;VALUE=DATE:{key}"]
    elif key.endswith("Z"):
        starts, ends = instance.interval.starts.astimezone(UTC), instance.interval.ends.astimezone(UTC)
        times = [f"DTSTART:{starts:%Y%m%dT%H%M%SZ}", f"DTEND:{ends + timedelta(minutes=30):%Y%m%dT%H%M%SZ}"]
    else:
        times = [f"DTSTART:{key}", "DURATION:PT80M"]
    lines = [f"UID:{obj.uid}", "DTSTAMP:20261101T000000Z", f"RECURRENCE-ID{_named(key)}", *times, f"SUMMARY:{title}"]
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""])
