"""What becomes of subscriptions by themselves: renewal, pause, resumption, end, and the warning before it (rule 1)."""

from __future__ import annotations

from datetime import datetime

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import PracticeGroupId
from hxdav.domain.notification import NotificationKind
from hxdav.domain.subscription import (
    CreditEntry,
    CreditKind,
    Subscription,
    SubscriptionEvent,
    SubscriptionStep,
    due_steps,
    price_in,
)
from hxdav.domain.times import Clock, day_of
from hxdav.errors import UseCaseError
from hxdav.store.store import Tx
from hxdav.store.trail import Subject

AT_ONCE = 40
"""How many steps one transaction takes at most: each writes up to four rows (docs/store.md, Contention)."""

_BY_ITSELF = Source(authority=Authority.PRACTICE, agent="hxdav clock")

_TOLD = {
    SubscriptionEvent.RESUMED: NotificationKind.SUBSCRIPTION_RESUMED,
    SubscriptionEvent.PAUSED: NotificationKind.RENEWAL_FAILED,
    SubscriptionEvent.ENDED: NotificationKind.SUBSCRIPTION_ENDED,
    SubscriptionEvent.WARNED: NotificationKind.RENEWAL_SHORT,
}


def renew_due(tx: Tx, clock: Clock, *, practice_group_id: PracticeGroupId) -> int:
    """Do what is due in a practice group, at most ``AT_ONCE`` steps; how many it did.

    To be repeated until there is none; where there is none, it is one read.
    """
    return settle(tx, practice_group_id=practice_group_id, now=clock.now(), source=_BY_ITSELF)


def add_credits(
    tx: Tx,
    clock: Clock,
    *,
    practice_group_id: PracticeGroupId,
    kind: CreditKind,
    credits: int,  # noqa: A002 - the word of the field
    remark: str,
    source: Source,
) -> int:
    """Enter credits into a ledger, and resume what is paused as far as they reach; the balance after it all.

    A negative number puts a mistake right, and is a grant. ``remark`` is for the practice to read: no patient in it.
    """
    now = clock.now()
    tx.credits.lock(practice_group_id)
    balance = tx.credits.balance(practice_group_id)
    if kind is CreditKind.RENEWAL:
        raise UseCaseError("Credits are bought or granted; a renewal spends them by itself.")
    if not credits:
        raise UseCaseError("There are no credits to add: say how many.")
    if credits < 0 and kind is not CreditKind.GRANT:
        raise UseCaseError("Only a grant may be negative: enter the correction of a mistake as one.")
    if balance + credits < 0:
        raise UseCaseError(f"The balance is {balance} credits: it cannot go below 0.")
    entry = CreditEntry(
        practice_group_id=practice_group_id,
        kind=kind,
        credits=credits,
        at=now,
        user_id=source.user_id,
        agent=source.agent,
        remark=remark,
    )
    tx.credits.append(entry)
    detail = {"kind": kind, "credits": credits}
    tx.trail.audit("credits_added", Subject(practice_group_id=practice_group_id), source=source, at=now, detail=detail)
    settle(tx, practice_group_id=practice_group_id, now=now, source=source)
    return tx.credits.balance(practice_group_id)


def settle(tx: Tx, *, practice_group_id: PracticeGroupId, now: datetime, source: Source) -> int:
    """Do what is due in a practice group; how many steps that took."""
    if not _due(tx, practice_group_id, now):
        return 0
    tx.credits.lock(practice_group_id)
    # Read again, now that nobody else can change it: whoever came first has done it.
    steps = _due(tx, practice_group_id, now)[:AT_ONCE]
    for step in steps:
        _carry_out(tx, step, now=now, source=source)
    return len(steps)


def pay(tx: Tx, subscription: Subscription, *, price: int, now: datetime, source: Source) -> None:
    """Enter into the ledger what the period costs in which ``subscription`` now is; the ledger is locked."""
    entry = CreditEntry(
        practice_group_id=subscription.practice_group_id,
        kind=CreditKind.RENEWAL,
        credits=-price,
        at=now,
        subscription_id=subscription.id,
        period_from=subscription.period_from,
        user_id=source.user_id,
        agent=source.agent,
    )
    tx.credits.append(entry)


def write_down(tx: Tx, action: str, subscription: Subscription, *, now: datetime, source: Source) -> None:
    """Audit what was done to a subscription: whose it is, and until when it is paid."""
    detail = {"subscription_id": subscription.id, "paid_until": subscription.paid_until.isoformat()}
    tx.trail.audit(f"subscription_{action}", subject_of(subscription), source=source, at=now, detail=detail)


def tell(tx: Tx, turn: SubscriptionEvent, subscription: Subscription, *, now: datetime) -> None:
    """Tell the practitioner what has become of the subscription, where that is to be told."""
    kind = _TOLD.get(turn)
    if kind is not None:
        digest = f"subscription {subscription.id} {subscription.paid_until.isoformat()}"
        tx.notifications.tell(subject_of(subscription), kind=kind, digest=digest, at=now)


def subject_of(subscription: Subscription) -> Subject:
    """Whom an entry of the trail about ``subscription`` is about."""
    return Subject(practice_group_id=subscription.practice_group_id, practitioner_id=subscription.practitioner_id)


def _due(tx: Tx, practice_group_id: PracticeGroupId, now: datetime) -> list[SubscriptionStep]:
    account = tx.subscriptions.account(practice_group_id, now=now)
    if account is None:
        return []
    today = day_of(now, account.zone)
    return due_steps(account.subscribers, today=today, price=price_in(account.band), balance=account.balance)


def _carry_out(tx: Tx, step: SubscriptionStep, *, now: datetime, source: Source) -> None:
    tx.subscriptions.change(step.subscription)
    if step.price is not None:
        pay(tx, step.subscription, price=step.price, now=now, source=source)
    write_down(tx, step.turn, step.subscription, now=now, source=source)
    tell(tx, step.turn, step.subscription, now=now)
