"""Listing: pages, sync tokens and how they end, windows, tombstones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.simulators.google.cases import Desk, a_desk, refused

FIRST, SECOND, THIRD = "aaaa1", "aaaa2", "aaaa3"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        for event_id in (FIRST, SECOND, THIRD):
            found.insert(id=event_id)
        yield found


def test_only_the_last_page_carries_a_sync_token(desk: Desk) -> None:
    first = desk.list(maxResults=2)
    second = desk.list(maxResults=2, pageToken=first["nextPageToken"])
    assert [one["id"] for one in (*first["items"], *second["items"])] == [FIRST, SECOND, THIRD]
    assert "nextSyncToken" not in first
    assert "nextSyncToken" in second
    assert "nextPageToken" not in second


def test_the_server_may_give_smaller_pages_than_asked_for(desk: Desk) -> None:
    desk.google.quirks.largest_page = 1
    request, found = desk.events.list(calendarId=desk.calendar_id, maxResults=2500), []
    while request is not None:
        page = request.execute()
        found += [one["id"] for one in page["items"]]
        request = desk.events.list_next(request, page)
    assert found == [FIRST, SECOND, THIRD]


def test_a_page_can_be_asked_for_again(desk: Desk) -> None:
    token = desk.list(maxResults=2)["nextPageToken"]
    assert desk.ids(pageToken=token) == desk.ids(pageToken=token) == [THIRD]


def test_what_changes_between_two_pages_comes_with_the_next_listing(desk: Desk) -> None:
    page = desk.list(maxResults=2)
    desk.patch(THIRD, summary="New")
    token = desk.list(maxResults=2, pageToken=page["nextPageToken"])["nextSyncToken"]
    assert desk.ids(syncToken=token) == [THIRD]


def test_an_incremental_listing_tells_changes_and_deletions_and_nothing_else(desk: Desk) -> None:
    token = desk.list()["nextSyncToken"]
    assert desk.ids(syncToken=token) == []
    desk.patch(SECOND, summary="New")
    desk.anna.delete_event(desk.calendar_id, FIRST)
    page = desk.list(syncToken=token)
    assert [(one["id"], one["status"]) for one in page["items"]] == [(SECOND, "confirmed"), (FIRST, "cancelled")]
    assert set(page["items"][1]) == {"kind", "etag", "id", "status"}
    assert desk.ids(syncToken=page["nextSyncToken"]) == []
    assert desk.ids(syncToken=token) == [SECOND, FIRST]


def test_a_change_within_the_same_instant_is_not_missed(desk: Desk) -> None:
    token = desk.list()["nextSyncToken"]
    desk.patch(SECOND, summary="New")
    later = desk.list(syncToken=token)["nextSyncToken"]
    desk.patch(SECOND, summary="Newer")
    assert desk.ids(syncToken=later) == [SECOND]


def test_a_full_listing_tells_no_tombstones_unless_asked(desk: Desk) -> None:
    desk.delete(FIRST)
    assert desk.ids() == [SECOND, THIRD]
    assert desk.ids(showDeleted=True) == [FIRST, SECOND, THIRD]


def test_expired_tokens_ask_for_a_full_listing(desk: Desk) -> None:
    token = desk.list()["nextSyncToken"]
    desk.google.listings.expire_sync_tokens()
    with refused(410, "fullSyncRequired"):
        desk.list(syncToken=token)


def test_a_token_may_expire_after_so_many_changes(desk: Desk) -> None:
    desk.google.quirks.sync_token_changes = 1
    token = desk.list()["nextSyncToken"]
    desk.patch(FIRST, summary="New")
    assert desk.ids(syncToken=token) == [FIRST]
    desk.patch(SECOND, summary="New")
    with refused(410, "fullSyncRequired"):
        desk.list(syncToken=token)


def test_wrong_and_foreign_tokens_are_refused(desk: Desk) -> None:
    other = desk.service.calendars().insert(body={"summary": "Other"}).execute()["id"]
    foreign = desk.events.list(calendarId=other).execute()["nextSyncToken"]
    for token in ("nonsense", foreign):
        with refused(410, "fullSyncRequired"):
            desk.list(syncToken=token)
    with refused(400, "invalid"):
        desk.list(pageToken="nonsense")


@pytest.mark.parametrize(
    "query",
    [
        {"iCalUID": "x"},
        {"privateExtendedProperty": "a=b"},
        {"q": "x"},
        {"timeMin": "2026-11-22T00:00:00Z"},
        {"timeMax": "2026-11-22T00:00:00Z"},
        {"updatedMin": "2026-11-22T00:00:00Z"},
        {"showDeleted": False},
        {"singleEvents": True},
    ],
)
def test_what_may_not_stand_beside_a_sync_token_is_refused(desk: Desk, query: dict[str, str]) -> None:
    token = desk.list()["nextSyncToken"]
    with refused(400, "invalid"):
        desk.list(syncToken=token, **query)


def test_a_listing_may_have_a_window_and_still_gives_a_token(desk: Desk) -> None:
    desk.patch(SECOND, start={"dateTime": "2027-01-01T09:00:00Z"}, end={"dateTime": "2027-01-01T10:00:00Z"})
    page = desk.list(timeMin="2026-11-22T00:00:00Z", timeMax="2026-12-01T00:00:00Z")
    assert [one["id"] for one in page["items"]] == [FIRST, THIRD]
    assert desk.ids(syncToken=page["nextSyncToken"]) == []


def test_the_ends_of_a_window_are_exclusive(desk: Desk) -> None:
    assert desk.ids(timeMin="2026-11-23T10:00:00+11:00") == []
    assert desk.ids(timeMax="2026-11-23T09:00:00+11:00") == []
    with refused(400, "timeRangeEmpty"):
        desk.list(timeMin="2026-11-23T00:00:00Z", timeMax="2026-11-22T00:00:00Z")


def test_what_was_updated_since_can_be_asked_for(desk: Desk) -> None:
    desk.clock.move(timedelta(minutes=50))
    desk.patch(SECOND, summary="New")
    desk.delete(THIRD)
    assert desk.ids(updatedMin="2026-11-22T01:30:00Z") == [SECOND, THIRD]


def test_a_listing_can_be_narrowed_to_some_fields(desk: Desk) -> None:
    page = desk.list(fields="items(id,start/timeZone),nextSyncToken", maxResults=3)
    assert set(page) == {"items", "nextSyncToken"}
    assert page["items"][0] == {"id": FIRST, "start": {"timeZone": "Australia/Sydney"}}
    with refused(400, "invalid"):
        desk.list(fields="items(id")
