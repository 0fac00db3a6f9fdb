"""What is edited on this side: by devices that use hxdav's own calendar, and by the practice."""

from __future__ import annotations

from hxdav.domain.appointment import Appointment, AppointmentKind, RecordMark
from hxdav.domain.edit import Applied, Held
from hxdav.domain.ids import IntegrationId
from hxdav.ical.objects import object_of
from tests.builders import PracticeWorld
from tests.integration.machines.replicas import fetched
from tests.integration.sync.machine_model import SECRET, marks_of
from tests.integration.sync.machine_person import PersonRules
from tests.integration.sync.machine_texts import EDITS


class HouseRules(PersonRules):
    """Edits at the practice's and on the practitioners' devices."""

    def device_puts(self, pick: int, kind: str, days: int, hour: str) -> None:
        world, native = self.device(pick)
        pen = self.pen()
        self.puts(world, native, f"{pen.serial}.ics", pen.new(kind, uid=f"{pen.serial}@phone", days=days, hour=hour))

    def device_edits(self, pick: int, change: str, days: int, hour: str) -> None:
        world, native = self.device(pick)
        found = self.shown_on(world, native, pick)
        if found is None:
            return
        href, text, appointment = found
        word = "Own" if appointment.kind is AppointmentKind.PERSONAL else SECRET
        pen = self.pen("Poison" if change == "poison" else word)
        edit = EDITS["title" if change == "poison" else change]
        self.puts(world, native, href, edit(pen, text, days, hour))

    def device_deletes(self, pick: int, count: int) -> None:
        world, native = self.device(pick)
        for _ in range(count):
            found = self.shown_on(world, native, pick)
            if found is None:
                return
            href, _, appointment = found
            if isinstance(world.remove(native, href), Held):
                self.model.may_go.add(appointment.id)

    def practice_books(self, pick: int, kind: str, days: int, hour: str, *, is_patient: bool) -> None:
        world = self.worlds[pick % len(self.worlds)]
        if is_patient and pick % 2:
            kind = "single"
        pen = self.pen(SECRET if is_patient else "Own")
        text = pen.new(kind, uid=f"{pen.serial}@practice", days=days, hour=hour)
        if is_patient and object_of(text).is_recurring:
            return
        patients = ("Jane Roe",) if is_patient else ()
        world.book(text, kind=AppointmentKind.PATIENT if is_patient else AppointmentKind.PERSONAL, patients=patients)
        self.model.ours |= marks_of(text)

    def practice_changes(self, pick: int, change: str, days: int, hour: str) -> None:
        world = self.worlds[pick % len(self.worlds)]
        present = self.present(world)
        if not present:
            return
        found = present[pick // 2 % len(present)]
        becomes_patient = change == "patient" and not found.recurring
        kind = AppointmentKind.PATIENT if becomes_patient else found.kind
        pen = self.pen(SECRET if kind is AppointmentKind.PATIENT else "Own")
        edit = EDITS["title" if becomes_patient else change] if change in EDITS or becomes_patient else None
        text = edit(pen, found.text, days, hour) if edit else found.text
        if kind is AppointmentKind.PATIENT and object_of(text).is_recurring:
            return
        if becomes_patient:
            # What the practitioner noted for themselves is not about the patient, and does not become so.
            text = EDITS["clear"](pen, text, days, hour)
        world.book(
            text,
            appointment_id=found.id,
            kind=kind,
            note=RecordMark.PRESENT if change == "note" else found.practice.note,
            invoice=RecordMark.PRESENT if change == "invoice" else found.practice.invoice,
            patients=("Jane Roe",) if kind is AppointmentKind.PATIENT else (),
        )
        self.model.ours |= marks_of(text)

    def practice_cancels(self, pick: int) -> None:
        world = self.worlds[pick % len(self.worlds)]
        present = self.present(world)
        if present:
            found = present[pick // 2 % len(present)]
            world.cancel(found.id)
            self.model.may_go.add(found.id)
            self.model.cancelled.add(found.id)

    def device(self, pick: int) -> tuple[PracticeWorld, IntegrationId]:
        """One of the devices: whose it is, and its calendar."""
        number = pick % len(self.worlds)
        return self.worlds[number], self.natives[number]

    def shown_on(self, world: PracticeWorld, native: IntegrationId, pick: int) -> tuple[str, str, Appointment] | None:
        """Something that a device shows: its href, its text there, and the appointment."""
        hrefs = sorted(world.shown(native))
        if not hrefs:
            return None
        href = hrefs[pick // 2 % len(hrefs)]
        with self.store.snapshot() as tx:
            copy = fetched(tx, native, [href])[href]
            (shown,) = tx.feed.objects(native, [href]).values()
            appointment = next(
                tx.appointments.one(each.appointment_id)
                for each in tx.mirrors.shown_in(native)
                if each.href == shown.href
            )
        return href, copy.text, appointment

    def puts(self, world: PracticeWorld, native: IntegrationId, href: str, text: str) -> None:
        """Put an object."""
        outcome = world.put(native, href, text)
        if isinstance(outcome, Applied):
            self.model.ours |= marks_of(text)
        elif isinstance(outcome, Held):
            self.model.may_go.add(outcome.appointment_id)
        self.saw(f"device: {type(outcome).__name__}")

    def present(self, world: PracticeWorld) -> list[Appointment]:
        """The appointments that take place."""
        with self.store.snapshot() as tx:
            return [each for each in tx.appointments.of(world.practitioner_id) if not each.is_gone]
