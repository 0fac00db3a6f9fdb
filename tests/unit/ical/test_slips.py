"""What somebody else has edited in a series is told apart from what was written on it."""

from __future__ import annotations

import pytest

from hxdav.ical.concurrent_edits import was_edited_between
from tests.builders import an_object

WRITTEN = {"20261208T030003Z": True}
TAKEN_OUT = {"20261208T030003Z": False}


def a_series(*more: str, summary: str = "Team", overrides: str = "") -> str:
    start, end = "DTSTART:20261201T030003Z", "DURATION:PT50M"
    text = an_object("series@example.com", "RRULE:FREQ=WEEKLY;COUNT=5", *more, start=start, end=end, summary=summary)
    return text.replace("END:VCALENDAR", f"{overrides}END:VCALENDAR")


def an_override(key: str, title: str) -> str:
    lines = ["UID:series@example.com", "DTSTAMP:20261101T000000Z", f"RECURRENCE-ID:{key}", f"DTSTART:{key}"]
    return "\r\n".join(["BEGIN:VEVENT", *lines, "DURATION:PT50M", f"SUMMARY:{title}", "END:VEVENT", ""])


OURS = an_override("20261208T030003Z", "Ours")


@pytest.mark.parametrize(
    "after",
    [
        a_series(),
        a_series(overrides=OURS),
    ],
    ids=["nothing", "changed"],
)
def test_what_was_written_has_not_slipped_in(after: str) -> None:
    assert not was_edited_between(a_series(), after, written=WRITTEN)


def test_what_was_taken_out_has_not_slipped_in() -> None:
    assert not was_edited_between(a_series(), a_series("EXDATE:20261208T030003Z"), written=TAKEN_OUT)


def test_a_deletion_of_what_was_written_has_slipped_in() -> None:
    assert was_edited_between(a_series(), a_series("EXDATE:20261208T030003Z"), written=WRITTEN)


@pytest.mark.parametrize(
    "after",
    [
        a_series(summary="Other", overrides=OURS),
        a_series(overrides=OURS + an_override("20261215T030003Z", "Theirs")),
        a_series("EXDATE:20261215T030003Z", overrides=OURS),
        a_series("EXDATE:20261208T030003Z,20261215T030003Z"),
        a_series().replace("COUNT=5", "COUNT=6"),
    ],
    ids=["title", "another instance", "another left out", "another left out beside ours", "rule"],
)
def test_anything_else_has_slipped_in(after: str) -> None:
    assert was_edited_between(a_series(), after, written=WRITTEN)


def test_an_instance_that_was_taken_back_meanwhile_has_slipped_in() -> None:
    before = a_series("EXDATE:20261215T030003Z", overrides=an_override("20261222T030003Z", "Theirs"))

    assert was_edited_between(before, a_series("EXDATE:20261215T030003Z", overrides=OURS), written=WRITTEN)
    assert was_edited_between(before, a_series(overrides=an_override("20261222T030003Z", "Theirs")), written=WRITTEN)
