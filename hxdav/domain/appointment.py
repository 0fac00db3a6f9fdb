"""An appointment: what the practice books, and what a practitioner puts in their calendar."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hxdav.domain.ids import AppointmentId, ClinicId, Modseq, PatientId, PracticeGroupId, PractitionerId, Uid


class AppointmentKind(StrEnum):
    """Whose it is: the practitioner's own, or a session with patients."""

    PERSONAL = "personal"
    PATIENT = "patient"


class AppointmentStatus(StrEnum):
    """FHIR R4 AppointmentStatus, its codes unchanged (value set ``appointmentstatus``)."""

    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"
    CHECKED_IN = "checked-in"
    WAITLIST = "waitlist"


GONE = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR})
"""Statuses in which an appointment takes no place in a calendar."""


class RecordMark(StrEnum):
    """Whether something of the clinical record hangs on the appointment; unknown protects as present does."""

    NONE = "none"
    PRESENT = "present"
    UNKNOWN = "unknown"

    @property
    def protects(self) -> bool:
        """Whether this mark forbids a removal from outside (rule 6)."""
        return self is not RecordMark.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A person who is seen; health data wherever it goes."""

    id: PatientId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeFields:
    """What only the practice knows of an appointment: no calendar object carries it."""

    status: AppointmentStatus = AppointmentStatus.BOOKED
    note: RecordMark = RecordMark.NONE
    invoice: RecordMark = RecordMark.NONE
    patient_ids: tuple[PatientId, ...] = ()
    clinic_id: ClinicId | None = None
    booking_id: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One calendar object of one practitioner, and what only the practice knows of it (``practice``).

    ``text`` is the calendar object that clients read and write, under the appointment's own ``uid``. ``starts`` and
    ``ends`` bound its occurrences in UTC, read in the practice's zone; ``ends`` is None where a series has no end.
    ``removed_at`` is set by a removal: a personal appointment is a tombstone from then on, a patient one is cancelled.
    """

    id: AppointmentId
    practice_group_id: PracticeGroupId
    practitioner_id: PractitionerId
    kind: AppointmentKind
    uid: Uid
    text: str
    summary: str
    starts: datetime
    ends: datetime | None
    recurring: bool
    practice: PracticeFields
    revision: int
    modseq: Modseq
    created_at: datetime
    updated_at: datetime
    removed_at: datetime | None

    @property
    def is_gone(self) -> bool:
        """Whether it takes no place in any calendar any more."""
        return self.removed_at is not None or self.practice.status in GONE

    def with_status(self, appointment_status: AppointmentStatus) -> Appointment:
        """Return the same appointment in another status."""
        return replace(self, practice=replace(self.practice, status=appointment_status))
