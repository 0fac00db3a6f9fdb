"""What a transaction of the store promises, on both databases."""

from __future__ import annotations

import socket
import threading

import pytest
from sqlalchemy import text

from hxdav.domain.practice import Band
from hxdav.errors import StoreBusy, StoreFull
from hxdav.store.engine import WriteQueue
from hxdav.store.store import Store, Tx
from tests.disks import fill_disk
from tests.waiting import until


def _groups(store: Store) -> list[str]:
    with store.snapshot() as tx:
        return [group.key for group in tx.people.practice_groups()]


def test_what_a_finished_block_wrote_is_there(store: Store) -> None:
    with store.transaction() as tx:
        tx.people.add_practice_group(key="a", name="A", zone="UTC", band=Band.NONE)

    assert _groups(store) == ["a"]


def test_an_exception_undoes_the_whole_block(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as tx:
            tx.people.add_practice_group(key="a", name="A", zone="UTC", band=Band.NONE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert _groups(store) == []


def test_a_snapshot_does_not_see_what_is_written_after_it_began(store: Store) -> None:
    with store.snapshot() as tx:
        before = tx.people.practice_groups()
        with store.transaction() as other:
            other.people.add_practice_group(key="a", name="A", zone="UTC", band=Band.NONE)

        assert tx.people.practice_groups() == before == []


def test_writers_of_one_process_wait_for_each_other(store: Store) -> None:
    def add(key: str) -> None:
        with store.transaction() as tx:
            tx.people.add_practice_group(key=key, name=key, zone="UTC", band=Band.NONE)

    threads = [threading.Thread(target=add, args=(f"k{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert _groups(store) == [f"k{n}" for n in range(8)]


def test_the_write_lock_is_given_in_the_order_of_asking() -> None:
    queue = WriteQueue()
    order: list[int] = []
    started = [threading.Event() for _ in range(5)]

    def work(number: int) -> None:
        started[number].set()
        with queue.turn():
            order.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    with queue.turn():
        for number, thread in enumerate(threads):
            thread.start()
            started[number].wait()
            while len(queue._waiting) <= number:
                pass
    for thread in threads:
        thread.join()

    assert order == [0, 1, 2, 3, 4]
    assert not queue.is_taken


def test_a_store_that_another_process_holds_can_be_read_and_says_that_it_is_busy(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hxdav.store.engine.BUSY_TIMEOUT_SECONDS", 0.05)
    other = Store(str(sqlite_store.engine.url))

    with sqlite_store.transaction():
        assert _groups(other) == []
        with pytest.raises(StoreBusy, match="Try again"), other.transaction():
            pass
    other.close()


def test_writers_behind_one_that_another_process_keeps_out_fail_together_with_it() -> None:
    queue = WriteQueue()
    refused: list[StoreBusy] = []

    def write() -> None:
        try:
            with queue.turn():
                pass
        except StoreBusy as busy:
            refused.append(busy)

    def fail() -> None:
        with queue.turn():
            for thread in threads:
                thread.start()
            until(lambda: len(queue._waiting) == len(threads))
            raise StoreBusy("Another process writes.")

    threads = [threading.Thread(target=write) for _ in range(5)]
    with pytest.raises(StoreBusy):
        fail()
    for thread in threads:
        thread.join()

    assert [str(each) for each in refused] == ["Another process writes."] * len(threads)
    assert not queue.is_taken


def test_a_lock_on_postgresql_is_waited_for_only_so_long(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hxdav.store.engine.LOCK_TIMEOUT_SECONDS", 0.05)
    other = Store(postgres_store.engine.url.render_as_string(hide_password=False))
    lock = text("LOCK TABLE practice_group IN ACCESS EXCLUSIVE MODE")

    with postgres_store.transaction() as tx:
        tx.connection.execute(lock)
        with pytest.raises(StoreBusy, match="Try again"):
            _groups(other)
    other.close()


def test_a_database_that_lets_nobody_in_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    # The least that libpq waits.
    monkeypatch.setattr("hxdav.store.engine.CONNECT_TIMEOUT_SECONDS", 2)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = Store(f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
        with pytest.raises(StoreBusy, match="cannot be reached"):
            _groups(store)


def test_what_can_wait_is_done_where_nobody_else_writes(store: Store) -> None:
    assert store.do_if_idle(_add_a)
    assert _groups(store) == ["a"]


def test_what_can_wait_is_left_at_once_while_another_process_writes(sqlite_store: Store) -> None:
    other = Store(str(sqlite_store.engine.url))

    with sqlite_store.transaction():
        assert not other.do_if_idle(_add_a)
    other.close()


def test_what_can_wait_is_left_at_once_while_another_thread_writes(sqlite_store: Store) -> None:
    with sqlite_store.transaction():
        assert not sqlite_store.do_if_idle(_add_a)


def test_a_full_disk_is_told_and_the_block_undone(sqlite_store: Store) -> None:
    fill_disk(sqlite_store)

    with pytest.raises(StoreFull, match="disk is full"), sqlite_store.transaction() as tx:
        tx.people.add_practice_group(key="a", name="A" * 1_000_000, zone="UTC", band=Band.NONE)

    assert _groups(sqlite_store) == []


def test_what_can_wait_is_left_where_the_disk_is_full(sqlite_store: Store) -> None:
    fill_disk(sqlite_store)

    assert not sqlite_store.do_if_idle(
        lambda tx: tx.people.add_practice_group(key="a", name="A" * 1_000_000, zone="UTC", band=Band.NONE)
    )
    assert _groups(sqlite_store) == []


def _add_a(tx: Tx) -> None:
    tx.people.add_practice_group(key="a", name="A", zone="UTC", band=Band.NONE)
