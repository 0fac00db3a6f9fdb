"""The steps of a walk: edits on every side, what goes wrong, and the time that passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hxdav.domain.appointment import Appointment, AppointmentKind, RecordMark
from hxdav.worker.runners import Runners
from tests.e2e.walked_pen import DAYS, HOURS, a_change
from tests.e2e.walking import Walk, Worker
from tests.integration.machines.replicas import fetched
from tests.integration.sync.machine_texts import EDITS, KINDS, Pen

SECRET = "Secret"
"""Begins each word about a patient, none of which may be at a provider."""

_IS_FILLED = 0.8
"""How many walks begin with calendars that have been made and filled."""
_AS_OFTEN = 3
"""How often she does something at each provider, beside seven other acts."""

_PATIENTS = ("Jane Roe", "Ida Falk")


@dataclass(slots=True, kw_only=True)
class Steps:
    """All that may happen; each step is drawn from the walk's own chances."""

    walk: Walk
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        for begin in (self.practice_books, self.practice_books, self.device_puts, self.device_puts):
            self.walk.says(begin())
        if self.walk.random.random() < _IS_FILLED:
            Runners(engine=self.walk.an_engine(self.walk.store, "the first worker"), runners=1).round()
        self.worker = self.walk.begins_work()

    def go(self, count: int) -> None:
        """Take so many steps, and let the worker end as it should."""
        try:
            for number in range(count):
                self.walk.turns_to(f"step {number}")
                self.step()
        finally:
            self.worker.stop()

    def step(self) -> None:
        """Take one step; then some time passes."""
        walk, random = self.walk, self.walk.random
        if random.random() < 0.4:
            walk.says(self.goes_wrong())
        acts: list[Callable[[], str]] = [
            *(side.act for side in walk.sides for _ in range(_AS_OFTEN)),
            *(self.device_puts, self.device_edits, self.device_deletes),
            *(self.practice_books, self.practice_books, self.practice_changes, self.practice_cancels),
        ]
        walk.says(random.choice(acts)())
        if random.random() < 0.08:
            self.another_worker_takes_over()
        walk.has_looked(*(each for each in walk.bridges if random.random() < 0.6))
        time.sleep(random.choice([0, 0.02, 0.05, 0.1]))
        walk.passes(seconds=random.choice([0, 1, 5, 20, 65, 130]))
        if random.random() < 0.04:
            walk.says("a day passes")
            walk.passes(days=1)

    # A device that uses hxdav's own calendar.

    def device_puts(self) -> str:
        """A new object."""
        kind, pen = self.walk.random.choice(KINDS), self._pen()
        text = pen.new(kind, uid=f"{pen.serial}@phone", days=self._days(), hour=self._hour())
        return self._native_put(f"{pen.serial}.ics", text)

    def device_edits(self) -> str:
        """Another state of an object."""
        found = self._on_phone()
        if found is None:
            return "native: nothing to edit"
        href, text, appointment = found
        pen, change = self._pen(appointment), self._change()
        if change == "cancelled":
            self.walk.may_go.add(appointment.id)
        return self._native_put(href, EDITS[change](pen, text, self._days(), self._hour()))

    def device_deletes(self) -> str:
        """One object less."""
        found = self._on_phone()
        if found is None:
            return "native: nothing to delete"
        href, _, appointment = found
        self.walk.may_go.add(appointment.id)
        return f"native: deletes {href}: {type(self.walk.practice.remove(self.walk.native, href)).__name__}"

    def _native_put(self, href: str, text: str) -> str:
        outcome = self.walk.practice.put(self.walk.native, href, text)
        return f"native: puts {href}: {type(outcome).__name__}\n{text}"

    def _on_phone(self) -> tuple[str, str, Appointment] | None:
        walk = self.walk
        with walk.store.snapshot() as tx:
            shown = tx.mirrors.shown_in(walk.native)
            if not shown:
                return None
            mirror = walk.random.choice(shown)
            copy = fetched(tx, walk.native, [mirror.href])[mirror.href]
            return mirror.href, copy.text, tx.appointments.one(mirror.appointment_id)

    # The practice.

    def practice_books(self) -> str:
        """A patient's session, or something of the practitioner's own."""
        is_patient = self.walk.random.random() < 0.6
        kind, pen = "single" if is_patient else self.walk.random.choice(KINDS), self._pen()
        if is_patient:
            pen = Pen(now=pen.now, serial=pen.serial, word=SECRET)
        text = pen.new(kind, uid=f"{pen.serial}@practice", days=self._days(), hour=self._hour())
        text = text if not is_patient else EDITS["location"](pen, text, 0, "")
        made = self.walk.practice.book(
            text,
            kind=AppointmentKind.PATIENT if is_patient else AppointmentKind.PERSONAL,
            patients=(self.walk.random.choice(_PATIENTS),) if is_patient else (),
        )
        return f"practice: books {made.id}\n{text}"

    def practice_changes(self) -> str:
        """An appointment moves, is called otherwise, or gets a note."""
        found = self._present()
        if found is None:
            return "practice: nothing to change"
        change = self.walk.random.choice(["title", "location", "comment", "time", "time", "note", "one deleted"])
        text = found.text
        if change != "note":
            text = EDITS[change](self._pen(found), text, self._days(), self._hour())
        self.walk.practice.book(
            text,
            appointment_id=found.id,
            kind=found.kind,
            note=RecordMark.PRESENT if change == "note" else found.practice.note,
            patients=_PATIENTS[:1] if found.kind is AppointmentKind.PATIENT else (),
        )
        return f"practice: {change} of {found.id}\n{text}"

    def practice_cancels(self) -> str:
        """An appointment does not take place."""
        found = self._present()
        if found is None:
            return "practice: nothing to cancel"
        self.walk.practice.cancel(found.id)
        self.walk.may_go.add(found.id)
        return f"practice: cancels {found.id}"

    def _present(self) -> Appointment | None:
        with self.walk.store.snapshot() as tx:
            present = [each for each in tx.appointments.of(self.walk.practice.practitioner_id) if not each.is_gone]
        return self.walk.random.choice(present) if present else None

    # What goes wrong.

    def goes_wrong(self) -> str:
        """Something at one of the providers; what."""
        faults = [fault for side in self.walk.sides for fault in side.faults()]
        what, befall = self.walk.random.choice(faults)
        befall()
        return what

    def another_worker_takes_over(self) -> None:
        """The worker dies in the middle of something; another has its accounts once their leases have ended."""
        commits = self.walk.random.randint(1, 8)
        self.worker.kill(after_commits=commits)
        self.worker = self.walk.begins_work()
        self.walk.says(f"the worker dies before its {commits}. commit, and another takes over")
        self.walk.passes(seconds=self.walk.random.choice([1, 25]))

    # Chances.

    def _pen(self, about: Appointment | None = None) -> Pen:
        is_patient = about is not None and about.kind is AppointmentKind.PATIENT
        return Pen(now=self.walk.clock.now(), serial=next(self.walk.serials), word=SECRET if is_patient else "Own")

    def _change(self) -> str:
        return a_change(self.walk.random)

    def _days(self) -> int:
        return self.walk.random.choice(DAYS)

    def _hour(self) -> str:
        return self.walk.random.choice(HOURS)
