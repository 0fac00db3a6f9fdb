"""Connecting a calendar and disconnecting it, and letting in what its window admits (`design.md` rules 2, 3, 4)."""

from __future__ import annotations

import secrets
from dataclasses import replace
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId, Slug
from hxdav.domain.integration import Integration, IntegrationState, Service, calendar_name
from hxdav.domain.policy import Policy
from hxdav.domain.practice import Practitioner
from hxdav.domain.times import Clock, day_of
from hxdav.errors import UseCaseError
from hxdav.ical.objects import object_of
from hxdav.services.gate.desk import Desk, window_of, zone_of
from hxdav.services.gate.recording import add_derived_mirror
from hxdav.services.occurrences import starts_within
from hxdav.store.store import Tx
from hxdav.store.trail import Subject

AT_ONCE = 200
"""How many objects one transaction writes at most (`design.md` §5, contention)."""

_SLUG_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def connect_native(tx: Tx, clock: Clock, *, practitioner: Practitioner, source: Source) -> Integration:
    """Connect a native integration, which shows nothing until ``admit`` has let its appointments in."""
    practice = tx.integrations.lock(practitioner.id)
    now = clock.now()
    today = day_of(now, ZoneInfo(practice.zone))
    taken = [each.name for each in tx.integrations.of(practitioner.id)]
    integration_id = tx.integrations.add(
        practitioner,
        service=Service.NATIVE,
        slug=Slug("hx-" + "".join(secrets.choice(_SLUG_LETTERS) for _ in range(8))),
        name=calendar_name(practice.name, today, taken),
        connected_on=today,
        modseq=tx.integrations.next_modseq(practitioner.id),
        now=now,
    )
    integration = tx.integrations.one(integration_id)
    tx.trail.audit("connected", _subject(integration), source=source, at=now)
    return integration


def disconnect(tx: Tx, clock: Clock, *, integration: Integration, source: Source) -> None:
    """Disconnect an integration: its collection stays listed, read-only, with its past (rule 9)."""
    tx.integrations.lock(integration.practitioner_id)
    if tx.integrations.one(integration.id).state is IntegrationState.DISCONNECTED:
        raise UseCaseError(f"Integration {integration.id} is not connected any more.")
    tx.integrations.set_state(integration.id, IntegrationState.DISCONNECTED)
    tx.trail.audit("disconnected", _subject(integration), source=source, at=clock.now())


def rename(tx: Tx, clock: Clock, *, integration: Integration, name: str, source: Source) -> None:
    """Keep the name that the person gave a calendar (rule 3)."""
    tx.integrations.rename(integration.id, name)
    tx.trail.audit("renamed", _subject(integration), source=source, at=clock.now())


def admit(tx: Tx, clock: Clock, policy: Policy, *, integration_id: IntegrationId, limit: int = AT_ONCE) -> int:
    """Show appointments that may enter an integration and never have been in it, at most ``limit``; how many it did.

    To be repeated, each time in another transaction, until there are none.
    """
    desk = Desk(tx=tx, now=clock.now(), policy=policy, source=Source(authority=Authority.PRACTICE))
    zone = zone_of(desk, tx.integrations.one(integration_id).practitioner_id)
    # Read again, now that nobody else can change it.
    integration = tx.integrations.one(integration_id)
    if integration.state is not IntegrationState.CONNECTED:
        return 0
    entering = _entering(desk, integration, zone=zone, limit=limit)
    for appointment in entering:
        # What enters is a change of the integration, not of the appointment, which keeps its own modseq.
        modseq = tx.integrations.next_modseq(appointment.practitioner_id)
        add_derived_mirror(desk, replace(appointment, modseq=modseq), integration_id)
        tx.integrations.touch([integration_id], modseq)
    return len(entering)


def _entering(desk: Desk, integration: Integration, *, zone: ZoneInfo, limit: int) -> list[Appointment]:
    tx = desk.tx
    within = window_of(desk, integration, zone).interval
    found = [tx.appointments.find(each) for each in tx.entering.starting_in(integration, within, limit=limit)]
    if not found:
        # The rules that have to be read come last, so that they are read once and not with each batch.
        unsure = [tx.appointments.find(each) for each in tx.entering.unknown_to_index(integration, within)]
        found = [each for each in unsure if each and starts_within(object_of(each.text), within, practice_zone=zone)]
    return [each for each in found if each is not None][:limit]


def _subject(integration: Integration) -> Subject:
    return Subject(
        practice_group_id=integration.practice_group_id,
        practitioner_id=integration.practitioner_id,
        integration_id=integration.id,
    )
