"""Tables of the command line: printed while their rows come, readable in a narrow terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from hxdav.cli.tables import table_lines


def test_a_row_is_printed_before_the_last_one_is_there() -> None:
    taken = []

    def rows() -> Iterator[dict[str, object]]:
        for number in range(10_000):
            taken.append(number)
            yield {"id": number}

    lines = table_lines(rows(), ["id"], width=80)
    assert [next(lines) for _ in range(3)] == ["id", "───", "0"]
    assert len(taken) < 1000


def test_columns_stand_below_each_other_and_a_later_row_that_is_wider_is_folded() -> None:
    rows = [{"id": 1, "the_title": "Jo"}] * 200 + [{"id": 2, "the_title": "Jo Park, for the first time"}]

    lines = list(table_lines(rows, ["id", "the_title"], width=80))

    assert lines[:3] == ["id │ the title", "───┼──────────", "1  │ Jo"]
    assert lines[-4:] == ["2  │ Jo Park,", "   │ for the", "   │ first", "   │ time"]


def test_no_line_is_wider_than_the_terminal() -> None:
    rows = [{"id": 7, "title": "a word " * 20, "url": "https://calendar.example/" + "x" * 90, "name": "心理士" * 20}]

    lines = list(table_lines(rows, ["id", "title", "url", "name"], width=60))

    assert max(map(cell_len, lines)) <= 60
    assert "".join(line.split(" │ ")[2].strip() for line in lines[2:]) == rows[0]["url"]


def test_a_title_cannot_steer_the_terminal() -> None:
    lines = list(table_lines([{"title": "\x1b[2J\r\nJo"}], ["title"], width=80))

    assert lines[2] == " [2J  Jo"
