"""Writes what a client put: as a new personal appointment, or as another state of one (rules 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus, PracticeFields
from hxdav.domain.edit import Applied, Merged, Outcome, Owned
from hxdav.domain.ids import AppointmentId, Modseq
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.domain.refusal import Reason
from hxdav.domain.times import Interval
from hxdav.gate import removal_decisions
from hxdav.gate.context import GateContext, window_of
from hxdav.gate.edits import PutObject
from hxdav.gate.recording import Placement, Recording, record
from hxdav.gate.refusals import refuse
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.occurrence_index import adds_a_start, starts_within
from hxdav.ical.patch import overruled, replace_uid, splice_owned
from hxdav.ical.recurrence import extent
from hxdav.store.integrations import LockedIntegration

_ADOPTED, _RESTORED = "adopted", "restored"

BROUGHT = frozenset({_ADOPTED, _RESTORED})
"""Actions of a put that brings a known appointment to an address, as dragging it into a calendar does."""


def create(context: GateContext, place: LockedIntegration, edit: PutObject, *, content: CalendarObject) -> Outcome:
    """Make a new personal appointment of what was put."""
    outside = _outside_window(context, place, content)
    if outside:
        return refuse(context, place, outside, href=edit.href, body=edit.body)
    whole = extent(content, practice_zone=place.zone)
    appointment = Appointment(
        id=AppointmentId(0),
        practice_group_id=place.practice.practice_group_id,
        practitioner_id=place.integration.practitioner_id,
        kind=AppointmentKind.PERSONAL,
        uid=content.uid,
        text=content.text,
        summary=content.summary,
        starts=whole.starts,
        ends=whole.ends,
        recurring=content.is_recurring,
        practice=PracticeFields(),
        revision=0,
        modseq=Modseq(0),
        created_at=context.now,
        updated_at=context.now,
        removed_at=None,
    )
    recorded = record(
        context,
        Recording(
            before=None,
            after=appointment,
            content=content,
            zone=place.zone,
            action="created",
            placement=_placement(edit, content),
        ),
    )
    # A character that a fold tore apart comes back whole: then the client is told no ETag (RFC 4791 §5.3.4).
    etag = recorded.etag if content.text.encode() == edit.body else None
    return Applied(appointment_id=recorded.appointment.id, created=True, etag=etag)


def rewrite(
    context: GateContext,
    place: LockedIntegration,
    edit: PutObject,
    *,
    content: CalendarObject,
    appointment: Appointment,
    shown: Mirror | None,
) -> Outcome:
    """Make what was put the state of ``appointment``, but for what the practice owns of it.

    ``shown`` is what is at that href already; None where the put brings the appointment there.
    """
    ours = object_of(appointment.text)
    taken = _taken(appointment, content, ours=ours)
    kept = taken.content
    is_new_here = shown is None or shown.state is MirrorState.HIDDEN
    outside = None if kept.text == ours.text else _outside_window(context, place, kept)
    if outside and adds_a_start(kept, ours, practice_zone=place.zone):
        return refuse(context, place, outside, href=edit.href, mirror=None if is_new_here else shown, body=edit.body)
    if removal_decisions.take_back(context, appointment) and shown:
        shown = context.tx.mirrors.at(edit.integration_id, edit.href)
    is_as_sent = replace_uid(kept.text, old=appointment.uid, new=content.uid).encode() == edit.body
    if shown and kept.text == appointment.text and not taken.overruled and not appointment.is_gone:
        etag = shown.etag if is_as_sent else None
        return Applied(appointment_id=appointment.id, created=is_new_here, etag=etag)
    recorded = record(
        context,
        Recording(
            before=appointment,
            after=_rewritten(context, place, appointment, content=kept),
            content=kept,
            zone=place.zone,
            action=_action(appointment, shown),
            placement=_placement(edit, content),
            heal=edit.integration_id if taken.overruled and shown else None,
            reappears=appointment.is_gone,
        ),
    )
    if taken.overruled:
        return Merged(appointment_id=appointment.id, overruled=taken.overruled, created=is_new_here)
    return Applied(appointment_id=appointment.id, created=is_new_here, etag=recorded.etag if is_as_sent else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What is taken of a put, under the appointment's own UID, and what of it the practice overrules (rule 5)."""

    content: CalendarObject
    overruled: frozenset[Owned]


def _taken(appointment: Appointment, content: CalendarObject, *, ours: CalendarObject) -> _Taken:
    theirs = content
    if content.uid != appointment.uid:
        theirs = object_of(replace_uid(content.text, old=content.uid, new=appointment.uid))
    practice_words = frozenset[Owned]()
    if appointment.kind is AppointmentKind.PATIENT:
        practice_words = overruled(theirs, ours)
    kept = object_of(splice_owned(theirs, ours)) if practice_words else theirs
    return _Taken(content=kept, overruled=practice_words)


def _action(appointment: Appointment, shown: Mirror | None) -> str:
    if appointment.is_gone:
        return _RESTORED
    return _ADOPTED if shown is None else "changed"


def _placement(edit: PutObject, content: CalendarObject) -> Placement:
    return Placement(integration_id=edit.integration_id, href=edit.href, uid=content.uid)


def _rewritten(
    context: GateContext, place: LockedIntegration, appointment: Appointment, *, content: CalendarObject
) -> Appointment:
    whole = extent(content, practice_zone=place.zone)
    present = appointment
    if appointment.is_gone:
        present = appointment.with_status(_status_before_removal(context, appointment))
    return replace(
        present,
        text=content.text,
        summary=content.summary,
        starts=whole.starts,
        ends=whole.ends,
        recurring=content.is_recurring,
        removed_at=None,
    )


def _status_before_removal(context: GateContext, appointment: Appointment) -> AppointmentStatus:
    """The status that the latest version had in which the appointment took place."""
    for version in reversed(context.tx.appointments.versions(appointment.id)):
        status = version.practice.status
        if version.removed_at is None and status is not AppointmentStatus.CANCELLED:
            return status
    return AppointmentStatus.BOOKED


def _outside_window(context: GateContext, place: LockedIntegration, content: CalendarObject) -> Reason | None:
    """Why none of the occurrences of ``content`` enters this integration, if none does (rule 4)."""
    window = window_of(context, place.integration, place.zone)
    whole = extent(content, practice_zone=place.zone)
    if not content.is_recurring:
        if window.is_before(whole.starts):
            return Reason.BEFORE_WINDOW
        return Reason.AFTER_WINDOW if window.is_after(whole.starts) else None
    if starts_within(content, window.interval, practice_zone=place.zone):
        return None
    later = Interval(window.interval.ends, max(window.interval.ends, whole.ends or window.interval.ends))
    is_over = whole.ends is not None and not starts_within(content, later, practice_zone=place.zone)
    return Reason.BEFORE_WINDOW if is_over else Reason.AFTER_WINDOW
