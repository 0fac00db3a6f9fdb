"""The verdict on each calendar file, others' and our own: what hxdav makes of it, and why it may refuse it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

TESTS = Path(__file__).parent
SAMPLES = TESTS / "data"
CORPUS = TESTS.parents[1] / "shared" / "corpus"

needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the calendar files of other projects are not here: ../shared/corpus"
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``accept``, ``split`` (only to be imported) or ``refuse``, then with a reason and the RFC's clause."""

    path: Path
    verdict: str
    reason: str = ""
    clause: str = ""
    objects: int = 0
    refused: int = 0


def verdicts(table: Path, folder: Path) -> list[ParameterSet]:
    """A case for each file that ``table`` names in ``folder``."""
    fields_by_name = tomllib.loads(table.read_text(encoding="utf-8"))
    return [pytest.param(Verdict(path=folder / name, **fields), id=name) for name, fields in fields_by_name.items()]
