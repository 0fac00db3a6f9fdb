"""Writes a decided change down: the appointment, its index and history, and what each integration shows of it.

One change takes one modseq, which goes to everything that it touches (docs/store.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment
from hxdav.domain.ids import ETag, Href, IntegrationId, Modseq, Uid
from hxdav.domain.integration import FILLED, Integration, IntegrationState
from hxdav.domain.mirror import Mirror, MirrorState, derived_href, derived_uid, etag_of
from hxdav.domain.times import Interval
from hxdav.gate.context import GateContext, window_of
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.occurrence_index import index_of, starts_within
from hxdav.store.mirrors import FIRST, NewMirror, Succession
from hxdav.store.trail import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a client has put an object: it is shown just there, by just that UID."""

    integration_id: IntegrationId
    href: Href
    uid: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The appointment as it is now, and the entity tag it has where it was placed or healed."""

    appointment: Appointment
    etag: ETag | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One decided change of an appointment: ``before`` is None for a new one.

    ``content`` is what its text says; None where the text is as it was, so that it is read only if it has to be.
    ``heal`` names an integration in which the client's copy may differ from ours, so that it is shown anew there.
    """

    before: Appointment | None
    after: Appointment
    zone: ZoneInfo
    action: str
    content: CalendarObject | None = None
    placement: Placement | None = None
    heal: IntegrationId | None = None
    reappears: bool = False

    def reading(self) -> CalendarObject:
        """What the text says."""
        return self.content or object_of(self.after.text)


def record(context: GateContext, change: Recording) -> Recorded:
    """Write ``change`` down."""
    before, tx = change.before, context.tx
    if before is None:
        (recorded,) = record_new(context, [change])
        return recorded
    modseq = tx.integrations.next_modseq(change.after.practitioner_id)
    appointment = replace(change.after, modseq=modseq, revision=before.revision + 1, updated_at=context.now)
    patients_changed = before.practice.patient_ids != appointment.practice.patient_ids
    tx.appointments.change(appointment, patients_changed=patients_changed)
    if before.text != appointment.text:
        tx.appointments.index(appointment, index_of(change.reading(), practice_zone=change.zone, now=context.now))
    tx.appointments.keep_versions([appointment], source=context.source, action=change.action)
    etag = _show(context, change, appointment)
    _audit(context, change.action, [appointment])
    return Recorded(appointment=appointment, etag=etag)


def record_new(context: GateContext, changes: Sequence[Recording]) -> list[Recorded]:
    """Write new appointments of one practitioner down, all with the same action: many at once cost much less."""
    tx, first = context.tx, changes[0]
    modseqs = tx.integrations.next_modseqs(first.after.practitioner_id, len(changes))
    unnumbered = [
        replace(change.after, modseq=modseq, revision=1, updated_at=context.now)
        for change, modseq in zip(changes, modseqs, strict=True)
    ]
    ids = tx.appointments.add(unnumbered)
    appointments = [replace(each, id=number) for each, number in zip(unnumbered, ids, strict=True)]
    indexes = [index_of(change.reading(), practice_zone=change.zone, now=context.now) for change in changes]
    tx.appointments.index_new(list(zip(appointments, indexes, strict=True)))
    tx.appointments.keep_versions(appointments, source=context.source, action=first.action)
    etags = _show_new(context, changes, appointments)
    _audit(context, first.action, appointments)
    recorded = zip(appointments, etags, strict=True)
    return [Recorded(appointment=appointment, etag=etag) for appointment, etag in recorded]


def heal(context: GateContext, mirrors: Sequence[Mirror], appointment: Appointment) -> None:
    """Give mirrors a new entity tag and modseq, so that the next sync brings ours back (clients must heal).

    What was hidden shows again by that.
    """
    if not mirrors:
        return
    modseq = context.tx.integrations.next_modseq(appointment.practitioner_id)
    for mirror in mirrors:
        _show_mirror(context, mirror, appointment, modseq=modseq, revision=mirror.revision + 1)
    context.tx.integrations.touch({mirror.integration_id for mirror in mirrors}, modseq)


def hide(context: GateContext, mirror: Mirror, appointment: Appointment) -> None:
    """Take an object out of sight where it was removed, until that is decided: its address and UID stay its own."""
    modseq = context.tx.integrations.next_modseq(appointment.practitioner_id)
    context.tx.mirrors.change(replace(mirror, state=MirrorState.HIDDEN, modseq=modseq), at=context.now)
    context.tx.integrations.touch([mirror.integration_id], modseq)


