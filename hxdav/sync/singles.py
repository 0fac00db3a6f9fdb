"""A series as single events, for providers that cannot express it, and what comes back of those (docs/engine.md)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from hxdav.domain.field import Field
from hxdav.domain.ids import Uid
from hxdav.domain.times import AllDay, Floating, Interval, When, Zoned, days_after, instant
from hxdav.ical.build import text_line, with_timezones
from hxdav.ical.clocks import moment_line
from hxdav.ical.components import Component
from hxdav.ical.fields import OVERRIDE_FIELDS, Bounds, FieldDifference, bounds_of, key_of, timeline_of
from hxdav.ical.graft import LINES, OF_A_SERIES, RECURRENCE_LINES, graft, place_of
from hxdav.ical.lines import fold, newline_of
from hxdav.ical.objects import CalendarObject, object_of, reaches_on
from hxdav.ical.patch import TextChange, changed, excerpt, exchange, set_lines
from hxdav.ical.recurrence import Instance, instance_at, instances, is_left_out
from hxdav.ical.timeline import Timeline
from hxdav.ical.values import date_text, local_text, when_from
from hxdav.ical.zones import Zones

_CANCELLED = "CANCELLED"
_NO_ZONES = Zones(texts={})


def single_events(
    text: str, *, uid_of: Callable[[str], Uid], within: Interval, practice_zone: ZoneInfo
) -> dict[str, str]:
    """Each instance that starts within ``within``, as the text of a single event, by its key in Parts.

    An override is among them also where it only was to start there, and has been moved; what is cancelled is not.
    ``uid_of`` gives the UID for a key. An object that does not recur is one event, under the key "".
    """
    obj = object_of(text)
    found: dict[str, str] = {}
    if obj.is_cancelled:
        return found
    own = {key_of(each, obj.zones, timeline_of(obj, practice_zone)): each for each in obj.overrides}
    for key, override in own.items():
        starts = (bounds_of(override, obj.zones, practice_zone).starts, _when_of(key))
        is_there = not _is_cancelled(override) and not is_left_out(obj, override, practice_zone=practice_zone)
        if is_there and any(_is_within(when, within, practice_zone) for when in starts):
            found[key] = _single(obj, override, uid=uid_of(key))
    for instance in () if obj.master is None else instances(obj, practice_zone=practice_zone, within=within):
        key, starts_at = instance.recurrence_id, instance.interval.starts
        is_there = key not in own and not _is_cancelled(instance.vevent)
        if is_there and within.starts <= starts_at < within.ends:
            bounds = _bounds(obj, instance, practice_zone) if key else None
            found[key] = _single(obj, instance.vevent, uid=uid_of(key), bounds=bounds)
    return found


def with_single(
    text: str, key: str, *, single: CalendarObject, what: Collection[FieldDifference], practice_zone: ZoneInfo
) -> str:
    """The series ``text`` with what ``what`` names of one of its events as ``single`` has it, in an override.

    Unchanged where the series has no such instance (any more), and by a rule that was put on the single event.
    """
    series = object_of(text)
    fields = {change.field for change in what if not change.part and change.field in OVERRIDE_FIELDS}
    there = _at(series, key, practice_zone)
    if there is None or not fields:
        return text
    if isinstance(there, Instance):
        series = object_of(_with_override(series, there, practice_zone))
    # As an override of that instance it can be grafted onto one.
    named = set_lines(
        single.text, {**dict.fromkeys(OF_A_SERIES), "RECURRENCE-ID": [_recurrence_id(key, practice_zone)]}
    )
    changes = [FieldDifference(part=key, field=field) for field in fields]
    return graft(series, object_of(named), changes, practice_zone=practice_zone)


def without_single(text: str, key: str, *, practice_zone: ZoneInfo) -> str:
    """The series ``text`` without one of its instances: an EXDATE leaves it out, and an override of it is dropped.

    Unchanged where there is no such instance. An override without a master has no EXDATE, and is cancelled.
    """
    series = object_of(text)
    there = _at(series, key, practice_zone)
    if there is None:
        return text
    newline = newline_of(text[series.main.start : series.main.properties_start])
    if series.master is None:
        cancelled = fold(f"STATUS:{_CANCELLED}", newline)
        return changed(text, exchange(there, ("STATUS",), cancelled) if isinstance(there, Component) else ())
    (*_, last) = (series.master.properties[-1], *series.master.all(*RECURRENCE_LINES))
    exdate = fold(_as_start(series.master, "EXDATE", _original(series, key, practice_zone)), newline)
    changes = [TextChange(start=last.end, end=last.end, text=exdate)]
    if isinstance(there, Component) and not reaches_on(there):
        changes.append(TextChange(start=there.start, end=there.end, text=""))
    return changed(text, changes)


def _at(series: CalendarObject, key: str, practice_zone: ZoneInfo) -> Component | Instance | None:
    """The override of an instance, or the instance where it has none; None where it does not take place."""
    place, timeline = place_of(key, practice_zone), timeline_of(series, practice_zone)
    for override in series.overrides:
        if place_of(key_of(override, series.zones, timeline), practice_zone) == place:
            is_there = not _is_cancelled(override) and not is_left_out(series, override, practice_zone=practice_zone)
            return override if is_there else None
    return instance_at(series, instant(_when_of(key), practice_zone), practice_zone=practice_zone)


def _single(obj: CalendarObject, vevent: Component, *, uid: Uid, bounds: Bounds | None = None) -> str:
    """The text of ``obj`` with ``vevent`` alone, under ``uid`` and without a rule, at ``bounds`` if there are any."""
    newline = newline_of(obj.text[vevent.start : vevent.properties_start])
    changes = [*exchange(vevent, OF_A_SERIES, ""), *exchange(vevent, ("UID",), fold(text_line("UID", uid), newline))]
    if bounds is not None:
        times = (moment_line("DTSTART", bounds.starts), moment_line("DTEND", bounds.ends))
        changes += exchange(vevent, LINES[Field.TIME], "".join(fold(line, newline) for line in times))
    single = excerpt(obj.text, vevent, changes)
    others = [TextChange(start=each.start, end=each.end, text=single if each is vevent else "") for each in obj.vevents]
    text = changed(obj.text, others)
    return text if bounds is None else with_timezones(text, (bounds.starts, bounds.ends))


def _with_override(series: CalendarObject, instance: Instance, practice_zone: ZoneInfo) -> str:
    """The text of ``series`` with an override that says of ``instance`` just what is said of it anyway."""
    model = instance.vevent
    newline = newline_of(series.text[model.start : model.properties_start])
    bounds = _bounds(series, instance, practice_zone)
    recurrence_id = _as_start(series.main, "RECURRENCE-ID", _original(series, instance.recurrence_id, practice_zone))
    times = (_as_start(model, "DTSTART", bounds.starts), _as_start(model, "DTEND", bounds.ends))
    changes = [
        *exchange(model, OF_A_SERIES, fold(recurrence_id, newline)),
        *exchange(model, LINES[Field.TIME], "".join(fold(line, newline) for line in times)),
    ]
    behind = max(vevent.end for vevent in series.vevents)
    return changed(series.text, [TextChange(start=behind, end=behind, text=excerpt(series.text, model, changes))])


def _bounds(obj: CalendarObject, instance: Instance, practice_zone: ZoneInfo) -> Bounds:
    """When a named instance takes place, by the clock of the component that tells of it."""
    own = bounds_of(instance.vevent, obj.zones, practice_zone)
    timeline = Timeline.of(own.starts, practice_zone)
    interval = instance.interval
    if isinstance(own.starts, AllDay) and isinstance(own.ends, AllDay):
        day = timeline.local_at(interval.starts).date()
        return Bounds(starts=AllDay(day), ends=AllDay(days_after(day, (own.ends.day - own.starts.day).days)))
    if timeline.floating:
        starts, ends = timeline.local_at(interval.starts), timeline.local_at(interval.ends)
        return Bounds(starts=Floating(starts), ends=Floating(ends))
    # By the moments and not by the rule's wall-clock time, which a spring-forward night may skip.
    zone = timeline.zone
    return Bounds(starts=Zoned(interval.starts.astimezone(zone)), ends=Zoned(interval.ends.astimezone(zone)))


def _original(series: CalendarObject, key: str, practice_zone: ZoneInfo) -> When:
    """The start that the rule of ``series`` gives the instance ``key``.

    A spring-forward night skips the wall-clock time of some: it is theirs all the same, by which they are recognised.
    """
    timeline = timeline_of(series, practice_zone)
    when = _when_of(key)
    local = timeline.local(when)
    if isinstance(when, Zoned) and not timeline.floating:
        before = (when.moment - timedelta(days=1)).astimezone(timeline.zone).utcoffset() or timedelta(0)
        skipped = (when.moment + before).replace(tzinfo=None)
        if skipped.time() == timeline.time_of_day and timeline.identity(skipped) == key:
            local = skipped
    return timeline.when(local)


def _as_start(master: Component, name: str, when: When) -> str:
    """The content line, not folded, that writes ``when`` as the DTSTART of ``master`` is written."""
    (start, *_) = master.all("DTSTART")
    if start.value.strip().upper().endswith("Z") or (isinstance(when, Zoned) and when.moment.fold):
        return moment_line(name, when)
    match when:
        case AllDay(day):
            return f"{name}{start.params}:{date_text(day)}"
        case Floating(local) | Zoned(local):
            return f"{name}{start.params}:{local_text(local)}"
        case _:
            assert_never(when)


def _recurrence_id(key: str, practice_zone: ZoneInfo) -> str:
    """The RECURRENCE-ID of an instance in a form that needs no time zone."""
    place = place_of(key, practice_zone)
    return f"RECURRENCE-ID:{place}" if "T" in place else f"RECURRENCE-ID;VALUE=DATE:{place}"


def _when_of(key: str) -> When:
    return when_from(key, "", _NO_ZONES)


def _is_within(when: When, within: Interval, practice_zone: ZoneInfo) -> bool:
    return within.starts <= instant(when, practice_zone) < within.ends


def _is_cancelled(vevent: Component) -> bool:
    return vevent.value("STATUS").upper() == _CANCELLED
