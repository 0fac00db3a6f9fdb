"""Removals from outside (`design.md` rules 6 and 7): refused where protected, otherwise applied."""

from __future__ import annotations

from dataclasses import replace

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus
from hxdav.domain.edit import Applied, Merged, Outcome
from hxdav.domain.ids import RemovalId
from hxdav.domain.mirror import Mirror
from hxdav.domain.removal import Decision, Removal, RemovalState, protection
from hxdav.services.gate.desk import Desk
from hxdav.services.gate.recording import Recording, record, show_anew
from hxdav.services.gate.refusing import refuse
from hxdav.services.gate.writing import ADOPTED
from hxdav.store.integrations import Place


def remove(desk: Desk, place: Place, mirror: Mirror, *, body: bytes = b"") -> Outcome:
    """Remove what ``mirror`` shows; ``body`` is the put that asked for it, where one did (``STATUS:CANCELLED``).

    A patient appointment is cancelled and its record stays; a personal one becomes a tombstone.
    """
    appointment = desk.tx.appointments.one(mirror.appointment_id)
    protected = protection(appointment)
    if protected:
        return refuse(desk, place, protected, href=mirror.href, mirror=mirror, body=body)
    if _was_dragged(desk, place, appointment):
        _keep_removal(desk, appointment, RemovalState.KEPT)
        show_anew(desk, mirror, appointment)
        return Merged(appointment_id=appointment.id, overruled=frozenset())
    _keep_removal(desk, appointment, RemovalState.APPLIED)
    is_patient = appointment.kind is AppointmentKind.PATIENT
    status = AppointmentStatus.CANCELLED if is_patient else appointment.status
    record(
        desk,
        Recording(
            before=appointment,
            after=replace(appointment, status=status, removed_at=desk.now),
            zone=place.zone,
            action="removed",
        ),
    )
    return Applied(appointment_id=appointment.id)


def _was_dragged(desk: Desk, place: Place, appointment: Appointment) -> bool:
    """Whether it was put into another of the person's calendars just before: dragging is no removal (rule 7)."""
    return desk.tx.appointments.has_version_since(
        appointment.id,
        desk.now - desk.policy.dragged_within,
        action=ADOPTED,
        not_by=place.integration.id,
    )


def _keep_removal(desk: Desk, appointment: Appointment, state: RemovalState) -> None:
    desk.tx.removals.add(
        Removal(
            id=RemovalId(0),
            practice_group_id=appointment.practice_group_id,
            practitioner_id=appointment.practitioner_id,
            appointment_id=appointment.id,
            revision=appointment.revision,
            state=state,
            source=desk.source,
            made_at=desk.now,
            decision=Decision.SETTLED if state is RemovalState.APPLIED else Decision.DRAGGED,
            decided_at=desk.now,
        )
    )
