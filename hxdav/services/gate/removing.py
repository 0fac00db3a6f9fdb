"""Removals from outside (`design.md` rules 6 and 7): refused where protected, otherwise applied."""

from __future__ import annotations

from dataclasses import replace

from hxdav.domain.appointment import AppointmentKind, AppointmentStatus
from hxdav.domain.edit import Applied, Outcome
from hxdav.domain.mirror import Mirror
from hxdav.domain.removal import Removal, RemovalState, protection
from hxdav.ical.objects import object_of
from hxdav.services.gate.desk import Desk
from hxdav.services.gate.recording import Recording, record
from hxdav.services.gate.refusing import refuse
from hxdav.store.integrations import Place
from hxdav.store.trail import Subject


def remove(desk: Desk, place: Place, mirror: Mirror, *, body: bytes = b"") -> Outcome:
    """Remove what ``mirror`` shows; ``body`` is the put that asked for it, where one did (``STATUS:CANCELLED``).

    A patient appointment is cancelled and its record stays; a personal one becomes a tombstone.
    """
    appointment = desk.tx.appointments.one(mirror.appointment_id)
    protected = protection(appointment)
    if protected:
        return refuse(desk, place, protected, href=mirror.href, mirror=mirror, body=body)
    removal = Removal(
        appointment_id=appointment.id,
        revision=appointment.revision,
        state=RemovalState.APPLIED,
        made_at=desk.now,
    )
    subject = Subject(practice_group_id=appointment.practice_group_id, practitioner_id=appointment.practitioner_id)
    desk.tx.trail.add_removal(removal, subject, source=desk.source)
    is_patient = appointment.kind is AppointmentKind.PATIENT
    status = AppointmentStatus.CANCELLED if is_patient else appointment.status
    record(
        desk,
        Recording(
            before=appointment,
            after=replace(appointment, status=status, removed_at=desk.now),
            content=object_of(appointment.text),
            zone=place.zone,
            action="removed",
        ),
    )
    return Applied(appointment_id=appointment.id)
