"""Brings calendar objects of a file in, with the practice's authority, as personal appointments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus
from hxdav.domain.edit import Refused, Source
from hxdav.domain.ids import PractitionerId, Uid
from hxdav.domain.mirror import Mirror
from hxdav.domain.policy import Policy
from hxdav.domain.refusal import CalendarDataError
from hxdav.domain.times import Clock
from hxdav.gate import PutAppointment, submit, submit_new
from hxdav.ical.objects import CalendarObject, object_of, read_object
from hxdav.ical.patch import replace_uid, set_lines
from hxdav.ical.revisions import Revision, lay_over
from hxdav.ical.split import SplitObject
from hxdav.services.appointments.summary import doubt_about
from hxdav.store.store import Tx

AT_ONCE = 200
"""How many objects one transaction takes at most (docs/store.md, Contention)."""

_NEWER_IN_FILE = "The file holds a newer revision of this event."
_NEWER_HERE = "The appointment here is newer."
_NOTHING_TO_CANCEL = "It is cancelled, and no appointment here has its UID: there is nothing to cancel."
_CANCELLED = "It is cancelled."
_NO_SUCH_OCCURRENCE = "It changes an occurrence that its series does not have: import the whole series."
_WITHOUT_SERIES = "Its series is not here: only these occurrences are added."


class Fate(StrEnum):
    """What becomes of an event of the file."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one object of the file, or of an older revision that the file holds of it, and why."""

    uid: Uid
    fate: Fate
    reason: str = ""


def import_objects(
    tx: Tx,
    clock: Clock,
    policy: Policy,
    *,
    practitioner_id: PractitionerId,
    objects: Sequence[SplitObject],
    source: Source,
) -> list[Imported]:
    """Add the objects as personal appointments, or lay them over those with their UID; at most AT_ONCE at a time.

    An appointment keeps what only the practice knows about it, and what it has in a newer revision (RFC 5546 §2.1.5).
    The result is in the order of ``objects``. To see what an import would do, roll the transaction back.
    """
    zone = ZoneInfo(tx.integrations.lock(practitioner_id).zone)
    context = _Import(tx=tx, clock=clock, policy=policy, practitioner_id=practitioner_id, source=source, zone=zone)
    context.recognise(objects)
    for split in objects:
        context.take(split)
    context.add_new()
    return context.done


