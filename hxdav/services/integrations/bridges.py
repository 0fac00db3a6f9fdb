"""Connecting a calendar in an account elsewhere, and what becomes of the account (rules 1, 2, 3 and 9)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hxdav.domain.bridge import AccountState, Bridge, BridgeState, ExternalAccount
from hxdav.domain.edit import Source
from hxdav.domain.ids import ExternalAccountId, PracticeGroupId
from hxdav.domain.integration import Integration, IntegrationState, Service, calendar_name
from hxdav.domain.notification import NotificationKind
from hxdav.domain.practice import Practitioner
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.times import Clock, day_of
from hxdav.errors import NotPermitted, UseCaseError
from hxdav.remote import Identity
from hxdav.services.integrations import control
from hxdav.services.integrations.connection import disconnect, new_slug, require_subscription, subject_of
from hxdav.services.integrations.control import require_own_word
from hxdav.store.store import Tx
from hxdav.store.trail import Subject

_IN_USE = frozenset({IntegrationState.CONNECTED, IntegrationState.CONNECTING})

Seal = Callable[[ExternalAccountId], str]
"""Gives an account's credentials, sealed for its row: they are bound to its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccount:
    """An account that has just let us in: ``taken_names`` are what the calendars in it are called.

    ``address`` is where it is, for services that are not in one place.
    """

    service: Service
    identity: Identity
    address: str
    taken_names: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What connecting came to; not ``is_new`` is a calendar that stood still, because it was not let in any more."""

    integration: Integration
    account: ExternalAccount
    is_new: bool


def connect(
    tx: Tx,
    clock: Clock,
    *,
    practitioner: Practitioner,
    shown: ShownAccount,
    seal: Seal,
    privacy: PrivacyLevel | None,
    source: Source,
) -> Connected:
    """Connect a calendar in an account that has let us in, or have the one go on that stood still for want of access.

    A new one shows nothing until ``connecting.admit`` has let its appointments in. Raises UseCaseError, NotPermitted.
    """
    tx.integrations.lock(practitioner.id)
    known = tx.external_accounts.known(practitioner.practice_group_id, shown.service, shown.identity.subject)
    stood_still = known is not None and known.state is AccountState.REFUSED
    account = account_of(
        tx,
        clock,
        practice_group_id=practitioner.practice_group_id,
        service=shown.service,
        identity=shown.identity,
        address=shown.address,
        seal=seal,
        source=source,
    )
    present = [each for each, bridge in _own(tx, practitioner, account) if _goes_on(each, bridge)]
    if stood_still and present:
        require_own_word(tx, practitioner, source=source)
        if privacy is not None:
            control.set_privacy(tx, clock, integration=present[0], level=privacy, source=source)
        return Connected(integration=present[0], account=account, is_new=False)
    integration = connect_bridge(
        tx,
        clock,
        practitioner=practitioner,
        account=account,
        taken_names=shown.taken_names,
        privacy=privacy,
        source=source,
    )
    return Connected(integration=integration, account=account, is_new=True)


def account_of(
    tx: Tx,
    clock: Clock,
    *,
    practice_group_id: PracticeGroupId,
    service: Service,
    identity: Identity,
    address: str,
    seal: Seal,
    source: Source,
) -> ExternalAccount:
    """The account of that identity with credentials that have just been shown to work; added where it is not known.

    Where it did not let us in any more, its bridges go on: their first round sends every removal to review (rule 7).
    """
    now = clock.now()
    known = tx.external_accounts.known(practice_group_id, service, identity.subject)
    if known is None:
        account_id = tx.external_accounts.add(
            practice_group_id,
            service=service,
            subject=identity.subject,
            label=identity.label,
            address=address,
            now=now,
        )
    else:
        account_id = known.id
    tx.sealed.hold()
    tx.external_accounts.let_in(
        account_id, credentials=seal(account_id), label=identity.label, address=address, about=identity.about
    )
    subject = Subject(practice_group_id=practice_group_id)
    detail = {"account_id": account_id, "service": service}
    tx.trail.audit("account_let_in", subject, source=source, at=now, detail=detail)
    if known is not None and known.state is AccountState.REFUSED:
        _resume(tx, clock, account_id)
    return tx.external_accounts.one(account_id)


def connect_bridge(
    tx: Tx,
    clock: Clock,
    *,
    practitioner: Practitioner,
    account: ExternalAccount,
    taken_names: Collection[str],
    source: Source,
    privacy: PrivacyLevel | None = None,
) -> Integration:
    """Connect a calendar in ``account``, which the worker makes there (rules 1, 2, 3 and 9).

    Where the practitioner has disconnected ones in this account it is connecting, until ``reconnecting.take_out`` is
    done with those. One whose calendar is gone is disconnected first. Raises UseCaseError and NotPermitted.
    """
    practice = tx.integrations.lock(practitioner.id)
    if practice.practice_group_id != account.practice_group_id:
        raise NotPermitted("This account belongs to another practice group.")
    require_own_word(tx, practitioner, source=source)
    require_subscription(tx, practitioner)
    own = _own(tx, practitioner, account)
    for integration, bridge in own:
        if _is_lost(integration, bridge):
            disconnect(tx, clock, integration=integration, source=source)
        else:
            _require_disconnected(integration, account)
    now = clock.now()
    today = day_of(now, ZoneInfo(practice.zone))
    integration_id = tx.integrations.add(
        practitioner,
        service=account.service,
        slug=new_slug(),
        name=calendar_name(practice.name, today, {*taken_names, *_our_names(tx, account)}, is_first=not own),
        connected_on=today,
        modseq=tx.integrations.next_modseq(practitioner.id),
        now=now,
        state=IntegrationState.CONNECTING if own else IntegrationState.CONNECTED,
    )
    integration = tx.integrations.one(integration_id)
    tx.bridges.add(integration, account_id=account.id, marker=secrets.token_hex(12), now=now)
    if privacy is not None:
        control.set_privacy(tx, clock, integration=integration, level=privacy, source=source)
    detail = {"account_id": account.id, "service": account.service}
    tx.trail.audit("connected", subject_of(integration), source=source, at=now, detail=detail)
    tx.notifications.tell(subject_of(integration), kind=NotificationKind.CALENDAR_CONNECTED, at=now)
    return integration


def accounts_unused(tx: Tx) -> list[ExternalAccount]:
    """Accounts whose credentials nothing needs, because every calendar in them is disconnected.

    What is still to be taken out of one of those waits for the next connection, which brings credentials of its own.
    """
    return tx.external_accounts.unconnected()


def forget_account(tx: Tx, clock: Clock, *, account_id: ExternalAccountId, source: Source) -> bool:
    """Wipe the credentials of an account that is unused, once its channels are closed; whether it still was."""
    if account_id not in {each.id for each in accounts_unused(tx)}:
        return False
    account = tx.external_accounts.one(account_id)
    tx.external_accounts.forget(account_id)
    subject = Subject(practice_group_id=account.practice_group_id)
    detail = {"account_id": account_id, "service": account.service}
    tx.trail.audit("account_forgotten", subject, source=source, at=clock.now(), detail=detail)
    return True


def _own(tx: Tx, practitioner: Practitioner, account: ExternalAccount) -> list[tuple[Integration, Bridge]]:
    """The practitioner's integrations in ``account``, the disconnected ones included."""
    bridges = {each.integration_id: each for each in tx.bridges.of_account(account.id)}
    return [(each, bridges[each.id]) for each in tx.integrations.of(practitioner.id) if each.id in bridges]


