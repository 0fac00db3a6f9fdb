"""Events of Google's as calendar objects: a single event, or a master with its exceptions, under one UID."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from hxdav.domain.ids import Uid
from hxdav.domain.times import AllDay, When, Zoned
from hxdav.ical.build import PRODID, text_line, time_line, with_timezones
from hxdav.ical.lines import ContentLine, content_lines, fold
from hxdav.ical.timeline import Timeline
from hxdav.ical.values import periods_of, utc_text, when_from, whens_of
from hxdav.ical.zones import Zones
from hxdav.remotes.google.events_out import MARK, event_id, instance_key
from hxdav.remotes.google.times import has_known_zone, when_of_google

_COMPARED = ("summary", "description", "location", "transparency")
_DEFAULTS = {"transparency": "opaque"}
_CLASSES = {"private": "PRIVATE", "confidential": "CONFIDENTIAL", "public": "PUBLIC"}
_NO_ZONES = Zones(texts={})
_EPOCH = "19700101T000000Z"

Event = Mapping[str, Any]
"""An event as the API shows it."""


def object_text(master: Event, exceptions: Iterable[Event] = ()) -> str:
    """The calendar object that ``master`` and its ``exceptions`` are; ValueError where they make none.

    Cancelled exceptions become EXDATEs. An exception that says what the master says anyway is left out: Google cannot
    take one back, so that this is how one that hxdav has undone looks.
    """
    starts = when_of_google(master["start"])
    if master.get("recurrence") and not has_known_zone(master["start"]):
        raise ValueError("a series in an unknown time zone")
    timeline = Timeline.of(starts, UTC)
    overrides: list[Event] = []
    excluded: set[str] = set()
    for exception in exceptions:
        if exception.get("status") == "cancelled":
            excluded.add(key_of(exception, timeline))
        elif not _is_as_master(exception, master):
            overrides.append(exception)
    overrides.sort(key=lambda exception: key_of(exception, timeline))
    uid = uid_of(master)
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "CALSCALE:GREGORIAN"),
        *_vevent(master, uid, _recurrence(master, timeline, excluded)),
    ]
    for override in overrides:
        lines += _vevent(override, uid, [time_line("RECURRENCE-ID", _when(key_of(override, timeline), timeline))])
    text = "".join(map(fold, (*lines, "END:VCALENDAR")))
    times = (when_of_google(shown[name]) for shown in (master, *overrides) for name in ("start", "end"))
    return with_timezones(text, times)


def uid_of(master: Event) -> Uid:
    """The UID of an event: hxdav's own for one that hxdav has made, Google's for any other."""
    return made_as(master) or Uid(str(master.get("iCalUID") or f"{master['id']}@google.com"))


def made_as(master: Event) -> Uid | None:
    """The UID under which hxdav has made an event, where it has.

    Google lets an event be made under an id or a UID, not both, so that ours stands in a private property. Where a
    person duplicates an event, that may be copied: it counts only under the id that belongs to it.
    """
    marked = Uid(str(master.get("extendedProperties", {}).get("private", {}).get(MARK, "")))
    is_ours = marked and str(master["id"]).removeprefix(event_id(marked)) in {"", *"123456789"}
    return marked if is_ours else None


def key_of(exception: Event, timeline: Timeline) -> str:
    """The key of the instance that ``exception`` stands for."""
    return instance_key(when_of_google(exception["originalStartTime"]), timeline)


def _when(key: str, timeline: Timeline) -> When:
    """The moment of an instance's key, in the zone of its series."""
    when = when_from(key, "", _NO_ZONES)
    if not isinstance(when, Zoned):
        return when
    local = when.moment.astimezone(timeline.zone)
    return when if local.fold else Zoned(local)


def _vevent(shown: Event, uid: Uid, own: list[str]) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield text_line("UID", uid)
    yield f"DTSTAMP:{_stamp(shown.get('updated'))}"
    if shown.get("created"):
        yield f"CREATED:{_stamp(shown['created'])}"
    if shown.get("updated"):
        yield f"LAST-MODIFIED:{_stamp(shown['updated'])}"
    yield time_line("DTSTART", when_of_google(shown["start"]))
    yield time_line("DTEND", when_of_google(shown["end"]))
    yield from own
    for name in ("summary", "location", "description"):
        if shown.get(name):
            yield text_line(name.upper(), str(shown[name]))
    if shown.get("visibility") in _CLASSES:
        yield f"CLASS:{_CLASSES[shown['visibility']]}"
    yield f"STATUS:{'TENTATIVE' if shown.get('status') == 'tentative' else 'CONFIRMED'}"
    yield f"TRANSP:{'TRANSPARENT' if shown.get('transparency') == 'transparent' else 'OPAQUE'}"
    yield "END:VEVENT"


def _recurrence(master: Event, timeline: Timeline, excluded: set[str]) -> list[str]:
    lines: list[str] = []
    for line in content_lines("\r\n".join(master.get("recurrence") or ())):
        match line.name:
            case "EXDATE":
                excluded |= {instance_key(when, timeline) for when in whens_of(line, _NO_ZONES)}
            case "RDATE":
                lines.append(_rdate(line, timeline))
            case "RRULE" | "EXRULE":
                lines.append(f"{line.name}:{line.value.strip()}")
            case _:
                # Nothing else belongs there; what it is would be guessed.
                raise ValueError("an unknown line of recurrence")
    return lines + ([_date_line("EXDATE", excluded, timeline)] if excluded else [])


def _rdate(line: ContentLine, timeline: Timeline) -> str:
    periods = list(periods_of(line, _NO_ZONES))
    if any(period.ends is not None for period in periods):
        return f"RDATE{line.params}:{line.value.strip()}"
    return _date_line("RDATE", {instance_key(period.starts, timeline) for period in periods}, timeline)


def _date_line(name: str, keys: set[str], timeline: Timeline) -> str:
    """One content line for several instances, in the zone of the series where each has a time of its own there."""
    whens = [_when(key, timeline) for key in sorted(keys)]
    if not all(isinstance(when, AllDay) for when in whens):
        zoned = [when for when in whens if isinstance(when, Zoned)]
        if any(when.moment.tzinfo is UTC for when in zoned):
            whens = [Zoned(when.moment.astimezone(UTC)) for when in zoned]
    first = time_line(name, whens[0])
    values = [time_line(name, when).rpartition(":")[2] for when in whens]
    return f"{first.rpartition(':')[0]}:{','.join(values)}"


def _is_as_master(exception: Event, master: Event) -> bool:
    """Whether an exception differs from what the master says of that instance in nothing that hxdav shows."""
    if when_of_google(exception["start"]) != when_of_google(exception["originalStartTime"]):
        return False
    if _length(exception) != _length(master):
        return False
    if (exception.get("status") == "tentative") != (master.get("status") == "tentative"):
        return False
    return all(
        (exception.get(name) or _DEFAULTS.get(name)) == (master.get(name) or _DEFAULTS.get(name)) for name in _COMPARED
    )


def _length(shown: Event) -> object:
    starts, ends = when_of_google(shown["start"]), when_of_google(shown["end"])
    if isinstance(starts, AllDay) and isinstance(ends, AllDay):
        return ends.day - starts.day
    if isinstance(starts, Zoned) and isinstance(ends, Zoned):
        return ends.moment.astimezone(UTC) - starts.moment.astimezone(UTC)
    raise ValueError("a date beside a time")


def _stamp(value: object) -> str:
    """A moment of Google's own (``2026-11-23T08:00:00.000Z``) to the second."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return _EPOCH
    return utc_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
