"""The subscription to calendar synchronisation, and the credits that pay for it (rule 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from hxdav.domain.ids import PracticeGroupId, PractitionerId, SubscriptionId, UserId
from hxdav.domain.practice import Band
from hxdav.domain.times import days_after

PRICE = 25
"""Credits for one practitioner and one period."""

PERIOD_DAYS = 30
"""Local dates of one period, which ends at the midnight after the last of them."""

WARNED_DAYS = 7
"""How many days before a renewal that cannot be paid the practitioner is told."""

FREE_BANDS = frozenset({Band.SILVER, Band.GOLD, Band.PLATINUM})
"""Bands in which synchronisation costs nothing."""


class SubscriptionState(StrEnum):
    """Running; paused, because a renewal could not be paid; ended, because it was cancelled and has run out."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One practitioner's subscription. ``paid_until`` is the first local date that is not paid for.

    ``renews`` is False once it is cancelled. ``warned_for`` is the ``paid_until`` of which the practitioner was warned.
    """

    id: SubscriptionId
    practice_group_id: PracticeGroupId
    practitioner_id: PractitionerId
    state: SubscriptionState
    renews: bool
    period_from: date
    paid_until: date
    warned_for: date | None


class CreditKind(StrEnum):
    """Why credits came or went: bought, given by us, or spent on a period (also the first)."""

    PURCHASE = "purchase"
    GRANT = "grant"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditEntry:
    """One line of a practice group's ledger; the balance is the sum of ``credits``, which are negative when spent.

    An entry is never edited: a mistake is put right by another entry.
    """

    practice_group_id: PracticeGroupId
    kind: CreditKind
    credits: int
    at: datetime
    subscription_id: SubscriptionId | None = None
    period_from: date | None = None
    user_id: UserId | None = None
    agent: str = ""
    remark: str = ""


def price_in(band: Band) -> int:
    """What a period costs that begins while the practice group is in ``band``."""
    return 0 if band in FREE_BANDS else PRICE


def period_end(period_from: date) -> date:
    """The first local date after the period that begins on ``period_from``."""
    return days_after(period_from, PERIOD_DAYS)


def renewal_from(paid_until: date, today: date) -> date:
    """Where the period begins that follows one which ended with ``paid_until``, met today.

    That is where the last one ended, and today where the new one would be over by now: nobody pays for time in which
    nothing ran.
    """
    return paid_until if today < period_end(paid_until) else today


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A subscription, and whether its practitioner is enabled: of one who is not, nothing is renewed."""

    subscription: Subscription
    enabled: bool

    @property
    def renews(self) -> bool:
        """Whether the subscription goes on when its period is over."""
        return self.enabled and self.subscription.renews


class SubscriptionEvent(StrEnum):
    """What comes of a subscription when its time has come."""

    RENEWED = "renewed"
    RESUMED = "resumed"
    PAUSED = "paused"
    ENDED = "ended"
    WARNED = "warned"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStep:
    """One turn, the subscription as it is after it, and the credits that its new period costs."""

    turn: SubscriptionEvent
    subscription: Subscription
    price: int | None = None
    """None where no period begins."""


def due_steps(subscribers: Iterable[Subscriber], *, today: date, price: int, balance: int) -> list[SubscriptionStep]:
    """What is due in one practice group, in the order in which it is to be done.

    Credits go to whoever has waited longest: first to what is paused, then to what has run out. What is left is set
    aside in the same order for the renewals of the next days, and whoever it does not reach is warned, once a period.
    It is to be asked again afterwards: a period that was renewed late may be near its end already.
    """
    steps: list[SubscriptionStep] = []
    for each in sorted(subscribers, key=lambda each: (each.subscription.paid_until, each.subscription.id)):
        is_covered = balance >= price
        step = _step(each, today=today, price=price if is_covered else None)
        if step is not None:
            steps.append(step)
        if is_covered and each.renews and each.subscription.state is not SubscriptionState.ENDED:
            balance -= price
    return steps


def next_period(subscription: Subscription, period_from: date) -> Subscription:
    """The subscription as it runs in the period that begins on ``period_from``."""
    return replace(
        subscription,
        state=SubscriptionState.RUNNING,
        period_from=period_from,
        paid_until=period_end(period_from),
    )


def ended(subscription: Subscription) -> Subscription:
    """The subscription once it has run out, or was cancelled while nothing ran."""
    return replace(subscription, state=SubscriptionState.ENDED, renews=False)


def _step(subscriber: Subscriber, *, today: date, price: int | None) -> SubscriptionStep | None:
    """What is due of one subscription, whose next period costs ``price``; None where that cannot be paid."""
    now = subscriber.subscription
    if now.state is SubscriptionState.ENDED:
        return None
    if now.state is SubscriptionState.RUNNING and now.paid_until > today:
        return _warned(now, today) if price is None and subscriber.renews else None
    if not subscriber.renews:
        return SubscriptionStep(turn=SubscriptionEvent.ENDED, subscription=ended(now))
    is_paused = now.state is SubscriptionState.PAUSED
    if price is None:
        paused = replace(now, state=SubscriptionState.PAUSED)
        return None if is_paused else SubscriptionStep(turn=SubscriptionEvent.PAUSED, subscription=paused)
    if is_paused:
        return SubscriptionStep(turn=SubscriptionEvent.RESUMED, subscription=next_period(now, today), price=price)
    after = next_period(now, renewal_from(now.paid_until, today))
    return SubscriptionStep(turn=SubscriptionEvent.RENEWED, subscription=after, price=price)


def _warned(now: Subscription, today: date) -> SubscriptionStep | None:
    if now.warned_for == now.paid_until or now.paid_until > days_after(today, WARNED_DAYS):
        return None
    return SubscriptionStep(turn=SubscriptionEvent.WARNED, subscription=replace(now, warned_for=now.paid_until))
