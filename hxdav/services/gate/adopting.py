"""Recognises what is put as an appointment that we have (`design.md` §6, identity; rule 7, restoring)."""

from __future__ import annotations

from collections.abc import Iterable

from hxdav.domain.appointment import Appointment
from hxdav.domain.mirror import Mirror
from hxdav.services.gate.desk import Desk


def adoptable(desk: Desk, known: Iterable[Mirror]) -> Appointment | None:
    """The appointment that an object with this UID is, given the mirrors that go by it, the latest first.

    One that takes place; otherwise one that was removed from outside, for as long as that can be taken back.
    """
    found = [desk.tx.appointments.find(mirror.appointment_id) for mirror in known]
    present = [each for each in found if each is not None]
    for appointment in present:
        if not appointment.is_gone:
            return appointment
    for appointment in present:
        removed_at = appointment.removed_at
        if removed_at is not None and removed_at + desk.policy.kept_for > desk.now:
            return appointment
    return None