def _our_names(tx: Tx, account: ExternalAccount) -> set[str]:
    """What our calendars in an account are called, those included that are still to be made there."""
    return {tx.integrations.one(each.integration_id).name for each in tx.bridges.of_account(account.id)}


def _goes_on(integration: Integration, bridge: Bridge) -> bool:
    return integration.state in _IN_USE and bridge.state is not BridgeState.GONE


def _is_lost(integration: Integration, bridge: Bridge) -> bool:
    return integration.state in _IN_USE and bridge.state is BridgeState.GONE


def _require_disconnected(integration: Integration, account: ExternalAccount) -> None:
    """Raise UseCaseError where the practitioner has this calendar in the account still: one each is enough."""
    if integration.state is IntegrationState.DISCONNECTED:
        return
    if integration.state is IntegrationState.SUSPENDED:
        raise UseCaseError(
            f"An administrator of the practice has suspended integration {integration.id}, which is in this account. "
            "Ask them to lift that."
        )
    raise UseCaseError(
        f"Integration {integration.id}, {integration.name}, is in the account {account.label} already: "
        "it has one calendar for each practitioner."
    )


def _resume(tx: Tx, clock: Clock, account_id: ExternalAccountId) -> None:
    now = clock.now()
    bridges = tx.bridges.of_account(account_id)
    for bridge in bridges:
        tx.bridges.change(bridge.integration_id, is_cautious=True, pull_due_at=now, troubled_since=None)
    # A provider forgets the channels with the consent that they were opened with.
    tx.channels.end([bridge.integration_id for bridge in bridges if bridge.channel_id], now=now)
    for bridge in tx.bridges.at_work(account_id):
        if bridge.state is BridgeState.GONE:
            continue
        subject = subject_of(tx.integrations.one(bridge.integration_id))
        tx.notifications.tell(subject, kind=NotificationKind.BRIDGE_RESUMED, at=now)
