"""Rule 1 as a pure function: what is due of which subscription on which day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hxdav.domain.access import why_closed
from hxdav.domain.ids import PracticeGroupId, PractitionerId, SubscriptionId
from hxdav.domain.integration import IntegrationState
from hxdav.domain.practice import Band
from hxdav.domain.refusal import Reason
from hxdav.domain.subscription import (
    PRICE,
    Subscriber,
    Subscription,
    SubscriptionEvent,
    SubscriptionState,
    due_steps,
    period_end,
    price_in,
    renewal_from,
)

END = date(2026, 12, 22)
RUNNING, PAUSED, ENDED = SubscriptionState.RUNNING, SubscriptionState.PAUSED, SubscriptionState.ENDED


def a_subscriber(
    number: int = 1,
    *,
    state: SubscriptionState = RUNNING,
    renews: bool = True,
    paid_until: date = END,
    warned_for: date | None = None,
    enabled: bool = True,
) -> Subscriber:
    subscription = Subscription(
        id=SubscriptionId(number),
        practice_group_id=PracticeGroupId(1),
        practitioner_id=PractitionerId(number),
        state=state,
        renews=renews,
        period_from=paid_until - timedelta(days=30),
        paid_until=paid_until,
        warned_for=warned_for,
    )
    return Subscriber(subscription=subscription, enabled=enabled)


def turns(
    *subscribers: Subscriber, today: date = END, price: int = PRICE, balance: int = 0
) -> list[tuple[SubscriptionEvent, int]]:
    """What is due, and of which subscription."""
    steps = due_steps(subscribers, today=today, price=price, balance=balance)
    return [(step.turn, step.subscription.id) for step in steps]


def days(count: int) -> date:
    return END + timedelta(days=count)


def test_a_period_is_thirty_local_dates() -> None:
    assert period_end(date(2026, 11, 22)) == date(2026, 12, 22)


@pytest.mark.parametrize(("band", "price"), [(Band.NONE, 25), (Band.SILVER, 0), (Band.GOLD, 0), (Band.PLATINUM, 0)])
def test_a_period_costs_25_credits_and_nothing_from_silver_on(band: Band, price: int) -> None:
    assert price_in(band) == price


@pytest.mark.parametrize(("today", "turn"), [(days(-1), []), (END, [(SubscriptionEvent.RENEWED, 1)])])
def test_a_renewal_is_due_on_the_first_day_that_is_not_paid(
    today: date, turn: list[tuple[SubscriptionEvent, int]]
) -> None:
    assert turns(a_subscriber(), today=today, balance=25) == turn


@pytest.mark.parametrize(
    ("late", "begins"), [(0, END), (1, END), (29, END), (30, days(30)), (31, days(31)), (400, days(400))]
)
def test_a_late_renewal_begins_where_the_last_period_ended_while_today_lies_within_it(late: int, begins: date) -> None:
    assert renewal_from(END, days(late)) == begins


def test_a_renewal_that_is_done_is_not_due_again() -> None:
    (step,) = due_steps([a_subscriber()], today=days(45), price=PRICE, balance=25)

    after = Subscriber(subscription=step.subscription, enabled=True)

    assert (step.price, step.subscription.period_from, step.subscription.paid_until) == (25, days(45), days(75))
    assert turns(after, today=days(45)) == []


@pytest.mark.parametrize(("balance", "turn"), [(24, SubscriptionEvent.PAUSED), (25, SubscriptionEvent.RENEWED)])
def test_one_credit_too_few_pauses(balance: int, turn: SubscriptionEvent) -> None:
    assert turns(a_subscriber(), balance=balance) == [(turn, 1)]


def test_a_free_period_is_renewed_without_credits() -> None:
    assert turns(a_subscriber(), price=0) == [(SubscriptionEvent.RENEWED, 1)]


def test_a_cancelled_one_ends_with_its_period_and_not_before() -> None:
    cancelled = a_subscriber(renews=False)

    assert turns(cancelled, today=days(-1), balance=100) == []
    assert turns(cancelled, balance=100) == [(SubscriptionEvent.ENDED, 1)]


@pytest.mark.parametrize("state", [RUNNING, PAUSED])
def test_that_of_a_disabled_practitioner_ends_when_it_would_renew(state: SubscriptionState) -> None:
    assert turns(a_subscriber(state=state, enabled=False), balance=100) == [(SubscriptionEvent.ENDED, 1)]


def test_that_of_a_disabled_practitioner_takes_nothing_from_the_others() -> None:
    disabled = a_subscriber(1, enabled=False, paid_until=days(-1))

    assert turns(disabled, a_subscriber(2), balance=25) == [
        (SubscriptionEvent.ENDED, 1),
        (SubscriptionEvent.RENEWED, 2),
    ]


def test_what_has_ended_stays_so_and_costs_nothing() -> None:
    ended = a_subscriber(1, state=ENDED, renews=False, paid_until=days(-60))

    assert turns(ended, a_subscriber(2), balance=25) == [(SubscriptionEvent.RENEWED, 2)]


@pytest.mark.parametrize(("balance", "due"), [(24, []), (25, [(SubscriptionEvent.RESUMED, 1)])])
def test_a_paused_one_resumes_with_enough_credits(balance: int, due: list[tuple[SubscriptionEvent, int]]) -> None:
    assert turns(a_subscriber(state=PAUSED), today=days(3), balance=balance) == due


def test_a_resumed_one_runs_from_today() -> None:
    (step,) = due_steps([a_subscriber(state=PAUSED)], today=days(3), price=PRICE, balance=25)

    assert (step.subscription.state, step.subscription.period_from) == (RUNNING, days(3))


def test_credits_go_to_whoever_has_waited_longest() -> None:
    subscribers = [
        a_subscriber(3),
        a_subscriber(2),
        a_subscriber(4, state=PAUSED, paid_until=days(-5)),
        a_subscriber(1, paid_until=days(-1)),
    ]

    due = turns(*subscribers, balance=75)

    assert due == [
        (SubscriptionEvent.RESUMED, 4),
        (SubscriptionEvent.RENEWED, 1),
        (SubscriptionEvent.RENEWED, 2),
        (SubscriptionEvent.PAUSED, 3),
    ]


@pytest.mark.parametrize(
    ("before", "due"), [(8, []), (7, [(SubscriptionEvent.WARNED, 1)]), (1, [(SubscriptionEvent.WARNED, 1)])]
)
def test_the_warning_comes_seven_days_before(before: int, due: list[tuple[SubscriptionEvent, int]]) -> None:
    assert turns(a_subscriber(), today=days(-before)) == due


def test_the_warning_comes_once_a_period() -> None:
    warned = a_subscriber(warned_for=END)
    next_time = a_subscriber(warned_for=days(-30))

    assert turns(warned, today=days(-3)) == []
    assert turns(next_time, today=days(-3)) == [(SubscriptionEvent.WARNED, 1)]


def test_the_warning_counts_what_is_renewed_before() -> None:
    first, second = a_subscriber(1, paid_until=days(-1)), a_subscriber(2)

    assert turns(first, second, today=days(-5), balance=50) == []
    assert turns(first, second, today=days(-5), balance=49) == [(SubscriptionEvent.WARNED, 2)]


def test_the_warning_counts_what_is_renewed_on_the_same_day() -> None:
    due_today, soon = a_subscriber(1, paid_until=days(-5)), a_subscriber(2)

    assert turns(due_today, soon, today=days(-5), balance=25) == [
        (SubscriptionEvent.RENEWED, 1),
        (SubscriptionEvent.WARNED, 2),
    ]


@pytest.mark.parametrize("quiet", [a_subscriber(renews=False), a_subscriber(enabled=False)])
def test_whoever_will_not_renew_is_not_warned(quiet: Subscriber) -> None:
    assert turns(quiet, today=days(-1)) == []


def test_in_a_free_band_nobody_is_warned() -> None:
    assert turns(a_subscriber(), today=days(-1), price=0) == []


@pytest.mark.parametrize(
    ("state", "subscription", "reason"),
    [
        (IntegrationState.CONNECTED, RUNNING, None),
        (IntegrationState.CONNECTED, PAUSED, Reason.SYNC_PAUSED),
        (IntegrationState.CONNECTED, ENDED, Reason.SYNC_ENDED),
        (IntegrationState.CONNECTED, None, Reason.SYNC_ENDED),
        (IntegrationState.SUSPENDED, PAUSED, Reason.SUSPENDED),
        (IntegrationState.DISCONNECTED, RUNNING, Reason.DISCONNECTED),
    ],
)
def test_a_calendar_is_open_while_it_is_connected_and_its_subscription_runs(
    state: IntegrationState, subscription: SubscriptionState | None, reason: Reason | None
) -> None:
    assert why_closed(state, subscription) is reason
