"""Brings calendar objects of a file in, with the practice's authority, as personal appointments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus
from hxdav.domain.edit import Refused, Source
from hxdav.domain.ids import PractitionerId, Uid
from hxdav.domain.policy import Policy
from hxdav.domain.refusal import CalendarDataError
from hxdav.domain.times import Clock
from hxdav.ical.objects import CalendarObject, object_of, read_object
from hxdav.ical.patch import replace_uid
from hxdav.ical.split import SplitObject
from hxdav.services.gate import PutAppointment, submit
from hxdav.store.store import Tx

AT_ONCE = 200
"""How many objects one transaction takes at most (`design.md` §5, contention)."""


class Fate(StrEnum):
    """What becomes of an object."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One object of the file, and for one that is refused the sentence that says why."""

    uid: Uid
    fate: Fate
    reason: str = ""


def import_objects(
    tx: Tx,
    clock: Clock,
    policy: Policy,
    *,
    practitioner_id: PractitionerId,
    objects: Iterable[SplitObject],
    source: Source,
) -> list[Imported]:
    """Add the objects as personal appointments, or update those whose UID is known; at most AT_ONCE at a time.

    A known appointment keeps what only the practice knows of it. To see what would be done, roll the transaction back.
    """
    tx.integrations.lock(practitioner_id)
    desk = _Import(tx=tx, clock=clock, policy=policy, practitioner_id=practitioner_id, source=source)
    return [desk.one(each) for each in objects]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Import:
    """What each object of an import needs."""

    tx: Tx
    clock: Clock
    policy: Policy
    practitioner_id: PractitionerId
    source: Source

    def one(self, split: SplitObject) -> Imported:
        try:
            content, present = self._recognised(self._read(split))
        except CalendarDataError as refusal:
            return Imported(uid=split.uid, fate=Fate.REFUSED, reason=refusal.detail)
        if present is not None:
            if not present.is_gone and _events(object_of(present.text)) == _events(content):
                return Imported(uid=split.uid, fate=Fate.UNCHANGED)
            if present.kind is AppointmentKind.PATIENT and present.is_gone:
                return Imported(uid=split.uid, fate=Fate.REFUSED, reason="It is cancelled.")
        edit = _edit(self.practitioner_id, content, present)
        outcome = submit(self.tx, self.clock, self.policy, change=edit, source=self.source)
        if isinstance(outcome, Refused):
            return Imported(uid=split.uid, fate=Fate.REFUSED, reason=outcome.sentence)
        is_there = present is not None and not present.is_gone
        return Imported(uid=split.uid, fate=Fate.UPDATED if is_there else Fate.ADDED)

    def _read(self, split: SplitObject) -> CalendarObject:
        if split.error is not None:
            raise split.error
        return read_object(split.text.encode())

    def _recognised(self, content: CalendarObject) -> tuple[CalendarObject, Appointment | None]:
        """The object under the UID that the store has for it, and the appointment that it is, if it is there.

        A file that a client exported names an appointment by the UID of a calendar in which it was shown.
        """
        known = self.tx.appointments.with_uid(self.practitioner_id, content.uid)
        if known:
            return content, known[0]
        for mirror in self.tx.mirrors.known_by(self.practitioner_id, content.uid):
            found = self.tx.appointments.one(mirror.appointment_id)
            return object_of(replace_uid(content.text, old=content.uid, new=found.uid)), found
        return content, None


def _events(content: CalendarObject) -> list[str]:
    """The events as they are written; what is around them is the file's."""
    return [content.text[vevent.start : vevent.end].rstrip() for vevent in content.vevents]


def _edit(practitioner_id: PractitionerId, content: CalendarObject, present: Appointment | None) -> PutAppointment:
    if present is None:
        return PutAppointment(
            practitioner_id=practitioner_id, appointment_id=None, content=content, kind=AppointmentKind.PERSONAL
        )
    return PutAppointment(
        practitioner_id=practitioner_id,
        appointment_id=present.id,
        content=content,
        kind=present.kind,
        status=AppointmentStatus.BOOKED if present.is_gone else present.status,
        note=present.note,
        invoice=present.invoice,
        patient_ids=present.patient_ids,
        clinic_id=present.clinic_id,
        booking_id=present.booking_id,
        external_id=present.external_id,
    )
