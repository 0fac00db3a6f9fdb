"""Several writers at once, as threads of a server and as processes of their own make them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from hxdav.domain.edit import Applied, Outcome, Precondition, Refused
from hxdav.domain.ids import Modseq
from hxdav.domain.refusal import Reason
from hxdav.store.store import Store
from tests.builders import a_practice, an_object


def test_writers_at_once_get_a_modseq_each_and_none_is_missed(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()

    def put(number: int) -> Outcome:
        return practice.put(calendar, f"{number}.ics", an_object(f"{number}@example"))

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(put, range(64)))

    assert all(isinstance(outcome, Applied) for outcome in outcomes)
    with store.snapshot() as tx:
        changes = tx.feed.changes(calendar, Modseq(0))
    assert [each.modseq for each in changes] == list(range(1, 65))


def test_of_two_edits_against_one_etag_one_wins_and_the_other_is_told(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    first = practice.put(calendar, "a.ics", an_object())
    assert isinstance(first, Applied)
    assert first.etag
    expected = Precondition(if_match=frozenset({first.etag}))

    def put(number: int) -> Outcome:
        return practice.put(calendar, "a.ics", an_object(summary=f"Edit {number}"), expected)

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(put, range(6)))

    assert sum(isinstance(outcome, Applied) for outcome in outcomes) == 1
    assert sum(outcome == Refused(reason=Reason.STALE) for outcome in outcomes) == 5


def test_a_reader_never_sees_a_later_change_before_an_earlier_one(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    done = Event()
    gaps: list[list[int]] = []

    def read() -> None:
        while not done.is_set():
            with store.snapshot() as tx:
                seen = [int(each.modseq) for each in tx.feed.changes(calendar, Modseq(0))]
            if seen != list(range(1, len(seen) + 1)):
                gaps.append(seen)

    def put(number: int) -> Outcome:
        return practice.put(calendar, f"{number}.ics", an_object(f"{number}@example"))

    with ThreadPoolExecutor(6) as pool:
        reader = pool.submit(read)
        list(pool.map(put, range(40)))
        done.set()
        reader.result()

    assert gaps == []


def test_one_object_put_at_two_addresses_at_once_is_shown_once(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()

    def put(number: int) -> Outcome:
        return practice.put(calendar, f"{number}.ics", an_object())

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(put, range(4)))

    assert sum(isinstance(outcome, Applied) for outcome in outcomes) == 1
    assert len(practice.shown(calendar)) == 1
