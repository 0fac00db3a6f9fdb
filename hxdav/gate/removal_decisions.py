"""Decides removals: applied, or kept and shown again (rules 6 and 7)."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus
from hxdav.domain.field import Field
from hxdav.domain.mirror import MirrorState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.removal import Decision, Removal, RemovalState, protection
from hxdav.gate.context import GateContext
from hxdav.gate.recording import Recording, heal, record
from hxdav.ical.fields import Parts, parts_of
from hxdav.ical.objects import object_of
from hxdav.store.trail import Subject

_TIMES = frozenset({Field.TIME, Field.RECURRENCE})
"""What says when an appointment takes place."""

_TOLD: dict[Decision, NotificationKind] = {
    Decision.PROTECTED: NotificationKind.REMOVAL_KEPT_PROTECTED,
    Decision.CHANGED: NotificationKind.REMOVAL_KEPT_CHANGED,
    Decision.UNANSWERED: NotificationKind.REMOVAL_KEPT_UNANSWERED,
}


def apply_removal(context: GateContext, removal: Removal, decision: Decision, *, zone: ZoneInfo) -> None:
    """Carry a removal out, unless something speaks against it by now: then it is kept, and the person told.

    A patient appointment is cancelled and its record stays; a personal one becomes a tombstone.
    """
    appointment = context.tx.appointments.one(removal.appointment_id)
    against = _objection(context, removal, appointment)
    if against:
        keep_removal(context, removal, against, appointment=appointment)
        return
    _decide(context, removal, RemovalState.APPLIED, decision=decision)
    is_patient = appointment.kind is AppointmentKind.PATIENT
    removed = appointment.with_status(AppointmentStatus.CANCELLED) if is_patient else appointment
    record(
        # Whose edit it is, is whose deletion it was, whoever let it through.
        replace(context, source=removal.source),
        Recording(
            before=appointment,
            after=replace(removed, removed_at=context.now),
            zone=zone,
            action="removed",
        ),
    )


def keep_removal(context: GateContext, removal: Removal, decision: Decision, *, appointment: Appointment) -> None:
    """Let an appointment stay, and show it again where it was removed."""
    _decide(context, removal, RemovalState.KEPT, decision=decision)
    if not appointment.is_gone:
        of_appointment = context.tx.mirrors.of(appointment.id)
        hidden = [mirror for mirror in of_appointment if mirror.state is MirrorState.HIDDEN]
        heal(context, hidden, appointment)
    subject = _subject(removal)
    context.tx.trail.audit(
        "removal_kept", subject, source=context.source, at=context.now, detail={"decision": decision}
    )
    kind = _TOLD.get(decision)
    if kind:
        _tell(context, removal, kind, subject=subject)


def take_back(context: GateContext, appointment: Appointment) -> bool:
    """Keep an appointment whose removal is under way, because it was put again; whether there was one (rule 7)."""
    return _end(context, appointment, Decision.TAKEN_BACK)


def overtake(context: GateContext, appointment: Appointment) -> bool:
    """End the removal of an appointment that the practice cancelled, or brought back; whether there was one."""
    return _end(context, appointment, Decision.OVERTAKEN)


def reconsider(context: GateContext, appointment: Appointment) -> None:
    """Keep an appointment whose removal is under way, where a change of the practice's speaks against that.

    At once, and not only when the removal would be applied: an appointment that was moved to tomorrow must not stay
    hidden until a review of next week's is over.
    """
    removal = context.tx.removals.open_of(appointment.id)
    if removal is None:
        return
    against = _objection(context, removal, appointment)
    if against:
        keep_removal(context, removal, against, appointment=appointment)


def _end(context: GateContext, appointment: Appointment, decision: Decision) -> bool:
    removal = context.tx.removals.open_of(appointment.id)
    if removal is not None:
        keep_removal(context, removal, decision, appointment=appointment)
    return removal is not None


def _objection(context: GateContext, removal: Removal, appointment: Appointment) -> Decision | None:
    """What speaks against a removal by now, if anything does."""
    if appointment.is_gone:
        return Decision.OVERTAKEN
    if protection(appointment):
        return Decision.PROTECTED
    if appointment.revision != removal.revision and _has_changed(context, removal, appointment):
        return Decision.CHANGED
    return None


def _has_changed(context: GateContext, removal: Removal, appointment: Appointment) -> bool:
    """Whether time, patients or status are not those of the revision that was removed."""
    versions = context.tx.appointments.versions(appointment.id)
    removed = next((each for each in versions if each.revision == removal.revision), None)
    if removed is None:
        return True
    zone = ZoneInfo(context.tx.people.practice_group(appointment.practice_group_id).zone)
    return (
        _times(removed.text, zone=zone) != _times(appointment.text, zone=zone)
        or removed.practice.patient_ids != appointment.practice.patient_ids
        or removed.practice.status != appointment.practice.status
    )


def _times(text: str, *, zone: ZoneInfo) -> Parts:
    """When an object takes place, whichever way it is written."""
    return parts_of(object_of(text), carries=_TIMES, practice_zone=zone)


def _decide(context: GateContext, removal: Removal, state: RemovalState, *, decision: Decision) -> None:
    context.tx.removals.change(replace(removal, state=state, decision=decision, decided_at=context.now))


def _tell(context: GateContext, removal: Removal, kind: NotificationKind, *, subject: Subject) -> None:
    if kind is NotificationKind.REMOVAL_KEPT_UNANSWERED:
        # One word for a whole review, however many appointments were in it.
        subject = replace(subject, appointment_id=None, integration_id=None)
        digest = f"review of {removal.reviewed_from}"
    else:
        digest = f"removal {removal.id}"
    if not context.tx.notifications.was_told(subject, kind=kind, digest=digest, now=context.now):
        context.tx.notifications.tell(subject, kind=kind, digest=digest, at=context.now)


def _subject(removal: Removal) -> Subject:
    return Subject(
        practice_group_id=removal.practice_group_id,
        practitioner_id=removal.practitioner_id,
        integration_id=removal.source.integration_id,
        appointment_id=removal.appointment_id,
    )
