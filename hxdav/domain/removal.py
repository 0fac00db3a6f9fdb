"""A removal: an external deletion on its way (`design.md` rules 6 and 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hxdav.domain.appointment import Appointment
from hxdav.domain.ids import AppointmentId
from hxdav.domain.refusal import Reason


class RemovalState(StrEnum):
    """Held, then applied; or in review, then applied or kept."""

    HELD = "held"
    REVIEW = "review"
    APPLIED = "applied"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Names the appointment and the revision that it was made against."""

    appointment_id: AppointmentId
    revision: int
    state: RemovalState
    made_at: datetime


def protection(appointment: Appointment) -> Reason | None:
    """Why ``appointment`` may not be removed from outside, if it may not (rule 6)."""
    if appointment.note.protects:
        return Reason.NOTE_PROTECTS
    if appointment.invoice.protects:
        return Reason.INVOICE_PROTECTS
    return None
