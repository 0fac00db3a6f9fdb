"""SyncFolderItems of the EWS simulator, through unmodified exchangelib."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from exchangelib.errors import ErrorInvalidSyncStateData  # type: ignore[import-untyped]

from tests.simulators.ews.cases import NAME, Desk, a_desk, berlin


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def kinds(changes: list[tuple[str, object]]) -> list[str]:
    return [kind for kind, _ in changes]


def test_a_first_round_tells_everything_and_a_second_what_changed(desk: Desk) -> None:
    first, second = desk.make(), desk.make()
    changes, state = desk.synced(None)
    assert [(kind, one.id) for kind, one in changes] == [("create", first.id), ("create", second.id)]
    assert desk.synced(state)[0] == []
    desk.anna.change(first.id, Subject="Outlook's")
    desk.anna.delete(second.id)
    third = desk.anna.add(NAME, berlin(2026, 11, 25, 9), berlin(2026, 11, 25, 10))
    changes, _ = desk.synced(state)
    assert [(kind, one.id) for kind, one in changes] == [
        ("update", first.id),
        ("delete", second.id),
        ("create", third.id),
    ]


def test_a_round_comes_in_pages(desk: Desk) -> None:
    made = [desk.make().id for _ in range(7)]
    desk.exchange.quirks.largest_sync_page = 3
    before = desk.exchange.requests.made(desk.anna.email, "SyncFolderItems")
    changes, state = desk.synced(None, max_changes_returned=4)
    assert [one.id for _, one in changes] == made
    assert desk.exchange.requests.made(desk.anna.email, "SyncFolderItems") - before == 3
    assert desk.synced(state)[0] == []


def test_the_state_is_there_only_when_the_round_is_over(desk: Desk) -> None:
    for _ in range(3):
        desk.make()
    round_of_pages = desk.calendar.sync_items(only_fields=["subject"], max_changes_returned=1)
    next(round_of_pages)
    assert desk.calendar.item_sync_state is None
    list(round_of_pages)
    assert desk.calendar.item_sync_state


def test_an_edit_of_an_occurrence_is_an_update_of_its_series(desk: Desk) -> None:
    from tests.simulators.ews.recurrence import Recurrence  # noqa: PLC0415

    rule = Recurrence(pattern="DailyRecurrence", start=berlin(2026, 11, 23).date(), count=3)
    seen = desk.anna.add(NAME, berlin(2026, 11, 23, 9), berlin(2026, 11, 23, 10), recurrence=rule)
    _, state = desk.synced(None)
    desk.anna.delete_occurrence(seen.id, berlin(2026, 11, 24, 9))
    changes, _ = desk.synced(state)
    assert [(kind, one.id) for kind, one in changes] == [("update", seen.id)]


def test_what_came_and_went_between_two_rounds_is_not_told(desk: Desk) -> None:
    _, state = desk.synced(None)
    desk.make().delete(send_meeting_cancellations="SendToNone")
    assert desk.synced(state)[0] == []


@pytest.mark.parametrize("state", ["nonsense", "bm9uc2Vuc2U="])
def test_a_state_that_is_none_is_refused(desk: Desk, state: str) -> None:
    with pytest.raises(ErrorInvalidSyncStateData):
        desk.synced(state)


def test_a_state_ends_with_its_epoch_and_holds_for_its_folder_only(desk: Desk) -> None:
    _, state = desk.synced(None)
    with pytest.raises(ErrorInvalidSyncStateData):
        list(desk.account.calendar.sync_items(sync_state=state, only_fields=["subject"]))
    desk.exchange.world.sync_epoch += 1
    with pytest.raises(ErrorInvalidSyncStateData):
        desk.synced(state)


def test_a_round_may_be_empty_or_partial_and_say_that_it_is_whole(desk: Desk) -> None:
    for _ in range(4):
        desk.make()
    desk.exchange.faults.empty_listings()
    desk.exchange.faults.partial_listings()
    told = [desk.synced(None) for _ in range(3)]
    assert [len(changes) for changes, _ in told] == [0, 2, 4]
    assert len({state for _, state in told}) == 1


def test_a_round_again_from_the_same_state_tells_the_same(desk: Desk) -> None:
    desk.make()
    _, state = desk.synced(None)
    desk.make()
    assert kinds(desk.synced(state)[0]) == kinds(desk.synced(state)[0]) == ["create"]
