"""The steps of a walk: edits on every side, what goes wrong, and the time that passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from hxdav.domain.appointment import Appointment, AppointmentKind, RecordMark
from hxdav.domain.ids import IntegrationId
from hxdav.ical.objects import object_of
from hxdav.worker.runners import Runners
from tests.e2e.walked_google import GoogleHand
from tests.e2e.walking import Walk, Worker
from tests.integration.machines.replicas import fetched
from tests.integration.sync.machine_texts import EDITS, KINDS, Pen
from tests.simulators.caldav.quirks import FaultKind
from tests.simulators.google.faults import LISTING

DAYS = (1, 1, 2, 3, 0, 8, 40, -2, 200, 201, 202, 204)
HOURS = ("09", "14", "00", "02")
SECRET = "Secret"
"""Begins each word about a patient, none of which may be at a provider."""

_EVENTS = r"/events"
_IS_FILLED = 0.8
"""How many walks begin with calendars that have been made and filled."""
_CHANGES = (
    *("title", "title", "location", "comment", "clear", "time", "time", "all-day", "floating", "utc", "free"),
    *("tentative", "recurrence", "one changed", "one changed", "one deleted", "this and following", "cancelled"),
)
_PATIENTS = ("Jane Roe", "Ida Falk")


@dataclass(slots=True, kw_only=True)
class Steps:
    """All that may happen; each step is drawn from the walk's own chances."""

    walk: Walk
    google: GoogleHand = field(init=False)
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        self.google = GoogleHand(walk=self.walk)
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
            walk.says(random.choice(self.faults())())
        acts: list[Callable[[], str]] = [
            *([self.google.act] * 4),
            *(self.apple_puts, self.apple_edits, self.apple_edits, self.apple_deletes),
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

    # The person's Apple device.

    def apple_puts(self) -> str:
        """A new object."""
        kind, pen = self.walk.random.choice(KINDS), self._pen()
        text = pen.new(kind, uid=f"{pen.serial}-{pen.word}@device", days=self._days(), hour=self._hour())
        return self._on_device(lambda calendar: self._put(calendar, f"{pen.serial}.ics", text))

    def apple_edits(self) -> str:
        """Another state of an object."""
        change, pen, days, hour = self._change(), self._pen(), self._days(), self._hour()

        def edit(calendar: str) -> str:
            objects = self.walk.account.device.objects(calendar)
            if not objects:
                return "nothing to edit"
            name = self.walk.random.choice(sorted(objects))
            if change == "cancelled":
                self.walk.deleted.add(object_of(objects[name]).uid)
            return f"{change}: {self._put(calendar, name, EDITS[change](pen, objects[name], days, hour))}"

        return self._on_device(edit)

    def apple_deletes(self) -> str:
        """One object less, or several."""
        return self._on_device(self._deletes)

    def _deletes(self, calendar: str) -> str:
        objects = self.walk.account.device.objects(calendar)
        names = self.walk.random.sample(sorted(objects), min(len(objects), self.walk.random.choice([1, 1, 1, 2, 5])))
        for name in names:
            self.walk.deleted.add(object_of(objects[name]).uid)
            self.walk.account.device.delete(calendar, name)
        return f"deletes {' '.join(names)}"

    def _on_device(self, act: Callable[[str], str]) -> str:
        calendar = self.walk.calendar_of(self.walk.icloud_id)
        if not calendar:
            return "apple: no calendar yet"
        with self.walk.account.guard:
            return f"apple: {act(calendar)}"

    def _put(self, calendar: str, name: str, text: str) -> str:
        try:
            self.walk.account.device.put(calendar, name, text)
        except AssertionError as refused:
            # No device makes it, and no service takes it: a series that ends before it begins, say.
            return f"cannot put {name}: {refused}\n{text}"
        return f"puts {name}\n{text}"

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
            note=RecordMark.PRESENT if change == "note" else found.note,
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

    def faults(self) -> list[Callable[[], str]]:
        """What may go wrong next; each tells what it is."""
        google, apple, random = self.walk.stage.google, self.walk.account, self.walk.random
        icloud_id = self.walk.icloud_id
        method = random.choice(["POST", "PATCH", "DELETE", "GET"])
        put = random.choice(["PUT", "DELETE", "REPORT", "PROPFIND", "MKCALENDAR", "GET"])
        channels = google.channels.troubles
        return [
            _told(f"google loses an answer to {method}", partial(google.faults.lose_answers, method=method)),
            _told("google loses an answer to POST", partial(google.faults.lose_answers, method="POST", path=_EVENTS)),
            _told(f"google doubles a {method}", partial(google.faults.double, method=method)),
            _told(f"google cuts an answer to {method}", partial(google.faults.cut, method=method)),
            _told("google is busy", partial(google.faults.refuse, 429, "rateLimitExceeded", times=2)),
            _told("google fails", partial(google.faults.refuse, 503, "backendError", times=random.choice([1, 3]))),
            _told("google breaks", partial(google.faults.refuse, 500, "backendError", path=LISTING)),
            _told("google lists nothing", partial(self._lies, self.walk.google_id, google.faults.empty_listings)),
            _told("google lists a part", partial(self._lies, self.walk.google_id, google.faults.partial_listings)),
            _told("google forgets its sync tokens", google.listings.expire_sync_tokens),
            _told("google drops calls", partial(setattr, channels, "drop_rate", random.choice([0.5, 1.0]))),
            _told("google doubles calls", partial(setattr, channels, "doubles", True)),  # noqa: FBT003
            _told(f"icloud loses an answer to {put}", partial(apple.fail, FaultKind.LOST, method=put)),
            _told("icloud loses an answer to PUT", partial(apple.fail, FaultKind.LOST, method="PUT")),
            _told(f"icloud cuts an answer to {put}", partial(apple.fail, FaultKind.TRUNCATED, method=put)),
            _told("icloud is busy", partial(apple.fail, FaultKind.BUSY, times=2)),
            _told("icloud breaks", partial(apple.fail, FaultKind.BROKEN, method=put)),
            _told("icloud lists nothing", partial(self._lies, icloud_id, partial(apple.fail, FaultKind.EMPTY))),
            _told("icloud lists a part", partial(self._lies, icloud_id, partial(apple.fail, FaultKind.PARTIAL))),
            _told("icloud refuses its token", partial(apple.fail, FaultKind.STALE_TOKEN)),
            _told("icloud forgets its sync tokens", apple.expire_tokens),
            _told("icloud writes anew", self._touches),
        ]

    def _lies(self, integration_id: IntegrationId, fail: Callable[[], object]) -> None:
        self.walk.lied.add(integration_id)
        fail()

    def _touches(self) -> None:
        calendar = self.walk.calendar_of(self.walk.icloud_id)
        for name in self.walk.account.device.objects(calendar) if calendar else ():
            self.walk.account.touch(calendar, name)

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
        return self.walk.random.choice(_CHANGES)

    def _days(self) -> int:
        return self.walk.random.choice(DAYS)

    def _hour(self) -> str:
        return self.walk.random.choice(HOURS)


def _told(what: str, fail: Callable[..., object]) -> Callable[[], str]:
    def befall() -> str:
        fail()
        return what

    return befall
