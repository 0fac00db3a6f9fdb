"""The types that the Graph simulator is held to: ours, and that they agree with Microsoft's where those are at hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.graph.schema import CSDL, csdl_types, graph_schema, own_types

needs_csdl = pytest.mark.skipif(
    not CSDL.exists(), reason="Microsoft's metadata (shared/schemas) is not beside this repository; ours was checked."
)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"subject": 1}, "event.subject is no String"),
        ({"start": {"time": "x"}}, "event.start.time is unknown"),
        ({"categories": "x"}, "event.categories is no collection"),
        (
            {"recurrence": {"pattern": {"daysOfWeek": ["Monday"]}}},
            "event.recurrence.pattern.daysOfWeek[] is no dayOfWeek",
        ),
        ({"recurrence": {"range": {"startDate": "23.11.2026"}}}, "event.recurrence.range.startDate is no Date"),
        ({"reminderMinutesBeforeStart": True}, "event.reminderMinutesBeforeStart is no Int32"),
        ({"exceptionOccurrences": [{"kind": "x"}]}, "event.exceptionOccurrences[].kind is unknown"),
        ([], "event is no event"),
    ],
)
def test_each_table_names_what_is_wrong(body: Any, sentence: str) -> None:
    tables = [own_types()] + ([csdl_types()] if CSDL.exists() else [])

    assert [one.problems("event", body) for one in tables] == [[f"{one.title}: {sentence}"] for one in tables]


def test_annotations_and_nulls_pass() -> None:
    body = {"@odata.type": "#microsoft.graph.event", "subject": None, "start@odata.x": 1}

    assert graph_schema().problems("event", body) == []


@needs_csdl
def test_every_property_of_our_table_is_microsofts() -> None:
    ours, theirs = own_types(), csdl_types()
    open_types = {"resourceData"}

    for name, properties in ours.properties.items():
        if name not in open_types:
            assert properties.items() <= theirs.properties[name].items(), name


@needs_csdl
def test_every_word_of_our_enumerations_is_microsofts() -> None:
    for name, words in own_types().words.items():
        assert words == csdl_types().words[name] - {"unknownFutureValue"}, name
