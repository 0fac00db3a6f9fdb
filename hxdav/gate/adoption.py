"""Recognises what is put as an appointment that we have (docs/gate.md; rule 7, restoring)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment
from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.mirror import Mirror
from hxdav.domain.privacy import hidden_fields
from hxdav.gate.context import GateContext
from hxdav.gate.privacy import level_for
from hxdav.ical.fields import differences, parts_of
from hxdav.ical.graft import graft
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.patch import replace_uid


def adoptable_appointment(context: GateContext, known: Iterable[Mirror]) -> Appointment | None:
    """The appointment that an object with this UID is, given the mirrors that go by it, the latest first.

    One that takes place; otherwise one that was removed from outside, for as long as that can be taken back.
    """
    found = [context.tx.appointments.find(mirror.appointment_id) for mirror in known]
    present = [each for each in found if each is not None]
    for appointment in present:
        if not appointment.is_gone:
            return appointment
    for appointment in present:
        removed_at = appointment.removed_at
        if removed_at is not None and removed_at + context.policy.kept_for > context.now:
            return appointment
    return None


def with_what_was_hidden(
    context: GateContext, content: CalendarObject, appointment: Appointment, *, known: Sequence[Mirror], zone: ZoneInfo
) -> CalendarObject:
    """What is put, with our own words wherever the calendar that it comes from does not show them (rule 11).

    Somebody who drags an event out of a calendar in which a patient is an "Appointment" does not rename the patient.
    """
    source = next(mirror for mirror in known if mirror.appointment_id == appointment.id)
    hidden = hidden_fields(appointment.kind, level_for(context.tx, source.integration_id))
    if not hidden:
        return content
    ours = object_of(replace_uid(appointment.text, old=appointment.uid, new=content.uid))
    theirs = differences(
        parts_of(ours, carries=EVERY_FIELD, practice_zone=zone),
        parts_of(content, carries=EVERY_FIELD, practice_zone=zone),
    )
    shown = [each for each in theirs if not each.touches(hidden)]
    return object_of(graft(ours, content, shown, practice_zone=zone))
