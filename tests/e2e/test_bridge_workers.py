"""Several worker processes share the accounts through PostgreSQL; what a killed one leaves, another takes over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.e2e.bridged import SHOWN, BridgedDemo, a_bridged_demo
from tests.e2e.faces import Face, until_full
from tests.e2e.serving import HxdavProcess
from tests.waiting import until

EMAIL = "maya@gmail.example"
ANSWERS_TAKE = 0.4
"""Seconds, so that a first sync lasts long enough to be killed in its middle."""


class Workers:
    """Processes that look after accounts, by their number, and whose database says which account is whose."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url.replace("+psycopg", "", 1)
        self.processes: list[HxdavProcess] = []

    def start(self, folder: Path, demo: BridgedDemo) -> None:
        """One more."""
        folder.mkdir()
        environment = {**demo.server.environment, "HXDAV_CONFIG": str(demo.server.config)}
        self.processes.append(HxdavProcess(folder, "worker", environment=environment))

    def with_google(self) -> HxdavProcess | None:
        """The one that has the Google account now."""
        with psycopg.connect(self._url) as connection:
            query = "SELECT leased_to FROM external_account WHERE service = 'google' AND leased_to IS NOT NULL"
            found = connection.execute(query).fetchone()
        return next((each for each in self.processes if found and f"-{each.process.pid}-" in found[0]), None)

    def kill(self) -> None:
        for each in self.processes:
            each.kill_group()


@pytest.fixture
def demo(tmp_path: Path, fresh_postgres: str) -> Iterator[BridgedDemo]:
    settings = {"HXDAV_DATABASE__URL": fresh_postgres, "HXDAV_BRIDGES__LEASE_SECONDS": "3"}
    (tmp_path / "demo").mkdir()
    with a_bridged_demo(tmp_path / "demo", **settings) as demo:
        yield demo


def test_a_first_sync_whose_worker_is_killed_is_finished_by_another_without_doubles(
    demo: BridgedDemo, tmp_path: Path, fresh_postgres: str
) -> None:
    account = demo.icloud.add_account()
    demo.connect_icloud("tom", account)
    demo.google.faults.delay(ANSWERS_TAKE, times=10_000, method="POST", path=r"/events$")
    demo.connect_google("maya", EMAIL)
    google, apple = demo.google_face(EMAIL), demo.apple_face(account)

    workers = Workers(fresh_postgres)
    with ExitStack() as stack:
        stack.callback(workers.kill)
        for name in ("one", "two"):
            workers.start(tmp_path / name, demo)
        demo.server.kill()
        at_work = until(workers.with_google, what="a worker to take the account over from the server")
        begun = len(google.seen())
        until(lambda: len(google.seen()) > begun + 1, what="the worker to go on")
        at_work.kill_group()
        assert len(google.seen()) < SHOWN

        until_full((google, apple), SHOWN)
        demo.google.faults.clear()

    for face in (google, apple):
        assert has_no_doubles(face)


def has_no_doubles(face: Face) -> bool:
    shown = [(each.starts, each.title) for each in face.seen()]
    return len(shown) == len(set(shown)) == SHOWN
