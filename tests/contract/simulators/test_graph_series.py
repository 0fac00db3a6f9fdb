"""Series of the Graph simulator: patterns, occurrences, exceptions, and what is lost when the rule changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from tests.simulators.graph.cases import BERLIN, MONDAY, WEEKLY, Desk, a_desk, refusal
from tests.simulators.graph.rules import days_of, kept_recurrence
from tests.simulators.graph.wire import Json

CASES: list[tuple[Json, str, list[str]]] = [
    ({"type": "daily", "interval": 3}, "2026-11-23", ["2026-11-23", "2026-11-26", "2026-11-29"]),
    (
        {"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "monday"], "firstDayOfWeek": "sunday"},
        "2026-11-23",
        ["2026-11-23", "2026-12-06", "2026-12-07"],
    ),
    (
        {"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "monday"], "firstDayOfWeek": "monday"},
        "2026-11-23",
        ["2026-11-23", "2026-11-29", "2026-12-07"],
    ),
    ({"type": "absoluteMonthly", "dayOfMonth": 31}, "2026-12-31", ["2026-12-31", "2027-01-31", "2027-02-28"]),
    (
        {"type": "relativeMonthly", "daysOfWeek": ["monday"], "index": "last"},
        "2026-11-30",
        ["2026-11-30", "2026-12-28", "2027-01-25"],
    ),
    (
        {"type": "relativeMonthly", "daysOfWeek": ["saturday", "sunday"], "index": "first", "interval": 2},
        "2026-11-01",
        ["2026-11-01", "2027-01-02", "2027-03-06"],
    ),
    ({"type": "absoluteYearly", "dayOfMonth": 29, "month": 2}, "2027-02-28", ["2027-02-28", "2028-02-29"]),
    (
        {"type": "relativeYearly", "daysOfWeek": ["thursday"], "index": "fourth", "month": 11},
        "2026-11-26",
        ["2026-11-26", "2027-11-25", "2028-11-23"],
    ),
]


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


@pytest.mark.parametrize(("pattern", "first", "days"), CASES, ids=lambda value: str(value)[:40])
def test_a_pattern_falls_on_these_days(pattern: Json, first: str, days: list[str]) -> None:
    kept = kept_recurrence({"pattern": pattern, "range": {"type": "noEnd", "startDate": first}}, zone="UTC")

    assert [day.isoformat() for day in islice(days_of(kept), len(days))] == days


def test_a_series_is_listed_once_and_viewed_by_its_days(desk: Desk) -> None:
    made = desk.create(WEEKLY)

    view = desk.view()

    assert made["type"] == "seriesMaster"
    assert [one["type"] for one in view] == ["occurrence"] * 4
    assert {one["seriesMasterId"] for one in view} == {made["id"]}
    assert [one["subject"] for one in view] == ["Team"] * 4
    assert len({one["id"] for one in view}) == 4


def test_the_clock_of_the_series_stays_when_the_hour_changes(desk: Desk) -> None:
    recurrence = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["sunday"]},
        "range": {"type": "endDate", "startDate": "2026-10-18", "endDate": "2026-10-25"},
    }
    times = {
        name: {"dateTime": f"2026-10-18T{hour}:00:00", "timeZone": BERLIN}
        for name, hour in (("start", "09"), ("end", "10"))
    }
    desk.create(**times, recurrence=recurrence)

    view = desk.view(startDateTime="2026-10-01T00:00:00Z")

    assert [one["start"]["dateTime"][:16] for one in view] == ["2026-10-18T07:00", "2026-10-25T08:00"]


def test_a_changed_occurrence_is_an_exception_with_the_same_id(desk: Desk) -> None:
    made = desk.create(WEEKLY)
    second = desk.occurrences(made["id"])[1]

    changed = desk.patch(second["id"], subject="Elsewhere")
    master = desk.get(made["id"], "?$expand=exceptionOccurrences")

    assert (changed["id"], changed["type"], changed["subject"]) == (second["id"], "exception", "Elsewhere")
    assert changed["originalStart"] == "2026-11-30T08:00:00Z"
    assert [one["id"] for one in master["exceptionOccurrences"]] == [second["id"]]
    assert master["@odata.etag"] != made["@odata.etag"]
    assert "exceptionOccurrences" not in desk.get(made["id"])


def test_an_exception_follows_its_master_where_it_says_nothing_else(desk: Desk) -> None:
    made = desk.create(WEEKLY)
    second = desk.occurrences(made["id"])[1]
    desk.patch(second["id"], location={"displayName": "Room"})

    desk.patch(made["id"], subject="All")

    exception = desk.get(second["id"])
    assert (exception["subject"], exception["location"]["displayName"]) == ("All", "Room")


def test_a_deleted_occurrence_is_named_in_its_master_alone(desk: Desk) -> None:
    made = desk.create(WEEKLY)
    second = desk.occurrences(made["id"])[1]

    desk.delete(second["id"])

    assert refusal(desk.ask("GET", f"/me/events/{second['id']}")) == (404, "ErrorItemNotFound")
    assert "cancelledOccurrences" not in desk.get(made["id"])
    selected = desk.get(made["id"], "?$select=cancelledOccurrences")
    assert selected["cancelledOccurrences"] == [f"OID.{made['id']}.2026-11-30"]
    assert len(desk.view()) == 3


def test_an_occurrence_moves_to_no_other_ones_day(desk: Desk) -> None:
    made = desk.create(WEEKLY)
    second = desk.occurrences(made["id"])[1]
    times = {
        name: {"dateTime": f"2026-12-07T{hour}:00:00", "timeZone": BERLIN}
        for name, hour in (("start", "14"), ("end", "15"))
    }

    answer = desk.ask("PATCH", f"/me/events/{second['id']}", times)

    assert refusal(answer) == (400, "ErrorOccurrenceCrossingBoundary")


def test_a_moved_occurrence_keeps_its_original_start(desk: Desk) -> None:
    made = desk.create(WEEKLY)
    second = desk.occurrences(made["id"])[1]
    times = {
        name: {"dateTime": f"2026-12-02T{hour}:00:00", "timeZone": BERLIN}
        for name, hour in (("start", "14"), ("end", "15"))
    }

    changed = desk.patch(second["id"], **times)

    assert changed["start"]["dateTime"] == "2026-12-02T13:00:00.0000000"
    assert changed["originalStart"] == "2026-11-30T08:00:00Z"


def test_another_time_for_a_series_takes_its_exceptions_and_ids(desk: Desk) -> None:
    made = desk.create(WEEKLY)
    before = desk.occurrences(made["id"])
    desk.patch(before[1]["id"], subject="Elsewhere")
    desk.delete(before[2]["id"])
    times = {
        name: {"dateTime": f"2026-11-23T{hour}:00:00", "timeZone": BERLIN}
        for name, hour in (("start", "14"), ("end", "15"))
    }

    desk.patch(made["id"], **times)

    after = desk.occurrences(made["id"])
    assert [one["type"] for one in after] == ["occurrence"] * 4
    assert not {one["id"] for one in before} & {one["id"] for one in after}


def test_exceptions_that_outlive_another_rule_are_on_days_of_that_rule(desk: Desk) -> None:
    desk.graph.quirks.changed_rules_keep_exceptions = True
    master = desk.create(WEEKLY)
    for occurrence in desk.occurrences(master["id"])[1:3]:
        desk.patch(occurrence["id"], subject="Other")
    rule = WEEKLY["recurrence"]

    desk.patch(master["id"], recurrence={**rule, "pattern": {**rule["pattern"], "interval": 2}})

    (exception,) = desk.get(master["id"], "?$expand=exceptionOccurrences")["exceptionOccurrences"]
    assert exception["originalStart"] == "2026-12-07T08:00:00Z"


def test_a_patch_that_names_the_same_rule_changes_nothing_of_it(desk: Desk) -> None:
    made = desk.create(WEEKLY)
    second = desk.occurrences(made["id"])[1]
    desk.delete(second["id"])

    desk.patch(made["id"], **{name: WEEKLY[name] for name in ("start", "end", "recurrence")})

    assert len(desk.occurrences(made["id"])) == 3


def test_a_series_becomes_a_single_event(desk: Desk) -> None:
    made = desk.create(WEEKLY)

    changed = desk.patch(made["id"], recurrence=None)

    assert (changed["type"], changed["recurrence"]) == ("singleInstance", None)


def test_a_rule_that_starts_on_another_day_is_refused(desk: Desk) -> None:
    recurrence = {**WEEKLY["recurrence"], "range": {"type": "noEnd", "startDate": "2026-11-24"}}

    answer = desk.ask("POST", f"{desk.calendar}/events", {**MONDAY, "recurrence": recurrence})

    assert refusal(answer) == (400, "ErrorPropertyValidationFailure")


def test_an_all_day_series_lasts_whole_days(desk: Desk) -> None:
    made = desk.anna.add_event(
        desk.calendar_id, date(2026, 11, 23), date(2026, 11, 25), zone=BERLIN, recurrence=WEEKLY["recurrence"]
    )

    second = desk.occurrences(made["id"])[1]

    assert second["start"]["dateTime"] == "2026-11-30T00:00:00.0000000"
    assert second["end"]["dateTime"] == "2026-12-02T00:00:00.0000000"


def test_the_person_changes_one_day_by_its_start(desk: Desk) -> None:
    made = desk.create(WEEKLY)
    berlin = ZoneInfo(BERLIN)

    desk.anna.change_instance(made["id"], datetime(2026, 11, 30, 9, tzinfo=berlin), subject="Mine")
    desk.anna.delete_instance(made["id"], datetime(2026, 12, 7, 9, tzinfo=berlin))

    assert [one["subject"] for one in desk.view()] == ["Team", "Mine", "Team"]
