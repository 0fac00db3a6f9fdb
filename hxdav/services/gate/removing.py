"""Removals from outside (`design.md` rules 6 and 7): refused where protected, otherwise held and counted."""

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
from hxdav.ical.objects import object_of
from hxdav.ical.occurrence_index import a_start_within
from hxdav.services.gate.desk import Desk
from hxdav.services.gate.recording import hide, show_anew
from hxdav.services.gate.refusing import refuse
from hxdav.services.gate.writing import BROUGHT
from hxdav.store.integrations import Place
from hxdav.store.trail import Subject


def remove(
    desk: Desk,
    place: Place,
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
    appointment = desk.tx.appointments.one(mirror.appointment_id)
    protected = protection(appointment)
    if protected:
        return refuse(desk, place, protected, href=mirror.href, mirror=mirror, body=body)
    under_way = desk.tx.removals.open_of(appointment.id)
    if under_way is not None:
        return _join(desk, place, under_way, mirror=mirror, appointment=appointment)
    if _was_dragged(desk, place, appointment):
        desk.tx.removals.add(_new(desk, place, appointment, state=RemovalState.KEPT, decision=Decision.DRAGGED))
        show_anew(desk, [mirror], appointment)
        return Merged(appointment_id=appointment.id, overruled=frozenset())
    removal = _new(desk, place, appointment, state=RemovalState.HELD)
    removal = replace(removal, revision=revision or appointment.revision)
    if to_review or _is_one_too_many(desk, appointment):
        open_review(desk, appointment.practitioner_id, zone=place.zone)
        removal = _reviewed(desk, removal, appointment, zone=place.zone)
    desk.tx.removals.add(removal)
    hide(desk, mirror, appointment)
    _audit(desk, removal)
    return Held(appointment_id=appointment.id)


def _join(desk: Desk, place: Place, under_way: Removal, *, mirror: Mirror, appointment: Appointment) -> Outcome:
    """Another removal of what is being removed already: it is hidden here too, and waits as if removed just now."""
    if mirror.state is MirrorState.SHOWN:
        hide(desk, mirror, appointment)
    settles_at = desk.now + desk.policy.settles_after(place.integration.service)
    desk.tx.removals.change(replace(under_way, revision=appointment.revision, settles_at=settles_at))
    return Held(appointment_id=appointment.id)


def _was_dragged(desk: Desk, place: Place, appointment: Appointment) -> bool:
    """Whether it was put into another of the person's calendars just before: dragging is no removal (rule 7)."""
    since = desk.now - desk.policy.dragged_before(place.integration.service)
    # Nothing can have been done to it without changing it.
    return appointment.updated_at >= since and desk.tx.appointments.has_version_since(
        appointment.id, since, actions=BROUGHT, not_by=place.integration.id
    )


def _is_one_too_many(desk: Desk, appointment: Appointment) -> bool:
    """Whether a removal of this appointment is not to be applied without anybody's word."""
    limit = desk.policy.unreviewed
    since = desk.now - desk.policy.counted_for
    return limit is not None and desk.tx.removals.are_as_many(appointment.practitioner_id, limit, since=since)


def open_review(desk: Desk, practitioner_id: PractitionerId, *, zone: ZoneInfo) -> None:
    """Send what is held to review; the person is told when one opens, and not of each removal that joins it."""
    is_open = desk.tx.removals.is_reviewing(practitioner_id)
    for removal in desk.tx.removals.held(practitioner_id):
        appointment = desk.tx.appointments.one(removal.appointment_id)
        reviewed = _reviewed(desk, removal, appointment, zone=zone)
        desk.tx.removals.change(reviewed)
        _audit(desk, reviewed)
    if not is_open:
        subject = Subject(
            practice_group_id=desk.tx.people.practitioner(practitioner_id).practice_group_id,
            practitioner_id=practitioner_id,
        )
        kind = NotificationKind.REVIEW_WAITING
        desk.tx.notifications.tell(subject, kind=kind, digest=f"review of {desk.now}", at=desk.now)


def _reviewed(desk: Desk, removal: Removal, appointment: Appointment, *, zone: ZoneInfo) -> Removal:
    """The removal as it is in review."""
    starts = _next_start(desk, appointment, zone=zone)
    return replace(
        removal,
        state=RemovalState.REVIEW,
        reviewed_from=desk.now,
        answer_by=answer_by(desk.policy, reviewed_from=desk.now, starts=starts),
    )


def _next_start(desk: Desk, appointment: Appointment, *, zone: ZoneInfo) -> datetime | None:
    """When an appointment takes place next, as far ahead as it matters for how long a review may wait."""
    if not appointment.recurring:
        return appointment.starts
    ends = desk.now + desk.policy.answered_within + desk.policy.kept_ahead
    return a_start_within(object_of(appointment.text), Interval(desk.now, ends), practice_zone=zone)


def _new(
    desk: Desk, place: Place, appointment: Appointment, *, state: RemovalState, decision: Decision | None = None
) -> Removal:
    is_held = state is RemovalState.HELD
    return Removal(
        id=RemovalId(0),
        practice_group_id=appointment.practice_group_id,
        practitioner_id=appointment.practitioner_id,
        appointment_id=appointment.id,
        revision=appointment.revision,
        state=state,
        source=desk.source,
        made_at=desk.now,
        settles_at=desk.now + desk.policy.settles_after(place.integration.service) if is_held else None,
        decision=decision,
        decided_at=None if is_held else desk.now,
    )


def _audit(desk: Desk, removal: Removal) -> None:
    subject = Subject(
        practice_group_id=removal.practice_group_id,
        practitioner_id=removal.practitioner_id,
        appointment_id=removal.appointment_id,
    )
    action = "removal_held" if removal.state is RemovalState.HELD else "removal_in_review"
    desk.tx.trail.audit(action, subject, source=removal.source, at=desk.now, detail={"revision": removal.revision})