@dataclass(slots=True, kw_only=True)
class _Import:
    """One part of an import: ``done`` has a line for each event, ``new`` what is still to be added and its line."""

    tx: Tx
    clock: Clock
    policy: Policy
    practitioner_id: PractitionerId
    source: Source
    zone: ZoneInfo
    done: list[Imported] = field(default_factory=list)
    new: dict[Uid, tuple[int, PutAppointment]] = field(default_factory=dict)
    own: dict[Uid, Appointment] = field(default_factory=dict)
    shown: dict[Uid, Mirror] = field(default_factory=dict)

    def recognise(self, objects: Sequence[SplitObject]) -> None:
        """Look up which UIDs of the file are known: as an appointment's own, or as that of a calendar that shows it."""
        uids = [each.reading.uid for each in objects if isinstance(each.reading, CalendarObject)]
        self.own = self.tx.appointments.with_uids(self.practitioner_id, uids)
        self.shown = self.tx.mirrors.known_by_any(self.practitioner_id, [uid for uid in uids if uid not in self.own])

    def take(self, split: SplitObject) -> None:
        """Take in one object."""
        if split.uid in self.new:
            self.add_new()
            self.recognise([split])
        self.done.append(self._one(split.uid, split.reading))
        superseded = Imported(uid=split.uid, fate=Fate.UNCHANGED, reason=_NEWER_IN_FILE)
        self.done += [superseded] * split.superseded

    def add_new(self) -> None:
        """Add the new appointments, all at once."""
        if self.new:
            edits = [edit for _, edit in self.new.values()]
            outcomes = submit_new(self.tx, self.clock, self.policy, changes=edits, source=self.source)
            for (line, _), outcome in zip(self.new.values(), outcomes, strict=True):
                if isinstance(outcome, Refused):
                    self.done[line] = replace(self.done[line], fate=Fate.REFUSED, reason=outcome.sentence)
        self.new = {}

    def _one(self, uid: Uid, reading: CalendarObject | CalendarDataError) -> Imported:
        if isinstance(reading, CalendarDataError):
            return Imported(uid=uid, fate=Fate.REFUSED, reason=reading.detail)
        content, present = self._recognised(reading)
        if present is None:
            return self._add(uid, content)
        if present.text == content.text and not present.is_gone:
            return Imported(uid=uid, fate=Fate.UNCHANGED)
        ours = object_of(present.text)
        if present.is_gone:
            return self._bring_back(uid, content, present, ours=ours)
        return self._update(uid, content, present, ours=ours)

    def _add(self, uid: Uid, content: CalendarObject) -> Imported:
        if content.all_cancelled:
            return Imported(uid=uid, fate=Fate.REFUSED, reason=_NOTHING_TO_CANCEL)
        self.new[content.uid] = (len(self.done), self._edit(content, None))
        return self._taken(uid, Fate.ADDED, content, reason=_WITHOUT_SERIES if content.master is None else "")

    def _bring_back(self, uid: Uid, content: CalendarObject, present: Appointment, *, ours: CalendarObject) -> Imported:
        """Add an appointment anew that was removed or cancelled, unless that is what the file says."""
        if content.all_cancelled:
            return Imported(uid=uid, fate=Fate.UNCHANGED, reason=_CANCELLED)
        if _revision(ours).is_newer(_revision(content)):
            return Imported(uid=uid, fate=Fate.UNCHANGED, reason=_NEWER_HERE)
        if present.kind is AppointmentKind.PATIENT:
            return Imported(uid=uid, fate=Fate.REFUSED, reason=_CANCELLED)
        return self._submit(uid, self._edit(content, present), Fate.ADDED)

    def _update(self, uid: Uid, content: CalendarObject, present: Appointment, *, ours: CalendarObject) -> Imported:
        if content.is_cancelled:
            return self._cancel(uid, content, present, ours=ours)
        if _events(ours) == _events(content):
            return Imported(uid=uid, fate=Fate.UNCHANGED)
        laid = lay_over(ours, content, practice_zone=self.zone)
        if laid.unknown:
            return Imported(uid=uid, fate=Fate.REFUSED, reason=_NO_SUCH_OCCURRENCE)
        try:
            after = content if laid.text == content.text else read_object(laid.text.encode())
        except CalendarDataError as refusal:
            return Imported(uid=uid, fate=Fate.REFUSED, reason=refusal.detail)
        if _events(ours) == _events(after):
            return Imported(uid=uid, fate=Fate.UNCHANGED, reason=_NEWER_HERE if laid.was_older else "")
        return self._submit(uid, self._edit(after, present), Fate.UPDATED)

    def _cancel(self, uid: Uid, content: CalendarObject, present: Appointment, *, ours: CalendarObject) -> Imported:
        if _revision(ours).is_newer(_revision(content)):
            return Imported(uid=uid, fate=Fate.UNCHANGED, reason=_NEWER_HERE)
        lines = {
            name: [f"{line.name}{line.params}:{line.value}" for line in content.main.all(name)]
            for name in ("STATUS", "SEQUENCE", "DTSTAMP")
        }
        after = object_of(set_lines(present.text, lines))
        edit = self._edit(after, present, now=AppointmentStatus.CANCELLED)
        return self._submit(uid, edit, Fate.UPDATED, reason=_CANCELLED)

    def _submit(self, uid: Uid, edit: PutAppointment, fate: Fate, *, reason: str = "") -> Imported:
        outcome = submit(self.tx, self.clock, self.policy, change=edit, source=self.source)
        if isinstance(outcome, Refused):
            return Imported(uid=uid, fate=Fate.REFUSED, reason=outcome.sentence)
        return self._taken(uid, fate, edit.content, reason=reason)

    def _taken(self, uid: Uid, fate: Fate, content: CalendarObject, *, reason: str) -> Imported:
        doubt = doubt_about(content, practice_zone=self.zone)
        return Imported(uid=uid, fate=fate, reason=f"{reason} {doubt}".strip())

    def _recognised(self, content: CalendarObject) -> tuple[CalendarObject, Appointment | None]:
        """The object under the UID that the store has for it, and the appointment that it is, if it is there.

        A file that a client exported names an appointment by the UID of a calendar in which it was shown.
        """
        own = self.own.get(content.uid)
        if own is not None:
            return content, own
        shown = self.shown.get(content.uid)
        if shown is None:
            return content, None
        found = self.tx.appointments.one(shown.appointment_id)
        return object_of(replace_uid(content.text, old=content.uid, new=found.uid)), found

    def _edit(
        self, content: CalendarObject, present: Appointment | None, *, now: AppointmentStatus | None = None
    ) -> PutAppointment:
        if present is None:
            return PutAppointment(
                practitioner_id=self.practitioner_id,
                appointment_id=None,
                content=content,
                kind=AppointmentKind.PERSONAL,
            )
        return PutAppointment(
            practitioner_id=self.practitioner_id,
            appointment_id=present.id,
            content=content,
            kind=present.kind,
            practice=replace(
                present.practice,
                status=now or (AppointmentStatus.BOOKED if present.is_gone else present.practice.status),
            ),
        )


def _revision(content: CalendarObject) -> Revision:
    return Revision.of(content.main, content.zones)


def _events(content: CalendarObject) -> list[str]:
    """The events as they are written; what is around them is the file's."""
    return [content.text[vevent.start : vevent.end].rstrip() for vevent in content.vevents]
