"""``hxdav audit export``: the whole log or some days of it, for a spreadsheet or a program."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hxdav.bootstrap.installation import Installation
from hxdav.config import load_settings
from hxdav.domain.edit import Authority, Source
from hxdav.store.trail import Subject
from tests.integration.cli.command_line import ACCOUNTS, CommandLine

MIDNIGHT_IN_SYDNEY = datetime(2026, 12, 1, 13, tzinfo=UTC)


def write_entries(hxdav: CommandLine, *moments: datetime, agent: str = "test/1.0", key: str = "harbour") -> None:
    here = Installation(load_settings(hxdav.config))
    with here.store.transaction() as tx:
        group = next(each for each in tx.people.practice_groups() if each.key == key)
        user = tx.people.user_named("maya")
        assert user is not None
        source = Source(authority=Authority.OUTSIDE, user_id=user.id, agent=agent)
        for number, moment in enumerate(moments):
            detail = {"number": number, "reason": 'with "quotes", and a comma'}
            tx.trail.audit("tested", Subject(practice_group_id=group.id), source=source, at=moment, detail=detail)
    here.close()


def exported(hxdav: CommandLine, *options: str | Path) -> list[dict[str, Any]]:
    lines = hxdav.must("audit", "export", "--format", "json", *options).out.splitlines()
    return [entry for entry in map(json.loads, lines) if entry["action"] == "tested"]


def test_json_has_an_object_a_line_in_the_order_of_writing(practice: CommandLine) -> None:
    early = MIDNIGHT_IN_SYDNEY.replace(year=2025)
    write_entries(practice, MIDNIGHT_IN_SYDNEY, early)

    first, second = exported(practice)

    assert (first["at"], second["at"]) == ("2026-12-01T13:00:00+00:00", "2025-12-01T13:00:00+00:00")
    assert first["id"] < second["id"]
    assert (first["practice_group"], first["username"], first["authority"]) == ("harbour", "maya", "outside")
    assert first["detail"] == {"number": 0, "reason": 'with "quotes", and a comma'}


def test_csv_has_the_same_with_the_detail_as_json_in_one_column(practice: CommandLine) -> None:
    write_entries(practice, MIDNIGHT_IN_SYDNEY)

    rows = list(csv.DictReader(io.StringIO(practice.must("audit", "export").out)))

    (row,) = [row for row in rows if row["action"] == "tested"]
    (entry,) = exported(practice)
    assert list(row) == list(entry)
    assert json.loads(row["detail"]) == entry["detail"]
    assert (row["at"], row["id"], row["appointment_id"]) == ("2026-12-01T13:00:00+00:00", str(entry["id"]), "")


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t"])
def test_csv_makes_no_formula_of_what_a_device_calls_itself(practice: CommandLine, begins: str) -> None:
    agent = f"{begins}HYPERLINK(1)"
    write_entries(practice, MIDNIGHT_IN_SYDNEY, agent=agent)

    rows = csv.DictReader(io.StringIO(practice.must("audit", "export").out))

    assert [row["agent"] for row in rows if row["action"] == "tested"] == [f"'{agent}"]
    assert exported(practice)[0]["agent"] == agent


def test_days_are_those_of_utc_or_of_the_practice_group_that_is_named(practice: CommandLine) -> None:
    before = MIDNIGHT_IN_SYDNEY.replace(hour=12, minute=59, second=59)
    write_entries(practice, before, MIDNIGHT_IN_SYDNEY)

    def numbers(*options: str) -> list[int]:
        return [entry["detail"]["number"] for entry in exported(practice, *options)]

    here = ("--practice-group", "harbour")
    assert numbers("--since", "2026-12-01", "--until", "2026-12-01") == [0, 1]
    assert numbers("--since", "2026-12-02") == []
    assert numbers("--since", "2026-12-02", *here) == [1]
    assert numbers("--until", "2026-12-01", *here) == [0]
    assert numbers("--until", "9999-12-31", *here) == [0, 1]


def test_one_practice_groups_log_is_its_own(practice: CommandLine) -> None:
    other = ACCOUNTS.partition("[[practice_groups.clinics]]")[0].replace('"harbour"', '"other"')
    assert practice.apply(ACCOUNTS + other).code == 0
    write_entries(practice, MIDNIGHT_IN_SYDNEY)
    write_entries(practice, MIDNIGHT_IN_SYDNEY, key="other")

    assert len(exported(practice)) == 2
    assert [entry["practice_group"] for entry in exported(practice, "--practice-group", "other")] == ["other"]


def test_a_log_of_any_length_is_written(practice: CommandLine) -> None:
    write_entries(practice, *[MIDNIGHT_IN_SYDNEY] * 1234)

    assert [entry["detail"]["number"] for entry in exported(practice)] == list(range(1234))


def test_a_file_is_its_owners_and_there_only_when_it_is_whole(practice: CommandLine) -> None:
    write_entries(practice, MIDNIGHT_IN_SYDNEY)
    file = practice.file("audit.csv", "from before")

    done = practice.must("audit", "export", "--output", file)

    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert file.stat().st_mode & 0o777 == 0o600
    assert done.err == f"{len(rows)} entries are in {file}.\n"
    assert done.out == ""
    assert not list(practice.folder.glob("*.part"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--output", "none/audit.csv"), "none/audit.csv cannot be written: "),
        (("--practice-group", "none"), "There is no practice group none."),
        (("--since", "2026-12-02", "--until", "2026-12-01"), "the wrong way round"),
    ],
)
def test_what_cannot_be_exported_is_a_sentence(practice: CommandLine, options: tuple[str, ...], sentence: str) -> None:
    done = practice.run("audit", "export", *options)

    assert (done.code, done.out) == (1, "")
    assert sentence in done.err
