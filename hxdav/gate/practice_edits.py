"""The practice's own edits: nothing of rules 4 to 7 binds them (docs/gate.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus
from hxdav.domain.edit import Applied, Outcome, Refused
from hxdav.domain.ids import AppointmentId, Modseq
from hxdav.domain.practice import Practitioner
from hxdav.domain.refusal import Reason
from hxdav.gate import removal_decisions
from hxdav.gate.context import GateContext, lock_practitioner
from hxdav.gate.edits import CancelAppointment, PutAppointment
from hxdav.gate.recording import Recording, record, record_new
from hxdav.gate.undo import uid_in_use
from hxdav.ical.occurrence_index import unbounded
from hxdav.ical.recurrence import extent


def add(context: GateContext, edits: Sequence[PutAppointment]) -> list[Outcome]:
    """Add new appointments of one practitioner, except for those that cannot be."""
    zone = lock_practitioner(context, edits[0].practitioner_id)
    practitioner = context.tx.people.practitioner(edits[0].practitioner_id)
    refused = [_impossible(context, edit, zone=zone) for edit in edits]
    changes = [
        Recording(
            before=None,
            after=_as_said(context, edit, None, practitioner=practitioner, zone=zone),
            content=edit.content,
            zone=zone,
            action="created",
        )
        for edit, reason in zip(edits, refused, strict=True)
        if reason is None
    ]
    recorded = iter(record_new(context, changes) if changes else ())
    return [reason or Applied(appointment_id=next(recorded).appointment.id, created=True) for reason in refused]


def put(context: GateContext, edit: PutAppointment) -> Outcome:
    """Add an appointment, or make an existing one what the practice says it is; refused is only what cannot be."""
    if edit.appointment_id is None:
        (outcome,) = add(context, [edit])
        return outcome
    zone = lock_practitioner(context, edit.practitioner_id)
    refused = _impossible(context, edit, zone=zone)
    if refused:
        return refused
    before = context.tx.appointments.one(edit.appointment_id)
    practitioner = context.tx.people.practitioner(edit.practitioner_id)
    after = _as_said(context, edit, before, practitioner=practitioner, zone=zone)
    if _is_same(before, after):
        return Applied(appointment_id=before.id)
    taken = uid_in_use(context, before, after)
    if taken:
        return taken
    recorded = record(
        context,
        Recording(
            before=before,
            after=after,
            content=edit.content,
            zone=zone,
            action=_action(before, after),
            reappears=before.is_gone and not after.is_gone,
        ),
    )
    removal_decisions.reconsider(context, recorded.appointment)
    return Applied(appointment_id=recorded.appointment.id)


def _impossible(context: GateContext, edit: PutAppointment, *, zone: ZoneInfo) -> Refused | None:
    """Why an appointment cannot be what the practice says, if it cannot."""
    if edit.kind is AppointmentKind.PATIENT and edit.content.is_recurring:
        return Refused(reason=Reason.PATIENT_RECURS)
    too_many = unbounded(edit.content, practice_zone=zone, now=context.now)
    return Refused(reason=too_many.reason, detail=too_many.detail) if too_many else None


def cancel(context: GateContext, edit: CancelAppointment) -> Outcome:
    """Cancel an appointment: it leaves every calendar, and its record stays."""
    found = context.tx.appointments.one(edit.appointment_id)
    zone = lock_practitioner(context, found.practitioner_id)
    before = context.tx.appointments.one(edit.appointment_id)
    if before.is_gone:
        return Applied(appointment_id=before.id)
    recorded = record(
        context,
        Recording(
            before=before,
            after=before.with_status(AppointmentStatus.CANCELLED),
            zone=zone,
            action="cancelled",
        ),
    )
    removal_decisions.overtake(context, recorded.appointment)
    return Applied(appointment_id=before.id)


def _as_said(
    context: GateContext,
    edit: PutAppointment,
    before: Appointment | None,
    *,
    practitioner: Practitioner,
    zone: ZoneInfo,
) -> Appointment:
    """The appointment as the practice says that it is."""
    whole = extent(edit.content, practice_zone=zone)
    return Appointment(
        id=before.id if before else AppointmentId(0),
        practice_group_id=practitioner.practice_group_id,
        practitioner_id=practitioner.id,
        kind=edit.kind,
        uid=edit.content.uid,
        text=edit.content.text,
        summary=edit.content.summary,
        starts=whole.starts,
        ends=whole.ends,
        recurring=edit.content.is_recurring,
        practice=replace(edit.practice, patient_ids=tuple(sorted(edit.practice.patient_ids))),
        revision=0,
        modseq=Modseq(0),
        created_at=before.created_at if before else context.now,
        updated_at=context.now,
        removed_at=None,
    )


def _is_same(before: Appointment, after: Appointment) -> bool:
    renumbered = replace(after, revision=before.revision, modseq=before.modseq, updated_at=before.updated_at)
    return before == renumbered


def _action(before: Appointment, after: Appointment) -> str:
    if after.is_gone:
        return "cancelled"
    return "restored" if before.is_gone else "changed"
