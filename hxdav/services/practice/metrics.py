"""What whoever watches over the server is told: numbers, and nothing about anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from hxdav.domain.bridge import AccountState, BridgeState
from hxdav.domain.integration import IntegrationState, Service
from hxdav.domain.subscription import SubscriptionState
from hxdav.domain.times import Clock
from hxdav.services.access.sign_in import IDLE_FOR, SIGNED_IN_FOR
from hxdav.services.integrations.health import Health
from hxdav.store.counts import IntegrationCount
from hxdav.store.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationKind:
    """Integrations of a service that stand alike."""

    service: Service
    health: Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The numbers; ``lag`` is how long the oldest of the ``waiting`` pushes has waited.

    ``requests`` are those that providers were sent so far.
    """

    appointments: int
    integrations: Mapping[IntegrationKind, int]
    waiting: int
    lag: timedelta
    unseen: int
    mail_due: int
    reviews: int
    requests: Mapping[Service, int]
    sessions: int


def measured(tx: Tx, clock: Clock) -> Measured:
    """How it is now, in the whole store."""
    now, figures = clock.now(), tx.figures
    integrations: Counter[IntegrationKind] = Counter()
    for each in figures.integrations(now=now):
        integrations[IntegrationKind(service=each.service, health=_health(each))] += each.number
    waiting = figures.waiting()
    return Measured(
        appointments=figures.appointments(),
        integrations=integrations,
        waiting=waiting.number,
        lag=now - waiting.since if waiting.since else timedelta(),
        unseen=figures.unseen(),
        mail_due=figures.mail_due(now=now),
        reviews=figures.reviews(),
        requests=figures.requests(),
        sessions=figures.sessions(now=now, lasting=SIGNED_IN_FOR, idle=IDLE_FOR),
    )


def _health(each: IntegrationCount) -> Health:
    """As ``standing_of`` has it, but that what is on its way is counted elsewhere."""
    if each.state is IntegrationState.CONNECTING:
        return Health.WORKING
    if each.state is not IntegrationState.CONNECTED or each.subscription is not SubscriptionState.RUNNING:
        return Health.PAUSED
    return Health.WELL if each.bridge is None else _bridged(each)


def _bridged(each: IntegrationCount) -> Health:
    if each.account is AccountState.REFUSED or each.bridge in {BridgeState.MISSING, BridgeState.GONE}:
        return Health.TROUBLED
    if each.bridge in {BridgeState.HIDDEN, BridgeState.STOPPED}:
        return Health.PAUSED
    if each.is_put_off:
        return Health.TROUBLED
    return Health.WELL if each.is_made else Health.WORKING
