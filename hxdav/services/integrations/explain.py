"""Explains an appointment: where it shows, where it does not, and why."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment
from hxdav.domain.bridge import BridgeState
from hxdav.domain.ids import AppointmentId
from hxdav.domain.integration import FILLED, Integration, IntegrationState
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.domain.policy import Policy
from hxdav.domain.removal import RemovalState
from hxdav.domain.times import Clock
from hxdav.domain.window import Window
from hxdav.ical.objects import object_of
from hxdav.ical.occurrence_index import starts_within
from hxdav.services.integrations.health import standstill
from hxdav.store.links import WHOLE
from hxdav.store.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What has become of an appointment in one integration."""

    integration: Integration
    shows: bool
    sentence: str


def explain(tx: Tx, clock: Clock, policy: Policy, *, appointment_id: AppointmentId) -> list[Explanation]:
    """An appointment's story in every integration of its practitioner, the oldest integration first."""
    appointment = tx.appointments.one(appointment_id)
    latest = {mirror.integration_id: mirror for mirror in tx.mirrors.of(appointment_id)}
    return [
        _place(tx, clock, policy, appointment=appointment, integration=each, mirror=latest.get(each.id))
        for each in tx.integrations.of(appointment.practitioner_id)
    ]


def _place(
    tx: Tx, clock: Clock, policy: Policy, *, appointment: Appointment, integration: Integration, mirror: Mirror | None
) -> Explanation:
    if mirror is None:
        sentence = _never_entered(tx, clock, policy, appointment=appointment, integration=integration)
        return Explanation(integration=integration, shows=False, sentence=sentence)
    match mirror.state:
        case MirrorState.SHOWN:
            shows, sentence = _shown(tx, clock, integration=integration, mirror=mirror)
        case MirrorState.HIDDEN:
            shows, sentence = False, _hidden(tx, appointment)
        case MirrorState.LEFT:
            shows, sentence = False, _left(appointment, integration)
    return Explanation(integration=integration, shows=shows, sentence=sentence)


def _never_entered(tx: Tx, clock: Clock, policy: Policy, *, appointment: Appointment, integration: Integration) -> str:
    if appointment.is_gone:
        return "It was cancelled or removed before it could show here."
    if integration.state is IntegrationState.DISCONNECTED:
        return "This calendar was disconnected before the appointment could show in it."
    zone = ZoneInfo(tx.people.practice_group(integration.practice_group_id).zone)
    window = Window.of(policy, connected_on=integration.connected_on, now=clock.now(), practice_zone=zone)
    if starts_within(object_of(appointment.text), window.interval, practice_zone=zone):
        waits = integration.state not in FILLED
        return "It enters once this calendar is connected." if waits else "It enters within a minute."
    if appointment.starts < window.interval.starts:
        return f"It starts before {integration.connected_on}, the day on which this calendar was connected."
    return "It starts later than calendar synchronisation reaches, and enters by itself when its day comes near."


def _shown(tx: Tx, clock: Clock, *, integration: Integration, mirror: Mirror) -> tuple[bool, str]:
    bridge = tx.bridges.find(integration.id)
    if bridge is None:
        return True, "It shows here; a device sees the last change at its next look."
    link = tx.links.of(mirror.id).get(WHOLE)
    if link is not None and link.parked:
        return False, f"The provider does not take it: {link.parked}"
    if bridge.state in {BridgeState.MISSING, BridgeState.GONE}:
        return False, _why_not(tx, clock, integration)
    if link is not None and link.mirror_etag == mirror.etag:
        return True, "It shows there as it is here."
    there = link is not None and link.tag is not None
    missing = "The last change is not there yet." if there else "It is not there yet."
    return there, f"{missing} {_why_not(tx, clock, integration)}"


def _why_not(tx: Tx, clock: Clock, integration: Integration) -> str:
    if integration.state is not IntegrationState.CONNECTED:
        return f"This calendar is {integration.state}."
    bridge = tx.bridges.one(integration.id)
    zone = ZoneInfo(tx.people.practice_group(integration.practice_group_id).zone)
    still = standstill(bridge, tx.external_accounts.one(bridge.account_id), now=clock.now().astimezone(zone))
    return still[1] if still else "hxdav is sending it."


def _hidden(tx: Tx, appointment: Appointment) -> str:
    removal = tx.removals.open_of(appointment.id)
    if removal is not None and removal.state is RemovalState.REVIEW:
        return "It was deleted here, and waits for the review of deletions."
    return "It was deleted here, and that is about to be carried out."


def _left(appointment: Appointment, integration: Integration) -> str:
    if appointment.removed_at is not None:
        return "It was deleted from outside; the practice can bring it back."
    if appointment.is_gone:
        return "The practice cancelled it."
    if integration.state is IntegrationState.DISCONNECTED:
        return "This calendar was disconnected, and what lay ahead moved to the one that replaces it."
    return "It left this calendar."
