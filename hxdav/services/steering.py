"""Steering a bridge: pausing it, having it looked at now, and how much it tells (`design.md` rules 2, 7 and 11)."""

from __future__ import annotations

from hxdav.domain.bridge import AT_WORK, AccountState, Bridge, BridgeState
from hxdav.domain.edit import Source
from hxdav.domain.integration import Integration, IntegrationState
from hxdav.domain.practice import Practitioner
from hxdav.domain.privacy import PrivacyLevel, level_of
from hxdav.domain.times import Clock
from hxdav.errors import NotPermitted, UseCaseError
from hxdav.services.connecting import locked, subject_of
from hxdav.store.store import Tx


def pause(tx: Tx, clock: Clock, *, integration: Integration, source: Source) -> None:
    """Stop a bridge, both ways, until it is resumed; nothing is deleted anywhere."""
    bridge = _own_bridge(tx, integration, source=source)
    if bridge.state is BridgeState.STOPPED:
        raise UseCaseError(f"Integration {integration.id} is paused already.")
    if bridge.state not in AT_WORK:
        raise UseCaseError(f"The calendar of integration {integration.id} is gone, so there is nothing to pause.")
    tx.bridges.change(integration.id, state=BridgeState.STOPPED)
    tx.trail.audit("bridge_paused", subject_of(integration), source=source, at=clock.now())


def resume(tx: Tx, clock: Clock, *, integration: Integration, source: Source) -> None:
    """Let a paused bridge go on; what was deleted there meanwhile goes to review (rule 7)."""
    bridge = _own_bridge(tx, integration, source=source)
    if bridge.state is not BridgeState.STOPPED:
        raise UseCaseError(f"Integration {integration.id} is not paused.")
    now = clock.now()
    tx.bridges.change(
        integration.id,
        state=BridgeState.MAKING if bridge.calendar_id is None else BridgeState.RUNNING,
        is_cautious=True,
        pull_due_at=now,
    )
    tx.trail.audit("bridge_resumed", subject_of(integration), source=source, at=now)


def request_pull(tx: Tx, clock: Clock, *, integration: Integration, source: Source) -> None:
    """Have a bridge looked at now, whatever went wrong before; raises UseCaseError where that would come to nothing."""
    bridge = _bridge(tx, integration)
    account = tx.external_accounts.one(bridge.account_id)
    if account.state is AccountState.REFUSED:
        raise UseCaseError(
            f"The account {account.label} does not let hxdav in any more. Connect it again: "
            f"hxdav integrations add --service {account.service}"
        )
    if bridge.state not in AT_WORK:
        remedy = (
            f"It is paused; let it go on first: hxdav integrations resume {integration.id}"
            if bridge.state is BridgeState.STOPPED
            else "Its calendar is gone; remove it and connect again."
        )
        raise UseCaseError(f"Integration {integration.id} is not looked after. {remedy}")
    now = clock.now()
    tx.bridges.change(integration.id, pull_due_at=now)
    tx.external_accounts.try_now(account.id)
    tx.trail.audit("pull_requested", subject_of(integration), source=source, at=now)


def set_privacy(tx: Tx, clock: Clock, *, integration: Integration, level: PrivacyLevel, source: Source) -> None:
    """Tell a service so much of patient appointments, which is no more than the practice allows (rule 11).

    Everything that is there is written anew.
    """
    _own_bridge(tx, integration, source=source)
    group = tx.people.practice_group(integration.practice_group_id)
    most = level_of(integration.service, most=group.privacy.get(integration.service), chosen=None)
    if level.detail > most.detail:
        raise UseCaseError(
            f'The practice tells {integration.service} no more than "{most}". An administrator can allow more in the '
            "accounts file."
        )
    tx.bridges.change(integration.id, privacy=level)
    tx.bridges.look_anew([integration.id])
    detail = {"level": level}
    tx.trail.audit("privacy_set", subject_of(integration), source=source, at=clock.now(), detail=detail)


def require_own_word(tx: Tx, practitioner: Practitioner, *, source: Source) -> None:
    """Raise NotPermitted unless the practitioner's own login speaks, and may come in (rule 2)."""
    user = tx.people.user(source.user_id) if source.user_id is not None else None
    if user is None or user.id != practitioner.user_id:
        raise NotPermitted(f"Only the login of {practitioner.key} connects, pauses or changes their calendars.")
    if not (user.enabled and practitioner.enabled):
        raise NotPermitted(f"The login of {practitioner.key} is disabled.")
    if user.suspended_at is not None:
        raise NotPermitted(f"An administrator of the practice has suspended the user {user.username}.")


def _own_bridge(tx: Tx, integration: Integration, *, source: Source) -> Bridge:
    require_own_word(tx, tx.people.practitioner(integration.practitioner_id), source=source)
    return _bridge(tx, integration)


def _bridge(tx: Tx, integration: Integration) -> Bridge:
    """The bridge of an integration that takes part; raises UseCaseError where it has none, or does not."""
    present = locked(tx, integration)
    bridge = tx.bridges.find(present.id)
    if bridge is None:
        raise UseCaseError(
            f"Integration {present.id} is hxdav's own calendar; only one in an account elsewhere can be paused, looked "
            "at or told less."
        )
    if present.state not in {IntegrationState.CONNECTED, IntegrationState.CONNECTING}:
        raise UseCaseError(f"Integration {present.id} is {present.state}.")
    return bridge
