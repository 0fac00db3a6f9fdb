"""The worker: what happens by the clock, on nights that are hard to tell, after a pause, and by several at once."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

import pytest

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import IntegrationState
from hxdav.domain.times import days_after
from hxdav.store.store import Store
from hxdav.worker.jobs import MailSender
from hxdav.worker.worker import LONGEST_PAUSE, Job, Worker
from tests.builders import PracticeWorld, a_practice, an_object
from tests.waiting import PATIENCE_SECONDS


def worker_of(practice: PracticeWorld, outbox: MailSender | None = None) -> Worker:
    return Worker(store=practice.store, clock=practice.clock, policy=practice.policy, outbox=outbox)


def in_zone(practice: PracticeWorld, zone: str) -> None:
    with practice.store.transaction() as tx:
        for group in tx.people.practice_groups():
            tx.people.change_practice_group(replace(group, zone=zone))


def book_all_day(practice: PracticeWorld, day: date) -> None:
    text = an_object(f"on {day}", start=f"DTSTART;VALUE=DATE:{day:%Y%m%d}", end="")
    practice.book(text, kind=AppointmentKind.PERSONAL)


def removed_by_client(practice: PracticeWorld, integration_id: IntegrationId, *, count: int) -> None:
    for number in range(count):
        practice.put(integration_id, f"{number}.ics", an_object(f"{number}@example"))
    # What was put a moment ago and is removed was not dragged.
    practice.clock.advance(minutes=5)
    for number in range(count):
        practice.remove(integration_id, f"{number}.ics")


def held(store: Store, practice: PracticeWorld) -> int:
    with store.snapshot() as tx:
        return len(tx.removals.held(practice.practitioner_id))


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        # All in the past, because countries change their plans, as Cuba did for the winter of 2026.
        # The day after the night in which two o'clock is three o'clock, and after that in which three is two.
        ("Australia/Sydney", date(2024, 10, 7), datetime(2024, 10, 6, 13, tzinfo=UTC)),
        ("Australia/Sydney", date(2025, 4, 7), datetime(2025, 4, 6, 14, tzinfo=UTC)),
        # Days without a midnight: they begin at one o'clock.
        ("America/Havana", date(2024, 3, 10), datetime(2024, 3, 10, 5, tzinfo=UTC)),
        ("Africa/Cairo", date(2024, 4, 26), datetime(2024, 4, 25, 22, tzinfo=UTC)),
        # A day with two midnights: it begins with the first.
        ("America/Havana", date(2024, 11, 3), datetime(2024, 11, 3, 4, tzinfo=UTC)),
    ],
)
def test_the_horizon_moves_when_the_day_begins(store: Store, zone: str, day: date, begins: datetime) -> None:
    practice = a_practice(store)
    in_zone(practice, zone)
    practice.clock.moment = begins - timedelta(seconds=1)
    practice.integration(connected_on=days_after(day, -30))
    for days in (200, 201, 202):
        book_all_day(practice, days_after(day, days))
    worker = worker_of(practice)

    entered = [worker.round()["move_horizon"]]
    for seconds in (1, 3600, 3600):
        practice.clock.advance(seconds=seconds)
        entered.append(worker.round()["move_horizon"])

    assert entered == [0, 1, 0, 0]


def test_the_horizon_holds_all_of_a_day_of_25_hours(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration(connected_on=date(2026, 9, 1))
    # 201 days before 4 April 2027, when Sydney's clocks go back.
    practice.clock.moment = datetime(2026, 9, 15, 2, tzinfo=UTC)
    for start in ("20270404T023000", "20270404T235959", "20270405T000000"):
        practice.book(an_object(start, start=f"DTSTART;TZID=Australia/Sydney:{start}", end=""))

    assert len(practice.shown(calendar)) == 2
    assert worker_of(practice).round()["move_horizon"] == 0


def test_a_server_that_was_off_for_three_days_catches_up_in_its_first_round(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    worker_of(practice).round()
    for days in (202, 203, 204, 205):
        book_all_day(practice, days_after(date(2026, 11, 22), days))
    removed_by_client(practice, calendar, count=2)

    practice.clock.advance(days=3)
    done = worker_of(practice).round()

    assert (done["move_horizon"], done["settle"]) == (3, 2)
    assert len(practice.shown(calendar)) == 3


def test_two_workers_at_once_do_everything_once(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    removed_by_client(practice, calendar, count=3)
    for days in range(202, 232):
        book_all_day(practice, days_after(date(2026, 11, 22), days))
    practice.clock.advance(days=30)
    workers = [worker_of(practice) for _ in range(2)]
    together = threading.Barrier(2)
    done: list[dict[str, int]] = []

    def work(worker: Worker) -> None:
        together.wait(PATIENCE_SECONDS)
        done.append(worker.round())

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)

    assert [sum(each[name] for each in done) for name in ("settle", "move_horizon")] == [3, 30]
    assert len(practice.shown(calendar)) == 30


def test_what_is_held_is_settled_when_its_time_has_come_and_not_before(store: Store) -> None:
    practice = a_practice(store)
    removed_by_client(practice, practice.integration(), count=1)
    worker = worker_of(practice)
    practice.clock.advance(seconds=59)
    early = worker.round()["settle"]
    practice.clock.advance(seconds=1)

    assert (early, worker.round()["settle"], worker.round()["settle"]) == (0, 1, 0)


def test_one_practice_groups_trouble_does_not_keep_another_waiting(store: Store) -> None:
    broken = a_practice(store, key="a-broken", username="ada")
    in_zone(broken, "Mars/Olympus")
    practice = a_practice(store)
    calendar = practice.integration()
    book_all_day(practice, days_after(date(2026, 11, 22), 202))
    practice.clock.advance(days=1)

    with pytest.raises(ZoneInfoNotFoundError):
        worker_of(practice).round()

    assert len(practice.shown(calendar)) == 1


def test_a_calendar_that_was_connected_since_is_looked_at_before_the_next_midnight(store: Store) -> None:
    practice = a_practice(store)
    worker = worker_of(practice)
    worker.round()
    book_all_day(practice, date(2026, 12, 1))

    calendar = practice.integration()

    assert worker.round()["move_horizon"] == 1
    assert len(practice.shown(calendar)) == 1


def test_a_suspended_calendar_is_kept_current(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    book_all_day(practice, date(2027, 6, 12))
    with store.transaction() as tx:
        tx.integrations.set_state(calendar, IntegrationState.SUSPENDED)
    worker = worker_of(practice)
    worker.round()

    practice.clock.advance(days=1)
    worker.round()

    assert len(practice.shown(calendar)) == 1


def test_what_a_restore_brings_back_has_not_had_its_day_yet(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    worker = worker_of(practice)
    worker.round()
    book_all_day(practice, days_after(date(2026, 11, 22), 201))
    with store.transaction() as tx:
        # As of a backup of before it entered.
        tx.connection.exec_driver_sql("DELETE FROM mirror")
        tx.installation.begin_epoch()

    assert worker.round()["move_horizon"] == 1
    assert len(practice.shown(calendar)) == 1


class DeafMailServer:
    """An outbox whose server never answers well."""

    tries = 0

    def send_due(self) -> int:
        self.tries += 1
        raise ConnectionError


def test_a_job_that_fails_stops_no_other(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    removed_by_client(practice, practice.integration(), count=1)
    practice.clock.advance(minutes=2)
    outbox = DeafMailServer()
    worker = worker_of(practice, outbox)

    worker.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and (held(sqlite_store, practice) or not outbox.tries):
        time.sleep(0.02)
    worker.stop()

    assert (held(sqlite_store, practice), outbox.tries) == (0, 1)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("worker-")]


def test_what_cannot_be_undone_waits_after_a_start_until_the_clock_is_confirmed(sqlite_store: Store) -> None:
    waiting = [job.name for job in worker_of(a_practice(sqlite_store))._jobs if not job.may_begin(after_failure=True)]

    assert waiting == ["renew", "purge"]


def test_the_pause_after_failures_grows_up_to_a_minute() -> None:
    job = Job(name="settle", run=lambda: 0, pause=1)

    assert [job.pause_after(failures) for failures in (0, 1, 2, 5, 6, 1000)] == [1, 2, 4, 32, 60, LONGEST_PAUSE]


def test_a_job_that_is_seldom_done_is_not_tried_more_often_when_it_fails() -> None:
    assert Job(name="purge", run=lambda: 0, pause=60).pause_after(3) == 60