def step_aside(context: GateContext, hidden: Mirror) -> None:
    """Give up the address of a hidden object, at which a client puts another one, for one of our own.

    Nobody has seen the new address, so it is not in the feed: modseq 0 comes after no token.
    """
    appointment = context.tx.appointments.one(hidden.appointment_id)
    context.tx.mirrors.change(replace(hidden, state=MirrorState.LEFT), at=context.now)
    succession = context.tx.mirrors.succession(hidden.integration_id, hidden.appointment_id)
    service = context.tx.integrations.one(hidden.integration_id).service
    own = derived_uid(hidden.integration_id, hidden.appointment_id, service=service, generation=succession.generation)
    kept_place = NewMirror(
        appointment=appointment,
        integration_id=hidden.integration_id,
        succession=succession,
        href=derived_href(own),
        uid=hidden.uid,
        # The last one that was shown: putting the object with it takes the removal back.
        etag=hidden.etag,
        modseq=Modseq(0),
        state=MirrorState.HIDDEN,
    )
    context.tx.mirrors.add([kept_place], at=context.now)


def _audit(context: GateContext, action: str, appointments: Sequence[Appointment]) -> None:
    entries = [
        (
            Subject(
                practice_group_id=appointment.practice_group_id,
                practitioner_id=appointment.practitioner_id,
                appointment_id=appointment.id,
            ),
            {"revision": appointment.revision},
        )
        for appointment in appointments
    ]
    context.tx.trail.audit_all(action, entries, source=context.source, at=context.now)


def _show_new(
    context: GateContext, changes: Sequence[Recording], appointments: Sequence[Appointment]
) -> list[ETag | None]:
    """Show new appointments where they were put and where they enter; the entity tags where they were put."""
    zone, added = changes[0].zone, list[NewMirror]()
    etags: list[ETag | None] = [None] * len(changes)
    for integration in context.tx.integrations.of(appointments[0].practitioner_id):
        within = window_of(context, integration, zone).interval if integration.state in FILLED else None
        here: list[NewMirror] = []
        for number, (change, appointment) in enumerate(zip(changes, appointments, strict=True)):
            placement = change.placement
            if appointment.is_gone:
                continue
            if placement is not None and placement.integration_id == integration.id:
                here.append(_new_mirror(appointment, placement, FIRST))
                etags[number] = here[-1].etag
            elif within is not None and _starts_within(change, appointment, within):
                here.append(_new_mirror(appointment, _derived(appointment, integration, FIRST), FIRST))
        if here:
            context.tx.integrations.touch([integration.id], here[-1].modseq)
        added += here
    if added:
        context.tx.mirrors.add(added, at=context.now)
    return etags


def _starts_within(change: Recording, appointment: Appointment, within: Interval) -> bool:
    if not appointment.recurring:
        return within.starts <= appointment.starts < within.ends
    return starts_within(change.reading(), within, practice_zone=change.zone)


def _show(context: GateContext, change: Recording, appointment: Appointment) -> ETag | None:
    """Bring the mirrors in line with ``appointment``; the entity tag where it was placed or healed."""
    modseq = appointment.modseq
    mirrors = context.tx.mirrors.of(appointment.id)
    shown = {each.integration_id: each for each in mirrors if each.state is not MirrorState.LEFT}
    had = {each.integration_id: each for each in mirrors}
    touched: set[IntegrationId] = set()
    etag: ETag | None = None
    for mirror in shown.values():
        if mirror.state is MirrorState.HIDDEN:
            touched |= _keep_hidden(context, mirror, appointment)
            continue
        if _is_replaced(mirror, change.placement) or appointment.is_gone:
            context.tx.mirrors.change(replace(mirror, state=MirrorState.LEFT, modseq=modseq), at=context.now)
            touched.add(mirror.integration_id)
            continue
        healed = mirror.integration_id == change.heal
        placed = change.placement is not None and mirror.integration_id == change.placement.integration_id
        tag = etag_of(appointment.text, mirror.revision + healed)
        if tag != mirror.etag:
            _show_mirror(context, mirror, appointment, modseq=modseq, revision=mirror.revision + healed)
            touched.add(mirror.integration_id)
        if healed or placed:
            etag = tag
    if not appointment.is_gone:
        entered = _enter(context, change, appointment, shown=shown, had=had)
        touched |= entered.keys()
        if change.placement:
            etag = entered.get(change.placement.integration_id, etag)
    context.tx.integrations.touch(touched, modseq)
    return etag


