"""Rule 1 on a real store: the ledger, buying and cancelling, and what happens by the clock, exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError

from hxdav.domain.ids import PracticeGroupId, PractitionerId
from hxdav.domain.notification import NotificationKind
from hxdav.domain.practice import Band
from hxdav.domain.subscription import CreditEntry, CreditKind, Subscription, SubscriptionState
from hxdav.errors import UseCaseError
from hxdav.services.billing import renewal, subscriptions
from hxdav.store.rows import AuditRow
from hxdav.store.store import Store
from tests.builders import BY_PRACTICE, SYDNEY, MovableClock

RUNNING, PAUSED, ENDED = SubscriptionState.RUNNING, SubscriptionState.PAUSED, SubscriptionState.ENDED
TODAY = date(2026, 11, 22)
PAID_UNTIL = date(2026, 12, 22)
THAT_MIDNIGHT = datetime(2026, 12, 21, 13, tzinfo=UTC)
"""Where 22 December begins in Sydney."""


class CrashError(Exception):
    """The machine went down in the middle of a transaction."""


@dataclass
class Group:
    """A practice group with some practitioners, who are not subscribed."""

    store: Store
    id: PracticeGroupId
    practitioners: list[PractitionerId]
    clock: MovableClock = field(default_factory=MovableClock)

    def add(self, number: int, kind: CreditKind = CreditKind.PURCHASE) -> int:
        with self.store.transaction() as tx:
            return renewal.add_credits(
                tx,
                self.clock,
                practice_group_id=self.id,
                kind=kind,
                credits=number,
                remark="Invoice 7",
                source=BY_PRACTICE,
            )

    def buy(self, number: int = 0, *, offered_at: int | None = None) -> subscriptions.Purchase:
        with self.store.transaction() as tx:
            practitioner = tx.people.practitioner(self.practitioners[number])
            return subscriptions.buy(
                tx, self.clock, practitioner=practitioner, source=BY_PRACTICE, offered_at=offered_at
            )

    def cancel(self, number: int = 0) -> Subscription:
        with self.store.transaction() as tx:
            practitioner = tx.people.practitioner(self.practitioners[number])
            return subscriptions.cancel(tx, self.clock, practitioner=practitioner, source=BY_PRACTICE)

    def renew(self) -> int:
        return self.store.in_turns(lambda tx: renewal.renew_due(tx, self.clock, practice_group_id=self.id))

    def set_band(self, band: Band) -> None:
        with self.store.transaction() as tx:
            tx.connection.execute(text("UPDATE practice_group SET band = :band"), {"band": band.value})

    @property
    def balance(self) -> int:
        with self.store.snapshot() as tx:
            return tx.credits.balance(self.id)

    @property
    def ledger(self) -> list[tuple[CreditKind, int, date | None]]:
        with self.store.snapshot() as tx:
            return [(each.kind, each.credits, each.period_from) for each in tx.credits.entries(self.id)]

    def subscription(self, number: int = 0) -> Subscription:
        with self.store.snapshot() as tx:
            found = tx.subscriptions.of(self.practitioners[number])
        assert found is not None
        return found

    def told(self, number: int = 0) -> list[NotificationKind]:
        with self.store.snapshot() as tx:
            return [each.kind for each in tx.notifications.of(self.practitioners[number])]

    @property
    def audited(self) -> list[str]:
        with self.store.snapshot() as tx:
            return list(tx.connection.execute(select(AuditRow.action).order_by(AuditRow.id)).scalars())


def a_group(store: Store, *, key: str = "harbour", practitioners: int = 1, band: Band = Band.NONE) -> Group:
    with store.transaction() as tx:
        group_id = tx.people.add_practice_group(key=key, name=key.title(), zone=SYDNEY, band=band)
        added = [
            tx.people.add_practitioner(practice_group_id=group_id, key=f"p{number}", name=f"P{number}", user_id=None)
            for number in range(practitioners)
        ]
    return Group(store=store, id=group_id, practitioners=added)


@pytest.fixture
def group(store: Store) -> Group:
    """A practice group with one practitioner and 60 credits."""
    found = a_group(store)
    found.add(60)
    return found


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The statements that the store is sent within the block."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield seen
    event.remove(store.engine, "before_cursor_execute", note)


def test_buying_takes_the_price_and_runs_for_thirty_dates(group: Group) -> None:
    bought = group.buy()

    assert (bought.price, bought.balance) == (25, 35)
    assert group.subscription() == bought.subscription
    assert (bought.subscription.state, bought.subscription.renews) == (RUNNING, True)
    assert (bought.subscription.period_from, bought.subscription.paid_until) == (TODAY, PAID_UNTIL)
    assert group.ledger == [(CreditKind.PURCHASE, 60, None), (CreditKind.RENEWAL, -25, TODAY)]
    assert group.audited == ["credits_added", "subscription_bought"]


def test_too_few_credits_are_told_with_balance_price_and_what_to_do(store: Store) -> None:
    group = a_group(store)
    group.add(24)

    with pytest.raises(UseCaseError) as told:
        group.buy()

    assert str(told.value) == "30 days cost 25 credits, and harbour has 24. Add some first."
    assert told.value.command == "hxdav credits add --practice-group harbour --credits 1"
    assert group.balance == 24


def test_nothing_is_bought_at_another_price_than_was_shown(group: Group) -> None:
    with pytest.raises(UseCaseError, match="25 credits by now, and not 0"):
        group.buy(offered_at=0)

    assert group.buy(offered_at=25).balance == 35


def test_what_runs_and_renews_is_not_bought_again(group: Group) -> None:
    group.buy()

    with pytest.raises(UseCaseError, match="2026-12-22"):
        group.buy()

    assert group.balance == 35


def test_nothing_is_bought_for_a_disabled_practitioner(group: Group) -> None:
    with group.store.transaction() as tx:
        tx.connection.execute(text("UPDATE practitioner SET enabled = :no"), {"no": False})

    with pytest.raises(UseCaseError, match="disabled"):
        group.buy()


def test_a_cancelled_one_runs_out_and_then_ends(group: Group) -> None:
    group.buy()

    cancelled = group.cancel()
    group.clock.moment = THAT_MIDNIGHT
    done = group.renew()

    assert (cancelled.state, cancelled.renews, cancelled.paid_until) == (RUNNING, False, PAID_UNTIL)
    assert done == 1
    assert group.subscription().state is ENDED
    assert group.told() == [NotificationKind.SUBSCRIPTION_ENDED]
    assert group.balance == 35
    assert group.audited[2:] == ["subscription_cancelled", "subscription_ended"]


def test_a_cancelled_one_that_still_runs_renews_again_for_nothing(group: Group) -> None:
    group.buy()
    group.cancel()

    bought = group.buy()

    assert (bought.price, bought.balance, bought.subscription.renews) == (0, 35, True)
    assert bought.subscription.paid_until == PAID_UNTIL
    assert group.balance == 35
    assert group.audited[-1] == "subscription_uncancelled"


def test_a_cancelled_one_that_has_run_out_is_bought_anew_from_today(group: Group) -> None:
    group.buy()
    group.cancel()
    group.clock.moment = THAT_MIDNIGHT

    bought = group.buy()

    assert (bought.price, bought.subscription.period_from, bought.subscription.renews) == (25, PAID_UNTIL, True)
    assert group.renew() == 0


def test_an_ended_one_is_bought_anew_from_today(group: Group) -> None:
    group.buy()
    group.cancel()
    group.clock.advance(days=45)
    group.renew()

    bought = group.buy()

    assert (bought.subscription.state, bought.subscription.period_from) == (RUNNING, date(2027, 1, 6))
    assert group.balance == 10


@pytest.mark.parametrize("times", [0, 2])
def test_what_does_not_renew_cannot_be_cancelled(group: Group, times: int) -> None:
    if times:
        group.buy()
        group.cancel()

    with pytest.raises(UseCaseError):
        group.cancel()


@pytest.mark.parametrize(("moment", "done"), [(datetime(2026, 12, 21, 12, 59, 59, tzinfo=UTC), 0), (THAT_MIDNIGHT, 1)])
def test_a_renewal_comes_with_the_practices_midnight(group: Group, moment: datetime, done: int) -> None:
    group.buy()
    group.clock.moment = moment

    assert group.renew() == done
    assert group.balance == 35 - 25 * done


def test_a_renewal_is_entered_and_not_told(group: Group) -> None:
    group.buy()
    group.clock.moment = THAT_MIDNIGHT

    group.renew()

    assert group.subscription().paid_until == date(2027, 1, 21)
    assert group.ledger[-1] == (CreditKind.RENEWAL, -25, PAID_UNTIL)
    assert group.audited[-1] == "subscription_renewed"
    assert group.told() == []


def test_without_credits_it_pauses_and_says_so_once(store: Store) -> None:
    group = a_group(store)
    group.add(25)
    group.buy()
    group.clock.advance(days=30)

    done = [group.renew(), group.renew()]

    assert done == [1, 0]
    assert group.subscription().state is PAUSED
    assert group.told() == [NotificationKind.RENEWAL_FAILED]
    assert group.balance == 0


def test_adding_credits_resumes_what_is_paused_in_the_same_transaction(store: Store) -> None:
    group = a_group(store)
    group.add(25)
    group.buy()
    group.clock.advance(days=33)
    group.renew()

    left = group.add(30)

    assert (left, group.balance) == (5, 5)
    assert (group.subscription().state, group.subscription().period_from) == (RUNNING, date(2026, 12, 25))
    assert group.told()[-1] is NotificationKind.SUBSCRIPTION_RESUMED
    assert group.audited[-2:] == ["credits_added", "subscription_resumed"]


def test_credits_that_do_not_reach_resume_nothing(store: Store) -> None:
    group = a_group(store)
    group.add(25)
    group.buy()
    group.clock.advance(days=33)
    group.renew()

    group.add(24)

    assert group.subscription().state is PAUSED


def test_cancelling_a_paused_one_ends_it_at_once(store: Store) -> None:
    group = a_group(store)
    group.add(25)
    group.buy()
    group.clock.advance(days=30)
    group.renew()

    group.cancel()
    group.add(100)

    assert (group.subscription().state, group.balance) == (ENDED, 100)
    assert group.told()[-1] is NotificationKind.SUBSCRIPTION_ENDED


def test_the_warning_is_told_once_a_period(store: Store) -> None:
    group = a_group(store)
    group.add(25)
    group.buy()
    group.clock.advance(days=23)

    done = [group.renew(), group.renew()]

    assert done == [1, 0]
    assert group.told() == [NotificationKind.RENEWAL_SHORT]
    group.add(25)
    group.clock.advance(days=29)
    group.renew()
    assert group.told() == [NotificationKind.RENEWAL_SHORT]
    group.clock.advance(days=1)
    group.renew()
    assert group.told() == [NotificationKind.RENEWAL_SHORT] * 2


def test_a_change_of_band_acts_with_the_next_renewal(group: Group) -> None:
    group.buy()

    group.set_band(Band.GOLD)
    group.clock.advance(days=5)
    early = group.renew()
    group.clock.moment = THAT_MIDNIGHT
    group.renew()

    assert early == 0
    assert group.ledger[-1] == (CreditKind.RENEWAL, 0, PAID_UNTIL)
    assert group.balance == 35


def test_credits_are_spent_for_their_own_practice_group_only(store: Store) -> None:
    rich, poor = a_group(store), a_group(store, key="glenelg")
    rich.add(100)

    with pytest.raises(UseCaseError):
        poor.buy()

    assert (rich.balance, poor.balance) == (100, 0)


def test_a_mistake_is_put_right_by_a_negative_grant(group: Group) -> None:
    assert group.add(-10, CreditKind.GRANT) == 50
    assert group.ledger == [(CreditKind.PURCHASE, 60, None), (CreditKind.GRANT, -10, None)]


@pytest.mark.parametrize(
    ("number", "kind"),
    [(-10, CreditKind.PURCHASE), (-61, CreditKind.GRANT), (0, CreditKind.GRANT), (10, CreditKind.RENEWAL)],
)
def test_an_entry_that_makes_no_sense_is_refused(group: Group, number: int, kind: CreditKind) -> None:
    with pytest.raises(UseCaseError):
        group.add(number, kind)

    assert group.balance == 60


@pytest.mark.parametrize("table", ["credit_entry", "audit"])
@pytest.mark.parametrize("change", ["UPDATE {} SET agent = 'x'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_what_was_written_down(group: Group, table: str, change: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), group.store.transaction() as tx:
        tx.connection.execute(text(change.format(table)))

    assert (group.balance, group.audited) == (60, ["credits_added"])


def test_the_database_itself_refuses_to_charge_a_period_twice(group: Group) -> None:
    bought = group.buy().subscription
    again = CreditEntry(
        practice_group_id=group.id,
        kind=CreditKind.RENEWAL,
        credits=-25,
        at=group.clock.now(),
        subscription_id=bought.id,
        period_from=bought.period_from,
    )

    with pytest.raises(DBAPIError), group.store.transaction() as tx:
        tx.credits.append(again)

    assert group.balance == 35


def test_where_nothing_is_due_a_look_is_one_read(group: Group) -> None:
    group.buy()
    with group.store.transaction() as tx, statements(group.store) as seen:
        done = renewal.renew_due(tx, group.clock, practice_group_id=group.id)

    assert done == 0
    assert len(seen) == 1


def test_two_workers_that_meet_the_same_renewals_charge_each_once(store: Store) -> None:
    group = a_group(store, practitioners=6)
    group.add(250)
    for number in range(6):
        group.buy(number)
    group.clock.moment = THAT_MIDNIGHT

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(lambda _: group.renew(), range(4)))

    renewed = [entry for entry in group.ledger if entry[2] == PAID_UNTIL]
    # After six first periods there are credits for four more, so two pause.
    assert (done, len(renewed), group.balance) == (6, 4, 0)
    states = [group.subscription(number).state for number in range(6)]
    assert states == [RUNNING] * 4 + [PAUSED] * 2


def test_a_balance_for_one_buys_one_of_two_that_are_bought_at_once(store: Store) -> None:
    group = a_group(store, practitioners=2)
    group.add(25)

    def buy(number: int) -> bool:
        with suppress(UseCaseError):
            group.buy(number)
            return True
        return False

    with ThreadPoolExecutor(2) as pool:
        bought = list(pool.map(buy, range(2)))

    assert (sum(bought), group.balance) == (1, 0)


def test_a_renewal_that_was_rolled_back_is_charged_once_in_the_end(group: Group) -> None:
    group.buy()
    group.clock.moment = THAT_MIDNIGHT

    with suppress(CrashError), group.store.transaction() as tx:
        renewal.renew_due(tx, group.clock, practice_group_id=group.id)
        raise CrashError
    after_crash = group.balance
    done = group.renew()

    assert (after_crash, done, group.balance) == (35, 1, 10)
    assert group.subscription().paid_until == date(2027, 1, 21)


def test_a_large_practice_is_renewed_some_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "AT_ONCE", 2)
    group = a_group(store, practitioners=5, band=Band.SILVER)
    for number in range(5):
        group.buy(number)
    group.clock.moment = THAT_MIDNIGHT

    with store.transaction() as tx:
        first = renewal.renew_due(tx, group.clock, practice_group_id=group.id)

    assert (first, group.renew()) == (2, 3)


def test_nobody_waits_for_a_ledger_who_only_names_its_practice_group(postgres_store: Store) -> None:
    group = a_group(postgres_store)

    with postgres_store.transaction() as tx, postgres_store.transaction() as other:
        tx.credits.lock(group.id)
        other.connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        other.people.patient_named(group.id, "Jo Doe")
