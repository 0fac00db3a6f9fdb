"""The subscription to calendar synchronisation, and the credits that pay for it (`design.md` rule 1)."""

from __future__ import annotations

from dataclasses import dataclass
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
