"""Edits from outside: rules 3 to 7 applied to a put, a deletion and a move."""

from __future__ import annotations

from dataclasses import dataclass

from hxdav.domain.appointment import Appointment, AppointmentKind
from hxdav.domain.edit import Applied, Outcome, Precondition, Refused
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.gate import adoption, removals
from hxdav.gate.context import GateContext
from hxdav.gate.edits import MoveObject, PutObject, RemoveObject
from hxdav.gate.object_writes import create, rewrite
from hxdav.gate.recording import Placement, Recording, record, step_aside
from hxdav.gate.refusals import refuse
from hxdav.gate.removal_batches import settle_at
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.occurrence_index import takes_place, unbounded
from hxdav.store.integrations import LockedIntegration


def put(context: GateContext, edit: PutObject) -> Outcome:
    """A calendar object put at an href: a new appointment, another state of one, or a removal."""
    place = _enter(context, edit)
    mirror = context.tx.mirrors.at(edit.integration_id, edit.href)
    seen = _seen(mirror)
    barred = place.shut or _unmet(edit.precondition, seen)
    if barred is Reason.STALE and _takes_back(context, place, edit):
        barred = None
    if barred:
        return refuse(context, place, barred, href=edit.href, mirror=seen, body=edit.body)
    content = edit.reading
    if not isinstance(content, CalendarDataError):
        content = unbounded(content, practice_zone=place.zone, now=context.now) or content
    if isinstance(content, CalendarDataError):
        return refuse(
            context, place, content.reason, href=edit.href, mirror=seen, body=edit.body, detail=content.detail
        )
    if mirror is not None and mirror.uid == content.uid:
        return _put_again(context, place, edit, content=content, mirror=mirror)
    if seen is not None:
        return refuse(
            context, place, Reason.UID_CHANGED, href=edit.href, mirror=seen, body=edit.body, conflicting=edit.href
        )
    if mirror is not None:
        step_aside(context, mirror)
    return _put_new(context, place, edit, content=content)


def remove(context: GateContext, edit: RemoveObject) -> Outcome:
    """The object at an href deleted: a removal, unless the appointment is protected (rules 6 and 7)."""
    found = _find(context, edit)
    if isinstance(found, Refused):
        return found
    return removals.remove(context, found.place, found.mirror, revision=edit.revision, to_review=edit.to_review)


