from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.ical.lines import MAX_OCTETS, ContentLine, content_lines, fold, newline_of, unfold

LOGICAL = st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters="\t"), min_size=1, max_size=300)


def only_line(text: str) -> ContentLine:
    (line,) = content_lines(text)
    return line


@given(LOGICAL, st.sampled_from(["\r\n", "\n"]))
def test_unfolding_undoes_folding(logical: str, newline: str) -> None:
    assert unfold(fold(logical, newline)) == logical


@given(LOGICAL)
def test_no_folded_line_is_over_75_octets(logical: str) -> None:
    assert all(len(line.encode()) <= MAX_OCTETS for line in fold(logical).split("\r\n"))


@given(st.text(st.sampled_from('ab:;" \t\r\n\ufeff\u00fc'), max_size=60))
def test_content_lines_lie_in_order_and_overlap_nowhere(text: str) -> None:
    lines = list(content_lines(text))
    assert all(earlier.end <= later.start for earlier, later in pairwise(lines))


def test_a_line_knows_its_name_parameters_and_value() -> None:
    line = only_line('attendee;cn="Doe; Jane: MD";X-Empty=;RSVP:mailto:j@example.com\r\n')
    assert (line.name, line.value) == ("ATTENDEE", "mailto:j@example.com")
    assert line.parameters() == {"CN": "Doe; Jane: MD", "X-EMPTY": "", "RSVP": ""}


def test_a_parameter_that_is_not_there_is_empty() -> None:
    assert only_line("DTSTART;VALUE=DATE:20260101").parameter("TZID") == ""
    assert only_line("DTSTART:20260101").parameter("TZID") == ""


def test_a_quotation_mark_that_is_never_closed_ends_at_the_first_colon() -> None:
    line = only_line('ORGANIZER;CN="Jane:mailto:j@example.com')
    assert (line.name, line.value) == ("ORGANIZER", "mailto:j@example.com")


def test_a_line_without_a_colon_has_no_name() -> None:
    assert only_line("SUMMARY=x").name == ""


def test_lines_are_numbered_as_an_editor_numbers_them() -> None:
    lines = list(content_lines("\ufeffA:1\r\n\r\nB:2\r\n  folded\r\nC:3"))
    assert [(line.name, line.number) for line in lines] == [("A", 1), ("B", 3), ("C", 5)]


def test_a_fold_may_hold_a_blank_line() -> None:
    assert only_line("LOCATION\r\n\r\n :Room 2\r\n").value == "Room 2"


@pytest.mark.parametrize(("raw", "newline"), [("A:1\n", "\n"), ("A:1\r\n", "\r\n"), ("A:1", "\r\n")])
def test_the_line_break_of_a_text_is_kept(raw: str, newline: str) -> None:
    assert newline_of(raw) == newline
