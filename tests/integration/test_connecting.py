"""Connecting, renaming, disconnecting and reconnecting calendars (rules 1, 2, 3 and 9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.edit import Applied, Authority, Refused, Source
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Integration, IntegrationState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.refusal import Reason
from hxdav.domain.subscription import SubscriptionState
from hxdav.errors import UseCaseError
from hxdav.services.integrations import connection, reconnection
from hxdav.store.store import Store
from hxdav.worker.worker import Worker
from tests.builders import PracticeWorld, a_practice, an_object

# It is noon of 22 November 2026 in Sydney.
YESTERDAY = "DTSTART;TZID=Australia/Sydney:20261121T090000"
THIS_MORNING = "DTSTART;TZID=Australia/Sydney:20261122T090000"
NOW = "DTSTART;TZID=Australia/Sydney:20261122T120000"
A_SECOND_AHEAD = "DTSTART;TZID=Australia/Sydney:20261122T120001"
TOMORROW = "DTSTART;TZID=Australia/Sydney:20261123T090000"


def by(practice: PracticeWorld) -> Source:
    return Source(authority=Authority.PRACTICE, user_id=practice.user_id)


def connect(practice: PracticeWorld) -> Integration:
    with practice.store.transaction() as tx:
        practitioner = tx.people.practitioner(practice.practitioner_id)
        return connection.connect_native(tx, practice.clock, practitioner=practitioner, source=by(practice))


def take_out(practice: PracticeWorld, integration_id: IntegrationId, *, limit: int = 200) -> int:
    with practice.store.transaction() as tx:
        return reconnection.take_out(tx, practice.clock, practice.policy, integration_id=integration_id, limit=limit)


def admit(practice: PracticeWorld, integration_id: IntegrationId) -> int:
    with practice.store.transaction() as tx:
        return connection.fill(tx, practice.clock, practice.policy, integration_id=integration_id)


def connect_and_fill(practice: PracticeWorld) -> IntegrationId:
    """Connect as the command line does."""
    new = connect(practice)
    while take_out(practice, new.id):
        pass
    admit(practice, new.id)
    return new.id


def disconnect(practice: PracticeWorld, integration_id: IntegrationId) -> None:
    with practice.store.transaction() as tx:
        integration = tx.integrations.one(integration_id)
        connection.disconnect(tx, practice.clock, integration=integration, source=by(practice))


def rename(practice: PracticeWorld, integration_id: IntegrationId, name: str) -> str:
    with practice.store.transaction() as tx:
        integration = tx.integrations.one(integration_id)
        return connection.rename(tx, practice.clock, integration=integration, name=name, source=by(practice))


def found(practice: PracticeWorld, integration_id: IntegrationId) -> Integration:
    with practice.store.snapshot() as tx:
        return tx.integrations.one(integration_id)


def set_subscription(practice: PracticeWorld, state: SubscriptionState) -> None:
    with practice.store.transaction() as tx:
        subscription = tx.subscriptions.of(practice.practitioner_id)
        assert subscription is not None
        tx.subscriptions.change(replace(subscription, state=state))


def set_state(practice: PracticeWorld, integration_id: IntegrationId, state: IntegrationState) -> None:
    with practice.store.transaction() as tx:
        tx.integrations.set_state(integration_id, state)


def book(practice: PracticeWorld, uid: str, start: str, *lines: str) -> None:
    practice.book(an_object(uid, *lines, start=start, end=""), kind=AppointmentKind.PERSONAL)


def titles(practice: PracticeWorld, integration_id: IntegrationId) -> set[str]:
    """The UIDs, as the practice knows them, of what an integration shows."""
    with practice.store.snapshot() as tx:
        return {each.uid for each in tx.feed.every_object(integration_id)}


@pytest.mark.parametrize(
    ("state", "remedy"),
    [(SubscriptionState.PAUSED, "hxdav credits add"), (SubscriptionState.ENDED, "hxdav subscriptions buy")],
)
def test_nothing_is_connected_without_a_running_subscription(
    sqlite_store: Store, state: SubscriptionState, remedy: str
) -> None:
    practice = a_practice(sqlite_store)
    set_subscription(practice, state)

    with pytest.raises(UseCaseError) as told:
        connect(practice)
    assert told.value.command == remedy


def test_the_first_calendar_has_the_plain_name_and_each_later_one_the_date(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    first = connect(practice)
    rename(practice, first.id, "Maya's work")
    disconnect(practice, first.id)
    practice.clock.advance(days=1)

    later = [connect(practice).name for _ in range(3)]

    assert first.name == "HX_Harbour Street Psychology"
    assert later == [f"HX_Harbour Street Psychology (2026-11-23{end})" for end in ("", " 2", " 3")]


def test_a_rename_is_kept(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = connect(practice)

    assert rename(practice, calendar.id, "  Maya's   work\n") == "Maya's work"
    assert found(practice, calendar.id).name == "Maya's work"


@pytest.mark.parametrize("name", ["", "  ", "n" * 201, "be\x07ll"])
def test_a_name_that_is_none_is_refused(sqlite_store: Store, name: str) -> None:
    practice = a_practice(sqlite_store)
    calendar = connect(practice)

    with pytest.raises(UseCaseError, match="1 to 200 characters"):
        rename(practice, calendar.id, name)


@pytest.mark.parametrize("state", [IntegrationState.SUSPENDED, IntegrationState.DISCONNECTED])
def test_only_a_connected_calendar_is_renamed(sqlite_store: Store, state: IntegrationState) -> None:
    practice = a_practice(sqlite_store)
    calendar = connect(practice)
    set_state(practice, calendar.id, state)

    with pytest.raises(UseCaseError, match=f"is {state}"):
        rename(practice, calendar.id, "Another")


def test_disconnecting_takes_nothing_out_and_is_told(store: Store) -> None:
    practice = a_practice(store)
    book(practice, "tomorrow", TOMORROW)
    calendar = connect_and_fill(practice)
    before = practice.changes(calendar)

    disconnect(practice, calendar)
    Worker(store=store, clock=practice.clock, policy=practice.policy).round()

    assert practice.changes(calendar) == before
    with store.snapshot() as tx:
        told = tx.notifications.of(practice.practitioner_id)
    assert [(each.kind, each.integration_id) for each in told] == [(NotificationKind.CALENDAR_DISCONNECTED, calendar)]


def test_a_suspended_calendar_is_not_disconnected_and_so_read_again(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = connect_and_fill(practice)
    set_state(practice, calendar, IntegrationState.SUSPENDED)

    with pytest.raises(UseCaseError, match="suspended"):
        disconnect(practice, calendar)


def test_what_lies_ahead_moves_to_the_new_calendar_and_what_is_past_stays(store: Store) -> None:
    practice = a_practice(store)
    old = practice.integration()
    past = {"yesterday": YESTERDAY, "this morning": THIS_MORNING, "now": NOW}
    ahead = {"a second ahead": A_SECOND_AHEAD, "tomorrow": TOMORROW, "all day": "DTSTART;VALUE=DATE:20261123"}
    for uid, start in {**past, **ahead}.items():
        book(practice, uid, start)
    book(practice, "ended series", "DTSTART:20261110T000000Z", "RRULE:FREQ=DAILY;COUNT=3")
    book(practice, "series", "DTSTART:20261110T000000Z", "RRULE:FREQ=WEEKLY")
    # The next one is beyond what the index holds.
    book(practice, "rare", "DTSTART:20261110T000000Z", "RRULE:FREQ=YEARLY;INTERVAL=3")
    disconnect(practice, old)

    new = connect_and_fill(practice)

    assert titles(practice, old) == {*past, "ended series"}
    # The series have an occurrence ahead; that of the rare one is beyond the horizon.
    assert titles(practice, new) == {"this morning", "now", *ahead, "series"}
    assert found(practice, old).state is IntegrationState.DISCONNECTED
    assert found(practice, new).state is IntegrationState.CONNECTED


def test_a_client_of_the_old_calendar_learns_of_it_with_its_next_sync(store: Store) -> None:
    practice = a_practice(store)
    old = practice.integration()
    book(practice, "past", YESTERDAY)
    book(practice, "one", TOMORROW)
    book(practice, "two", TOMORROW)
    disconnect(practice, old)
    seen = practice.modseq(old)

    connect_and_fill(practice)

    assert list(practice.changes(old, seen).values()) == [None, None]
    assert practice.modseq(old) > seen


def test_reconnecting_goes_in_steps_of_one_modseq_each(store: Store) -> None:
    practice = a_practice(store)
    old = practice.integration()
    for number in range(5):
        book(practice, f"n{number}", TOMORROW)
    disconnect(practice, old)
    before = practice.modseq(old)
    new = connect(practice).id
    started = practice.modseq(new)

    taken = [take_out(practice, new, limit=2) for _ in range(5)]

    assert taken == [2, 2, 1, 0, 0]
    assert practice.modseq(old) == started + 3
    assert len(practice.changes(old, before)) == 5


def test_nothing_enters_the_new_calendar_before_the_old_one_is_done_with(store: Store) -> None:
    practice = a_practice(store)
    old = practice.integration()
    book(practice, "one", TOMORROW)
    disconnect(practice, old)
    new = connect(practice).id

    early = admit(practice, new)
    book(practice, "meanwhile", TOMORROW)
    take_out(practice, new)
    take_out(practice, new)

    assert early == 0
    assert admit(practice, new) == 2
    assert titles(practice, old) == set()


def test_the_worker_finishes_a_reconnection_after_a_crash(store: Store) -> None:
    practice = a_practice(store)
    old = practice.integration()
    for number in range(5):
        book(practice, f"n{number}", TOMORROW)
    disconnect(practice, old)
    new = connect(practice).id
    take_out(practice, new, limit=2)

    done = Worker(store=store, clock=practice.clock, policy=practice.policy).round()

    assert done["move_horizon"] == 5
    assert (len(practice.shown(old)), len(practice.shown(new))) == (0, 5)
    assert found(practice, new).state is IntegrationState.CONNECTED


def test_calendars_that_are_connected_lose_nothing(store: Store) -> None:
    practice = a_practice(store)
    connected, disconnected, suspended = (practice.integration(f"hx-{number}") for number in range(3))
    book(practice, "one", TOMORROW)
    set_state(practice, suspended, IntegrationState.SUSPENDED)
    disconnect(practice, disconnected)

    connect_and_fill(practice)

    assert titles(practice, connected) == titles(practice, suspended) == {"one"}
    assert titles(practice, disconnected) == set()


def test_one_that_is_disconnected_beside_others_keeps_what_lies_ahead(store: Store) -> None:
    practice = a_practice(store)
    first, second = connect_and_fill(practice), connect_and_fill(practice)
    book(practice, "one", TOMORROW)

    disconnect(practice, first)
    Worker(store=store, clock=practice.clock, policy=practice.policy).round()

    assert titles(practice, first) == titles(practice, second) == {"one"}


def test_what_is_hidden_while_its_removal_is_on_its_way_leaves_too(store: Store) -> None:
    practice = a_practice(store)
    old = practice.integration()
    book(practice, "one", TOMORROW)
    (href,) = practice.shown(old)
    practice.remove(old, href)
    disconnect(practice, old)
    new = connect_and_fill(practice)
    shown_elsewhere = titles(practice, new)

    practice.clock.advance(minutes=2)
    Worker(store=store, clock=practice.clock, policy=practice.policy).round()

    assert shown_elsewhere == {"one"}
    assert practice.shown(old) == practice.shown(new) == {}


def test_what_is_hidden_and_then_kept_does_not_come_back_to_the_old_calendar(store: Store) -> None:
    practice = a_practice(store)
    old = practice.integration()
    book(practice, "one", TOMORROW)
    (href,) = practice.shown(old)
    practice.remove(old, href)
    disconnect(practice, old)
    new = connect_and_fill(practice)
    (href,) = practice.shown(new)

    outcome = practice.put(new, href, practice.text_of(new, href).replace("UID:one", f"UID:{uid_at(practice, new)}"))

    assert isinstance(outcome, Applied)
    assert (titles(practice, old), titles(practice, new)) == (set(), {"one"})


def uid_at(practice: PracticeWorld, integration_id: IntegrationId) -> str:
    with practice.store.snapshot() as tx:
        (shown,) = tx.feed.every_object(integration_id)
    return shown.shown_uid


def test_after_a_reconnection_new_appointments_are_in_the_new_calendar_only(store: Store) -> None:
    practice = a_practice(store)
    old = practice.integration()
    disconnect(practice, old)
    new = connect_and_fill(practice)

    book(practice, "one", TOMORROW)
    refused = practice.put(old, "two.ics", an_object("two@example"))

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.DISCONNECTED
    assert (titles(practice, old), titles(practice, new)) == (set(), {"one"})
