"""Connecting a calendar, renaming and disconnecting it, and letting in what its window admits (rules 1 to 4)."""

from __future__ import annotations

import secrets
from dataclasses import replace
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId, Slug
from hxdav.domain.integration import (
    FILLED,
    LONGEST_NAME,
    Integration,
    IntegrationState,
    Service,
    calendar_name,
    name_given,
)
from hxdav.domain.notification import NotificationKind
from hxdav.domain.policy import Policy
from hxdav.domain.practice import Practitioner
from hxdav.domain.subscription import SubscriptionState
from hxdav.domain.times import Clock, day_of
from hxdav.errors import UseCaseError
from hxdav.gate import GateContext, admit, lock_practitioner, window_of
from hxdav.ical.objects import object_of
from hxdav.ical.occurrence_index import starts_within
from hxdav.store.store import Tx
from hxdav.store.trail import Subject

AT_ONCE = 200
"""How many objects one transaction writes at most (docs/store.md, Contention)."""

_SLUG_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def connect_native(tx: Tx, clock: Clock, *, practitioner: Practitioner, source: Source) -> Integration:
    """Connect a native integration, which shows nothing until ``fill`` has let its appointments in (rules 1, 3, 9).

    Where the practitioner has disconnected ones it is connecting, until ``reconnecting.take_out`` is done with those.
    """
    practice = tx.integrations.lock(practitioner.id)
    require_subscription(tx, practitioner)
    now = clock.now()
    today = day_of(now, ZoneInfo(practice.zone))
    own = [each for each in tx.integrations.of(practitioner.id) if each.service is Service.NATIVE]
    replaces = any(each.state is IntegrationState.DISCONNECTED for each in own)
    integration_id = tx.integrations.add(
        practitioner,
        service=Service.NATIVE,
        slug=new_slug(),
        name=calendar_name(practice.name, today, [each.name for each in own], is_first=not own),
        connected_on=today,
        modseq=tx.integrations.next_modseq(practitioner.id),
        now=now,
        state=IntegrationState.CONNECTING if replaces else IntegrationState.CONNECTED,
    )
    integration = tx.integrations.one(integration_id)
    tx.trail.audit("connected", subject_of(integration), source=source, at=now)
    return integration


def disconnect(tx: Tx, clock: Clock, *, integration: Integration, source: Source) -> None:
    """Disconnect an integration: its collection stays listed, read-only, with all that it shows (rule 9)."""
    now = clock.now()
    present = locked(tx, integration)
    if present.state is IntegrationState.DISCONNECTED:
        raise UseCaseError(f"Integration {integration.id} is not connected any more.")
    if present.state is IntegrationState.SUSPENDED:
        # Disconnected, it could be read again.
        raise UseCaseError(
            f"An administrator of the practice has suspended integration {integration.id}, so it cannot be removed. "
            "Ask them to lift that first."
        )
    tx.integrations.set_state(integration.id, IntegrationState.DISCONNECTED)
    subject = subject_of(present)
    tx.trail.audit("disconnected", subject, source=source, at=now)
    tx.notifications.tell(subject, kind=NotificationKind.CALENDAR_DISCONNECTED, at=now)


def rename(tx: Tx, clock: Clock, *, integration: Integration, name: str, source: Source) -> str:
    """Keep the name that the person gives a calendar (rule 3); the name as it is kept."""
    kept = name_given(name)
    if kept is None:
        raise UseCaseError(f"A calendar's name has 1 to {LONGEST_NAME} characters, all of them printable.")
    present = locked(tx, integration)
    if present.state not in {IntegrationState.CONNECTED, IntegrationState.CONNECTING}:
        raise UseCaseError(f"Integration {integration.id} is {present.state}; only a connected one is renamed.")
    tx.integrations.rename(integration.id, kept)
    tx.trail.audit("renamed", subject_of(present), source=source, at=clock.now())
    return kept


def fill(tx: Tx, clock: Clock, policy: Policy, *, integration_id: IntegrationId, limit: int = AT_ONCE) -> int:
    """Show appointments that may enter an integration and never have been in it, at most ``limit``; how many it did.

    To be repeated, each time in another transaction, until there are none.
    """
    context = GateContext(tx=tx, now=clock.now(), policy=policy, source=Source(authority=Authority.PRACTICE))
    zone = lock_practitioner(context, tx.integrations.one(integration_id).practitioner_id)
    # Read again, now that nobody else can change it.
    integration = tx.integrations.one(integration_id)
    if integration.state not in FILLED:
        return 0
    entering = _entering(context, integration, zone=zone, limit=limit)
    for appointment in entering:
        # What enters is a change of the integration, not of the appointment, which keeps its own modseq.
        modseq = tx.integrations.next_modseq(appointment.practitioner_id)
        admit(context, replace(appointment, modseq=modseq), integration)
        tx.integrations.touch([integration_id], modseq)
    return len(entering)


def new_slug() -> Slug:
    """The path segment of a new calendar, which nobody guesses."""
    return Slug("hx-" + "".join(secrets.choice(_SLUG_LETTERS) for _ in range(8)))


def locked(tx: Tx, integration: Integration) -> Integration:
    """The integration as it is now that nobody else can change it."""
    tx.integrations.lock(integration.practitioner_id)
    return tx.integrations.one(integration.id)


def subject_of(integration: Integration) -> Subject:
    """What the trail calls an integration."""
    return Subject(
        practice_group_id=integration.practice_group_id,
        practitioner_id=integration.practitioner_id,
        integration_id=integration.id,
    )


def require_subscription(tx: Tx, practitioner: Practitioner) -> None:
    """Raise UseCaseError unless the practitioner's subscription runs (rule 1)."""
    subscription = tx.subscriptions.of(practitioner.id)
    match subscription.state if subscription else None:
        case SubscriptionState.RUNNING:
            return
        case SubscriptionState.PAUSED:
            raise UseCaseError(
                f"Calendar synchronisation of {practitioner.key} is paused, because the practice has too few credits. "
                "Add credits first.",
                command="hxdav credits add",
            )
        case _:
            raise UseCaseError(
                f"{practitioner.key} does not subscribe to calendar synchronisation. Buy a subscription first.",
                command="hxdav subscriptions buy",
            )


def _entering(context: GateContext, integration: Integration, *, zone: ZoneInfo, limit: int) -> list[Appointment]:
    tx = context.tx
    within = window_of(context, integration, zone).interval
    found = [tx.appointments.find(each) for each in tx.occurrences.entering(integration, within, limit=limit)]
    if not found:
        # The rules that have to be read come last, so that they are read once and not with each batch.
        unsure = [tx.appointments.find(each) for each in tx.occurrences.perhaps_entering(integration, within)]
        found = [each for each in unsure if each and starts_within(object_of(each.text), within, practice_zone=zone)]
    return [each for each in found if each is not None][:limit]
