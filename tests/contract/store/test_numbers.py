from __future__ import annotations

from hxdav.services.integrations.sync_tokens import begin_epoch
from hxdav.store.store import Store
from tests.builders import a_practice, an_object


def test_numbers_that_may_have_been_given_since_a_backup_are_not_given_again(store: Store) -> None:
    practice = a_practice(store)
    before = practice.book(an_object("first@practice")).id, practice.integration()

    with store.transaction() as tx:
        begin_epoch(tx)

    after = practice.book(an_object("second@practice")).id, practice.integration("hx-two")
    assert after[0] > before[0] + 1_000
    assert after[1] > before[1] + 100


def test_a_new_stores_numbers_can_be_skipped(store: Store) -> None:
    with store.transaction() as tx:
        begin_epoch(tx)

    assert a_practice(store).book(an_object("first@practice")).id > 1_000


def test_how_many_are_skipped_is_drawn_anew_each_time(store: Store) -> None:
    # The same backup may be restored twice, and what was numbered in between is known to providers.
    practice = a_practice(store)
    first = practice.book(an_object("first@practice")).id

    with store.transaction() as tx:
        begin_epoch(tx, draw=lambda most: most - 1)

    assert practice.book(an_object("second@practice")).id - first > 999_999 * 1_000_000
