"""Reconnecting: what lies ahead moves from the disconnected calendars to the new one (rule 9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import AppointmentId, ExternalAccountId, IntegrationId
from hxdav.domain.integration import Integration, IntegrationState
from hxdav.domain.mirror import MirrorState
from hxdav.domain.policy import Policy
from hxdav.domain.times import Clock, Interval
from hxdav.gate import GateContext
from hxdav.ical.objects import object_of
from hxdav.ical.occurrence_index import starts_within
from hxdav.services.integrations.connection import AT_ONCE, subject_of
from hxdav.store.store import Tx

_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)


def take_out(tx: Tx, clock: Clock, policy: Policy, *, integration_id: IntegrationId, limit: int = AT_ONCE) -> int:
    """Take what lies ahead out of the disconnected calendars that a connecting one replaces; how many objects.

    Those are of the same service, and in the same account where it is one elsewhere.

    At most ``limit``; to be repeated, each time in another transaction, until there are none. With that the new one is
    connected, and can be filled. Until then it is connecting: whoever comes by may carry on after a crash.
    """
    place = tx.integrations.lock_place(integration_id)
    new = place.integration
    if new.state is not IntegrationState.CONNECTING:
        return 0
    source = Source(authority=Authority.PRACTICE, agent="hxdav")
    context = GateContext(tx=tx, now=clock.now(), policy=policy, source=source)
    for old in _replaced_by(tx, new):
        ahead = _ahead(context, old, zone=place.zone, limit=limit)
        if ahead:
            _leave(context, old, ahead)
            return len(ahead)
    tx.integrations.set_state(new.id, IntegrationState.CONNECTED)
    return 0


def _replaced_by(tx: Tx, new: Integration) -> list[Integration]:
    account_id = _account(tx, new)
    return [
        old
        for old in tx.integrations.of(new.practitioner_id)
        if old.service is new.service and old.state is IntegrationState.DISCONNECTED and _account(tx, old) == account_id
    ]


def _account(tx: Tx, integration: Integration) -> ExternalAccountId | None:
    bridge = tx.bridges.find(integration.id) if integration.service.is_bridged else None
    return bridge.account_id if bridge else None


def _ahead(context: GateContext, old: Integration, *, zone: ZoneInfo, limit: int) -> list[AppointmentId]:
    """Appointments that ``old`` has and that start after now, or of which an occurrence does; at most ``limit``."""
    found = context.tx.occurrences.ahead(old, context.now, limit=limit)
    if found:
        return found
    # The rules that have to be read come last, so that they are read once and not with each batch.
    later = Interval(context.now + timedelta(microseconds=1), _END_OF_TIME)
    unsure = [context.tx.appointments.one(each) for each in context.tx.occurrences.perhaps_ahead(old, context.now)]
    return [each.id for each in unsure if starts_within(object_of(each.text), later, practice_zone=zone)][:limit]


def _leave(context: GateContext, old: Integration, appointment_ids: list[AppointmentId]) -> None:
    modseq = context.tx.integrations.next_modseq(old.practitioner_id)
    for appointment_id in appointment_ids:
        for mirror in context.tx.mirrors.of(appointment_id):
            if mirror.integration_id != old.id or mirror.state is MirrorState.LEFT:
                continue
            # Of what is hidden, because its removal is on its way, clients know already that it is gone.
            known_gone = mirror.state is MirrorState.HIDDEN
            left = replace(mirror, state=MirrorState.LEFT, modseq=mirror.modseq if known_gone else modseq)
            context.tx.mirrors.change(left, at=context.now)
    context.tx.integrations.touch([old.id], modseq)
    detail = {"appointments": len(appointment_ids)}
    context.tx.trail.audit("future_taken_out", subject_of(old), source=context.source, at=context.now, detail=detail)