def _keep_hidden(context: GateContext, mirror: Mirror, appointment: Appointment) -> set[IntegrationId]:
    """Clients know already that it is gone: whatever changes of it, there is nothing to tell them yet.

    A bridge has to look all the same: what was cancelled at its provider, and not deleted, is there still.
    """
    if not appointment.is_gone:
        return set()
    is_bridged = context.tx.integrations.one(mirror.integration_id).service.is_bridged
    modseq = appointment.modseq if is_bridged else mirror.modseq
    context.tx.mirrors.change(replace(mirror, state=MirrorState.LEFT, modseq=modseq), at=context.now)
    return {mirror.integration_id} if is_bridged else set()


def _is_replaced(mirror: Mirror, placement: Placement | None) -> bool:
    """Whether a client has put the object anew in this integration, at another address or by another UID."""
    if placement is None or mirror.integration_id != placement.integration_id:
        return False
    return (mirror.href, mirror.uid) != (placement.href, placement.uid)


def _show_mirror(
    context: GateContext, mirror: Mirror, appointment: Appointment, *, modseq: Modseq, revision: int
) -> None:
    etag = etag_of(appointment.text, revision)
    shown = replace(mirror, revision=revision, etag=etag, state=MirrorState.SHOWN, modseq=modseq)
    context.tx.mirrors.change(shown, at=context.now)


def _enter(
    context: GateContext,
    change: Recording,
    appointment: Appointment,
    *,
    shown: dict[IntegrationId, Mirror],
    had: dict[IntegrationId, Mirror],
) -> dict[IntegrationId, ETag]:
    """Show the appointment where it was put, and in every other integration whose window admits it (rule 4)."""
    entered: dict[IntegrationId, ETag] = {}
    for integration in context.tx.integrations.of(appointment.practitioner_id):
        placement = change.placement
        if placement and placement.integration_id == integration.id:
            if integration.id in shown and not _is_replaced(shown[integration.id], placement):
                continue
            entered[integration.id] = _add_mirror(context, appointment, placement)
        elif integration.id in shown or integration.state is IntegrationState.DISCONNECTED:
            continue
        elif integration.id in had:
            # It left by a removal or a cancellation: it comes back, under its old name, only when that is undone.
            # To a suspended calendar as well, from which it was taken all the same.
            if not change.reappears:
                continue
            entered[integration.id] = _reappear(context, appointment, integration, left=had[integration.id])
        elif integration.state in FILLED and starts_within(
            change.reading(),
            window_of(context, integration, change.zone).interval,
            practice_zone=change.zone,
        ):
            entered[integration.id] = admit(context, appointment, integration)
    return entered


def _add_mirror(
    context: GateContext, appointment: Appointment, placement: Placement, *, succession: Succession | None = None
) -> ETag:
    succession = succession or context.tx.mirrors.succession(placement.integration_id, appointment.id)
    mirror = _new_mirror(appointment, placement, succession)
    context.tx.mirrors.add([mirror], at=context.now)
    return mirror.etag


def _new_mirror(appointment: Appointment, placement: Placement, succession: Succession) -> NewMirror:
    return NewMirror(
        appointment=appointment,
        integration_id=placement.integration_id,
        succession=succession,
        href=placement.href,
        uid=placement.uid,
        etag=etag_of(appointment.text, succession.revision),
        modseq=appointment.modseq,
    )


def _reappear(context: GateContext, appointment: Appointment, integration: Integration, *, left: Mirror) -> ETag:
    """Show an appointment again where it was, unless something else has taken its address or its UID there."""
    namesakes = context.tx.mirrors.known_by(appointment.practitioner_id, left.uid)
    is_taken = context.tx.mirrors.at(left.integration_id, left.href) is not None or any(
        each.integration_id == left.integration_id and each.state is not MirrorState.LEFT for each in namesakes
    )
    if is_taken:
        return admit(context, appointment, integration)
    return _add_mirror(
        context, appointment, Placement(integration_id=left.integration_id, href=left.href, uid=left.uid)
    )


def admit(context: GateContext, appointment: Appointment, integration: Integration) -> ETag:
    """Show an appointment in an integration in which no client has put it, under a UID and an href of our own."""
    succession = context.tx.mirrors.succession(integration.id, appointment.id)
    placement = _derived(appointment, integration, succession)
    return _add_mirror(context, appointment, placement, succession=succession)


def _derived(appointment: Appointment, integration: Integration, succession: Succession) -> Placement:
    uid = derived_uid(integration.id, appointment.id, service=integration.service, generation=succession.generation)
    return Placement(integration_id=integration.id, href=derived_href(uid), uid=uid)
