"""What a person edits while hxdav writes a series is theirs: it is never taken for what hxdav has written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep

import pytest

from hxdav.remote import CalendarId, Changed, Remote, RemoteObject
from tests.contract.remotes.texts import MONDAY, a_series, meaning, with_exception, without_instance
from tests.integration.remotes import exchange_desk, google_desk, graph_desk
from tests.simulators.ews.faults import Faults

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
_TAKES = 0.4
"""Seconds that the write takes, in whose middle the person edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A remote with a calendar, and a person: ``slows`` the next write on an instance, and ``retitles`` instances."""

    remote: Remote
    calendar_id: CalendarId
    slows: Callable[[], None]
    retitles: Callable[[str, datetime, str], object]

    def retitle_meanwhile(self, known: RemoteObject, starts: datetime, title: str) -> None:
        sleep(_TAKES / 2)
        self.retitles(known.remote_id, starts, title)


@contextmanager
def google() -> Iterator[Desk]:
    with google_desk.a_desk() as desk:
        yield Desk(
            remote=desk.remote,
            calendar_id=desk.calendar_id,
            slows=lambda: desk.google.faults.delay(_TAKES, method="PATCH"),
            retitles=lambda master, starts, title: desk.anna.change_instance(
                desk.calendar_id, master, starts, summary=title
            ),
        )


@contextmanager
def graph() -> Iterator[Desk]:
    with graph_desk.a_desk() as desk:
        anna = desk.graph.user(graph_desk.ANNA)
        yield Desk(
            remote=desk.remote,
            calendar_id=desk.calendar_id,
            slows=lambda: desk.graph.faults.delay(_TAKES, method="PATCH"),
            retitles=lambda master, starts, title: anna.change_instance(master, starts, subject=title),
        )


@contextmanager
def exchange() -> Iterator[Desk]:
    with exchange_desk.a_desk() as desk:
        yield Desk(
            remote=desk.remote,
            calendar_id=desk.calendar_id,
            slows=lambda: _slow_the_last_look(desk.exchange.faults),
            retitles=lambda master, starts, title: desk.kim.change_occurrence(master, starts, Subject=title),
        )


def _slow_the_last_look(faults: Faults) -> None:
    """Exchange itself refuses a write that another one has come before; nothing is refused after it."""
    faults.delay(0, operation="GetItem", times=2)
    faults.delay(_TAKES, operation="GetItem")


@pytest.fixture(params=[google, graph, exchange], ids=["google", "graph", "exchange"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield stack.enter_context(request.param())


def test_an_edit_of_another_instance_while_one_is_written_is_not_taken_for_ours(desk: Desk) -> None:
    series = a_series()
    known = desk.remote.create(desk.calendar_id, series)
    ours = with_exception(series, MONDAY + WEEK, title="Ours", moved_to=MONDAY + WEEK + HOUR)
    desk.slows()

    with ThreadPoolExecutor() as person:
        edit = person.submit(desk.retitle_meanwhile, known, MONDAY + 2 * WEEK, "Theirs")
        with pytest.raises(Changed):
            desk.remote.update(desk.calendar_id, known, ours)
        edit.result()

    now = desk.remote.read(desk.calendar_id, known.remote_id)
    assert isinstance(now, RemoteObject)
    assert "Ours" in now.text
    assert "Theirs" in now.text


def test_without_an_edit_what_was_written_comes_back(desk: Desk) -> None:
    series = a_series()
    known = desk.remote.create(desk.calendar_id, series)
    ours = with_exception(series, MONDAY + WEEK, title="Ours", moved_to=MONDAY + WEEK + HOUR)

    written = desk.remote.update(desk.calendar_id, known, ours)
    again = desk.remote.update(desk.calendar_id, written, without_instance(ours, MONDAY + 3 * WEEK))

    assert meaning(desk.remote, again.text) == meaning(desk.remote, without_instance(ours, MONDAY + 3 * WEEK))
