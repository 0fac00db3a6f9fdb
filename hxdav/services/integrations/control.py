"""Steering a calendar: pausing a bridge, having it looked at, how much it tells, and freezing what comes from it.

rules 2, 7 and 11.
"""

from __future__ import annotations

from hxdav.domain.bridge import AccountState, Bridge, BridgeState
from hxdav.domain.edit import Source
from hxdav.domain.ids import AppPasswordId
from hxdav.domain.integration import Integration, IntegrationState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.policy import Policy
from hxdav.domain.practice import Practitioner
from hxdav.domain.privacy import PrivacyLevel, level_of
from hxdav.domain.times import Clock
from hxdav.errors import NotPermitted, UseCaseError
from hxdav.gate import GateContext, ask_review, lock_practitioner
from hxdav.services.integrations.connection import locked, subject_of
from hxdav.store.store import Tx


def pause(tx: Tx, clock: Clock, *, integration: Integration, source: Source) -> None:
    """Stop a bridge, both ways, until it is resumed; nothing is deleted anywhere."""
    bridge = _own_bridge(tx, integration, source=source)
    if bridge.state is BridgeState.STOPPED:
        raise UseCaseError(f"Integration {integration.id} is paused already.")
    if bridge.state is BridgeState.GONE:
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
            f"The account {account.label} does not let hxdav in any more. Connect it again.",
            command=f"hxdav integrations add --service {account.service}",
        )
    if bridge.state is BridgeState.STOPPED:
        raise UseCaseError(
            f"{integration.name} is paused. Let it go on first.",
            command=f"hxdav integrations resume {integration.id}",
        )
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


def freeze(tx: Tx, clock: Clock, policy: Policy, *, integration: Integration, source: Source) -> None:
    """Take nothing in any more that comes from an integration, until ``thaw``; it is kept current all the same.

    What was deleted through it and is not carried out yet waits for the practitioner's answer.
    """
    require_own_word(tx, tx.people.practitioner(integration.practitioner_id), source=source)
    present, now = locked(tx, integration), clock.now()
    if present.state is IntegrationState.DISCONNECTED:
        raise UseCaseError("This calendar is disconnected, so nothing is taken in from it anyway.")
    ask_before_removing(tx, clock, policy, integration=integration, source=source)
    if present.frozen_at is not None:
        return
    tx.integrations.freeze(integration.id, at=now)
    subject = subject_of(integration)
    tx.trail.audit("edits_frozen", subject, source=source, at=now)
    tx.notifications.tell(subject, kind=NotificationKind.CALENDAR_FROZEN, at=now)


def ask_before_removing(
    tx: Tx,
    clock: Clock,
    policy: Policy,
    *,
    integration: Integration,
    source: Source,
    app_password_id: AppPasswordId | None = None,
) -> None:
    """Have the practitioner asked about removals that are held, where that device or integration has made one of them.

    All that are held go to review with it, as where one is too many (rule 7).
    """
    context = GateContext(tx=tx, now=clock.now(), policy=policy, source=source)
    zone = lock_practitioner(context, integration.practitioner_id)
    made_by = [each.source for each in tx.removals.held(integration.practitioner_id)]
    if any(
        each.integration_id == integration.id
        or (app_password_id is not None and each.app_password_id == app_password_id)
        for each in made_by
    ):
        ask_review(context, integration.practitioner_id, zone=zone)


def thaw(tx: Tx, clock: Clock, *, integration: Integration, source: Source) -> None:
    """Take edits in again that come from an integration; what was refused meanwhile was put back there."""
    require_own_word(tx, tx.people.practitioner(integration.practitioner_id), source=source)
    if locked(tx, integration).frozen_at is None:
        raise UseCaseError("Edits are let in already.")
    tx.integrations.freeze(integration.id, at=None)
    subject, now = subject_of(integration), clock.now()
    tx.trail.audit("edits_let_in", subject, source=source, at=now)
    tx.notifications.tell(subject, kind=NotificationKind.CALENDAR_THAWED, at=now)


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
