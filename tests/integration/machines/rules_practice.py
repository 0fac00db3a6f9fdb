"""What the practice does: it books, changes, cancels, and brings back what was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import Row

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus, PracticeFields, RecordMark
from hxdav.domain.edit import Applied, Outcome, Refused
from hxdav.domain.ids import AppointmentId
from hxdav.domain.refusal import Reason
from hxdav.gate import CancelAppointment, Change, PutAppointment, RestoreVersion, submit
from hxdav.ical.objects import object_of
from tests.builders import BY_PRACTICE
from tests.integration.machines.model import KEPT_FOR, By, day_at
from tests.integration.machines.pictures import is_protected, takes_no_place
from tests.integration.machines.replicas import with_line
from tests.integration.machines.rules_outside import DAYS, PICKS, OutsideRules

PATIENTS = st.sampled_from([(), (0,), (0, 1)])
MARKS = st.sampled_from([RecordMark.NONE, RecordMark.NONE, RecordMark.PRESENT, RecordMark.UNKNOWN])
CHANGES = st.sampled_from(["time", "title", "patients", "status", "note", "invoice", "unmarked"])


class PracticeRules(OutsideRules):
    """Edits with the practice's word."""

    @rule(pick=PICKS, patients=PATIENTS, days=DAYS, note=MARKS, is_personal=st.booleans())
    def book(self, pick: int, patients: tuple[int, ...], days: int, note: RecordMark, *, is_personal: bool) -> None:
        text = self.text(f"booked-{next(self.serials)}@practice", days=days)
        whose = self.practitioners[pick % 3 == 0]
        kind = AppointmentKind.PERSONAL if is_personal else AppointmentKind.PATIENT
        self.says(
            PutAppointment(
                practitioner_id=whose,
                appointment_id=None,
                content=object_of(text),
                kind=kind,
                practice=PracticeFields(
                    note=note, patient_ids=() if is_personal else tuple(self.patients[n] for n in patients)
                ),
            )
        )

    @precondition(lambda self: self.picture.appointments)
    @rule(which=PICKS, change=CHANGES, days=DAYS)
    def change(self, which: int, change: str, days: int) -> None:
        appointment = self.appointment(which)
        has_patients = change == "patients" and not appointment.recurring
        changed = PutAppointment(
            practitioner_id=appointment.practitioner_id,
            appointment_id=appointment.id,
            content=object_of(self.changed(appointment.text, change, days=days)),
            kind=AppointmentKind.PATIENT if has_patients else appointment.kind,
            practice=replace(
                appointment.practice,
                status=_status(appointment, change),
                note=_mark(appointment.practice.note, change, "note"),
                invoice=_mark(appointment.practice.invoice, change, "invoice"),
                patient_ids=tuple(self.patients[1:]) if has_patients else appointment.practice.patient_ids,
            ),
        )
        outcome = self.says(changed, about=appointment.id)
        assert not isinstance(outcome, Refused) or (appointment.is_gone and outcome.reason is Reason.UID_IN_USE)

    @precondition(lambda self: self.picture.appointments)
    @rule(which=PICKS)
    def cancel(self, which: int) -> None:
        appointment = self.appointment(which)
        if self.says(CancelAppointment(appointment_id=appointment.id), about=appointment.id):
            assert takes_no_place(self.picture.appointments[appointment.id])

    @precondition(lambda self: self.picture.appointments)
    @rule(which=PICKS, back=st.integers(1, 4), is_gone=st.booleans())
    def restore_version(self, which: int, back: int, *, is_gone: bool) -> None:
        appointment = self.appointment(which, is_gone=is_gone)
        history = self.picture.history(appointment.id)
        version = history[-1 - back % len(history)]
        before = self.picture
        change = RestoreVersion(appointment_id=appointment.id, revision=version.revision)
        outcome = self.says(change, about=appointment.id)
        if isinstance(outcome, Applied):
            self.is_as_it_was(appointment.id, version, was_gone=appointment.is_gone)
        elif isinstance(outcome, Refused):
            assert before.versions == self.picture.versions
            self.is_rightly_refused(outcome.reason, appointment, version)

    def is_as_it_was(self, appointment_id: AppointmentId, version: Row[Any], *, was_gone: bool) -> None:
        """Undo restores the exact object, and shows it where it was shown (rule 10)."""
        after = self.picture.appointments[appointment_id]
        assert after.text == version.text
        assert (after.kind, after.status) == (version.fields["kind"], version.fields["status"])
        assert (after.removed_at is None) == (version.fields["removed_at"] is None)
        with self.store.snapshot() as tx:
            assert list(tx.appointments.one(appointment_id).practice.patient_ids) == version.fields["patient_ids"]
        if was_gone and not takes_no_place(after):
            self.saw("undone: it takes place again")
            had = {each.integration_id for each in self.picture.mirrors.values() if each.appointment_id == after.id}
            connected = {each for each in had if self.picture.integrations[each].state == "connected"}
            assert connected <= self.picture.showing(appointment_id)

    def is_rightly_refused(self, reason: Reason, appointment: Appointment, version: Row[Any]) -> None:
        """Whether an undo may be refused so."""
        match reason:
            case Reason.VERSION_TOO_OLD:
                undone = self.picture.history(appointment.id)
                successor = next(each for each in undone if each.revision == version.revision + 1)
                assert successor.at + KEPT_FOR <= self.clock.now()
            case Reason.NOTE_PROTECTS | Reason.INVOICE_PROTECTS:
                assert is_protected(self.picture.appointments[appointment.id])
                was_gone = version.fields["removed_at"] or version.fields["status"] == "cancelled"
                assert was_gone or version.fields["kind"] == "personal"
            case _:
                assert reason is Reason.UID_IN_USE

    def says(self, change: Change, *, about: AppointmentId | None = None) -> Outcome | None:
        """Hand an edit of the practice's in."""
        outcome = self.take(By.PRACTICE, lambda: self._say(change), about=about)
        if outcome is not None:
            name = outcome.reason if isinstance(outcome, Refused) else type(outcome).__name__
            self.saw(f"{type(change).__name__}: {name}")
        return outcome

    def appointment(self, which: int, *, is_gone: bool = False) -> Appointment:
        """One of the appointments; one that takes place no more, if that is asked for and there is one."""
        appointments = self.picture.appointments
        gone = [number for number in sorted(appointments) if takes_no_place(appointments[number])]
        numbers = gone if is_gone and gone else sorted(appointments)
        with self.store.snapshot() as tx:
            return tx.appointments.one(AppointmentId(numbers[which % len(numbers)]))

    def changed(self, text: str, change: str, *, days: int) -> str:
        """What the practice makes of a text."""
        match change:
            case "time":
                return with_line(text, f"DTSTART:{day_at(self.clock.now()) + timedelta(days=days):%Y%m%d}T010000Z")
            case "title":
                return with_line(text, f"SUMMARY:Session {next(self.serials)}")
        return text

    def _say(self, change: Change) -> Outcome:
        with self.store.transaction() as tx:
            return submit(tx, self.clock, self.policy, change=change, source=BY_PRACTICE)


def _status(appointment: Appointment, change: str) -> AppointmentStatus:
    if change == "status" or appointment.is_gone:
        arrived = appointment.practice.status is AppointmentStatus.ARRIVED
        return AppointmentStatus.BOOKED if arrived else AppointmentStatus.ARRIVED
    return appointment.practice.status


def _mark(mark: RecordMark, change: str, which: str) -> RecordMark:
    if change == "unmarked":
        return RecordMark.NONE
    return RecordMark.PRESENT if change == which else mark
