"""The numbers as Prometheus reads them, on a listener of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hxdav.store.store import Store
from hxdav.web.admin.metrics import MetricsListener
from tests.builders import PracticeWorld, a_practice, an_object
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture
def practice(sqlite_store: Store) -> PracticeWorld:
    return a_practice(sqlite_store)


@pytest.fixture
def port() -> int:
    return free_port()


@contextmanager
def listening(practice: PracticeWorld, port: int) -> Iterator[MetricsListener]:
    listener = MetricsListener(store=practice.store, clock=practice.clock, host="127.0.0.1", port=port, pause=0.05)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def scraped(port: int) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).raise_for_status().text
        except httpx.ConnectError:
            assert time.monotonic() < deadline, "nobody listens"
            time.sleep(0.02)


def samples(text: str) -> dict[str, float]:
    """Name and labels of each, as they stand in the text, with the value."""
    return {
        f"{sample.name}{''.join(f' {value}' for _, value in sorted(sample.labels.items()))}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_numbers_are_there_to_be_read(practice: PracticeWorld, port: int) -> None:
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object())

    with listening(practice, port):
        found = samples(scraped(port))

    assert found == {
        "hxdav_store_answers": 1,
        "hxdav_appointments": 1,
        "hxdav_integrations well native": 1,
        "hxdav_waiting_pushes": 0,
        "hxdav_oldest_push_seconds": 0,
        "hxdav_notifications_unseen": 0,
        "hxdav_mail_due": 0,
        "hxdav_reviews_open": 0,
        "hxdav_web_sessions": 0,
    }


def test_nothing_about_anybody_is_told(practice: PracticeWorld, port: int) -> None:
    practice.put(practice.integration(), "a.ics", an_object(summary="Jo Doe"))

    with listening(practice, port):
        text = scraped(port)

    for told in ("Jo", "maya", "Maya", "Harbour", "harbour"):
        assert told not in text


def test_each_reading_is_of_its_own_moment(practice: PracticeWorld, port: int) -> None:
    calendar = practice.integration()

    with listening(practice, port):
        before = samples(scraped(port))["hxdav_appointments"]
        practice.put(calendar, "a.ics", an_object())
        after = samples(scraped(port))["hxdav_appointments"]

    assert (before, after) == (0, 1)


def test_of_two_processes_one_listens_and_the_other_takes_over(practice: PracticeWorld, port: int) -> None:
    with listening(practice, port) as first:
        scraped(port)
        with listening(practice, port):
            scraped(port)
            first.stop()

            assert samples(scraped(port))["hxdav_store_answers"] == 1


def test_a_store_that_does_not_answer_is_told_as_that(practice: PracticeWorld, port: int) -> None:
    with practice.store.transaction() as tx:
        tx.connection.exec_driver_sql("DROP TABLE web_session")

    with listening(practice, port):
        assert samples(scraped(port)) == {"hxdav_store_answers": 0}
