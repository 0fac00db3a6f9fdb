"""Buying and cancelling a subscription (rule 1); ``renewal`` has what happens without a person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from hxdav.domain.edit import Source
from hxdav.domain.ids import SubscriptionId
from hxdav.domain.practice import PracticeGroup, Practitioner
from hxdav.domain.subscription import (
    PERIOD_DAYS,
    Subscription,
    SubscriptionEvent,
    SubscriptionState,
    ended,
    next_period,
    period_end,
    price_in,
)
from hxdav.domain.times import Clock, day_of
from hxdav.errors import UseCaseError
from hxdav.services.billing.renewal import pay, tell, write_down
from hxdav.store.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A subscription that was bought, what that cost, and the practice group's balance after it."""

    subscription: Subscription
    price: int
    balance: int


def buy(tx: Tx, clock: Clock, *, practitioner: Practitioner, source: Source, offered_at: int | None = None) -> Purchase:
    """Subscribe a practitioner for a period from today, which renews itself; one that was cancelled renews again.

    To see the price and the balance first, buy in a transaction that is rolled back; with ``offered_at``, the price
    that was seen, nothing is bought at another.
    """
    now = clock.now()
    tx.credits.lock(practitioner.practice_group_id)
    group = tx.people.practice_group(practitioner.practice_group_id)
    balance = tx.credits.balance(group.id)
    today = day_of(now, ZoneInfo(group.zone))
    known = tx.subscriptions.of(practitioner.id)
    if not practitioner.enabled:
        raise UseCaseError(f"The practitioner {practitioner.key} is disabled.")
    if known is not None and known.state is SubscriptionState.RUNNING:
        if known.renews:
            raise UseCaseError(f"{practitioner.key} is subscribed until {known.paid_until}, and that renews itself.")
        if known.paid_until > today:
            return Purchase(subscription=_renewing(tx, known, now=now, source=source), price=0, balance=balance)
    price = price_in(group.band)
    if offered_at is not None and price != offered_at:
        raise UseCaseError(
            f"The price is {price} credits by now, and not {offered_at}. Nothing was bought; look again."
        )
    if balance < price:
        raise _too_few(group, balance=balance, price=price)
    bought = _begun(tx, practitioner, known, today=today)
    pay(tx, bought, price=price, now=now, source=source)
    write_down(tx, "bought", bought, now=now, source=source)
    return Purchase(subscription=bought, price=price, balance=balance - price)


def cancel(tx: Tx, clock: Clock, *, practitioner: Practitioner, source: Source) -> Subscription:
    """Let a subscription end with the period that is paid; one that is paused ends at once."""
    now = clock.now()
    tx.credits.lock(practitioner.practice_group_id)
    known = tx.subscriptions.of(practitioner.id)
    if known is None or known.state is SubscriptionState.ENDED:
        raise UseCaseError(f"{practitioner.key} has no subscription that could be cancelled.")
    if not known.renews:
        raise UseCaseError(f"{practitioner.key} has cancelled already: the subscription runs until {known.paid_until}.")
    is_paused = known.state is SubscriptionState.PAUSED
    cancelled = ended(known) if is_paused else replace(known, renews=False)
    tx.subscriptions.change(cancelled)
    write_down(tx, "cancelled", cancelled, now=now, source=source)
    if is_paused:
        write_down(tx, SubscriptionEvent.ENDED, cancelled, now=now, source=source)
        tell(tx, SubscriptionEvent.ENDED, cancelled, now=now)
    return cancelled


def _renewing(tx: Tx, known: Subscription, *, now: datetime, source: Source) -> Subscription:
    renewing = replace(known, renews=True)
    tx.subscriptions.change(renewing)
    write_down(tx, "uncancelled", renewing, now=now, source=source)
    return renewing


def _begun(tx: Tx, practitioner: Practitioner, known: Subscription | None, *, today: date) -> Subscription:
    """The subscription of a practitioner with a period that begins today, stored."""
    if known is not None:
        begun = replace(next_period(known, today), renews=True)
        tx.subscriptions.change(begun)
        return begun
    first = Subscription(
        id=SubscriptionId(0),
        practice_group_id=practitioner.practice_group_id,
        practitioner_id=practitioner.id,
        state=SubscriptionState.RUNNING,
        renews=True,
        period_from=today,
        paid_until=period_end(today),
        warned_for=None,
    )
    return replace(first, id=tx.subscriptions.add(first))


def _too_few(group: PracticeGroup, *, balance: int, price: int) -> UseCaseError:
    return UseCaseError(
        f"{PERIOD_DAYS} days cost {price} credits, and {group.key} has {balance}. Add some first.",
        command=f"hxdav credits add --practice-group {group.key} --credits {price - balance}",
    )
