"""What enters an integration, and when (rule 4): on connecting, and as the horizon moves."""

from __future__ import annotations

from dataclasses import replace

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import IntegrationState
from hxdav.services.appointments import reindexing
from hxdav.services.integrations import connection
from hxdav.store.store import Store
from hxdav.worker.worker import Worker
from tests.builders import BY_PRACTICE, PracticeWorld, a_practice, an_object

# The practice's today is 22 November 2026, so that the horizon is 11 June 2027.
LAST_DAY = "DTSTART;TZID=Australia/Sydney:20270611T233000"
FIRST_DAY_BEYOND = "DTSTART;TZID=Australia/Sydney:20270612T000000"


def connect(practice: PracticeWorld) -> IntegrationId:
    with practice.store.transaction() as tx:
        practitioner = tx.people.practitioner(practice.practitioner_id)
        source = Source(authority=Authority.PRACTICE, user_id=practice.user_id)
        return connection.connect_native(tx, practice.clock, practitioner=practitioner, source=source).id


def admit(practice: PracticeWorld, integration_id: IntegrationId, *, limit: int = 200) -> int:
    with practice.store.transaction() as tx:
        return connection.fill(tx, practice.clock, practice.policy, integration_id=integration_id, limit=limit)


def worker_of(practice: PracticeWorld) -> Worker:
    return Worker(store=practice.store, clock=practice.clock, policy=practice.policy)


def entered_by(worker: Worker) -> int:
    return worker.round()["move_horizon"]


def book(practice: PracticeWorld, uid: str, start: str, *lines: str) -> None:
    practice.book(an_object(uid, *lines, start=start, end=""), kind=AppointmentKind.PERSONAL)


def test_what_starts_from_the_connection_day_to_the_horizon_enters(store: Store) -> None:
    practice = a_practice(store)
    book(practice, "yesterday", "DTSTART;TZID=Australia/Sydney:20261121T235959")
    book(practice, "today", "DTSTART;VALUE=DATE:20261122")
    book(practice, "this midnight", "DTSTART;TZID=Australia/Sydney:20261122T000000")
    book(practice, "last day", LAST_DAY)
    book(practice, "beyond", FIRST_DAY_BEYOND)
    book(practice, "old series", "DTSTART:20200101T000000Z", "RRULE:FREQ=MONTHLY")
    book(practice, "ended series", "DTSTART:20200101T000000Z", "RRULE:FREQ=MONTHLY;COUNT=3")
    integration_id = connect(practice)

    entered = admit(practice, integration_id)

    assert entered == len(practice.shown(integration_id)) == 4


def test_each_batch_takes_no_more_than_it_may_and_the_last_takes_none(store: Store) -> None:
    practice = a_practice(store)
    for number in range(5):
        book(practice, f"n{number}", LAST_DAY)
    integration_id = connect(practice)

    assert [admit(practice, integration_id, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(practice.changes(integration_id)) == 5


def test_each_that_enters_is_a_change_of_its_own(store: Store) -> None:
    practice = a_practice(store)
    for number in range(3):
        book(practice, f"n{number}", LAST_DAY)
    integration_id = connect(practice)
    before = practice.modseq(integration_id)

    admit(practice, integration_id)

    assert practice.modseq(integration_id) == before + 3
    assert len(practice.changes(integration_id, before + 1)) == 2


def test_what_was_there_and_left_does_not_enter_again(store: Store) -> None:
    practice = a_practice(store)
    book(practice, "one", LAST_DAY)
    integration_id = connect(practice)
    admit(practice, integration_id)
    (href,) = practice.shown(integration_id)

    practice.remove(integration_id, href)

    assert admit(practice, integration_id) == 0
    assert practice.shown(integration_id) == {}


def test_cancelled_appointments_and_tombstones_do_not_enter(store: Store) -> None:
    practice = a_practice(store)
    cancelled = practice.book(an_object("one", start=LAST_DAY, end=""))
    practice.cancel(cancelled.id)
    integration_id = connect(practice)

    assert admit(practice, integration_id) == 0


def test_a_disconnected_integration_lets_nothing_in(store: Store) -> None:
    practice = a_practice(store)
    book(practice, "one", LAST_DAY)
    integration_id = connect(practice)
    with store.transaction() as tx:
        connection.disconnect(tx, practice.clock, integration=tx.integrations.one(integration_id), source=BY_PRACTICE)

    assert admit(practice, integration_id) == 0
    with store.snapshot() as tx:
        assert tx.integrations.one(integration_id).state is IntegrationState.DISCONNECTED


def test_an_open_window_lets_everything_in(store: Store) -> None:
    practice = a_practice(store)
    practice.policy = replace(practice.policy, window_days=None)
    book(practice, "old", "DTSTART:19991231T000000Z")
    book(practice, "far", "DTSTART:21000101T000000Z")
    book(practice, "endless", "DTSTART:20900101T000000Z", "RRULE:FREQ=YEARLY")

    integration_id = connect(practice)

    # Those of which the index cannot tell come last, in a batch of their own.
    assert [admit(practice, integration_id) for _ in range(3)] == [2, 1, 0]


def test_at_midnight_the_horizon_moves_and_the_next_day_enters(store: Store) -> None:
    practice = a_practice(store)
    integration_id = connect(practice)
    book(practice, "beyond", FIRST_DAY_BEYOND)
    worker = worker_of(practice)
    entered = [entered_by(worker)]
    # It is noon in Sydney.
    practice.clock.advance(hours=11, minutes=59)
    entered.append(entered_by(worker))

    practice.clock.advance(minutes=1)
    entered.append(entered_by(worker))

    assert entered == [0, 0, 1]
    assert len(practice.shown(integration_id)) == 1


def test_a_second_worker_finds_nothing_left_to_do(store: Store) -> None:
    practice = a_practice(store)
    book(practice, "one", LAST_DAY)
    connect(practice)

    assert [entered_by(worker_of(practice)), entered_by(worker_of(practice))] == [1, 0]


def test_a_series_enters_even_where_its_index_has_run_short(store: Store) -> None:
    practice = a_practice(store)
    # It pauses for longer than the index reaches ahead.
    book(practice, "rare", "DTSTART:20250101T000000Z", "RRULE:FREQ=YEARLY;INTERVAL=3")
    integration_id = connect(practice)
    before = admit(practice, integration_id)

    practice.clock.advance(days=300)

    assert before == 0
    assert admit(practice, integration_id) == 1


def test_an_index_that_runs_short_is_carried_on_once(store: Store) -> None:
    practice = a_practice(store)
    series = practice.book(an_object("weekly", "RRULE:FREQ=WEEKLY"), kind=AppointmentKind.PERSONAL)
    practice.book(an_object("short", "RRULE:FREQ=WEEKLY;COUNT=3"), kind=AppointmentKind.PERSONAL)
    group_id = series.practice_group_id

    def extend() -> int:
        with store.transaction() as tx:
            return reindexing.extend(tx, practice.clock, practice_group_id=group_id)

    fresh = extend()
    practice.clock.advance(days=150)

    assert (fresh, extend(), extend()) == (0, 1, 0)
