"""Removals from outside (`design.md` rules 6 and 7): refused where protected, otherwise held and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Held, Merged, Outcome
from hxdav.domain.ids import RemovalId
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.removal import Decision, Removal, RemovalState, answer_by, protection
from hxdav.domain.times import Interval
from hxdav.ical.objects import object_of
from hxdav.services.gate.desk import Desk
from hxdav.services.gate.recording import hide, show_anew
from hxdav.services.gate.refusing import refuse
from hxdav.services.gate.writing import ADOPTED
from hxdav.services.occurrences import a_start_within
from hxdav.store.integrations import Place
from hxdav.store.trail import Subject


def remove(desk: Desk, place: Place, mirror: Mirror, *, body: bytes = b"") -> Outcome:
    """Begin to remove what ``mirror`` shows; ``body`` is the put that asked for it (``STATUS:CANCELLED``), if one did.

    It goes out of sight there at once, and everywhere when its batch is settled or a review has said so.
    """
    appointment = desk.tx.appointments.one(mirror.appointment_id)
    protected = protection(appointment)
    if protected:
        return refuse(desk, place, protected, href=mirror.href, mirror=mirror, body=body)
    under_way = desk.tx.removals.open_of(appointment.id)
    if under_way is not None:
        return _join(desk, under_way, mirror, appointment=appointment)
    if _was_dragged(desk, place, appointment):
        desk.tx.removals.add(_new(desk, appointment, state=RemovalState.KEPT, decision=Decision.DRAGGED))
        show_anew(desk, [mirror], appointment)
        return Merged(appointment_id=appointment.id, overruled=frozenset())
    desk.tx.removals.add(_new(desk, appointment, state=RemovalState.HELD))
    hide(desk, mirror, appointment)
    _audit(desk, "removal_held", appointment)
    if _are_too_many(desk, appointment):
        _review(desk, desk.tx.removals.held(appointment.practitioner_id), zone=place.zone)
    return Held(appointment_id=appointment.id)


def _join(desk: Desk, under_way: Removal, mirror: Mirror, *, appointment: Appointment) -> Outcome:
    """Another removal of what is being removed already: it is hidden here too, and waits as if removed just now."""
    if mirror.state is MirrorState.SHOWN:
        hide(desk, mirror, appointment)
    settles_at = desk.now + desk.policy.settled_after
    desk.tx.removals.change(replace(under_way, revision=appointment.revision, settles_at=settles_at))
    return Held(appointment_id=appointment.id)


def _was_dragged(desk: Desk, place: Place, appointment: Appointment) -> bool:
    """Whether it was put into another of the person's calendars just before: dragging is no removal (rule 7)."""
    return desk.tx.appointments.has_version_since(
        appointment.id,
        desk.now - desk.policy.dragged_within,
        action=ADOPTED,
        not_by=place.integration.id,
    )


def _are_too_many(desk: Desk, appointment: Appointment) -> bool:
    """Whether this removal is one too many to be applied without anybody's word."""
    limit = desk.policy.unreviewed
    since = desk.now - desk.policy.counted_for
    return limit is not None and desk.tx.removals.are_more_than(appointment.practitioner_id, limit, since=since)


def _review(desk: Desk, held: Sequence[Removal], *, zone: ZoneInfo) -> None:
    """Send removals to review; the person is told when one opens, and not of each removal that joins it."""
    is_open = desk.tx.removals.is_reviewing(held[0].practitioner_id)
    for removal in held:
        appointment = desk.tx.appointments.one(removal.appointment_id)
        desk.tx.removals.change(
            replace(
                removal,
                state=RemovalState.REVIEW,
                reviewed_from=desk.now,
                answer_by=answer_by(
                    desk.policy, reviewed_from=desk.now, starts=_next_start(desk, appointment, zone=zone)
                ),
            )
        )
        _audit(desk, "removal_in_review", appointment)
    if not is_open:
        subject = Subject(practice_group_id=held[0].practice_group_id, practitioner_id=held[0].practitioner_id)
        desk.tx.notifications.tell(
            subject, kind=NotificationKind.REVIEW_WAITING, digest=f"review of {desk.now}", at=desk.now
        )


def _next_start(desk: Desk, appointment: Appointment, *, zone: ZoneInfo) -> datetime | None:
    """When an appointment takes place next, as far ahead as it matters for how long a review may wait."""
    ends = desk.now + desk.policy.answered_within + desk.policy.kept_ahead
    return a_start_within(object_of(appointment.text), Interval(desk.now, ends), practice_zone=zone)


def _new(desk: Desk, appointment: Appointment, *, state: RemovalState, decision: Decision | None = None) -> Removal:
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
        settles_at=desk.now + desk.policy.settled_after if is_held else None,
        decision=decision,
        decided_at=None if is_held else desk.now,
    )


def _audit(desk: Desk, action: str, appointment: Appointment) -> None:
    subject = Subject(
        practice_group_id=appointment.practice_group_id,
        practitioner_id=appointment.practitioner_id,
        appointment_id=appointment.id,
    )
    detail = {"revision": appointment.revision}
    desk.tx.trail.audit(action, subject, source=desk.source, at=desk.now, detail=detail)