def move(context: GateContext, edit: MoveObject) -> Outcome:
    """The object at an href given another address: the old mirror leaves and a new one comes, with one modseq."""
    found = _find(context, edit)
    if isinstance(found, Refused):
        return found
    in_place = context.tx.mirrors.at(edit.integration_id, edit.to_href)
    if _seen(in_place) is not None:
        return _in_the_way(context, edit, found)
    if in_place is not None:
        step_aside(context, in_place)
    appointment = context.tx.appointments.one(found.mirror.appointment_id)
    moved = record(
        context,
        Recording(
            before=appointment,
            after=appointment,
            zone=found.place.zone,
            action="moved",
            placement=Placement(integration_id=edit.integration_id, href=edit.to_href, uid=found.mirror.uid),
        ),
    )
    return Applied(appointment_id=appointment.id, created=True, etag=moved.etag)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What an edit is about; the practitioner is locked."""

    place: LockedIntegration
    mirror: Mirror


def _enter(context: GateContext, edit: PutObject | RemoveObject | MoveObject) -> LockedIntegration:
    """Lock the practitioner, and settle what is due before anything is read.

    A batch of removals that has closed is applied, whether or not the worker has come by: a later removal does not
    join it, and finds what it has left.
    """
    place = context.tx.integrations.lock_place(edit.integration_id)
    settle_at(context, place.integration.practitioner_id, zone=place.zone)
    return place


def _find(context: GateContext, edit: RemoveObject | MoveObject) -> _Found | Refused:
    """What is at the href of ``edit``, if it may be changed and is what the client expects."""
    place = _enter(context, edit)
    mirror = _seen(context.tx.mirrors.at(edit.integration_id, edit.href))
    barred = place.shut or _unmet(edit.precondition, mirror)
    if barred:
        return refuse(context, place, barred, href=edit.href, mirror=mirror)
    if mirror is None:
        return refuse(context, place, Reason.MISSING, href=edit.href)
    return _Found(place=place, mirror=mirror)


def _in_the_way(context: GateContext, edit: MoveObject, found: _Found) -> Refused:
    """Why an object may not be moved onto what is shown: that is another appointment, or it is there already."""
    if not edit.overwrite or edit.to_href == edit.href:
        return refuse(context, found.place, Reason.EXISTS, href=edit.to_href)
    return refuse(
        context,
        found.place,
        Reason.UID_CHANGED,
        href=edit.href,
        mirror=found.mirror,
        detail="Another appointment is at that address, and moving this one there would lose it.",
        conflicting=edit.to_href,
    )


def _put_again(
    context: GateContext, place: LockedIntegration, edit: PutObject, *, content: CalendarObject, mirror: Mirror
) -> Outcome:
    """Another state of what is shown at this href."""
    appointment = context.tx.appointments.one(mirror.appointment_id)
    if _ends(appointment, content, place):
        return removals.remove(context, place, mirror, body=edit.body, to_review=edit.to_review)
    return rewrite(context, place, edit, content=content, appointment=appointment, shown=mirror)


def _ends(appointment: Appointment, content: CalendarObject, place: LockedIntegration) -> bool:
    """Whether a put leaves nothing of what took place: the whole is cancelled, or no occurrence is left (rule 7).

    Of a patient appointment the practice owns the recurrence, so nothing that is put of it takes a date out (rule 5).
    """
    ours = object_of(appointment.text)
    if content.is_cancelled:
        return not ours.is_cancelled
    return (
        appointment.kind is AppointmentKind.PERSONAL
        and not takes_place(content, practice_zone=place.zone)
        and takes_place(ours, practice_zone=place.zone)
    )


def _put_new(context: GateContext, place: LockedIntegration, edit: PutObject, *, content: CalendarObject) -> Outcome:
    """An object at a new href: one that we know by its UID, or a new personal appointment (rule 5)."""
    known = context.tx.mirrors.known_by(place.integration.practitioner_id, content.uid)
    for mirror in known:
        if mirror.integration_id == place.integration.id and mirror.state is MirrorState.SHOWN:
            return refuse(context, place, Reason.UID_IN_USE, href=edit.href, body=edit.body, conflicting=mirror.href)
    if not takes_place(content, practice_zone=place.zone):
        return refuse(context, place, Reason.NEVER_TAKES_PLACE, href=edit.href, body=edit.body)
    adopted = adoption.adoptable_appointment(context, known)
    if adopted is not None:
        whole = adoption.with_what_was_hidden(context, content, adopted, known=known, zone=place.zone)
        return rewrite(context, place, edit, content=whole, appointment=adopted, shown=None)
    return create(context, place, edit, content=content)


def _seen(mirror: Mirror | None) -> Mirror | None:
    """What a client can see of a mirror: nothing, while it is hidden."""
    return mirror if mirror is not None and mirror.state is MirrorState.SHOWN else None


def _unmet(precondition: Precondition, seen: Mirror | None) -> Reason | None:
    """What the client expected in vain, if it did (RFC 9110 §13.1)."""
    if precondition.holds(seen.etag if seen else None):
        return None
    if precondition.if_none_match_any or precondition.if_none_match is not None:
        return Reason.EXISTS
    return Reason.STALE


def _takes_back(context: GateContext, place: LockedIntegration, edit: PutObject) -> bool:
    """Whether a client puts what it has removed, and names the last state of it that it was shown (rule 7)."""
    named = edit.precondition.if_match
    if named is None or isinstance(edit.reading, CalendarDataError):
        return False
    known = context.tx.mirrors.known_by(place.integration.practitioner_id, edit.reading.uid)
    return any(mirror.state is MirrorState.HIDDEN and mirror.etag in named for mirror in known)
