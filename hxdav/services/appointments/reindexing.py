"""Writes the index over when appointments take place anew: when it runs short, or the practice's zone changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.ids import AppointmentId, PracticeGroupId
from hxdav.domain.times import Clock
from hxdav.ical.objects import object_of
from hxdav.ical.occurrence_index import INDEXED_AHEAD, index_of
from hxdav.ical.recurrence import extent
from hxdav.store.store import Tx

AT_ONCE = 200
"""How many appointments one transaction indexes at most (docs/store.md, Contention)."""

_RENEWED_BEFORE = INDEXED_AHEAD - timedelta(days=100)
"""An index that does not reach this far ahead any more is written anew: long before any horizon reaches its end."""


def extend(tx: Tx, clock: Clock, *, practice_group_id: PracticeGroupId) -> int:
    """Carry on the index of series that go on beyond it, some at a time; how many. To be repeated until it is none."""
    ids = tx.occurrences.indexed_short_of(practice_group_id, clock.now() + _RENEWED_BEFORE, limit=AT_ONCE)
    _index(tx, clock, ids, practice_group_id=practice_group_id)
    return len(ids)


def rebuild(tx: Tx, clock: Clock, *, practice_group_id: PracticeGroupId, after: AppointmentId) -> AppointmentId | None:
    """Index the next appointments after ``after`` in the practice's present zone; the last of them, None at the end."""
    ids = tx.occurrences.of_practice_group(practice_group_id, after=after, limit=AT_ONCE)
    _index(tx, clock, ids, practice_group_id=practice_group_id)
    return ids[-1] if ids else None


def _index(tx: Tx, clock: Clock, ids: Iterable[AppointmentId], *, practice_group_id: PracticeGroupId) -> None:
    zone = ZoneInfo(tx.people.practice_group(practice_group_id).zone)
    found = [tx.appointments.one(each) for each in ids]
    for practitioner_id in sorted({each.practitioner_id for each in found}):
        tx.integrations.lock(practitioner_id)
    for appointment_id in [each.id for each in found]:
        # Read again: it may have changed before its practitioner was locked.
        appointment = tx.appointments.one(appointment_id)
        content = object_of(appointment.text)
        whole = extent(content, practice_zone=zone)
        moved = replace(appointment, starts=whole.starts, ends=whole.ends)
        if moved != appointment:
            tx.appointments.change(moved, patients_changed=False)
        tx.appointments.index(moved, index_of(content, practice_zone=zone, now=clock.now()))
