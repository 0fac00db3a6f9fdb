"""Removals from outside (rules 6 and 7): refused where protected, otherwise held and counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Held, Merged, Outcome
from hxdav.domain.ids import PractitionerId, RemovalId
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.removal import Decision, Removal, RemovalState, answer_by, protection
from hxdav.domain.times import Interval
from hxdav.gate.context import GateContext
from hxdav.gate.object_writes import BROUGHT
from hxdav.gate.recording import heal, hide
from hxdav.gate.refusals import refuse
from hxdav.ical.objects import object_of
from hxdav.ical.occurrence_index import a_start_within
from hxdav.store.integrations import LockedIntegration
from hxdav.store.trail import Subject


def remove(
    context: GateContext,
    place: LockedIntegration,
    mirror: Mirror,
    *,
    body: bytes = b"",
    revision: int | None = None,
    to_review: bool = False,
) -> Outcome:
    """Begin to remove what ``mirror`` shows; ``body`` is the put that asked for it (``STATUS:CANCELLED``), if one did.

    It goes out of sight there at once, and everywhere when its batch is settled or a review has said so. ``revision``
    is what was removed, where that is known not to be the present state; ``to_review`` has a person asked.
    """
    appointment = context.tx.appointments.one(mirror.appointment_id)
    protected = protection(appointment)
    if protected:
        return refuse(context, place, protected, href=mirror.href, mirror=mirror, body=body)
    under_way = context.tx.removals.open_of(appointment.id)
    if under_way is not None:
        return _join(context, place, under_way, mirror=mirror, appointment=appointment)
    if _was_dragged(context, place, appointment):
        context.tx.removals.add(_new(context, place, appointment, state=RemovalState.KEPT, decision=Decision.DRAGGED))
        heal(context, [mirror], appointment)
        return Merged(appointment_id=appointment.id, overruled=frozenset())
    removal = _new(context, place, appointment, state=RemovalState.HELD)
    removal = replace(removal, revision=revision or appointment.revision)
    if to_review or _is_one_too_many(context, appointment):
        ask_review(context, appointment.practitioner_id, zone=place.zone)
        removal = _reviewed(context, removal, appointment, zone=place.zone)
    context.tx.removals.add(removal)
    hide(context, mirror, appointment)
    _audit(context, removal)
    return Held(appointment_id=appointment.id)


def _join(
    context: GateContext, place: LockedIntegration, under_way: Removal, *, mirror: Mirror, appointment: Appointment
) -> Outcome:
    """Another removal of what is being removed already: it is hidden here too, and waits as if removed just now."""
    if mirror.state is MirrorState.SHOWN:
        hide(context, mirror, appointment)
    settles_at = context.now + context.policy.settles_after(place.integration.service)
    context.tx.removals.change(replace(under_way, revision=appointment.revision, settles_at=settles_at))
    return Held(appointment_id=appointment.id)


def _was_dragged(context: GateContext, place: LockedIntegration, appointment: Appointment) -> bool:
    """Whether it was put into another of the person's calendars just before: dragging is no removal (rule 7)."""
    since = context.now - context.policy.dragged_before(place.integration.service)
    # Nothing can have been done to it without changing it.
    return appointment.updated_at >= since and context.tx.appointments.has_version_since(
        appointment.id, since, actions=BROUGHT, not_by=place.integration.id
    )


def _is_one_too_many(context: GateContext, appointment: Appointment) -> bool:
    """Whether a removal of this appointment is not to be applied without anybody's word."""
    limit = context.policy.unreviewed
    since = context.now - context.policy.counted_for
    return limit is not None and context.tx.removals.are_as_many(appointment.practitioner_id, limit, since=since)


def ask_review(context: GateContext, practitioner_id: PractitionerId, *, zone: ZoneInfo) -> None:
    """Send what is held to review; the person is told when one opens, and not of each removal that joins it."""
    is_open = context.tx.removals.is_reviewing(practitioner_id)
    for removal in context.tx.removals.held(practitioner_id):
        appointment = context.tx.appointments.one(removal.appointment_id)
        reviewed = _reviewed(context, removal, appointment, zone=zone)
        context.tx.removals.change(reviewed)
        _audit(context, reviewed)
    if not is_open:
        subject = Subject(
            practice_group_id=context.tx.people.practitioner(practitioner_id).practice_group_id,
            practitioner_id=practitioner_id,
        )
        kind = NotificationKind.REVIEW_WAITING
        context.tx.notifications.tell(subject, kind=kind, digest=f"review of {context.now}", at=context.now)


def _reviewed(context: GateContext, removal: Removal, appointment: Appointment, *, zone: ZoneInfo) -> Removal:
    """The removal as it is in review."""
    starts = _next_start(context, appointment, zone=zone)
    return replace(
        removal,
        state=RemovalState.REVIEW,
        reviewed_from=context.now,
        answer_by=answer_by(context.policy, reviewed_from=context.now, starts=starts),
    )


def _next_start(context: GateContext, appointment: Appointment, *, zone: ZoneInfo) -> datetime | None:
    """When an appointment takes place next, as far ahead as it matters for how long a review may wait."""
    if not appointment.recurring:
        return appointment.starts
    ends = context.now + context.policy.answered_within + context.policy.kept_ahead
    return a_start_within(object_of(appointment.text), Interval(context.now, ends), practice_zone=zone)


def _new(
    context: GateContext,
    place: LockedIntegration,
    appointment: Appointment,
    *,
    state: RemovalState,
    decision: Decision | None = None,
) -> Removal:
    is_held = state is RemovalState.HELD
    return Removal(
        id=RemovalId(0),
        practice_group_id=appointment.practice_group_id,
        practitioner_id=appointment.practitioner_id,
        appointment_id=appointment.id,
        revision=appointment.revision,
        state=state,
        source=context.source,
        made_at=context.now,
        settles_at=context.now + context.policy.settles_after(place.integration.service) if is_held else None,
        decision=decision,
        decided_at=None if is_held else context.now,
    )


def _audit(context: GateContext, removal: Removal) -> None:
    subject = Subject(
        practice_group_id=removal.practice_group_id,
        practitioner_id=removal.practitioner_id,
        appointment_id=removal.appointment_id,
    )
    action = "removal_held" if removal.state is RemovalState.HELD else "removal_in_review"
    context.tx.trail.audit(
        action, subject, source=removal.source, at=context.now, detail={"revision": removal.revision}
    )
