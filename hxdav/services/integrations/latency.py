"""How long changes of a bridged calendar were on their way in the last day, each way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hxdav.domain.integration import Integration
from hxdav.domain.times import Clock
from hxdav.store.latencies import QUARTER, LatencyCount, Way, quarter_of
from hxdav.store.store import Tx

QUARTERS = 96
"""Of an hour in a day, the present one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journeys:
    """The changes that went one way: how many, what the middle one and the slowest took, and the slowest by quarters.

    The middle one is told by those that took about as long: it is never out by more than half or double.
    """

    number: int
    median: timedelta
    slowest: timedelta
    quarters: tuple[timedelta | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfLag:
    """The last day, from ``since``; None where nothing went that way."""

    since: datetime
    outward: Journeys | None
    inward: Journeys | None


def day_of_lag(tx: Tx, clock: Clock, *, integration: Integration) -> DayOfLag | None:
    """The last day of a calendar elsewhere; None of a native one, whose devices look by themselves."""
    if not integration.service.is_bridged:
        return None
    since = quarter_of(clock.now()) - (QUARTERS - 1) * QUARTER
    counted = tx.lags.of(integration.id, since=since)
    return DayOfLag(since=since, outward=_going(Way.OUT, counted, since), inward=_going(Way.IN, counted, since))


def _going(way: Way, counted: Sequence[LatencyCount], since: datetime) -> Journeys | None:
    gone = [each for each in counted if each.way is way]
    if not gone:
        return None
    quarters: list[timedelta | None] = [None] * QUARTERS
    for each in gone:
        number = (each.began_at - since) // QUARTER
        quarters[number] = max(each.slowest, quarters[number] or timedelta())
    return Journeys(
        number=sum(each.number for each in gone),
        median=_median(gone),
        slowest=max(each.slowest for each in gone),
        quarters=tuple(quarters),
    )


def _median(gone: Sequence[LatencyCount]) -> timedelta:
    """The mean of those among which the middle one is."""
    before = 0
    middle = sum(each.number for each in gone) / 2
    for each in sorted(gone, key=_mean):
        before += each.number
        if before >= middle:
            return _mean(each)
    raise AssertionError("the middle of a list is in it")


def _mean(alike: LatencyCount) -> timedelta:
    return alike.together / alike.number
