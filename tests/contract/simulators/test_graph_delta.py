"""calendarView/delta of the Graph simulator: its windows, its silences, and its tokens."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.simulators.graph.cases import BERLIN, MONDAY, WEEKLY, WINTER, Desk, a_desk, refusal, told
from tests.simulators.graph.wire import Json

SUMMER = {name: {"dateTime": "2027-07-05T09:00:00", "timeZone": BERLIN} for name in ("start", "end")}


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def removed(entries: list[Json]) -> list[str]:
    return [one["id"] for one in entries if "@removed" in one]


def test_a_round_without_change_is_empty(desk: Desk) -> None:
    made = desk.create()

    first, link = desk.round()
    second, _ = desk.round(link)

    assert [one["id"] for one in first] == [made["id"]]
    assert second == []


def test_a_change_comes_in_full_and_a_deletion_as_removed(desk: Desk) -> None:
    changed, gone = desk.create(transactionId="t"), desk.create()
    _, link = desk.round()
    desk.patch(changed["id"], subject="New")
    desk.delete(gone["id"])

    entries, _ = desk.round(link)

    assert [one.get("subject") for one in entries if one["id"] == changed["id"]] == ["New"]
    assert entries[0]["transactionId"] == "t"
    assert removed(entries) == [gone["id"]]


def test_what_changes_outside_the_window_comes_as_removed(desk: Desk) -> None:
    moved = desk.create()
    _, link = desk.round()
    never = desk.create(**SUMMER)
    desk.patch(moved["id"], **SUMMER)

    entries, _ = desk.round(link)

    assert sorted(removed(entries)) == sorted([moved["id"], never["id"]])
    assert desk.get(moved["id"])["id"] == moved["id"]


def test_an_occurrence_comes_bare(desk: Desk) -> None:
    made = desk.create(WEEKLY)

    entries, _ = desk.round()

    assert entries[0]["id"] == made["id"]
    assert entries[0]["recurrence"]["pattern"]["type"] == "weekly"
    assert len(entries) == 5
    for one in entries[1:]:
        names = {"@odata.type", "@odata.etag", "id", "seriesMasterId", "type", "start", "end"}
        assert one.keys() == names


def test_no_extended_property_and_no_cancelled_occurrence_is_in_delta(desk: Desk) -> None:
    made = desk.create(WEEKLY)
    desk.delete(desk.occurrences(made["id"])[1]["id"])

    entries, _ = desk.round()

    assert all("cancelledOccurrences" not in one for one in entries)
    assert all("singleValueExtendedProperties" not in one for one in entries)


@pytest.mark.parametrize(("silent", "told_of"), [(False, 4), (True, 0)])
def test_a_deleted_occurrence_is_not_announced(desk: Desk, *, silent: bool, told_of: int) -> None:
    desk.graph.quirks.silent_cancellations = silent
    made = desk.create(WEEKLY)
    _, link = desk.round()

    desk.delete(desk.occurrences(made["id"])[1]["id"])
    entries, _ = desk.round(link)

    assert removed(entries) == []
    assert len(entries) == told_of


def test_a_series_stays_on_one_page(desk: Desk) -> None:
    for _ in range(3):
        desk.create(WEEKLY)
    path = f"{desk.calendar}/calendarView/delta?{httpx.QueryParams(WINTER)}"

    page = told(desk.ask("GET", path, Prefer="odata.maxpagesize=2"))

    assert len(page["value"]) == 5
    assert page["@odata.nextLink"].startswith(f"{desk.graph.url}/v1.0{desk.calendar}/calendarView/delta?$skiptoken=")
    assert len(desk.round(page=2)[0]) == 15


def test_the_parentheses_of_the_function_are_accepted(desk: Desk) -> None:
    desk.create()
    path = f"{desk.calendar}/calendarView/delta()?{httpx.QueryParams(WINTER)}"

    assert len(told(desk.ask("GET", path))["value"]) == 1


def test_one_thing_may_come_twice_in_a_round(desk: Desk) -> None:
    desk.graph.quirks.repeats_in_rounds = True
    made = desk.create()

    entries, _ = desk.round()

    assert [one["id"] for one in entries] == [made["id"]] * 2


@pytest.mark.parametrize("option", ["$select=subject", "$filter=subject eq 'x'", "$orderby=subject", "$search=x"])
def test_delta_takes_no_other_options(desk: Desk, option: str) -> None:
    answer = desk.ask("GET", f"{desk.calendar}/calendarView/delta?{httpx.QueryParams(WINTER)}&{option}")

    assert refusal(answer) == (400, "ErrorInvalidUrlQuery")


def test_a_round_needs_a_window(desk: Desk) -> None:
    assert refusal(desk.ask("GET", f"{desk.calendar}/calendarView/delta")) == (400, "ErrorInvalidParameter")


def test_an_expired_token_is_gone(desk: Desk) -> None:
    _, link = desk.round()
    desk.graph.delta.expire(link)

    answer = desk.ask("GET", link)

    assert refusal(answer) == (410, "syncStateNotFound")
    assert answer.headers["Location"].startswith(desk.graph.url)


def test_an_expired_token_may_be_refused_otherwise(desk: Desk) -> None:
    desk.graph.quirks.lost_sync = (400, "resyncRequired")
    _, link = desk.round()
    desk.graph.delta.expire_all()

    assert refusal(desk.ask("GET", link)) == (400, "resyncRequired")


def test_a_token_can_be_used_again(desk: Desk) -> None:
    _, link = desk.round()
    made = desk.create()

    assert [one["id"] for one in desk.round(link)[0]] == [made["id"]]
    assert [one["id"] for one in desk.round(link)[0]] == [made["id"]]


def test_what_is_dragged_into_another_calendar_is_removed_here(desk: Desk) -> None:
    made = desk.create()
    _, link = desk.round()

    desk.anna.move_event(made["id"], "Calendar")
    entries, _ = desk.round(link)

    assert removed(entries) == [made["id"]]
    assert desk.get(made["id"])["id"] == made["id"]


def test_a_listing_may_be_half_told(desk: Desk) -> None:
    for _ in range(4):
        desk.create(MONDAY)
    desk.graph.faults.partial_listings()
    desk.graph.faults.empty_listings()

    assert [len(desk.round()[0]) for _ in range(3)] == [2, 0, 4]
