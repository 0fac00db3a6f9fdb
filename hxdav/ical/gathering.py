"""The events of one UID in one file: which are parts of one appointment, revisions of each other, or different ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hxdav.domain.ids import Uid
from hxdav.ical.fields import key_of, timeline_of
from hxdav.ical.objects import CalendarObject
from hxdav.ical.recurrence import occurs_at
from hxdav.ical.revisions import Revision
from hxdav.ical.timeline import dtstart_of
from hxdav.ical.values import when_of, when_text

ZONE = ZoneInfo("UTC")
"""The zone in which floating times are compared with others while the practice's is not known."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vevent:
    """One VEVENT: its text, the object that it is when it stands alone, and the number of its surroundings."""

    text: str
    alone: CalendarObject
    surroundings: int

    @property
    def revision(self) -> Revision:
        """Return SEQUENCE and DTSTAMP."""
        return Revision.of(self.alone.main, self.alone.zones)

    @property
    def start(self) -> str:
        """Return when it starts, in one spelling for each moment."""
        return when_text(dtstart_of(self.alone.main, self.alone.zones))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The events of one appointment, in the order of the file, and its UID.

    ``superseded`` counts the events that are left out as older revisions.
    """

    uid: Uid
    events: Sequence[Vevent]
    superseded: int = 0


def gather(events: Sequence[Vevent]) -> list[Gathered]:
    """Return the appointments that ``events``, all of one UID, make up.

    Of two revisions of an instance the newer is taken, of equal ones the last (RFC 5546 §2.1.5). Masters with one
    SEQUENCE are different appointments where their starts differ, or their titles at one start and DTSTAMP: some
    programs copy an event with its UID. The earliest keeps the UID, the others get UIDs made of it and of their starts,
    so that the same file always gives the same UIDs.
    """
    masters = _distinct([each for each in events if each.alone.master is not None])
    overrides = [each for each in events if each.alone.master is None]
    uid = events[0].alone.uid
    if not masters:
        return [_one(events, uid, overrides)]
    chosen = _chosen(overrides, masters)
    gathered = [
        _one(events, own, [each, *chosen[each]]) for each, own in zip(masters, _uids(uid, masters), strict=True)
    ]
    left_out = len(events) - sum(len(each.events) + each.superseded for each in gathered)
    first, *others = gathered
    return [Gathered(uid=first.uid, events=first.events, superseded=first.superseded + left_out), *others]


def _one(events: Sequence[Vevent], uid: Uid, parts: Sequence[Vevent]) -> Gathered:
    """The newest revision of each instance, as one appointment."""
    first = parts[0].alone
    timeline = timeline_of(first, ZONE)
    newest: dict[str, Vevent] = {}
    for part in parts:
        key = key_of(part.alone.main, part.alone.zones, timeline) if part.alone.master is None else ""
        other = newest.get(key)
        if other is None or not other.revision.is_newer(part.revision):
            newest[key] = part
    kept = set(newest.values())
    in_order = [each for each in events if each in kept]
    return Gathered(uid=uid, events=in_order, superseded=len(parts) - len(in_order))


def _distinct(masters: Sequence[Vevent]) -> list[Vevent]:
    """The masters that are no older revisions, the earliest first."""
    sequence = max((each.revision.sequence for each in masters), default=0)
    by_start: dict[str, list[Vevent]] = {}
    for each in masters:
        if each.revision.sequence == sequence:
            by_start.setdefault(each.start, []).append(each)
    found: list[Vevent] = []
    for _, alike in sorted(by_start.items()):
        newest = [each for each in alike if not any(other.revision.is_newer(each.revision) for other in alike)]
        found += {each.alone.summary: each for each in newest}.values()
    return found


def _chosen(overrides: Iterable[Vevent], masters: Sequence[Vevent]) -> dict[Vevent, list[Vevent]]:
    """The overrides by the master that has their instance; the first master where none has it."""
    chosen: dict[Vevent, list[Vevent]] = {each: [] for each in masters}
    for override in overrides:
        (line, *_) = override.alone.main.all("RECURRENCE-ID")
        when = when_of(line, override.alone.zones)
        having = (each for each in masters if occurs_at(each.alone, when, practice_zone=ZONE))
        chosen[next(having, masters[0]) if len(masters) > 1 else masters[0]].append(override)
    return chosen


def _uids(uid: Uid, masters: Sequence[Vevent]) -> list[Uid]:
    uids = [uid]
    for each in masters[1:]:
        own = Uid(f"{uid}-{each.start}")
        if own in uids or each.start == masters[0].start:
            own = Uid(f"{own}-{hashlib.sha256(each.alone.summary.encode()).hexdigest()[:8]}")
        uids.append(own)
    return uids
