"""Every calendar file that others collected, and every sample of our own, meets the verdict written down for it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.ical.objects import read_object
from tests.splitting import readings, refusals
from tests.unit.ical.survival import accepted, survives
from tests.verdicts import CORPUS, SAMPLES, TESTS, Verdict, needs_corpus, verdicts


@needs_corpus
@pytest.mark.parametrize("expected", verdicts(TESTS / "corpus.toml", CORPUS))
def test_a_file_of_others_meets_its_verdict(expected: Verdict) -> None:
    meets(expected)


@pytest.mark.parametrize("expected", verdicts(SAMPLES / "verdicts.toml", SAMPLES))
def test_a_sample_meets_its_verdict(expected: Verdict) -> None:
    meets(expected)


def names_in(table: Path) -> set[str]:
    return set(tomllib.loads(table.read_text(encoding="utf-8")))


def test_every_sample_has_a_verdict() -> None:
    assert names_in(SAMPLES / "verdicts.toml") == {path.name for path in SAMPLES.glob("*.ics")}


@needs_corpus
def test_every_file_of_others_has_a_verdict() -> None:
    files = {path.relative_to(CORPUS).as_posix() for path in CORPUS.glob("*/*.ics")}
    assert names_in(TESTS / "corpus.toml") == files


def meets(expected: Verdict) -> None:
    body = expected.path.read_bytes()
    match expected.verdict:
        case "accept":
            obj = accepted(body)
            survives(obj)
        case "split":
            assert refusal_of(body).reason is not Reason.TOO_MANY_INSTANCES
            takes_apart(body, expected)
        case _:
            assert expected.verdict == "refuse"
            assert expected.clause.startswith("RFC ")
            refusal = refusal_of(body)
            assert refusal.reason == expected.reason
            assert refusal.detail
            assert_names_a_clause(refusal, expected)


def takes_apart(body: bytes, expected: Verdict) -> None:
    taken, refused = readings(body), refusals(body)
    assert (len(taken), len(refused)) == (expected.objects, expected.refused)
    for refusal in refused:
        assert_names_a_clause(refusal, expected)
    # One file holds thousands; what they have in common shows in the first hundreds.
    for obj in taken[:300]:
        assert repr(obj) == repr(read_object(obj.text.encode()))
        survives(obj)


def assert_names_a_clause(refusal: CalendarDataError, expected: Verdict) -> None:
    """The sentence names the clause that the table names; sentences of the closed list name none."""
    assert "(RFC" not in refusal.detail or any(clause in refusal.detail for clause in expected.clause.split("; "))


def refusal_of(body: bytes) -> CalendarDataError:
    with pytest.raises(CalendarDataError) as refusal:
        accepted(body)
    return refusal.value
