"""The practice's appointments as calendar objects: new ones, and changes to what is there, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus, PracticeFields, RecordMark
from hxdav.domain.edit import Outcome, Source
from hxdav.domain.ids import PatientId, PracticeGroupId, PractitionerId, Uid
from hxdav.domain.policy import Policy
from hxdav.domain.times import AllDay, Clock, Floating, When, Zoned
from hxdav.errors import UseCaseError
from hxdav.gate import PutAppointment, submit
from hxdav.ical.build import NewObject, build_object, text_line, time_line, with_timezones
from hxdav.ical.objects import CalendarObject, object_of, read_object
from hxdav.ical.patch import set_lines
from hxdav.ical.timeline import Timeline, dtstart_of, length_of
from hxdav.ical.values import utc_text
from hxdav.store.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What is said of an appointment; None where nothing is, so that it stays as it is, or as it is by default."""

    kind: AppointmentKind | None = None
    title: str | None = None
    starts: When | None = None
    ends: When | None = None
    location: str | None = None
    comments: str | None = None
    rrule: str | None = None
    status: AppointmentStatus | None = None
    note: RecordMark | None = None
    invoice: RecordMark | None = None
    patients: Sequence[str] | None = None


def book(
    tx: Tx, clock: Clock, policy: Policy, *, practitioner_id: PractitionerId, details: Details, source: Source
) -> Outcome:
    """Add an appointment; with patients it is one of theirs, otherwise a personal one, unless its kind is said."""
    if details.starts is None or details.ends is None:
        raise UseCaseError("A new appointment needs a start and an end.")
    group_id = tx.people.practitioner(practitioner_id).practice_group_id
    kind = details.kind or (AppointmentKind.PATIENT if details.patients else AppointmentKind.PERSONAL)
    new = NewObject(
        uid=Uid(str(uuid4())),
        summary=details.title or ", ".join(details.patients or ()) or "Appointment",
        starts=details.starts,
        ends=details.ends,
        location=details.location or "",
        description=details.comments or "",
        rrule=details.rrule or "",
    )
    change = PutAppointment(
        practitioner_id=practitioner_id,
        appointment_id=None,
        content=read_object(build_object(new, now=clock.now()).encode()),
        kind=kind,
        practice=PracticeFields(
            status=details.status or AppointmentStatus.BOOKED,
            note=details.note or RecordMark.NONE,
            invoice=details.invoice or RecordMark.NONE,
            patient_ids=_patient_ids(tx, group_id, details.patients or (), kind=kind),
        ),
    )
    return submit(tx, clock, policy, change=change, source=source)


def rebook(
    tx: Tx, clock: Clock, policy: Policy, *, appointment: Appointment, details: Details, source: Source
) -> Outcome:
    """Change what ``details`` say of an appointment, and nothing else of it."""
    group_id = appointment.practice_group_id
    kind = details.kind or (AppointmentKind.PATIENT if details.patients else appointment.kind)
    text = _changed_text(tx, clock, appointment=appointment, details=details)
    known = appointment.practice
    patient_ids = known.patient_ids if kind is AppointmentKind.PATIENT else ()
    if details.patients is not None:
        patient_ids = _patient_ids(tx, group_id, details.patients, kind=kind)
    change = PutAppointment(
        practitioner_id=appointment.practitioner_id,
        appointment_id=appointment.id,
        content=read_object(text.encode()),
        kind=kind,
        practice=replace(
            known,
            status=details.status or known.status,
            note=details.note or known.note,
            invoice=details.invoice or known.invoice,
            patient_ids=patient_ids,
        ),
    )
    return submit(tx, clock, policy, change=change, source=source)


def _changed_text(tx: Tx, clock: Clock, *, appointment: Appointment, details: Details) -> str:
    lines: dict[str, Sequence[str] | None] = {}
    if details.title is not None:
        lines["SUMMARY"] = [text_line("SUMMARY", details.title)]
    if details.location is not None:
        lines["LOCATION"] = [text_line("LOCATION", details.location)] if details.location else None
    if details.comments is not None:
        lines["DESCRIPTION"] = [text_line("DESCRIPTION", details.comments)] if details.comments else None
    if details.rrule is not None:
        lines["RRULE"] = [f"RRULE:{details.rrule}"] if details.rrule else None
    text = appointment.text
    if details.starts is not None or details.ends is not None:
        zone = ZoneInfo(tx.people.practice_group(appointment.practice_group_id).zone)
        content = object_of(text)
        starts = details.starts or dtstart_of(content.main, content.zones)
        ends = details.ends or _same_length(content, starts, zone)
        lines |= {
            "DTSTART": [time_line("DTSTART", starts)],
            "DTEND": [time_line("DTEND", ends)],
            "DURATION": None,
        }
        text = with_timezones(text, (starts, ends))
    if not lines:
        return text
    changed = set_lines(text, lines)
    if changed == text:
        return text
    now = utc_text(clock.now())
    return set_lines(changed, {"DTSTAMP": [f"DTSTAMP:{now}"], "LAST-MODIFIED": [f"LAST-MODIFIED:{now}"]})


def _same_length(content: CalendarObject, starts: When, zone: ZoneInfo) -> When:
    """When an appointment that now starts at ``starts`` ends, for it to take as long as it did."""
    dtstart = dtstart_of(content.main, content.zones)
    timeline = Timeline.of(dtstart, zone)
    length = length_of(content.main, dtstart, timeline=timeline, zones=content.zones)
    match starts:
        case AllDay(day):
            return AllDay(day + timedelta(days=max(length.total.days, 1)))
        case Floating(local):
            return Floating(local + length.total)
        case Zoned(moment):
            # Added in UTC, because a zone's own clock may change in between.
            return Zoned((moment.astimezone(UTC) + length.total).astimezone(moment.tzinfo))


def _patient_ids(
    tx: Tx, group_id: PracticeGroupId, names: Sequence[str], *, kind: AppointmentKind
) -> tuple[PatientId, ...]:
    if names and kind is AppointmentKind.PERSONAL:
        raise UseCaseError("A personal appointment has no patients.")
    if any(not name.strip() for name in names):
        raise UseCaseError("A patient needs a name.")
    return tuple(sorted({tx.people.patient_named(group_id, name.strip()) for name in names}))
