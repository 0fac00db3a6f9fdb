"""An idle worker costs next to nothing: it looks after a commit, by whichever process, and otherwise seldom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hxdav.store import migrating
from hxdav.store.changes import Changes
from hxdav.store.store import Store
from hxdav.worker.looking import Looking
from tests.builders import NOON


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{tmp_path / 'hxdav.sqlite'}")) as store:
        migrating.upgrade(store, now=NOON)
        yield store


@pytest.fixture
def changes(store: Store) -> Iterator[Changes]:
    with closing(store.changes()) as changes:
        yield changes


def test_a_look_is_due_after_a_commit_and_only_then(store: Store, changes: Changes, tmp_path: Path) -> None:
    looking = Looking(changes=changes, anyhow_after=3600)
    assert (looking.is_due(), looking.is_due()) == (True, False)

    with store.snapshot() as tx:
        tx.people.practice_groups()
    assert not looking.is_due()

    with store.transaction() as tx:
        tx.installation.ensure(now=NOON)
        tx.connection.exec_driver_sql("UPDATE installation SET epoch = epoch + 1")
    assert (looking.is_due(), looking.is_due()) == (True, False)

    with closing(Store(f"sqlite:///{tmp_path / 'hxdav.sqlite'}")) as other, other.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE installation SET epoch = epoch + 1")
    assert (looking.is_due(), looking.is_due()) == (True, False)


def test_a_look_is_due_anyhow_after_a_while_and_where_something_was_left(changes: Changes) -> None:
    often, seldom = Looking(changes=changes, anyhow_after=0), Looking(changes=changes, anyhow_after=3600)
    assert (often.is_due(), often.is_due()) == (True, True)

    seldom.is_due()
    seldom.again()
    assert (seldom.is_due(), seldom.is_due()) == (True, False)


def test_where_nothing_tells_of_commits_every_look_is_due() -> None:
    with closing(Store("sqlite:///:memory:")) as store, closing(store.changes()) as changes:
        assert (changes.are_there(), changes.are_there()) == (True, True)
