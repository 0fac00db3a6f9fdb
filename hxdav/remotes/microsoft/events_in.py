"""Graph's events as calendar objects: a single event, or a master with its exceptions and cancelled instances.

Times are asked for in UTC, which is without doubt; the zone that a person chose stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hxdav.domain.ids import Uid
from hxdav.domain.times import AllDay, When, Zoned
from hxdav.ical.build import PRODID, text_line, time_line, with_timezones
from hxdav.ical.lines import fold
from hxdav.ical.timeline import Timeline
from hxdav.ical.values import utc_text
from hxdav.ical.zone_names import iana_zone, zone_named
from hxdav.ical.zones import Zones
from hxdav.remotes.microsoft.events_out import SPELLING, uid_of_transaction
from hxdav.remotes.microsoft.rules import pattern_for, rule_for, same_recurrence
from hxdav.remotes.microsoft.times import NotExpressibleInOutlook, day_of, in_zone, moment_of, sent_name, stamp_of

_NO_ZONES = Zones(texts={})
_EPOCH = "19700101T000000Z"

Event = Mapping[str, Any]
"""An event as the API shows it."""


def object_text(master: Event, exceptions: Iterable[Event] = ()) -> str:
    """The calendar object that ``master`` and its ``exceptions`` are; ValueError where they make none.

    An exception that says what the master says anyway is left out: Graph cannot take one back, so that this is how one
    that hxdav has undone looks.
    """
    starts, ends = bounds_of_shown(master)
    timeline = Timeline.of(starts, UTC)
    length = _length(starts, ends)
    uid = uid_of(master)
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "CALSCALE:GREGORIAN"),
        *_vevent(master, uid, _recurrence(master, starts, timeline)),
    ]
    times = [starts, ends]
    for local, exception in sorted((original_of(one, timeline), one) for one in _distinct(exceptions, timeline)):
        own = bounds_of_shown(exception)
        as_master = own[0] == timeline.when(local) and _length(*own) == length
        if as_master and _words(exception) == _words(master):
            continue
        lines += _vevent(exception, uid, [time_line("RECURRENCE-ID", timeline.when(local))])
        times += own
    text = "".join(map(fold, (*lines, "END:VCALENDAR")))
    return with_timezones(text, times)


def uid_of(master: Event) -> Uid:
    """The UID that an event has there: Exchange gives each one of its own."""
    return Uid(str(master.get("iCalUId") or f"{master['id']}@outlook.com"))


def key_of(master: Event) -> Uid | None:
    """The UID under which hxdav has made it, by ``transactionId``, which also comes where properties do not."""
    return uid_of_transaction(str(master.get("transactionId") or ""))


def extended(shown: Event, name: str) -> Any:
    """The value of an extended property; empty where it is not there, or was not asked for."""
    properties = shown.get("singleValueExtendedProperties") or ()
    return next((str(one["value"]) for one in properties if str(one["id"]).lower() == name.lower()), "")


def timeline_of(master: Event) -> Timeline:
    """The timeline on which a series recurs."""
    return Timeline.of(bounds_of_shown(master)[0], UTC)


def original_of(exception: Event, timeline: Timeline) -> datetime:
    """The local start that an occurrence or an exception had by the rule of its series."""
    stamp = stamp_of(exception.get("originalStart"))
    if stamp is None:
        if exception.get("isAllDay"):
            return datetime.combine(day_of(exception["start"]), timeline.time_of_day)
        stamp = moment_of(exception["start"])
    if timeline.all_day:
        # A midnight: in UTC where it is said so, otherwise by the clock of whoever made it.
        zone = zone_named(str(exception.get("originalStartTimeZone") or "UTC")) or UTC
        day = stamp if stamp.time() == timeline.time_of_day else stamp.astimezone(zone)
        return datetime.combine(day.date(), timeline.time_of_day)
    return timeline.local_at(stamp)


def cancelled_of(master: Event, timeline: Timeline) -> list[datetime]:
    """The original local starts of what was deleted out of a series (``OID.<id of the series>.2026-11-30``)."""
    found = {str(one).rpartition(".")[2][:10] for one in master.get("cancelledOccurrences") or ()}
    return [datetime.combine(date.fromisoformat(day), timeline.time_of_day) for day in sorted(found)]


def bounds_of_shown(shown: Event) -> tuple[When, When]:
    """When an event starts and ends, by the clocks of the zones that were chosen for it."""
    if shown.get("isAllDay"):
        first, last = day_of(shown["start"]), day_of(shown["end"])
        return AllDay(first), AllDay(max(last, first + timedelta(days=1)))
    begins, ends = moment_of(shown["start"]), moment_of(shown["end"])
    zone = _zone_name(shown)
    return in_zone(begins, zone), in_zone(ends, str(shown.get("originalEndTimeZone") or zone))


def _zone_name(shown: Event) -> str:
    """The name of the zone of a start; of a series that of its recurrence, where the other one says nothing.

    Of a series that hxdav has made it is IANA's own name, which Windows has fewer of.
    """
    name = str(shown.get("originalStartTimeZone") or "UTC")
    recurrence = shown.get("recurrence") or {}
    if recurrence and zone_named(name) is None:
        name = str(recurrence.get("range", {}).get("recurrenceTimeZone") or name)
        if zone_named(name) is None:
            raise ValueError("a series in an unknown time zone")
    sent, _, _ = extended(shown, SPELLING).partition(" ")
    return sent if sent and iana_zone(sent) is not None and sent_name(sent) == sent_name(name) else name


def _vevent(shown: Event, uid: Uid, own: list[str]) -> Iterator[str]:
    starts, ends = bounds_of_shown(shown)
    made, changed = stamp_of(shown.get("createdDateTime")), stamp_of(shown.get("lastModifiedDateTime"))
    yield "BEGIN:VEVENT"
    yield text_line("UID", uid)
    yield f"DTSTAMP:{utc_text(changed) if changed else _EPOCH}"
    if made:
        yield f"CREATED:{utc_text(made)}"
    if changed:
        yield f"LAST-MODIFIED:{utc_text(changed)}"
    yield time_line("DTSTART", starts)
    yield time_line("DTEND", ends)
    yield from own
    subject, location, body, shows = _words(shown)
    for name, words in (("SUMMARY", subject), ("LOCATION", location), ("DESCRIPTION", body)):
        if words:
            yield text_line(name, words)
    if shown.get("sensitivity") in _CLASSES:
        yield f"CLASS:{_CLASSES[shown['sensitivity']]}"
    certain = "TENTATIVE" if shows == "tentative" else "CONFIRMED"
    yield f"STATUS:{'CANCELLED' if shown.get('isCancelled') else certain}"
    yield f"TRANSP:{'TRANSPARENT' if shows == 'free' else 'OPAQUE'}"
    yield "END:VEVENT"


_CLASSES = {"private": "PRIVATE", "personal": "PRIVATE", "confidential": "CONFIDENTIAL"}


def _words(shown: Event) -> tuple[str, str, str, str]:
    """Title, place, comment, and how it shows to others; what is neither free nor tentative takes the time."""
    body = str((shown.get("body") or {}).get("content") or "").replace("\r\n", "\n").rstrip()
    place = str((shown.get("location") or {}).get("displayName") or "")
    shows = str(shown.get("showAs") or "busy")
    return str(shown.get("subject") or ""), place, body, shows if shows in {"free", "tentative"} else "busy"


def _recurrence(master: Event, starts: When, timeline: Timeline) -> list[str]:
    recurrence = master.get("recurrence")
    if not recurrence:
        return []
    first = timeline.local(starts)
    lines = [f"RRULE:{_spelled(master, first, timeline) or rule_for(recurrence, first, timeline=timeline)}"]
    excluded = [timeline.when(local) for local in cancelled_of(master, timeline)]
    return lines + [time_line("EXDATE", when) for when in excluded]


def _spelled(master: Event, first: datetime, timeline: Timeline) -> str:
    """The rule in the words in which it was sent, as long as it still means what Graph shows."""
    zone, _, rule = extended(master, SPELLING).partition(" ")
    if not rule:
        return ""
    try:
        meant = pattern_for(rule, first, timeline=timeline, zones=_NO_ZONES, zone=zone)
    except (NotExpressibleInOutlook, ValueError, OverflowError):
        return ""
    return rule if same_recurrence(meant, master["recurrence"]) else ""


def _distinct(exceptions: Iterable[Event], timeline: Timeline) -> list[Event]:
    """Each exception once; where one comes twice the last counts."""
    return list({original_of(one, timeline): one for one in exceptions}.values())


def _length(starts: When, ends: When) -> object:
    if isinstance(starts, AllDay) and isinstance(ends, AllDay):
        return ends.day - starts.day
    if isinstance(starts, Zoned) and isinstance(ends, Zoned):
        return ends.moment.astimezone(UTC) - starts.moment.astimezone(UTC)
    raise ValueError("a date beside a time")
