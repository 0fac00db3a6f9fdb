"""The rules of the house that no other tool sees: sizes, docstrings, words, and the map in docs/architecture.md."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hxdav"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PARTS = sorted(path for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())

LINES = {"hxdav": 500, "tests": 700}
# Files that may be longer, with the length that they have: an entry shrinks or goes, and none is added.
LONGER: dict[str, int] = {}

# Bare words that docs/glossary.md forbids as names: they say nothing until another word qualifies them.
BARE_WORDS = frozenset({"client", "data", "event", "handle", "item", "manager", "process", "status", "sync"})
BARE_MODULES = frozenset({"common", "helper", "helpers", "misc", "util", "utils"})


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def bare_names(source: str) -> list[str]:
    """The classes, functions and parameters of the source that a bare word names, each with its line.

    A field may be one, for its class qualifies it: `Appointment.status`.
    """
    return [
        f"line {line}: {name}"
        for node in ast.walk(ast.parse(source))
        for name, line in names_given_by(node)
        if name.lower().strip("_") in BARE_WORDS
    ]


def names_given_by(node: ast.AST) -> Iterator[tuple[str, int]]:
    match node:
        case ast.ClassDef(name=name, lineno=line) | ast.FunctionDef(name=name, lineno=line):
            yield name, line
        case ast.arg(arg=name, lineno=line):
            yield name, line


def imported_by(source: str) -> set[str]:
    """The top-level packages that the source imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name.partition(".")[0] for alias in names}
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module.partition(".")[0])
    return found


# One test for all files, which names those that break a rule: a test for each would be a fifth of all tests.


def test_no_file_is_longer_than_agreed() -> None:
    lengths = {relative(path): lines_of(path) for path in (*MODULES, *TESTS)}
    agreed = {name: LONGER.get(name, LINES[name.partition("/")[0]]) for name in lengths}
    assert {name: lines for name, lines in lengths.items() if lines > agreed[name]} == {}


def test_the_list_of_longer_files_only_shrinks() -> None:
    assert {name: lines_of(ROOT / name) for name in LONGER} == LONGER
    assert all(lines > LINES[name.partition("/")[0]] for name, lines in LONGER.items())


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=relative)
def test_a_package_says_in_five_lines_what_it_knows(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring is not None
    assert len(docstring.splitlines()) <= 5


@pytest.mark.parametrize("path", PARTS, ids=relative)
def test_the_map_names_every_part(path: Path) -> None:
    if path.stem in {"__init__", "__main__"}:
        return
    name = f"{path.name}/" if path.is_dir() else path.name
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert re.search(rf"\b{re.escape(name)}", text)


@pytest.mark.parametrize("path", sorted((PACKAGE / "domain").rglob("*.py")), ids=relative)
def test_the_domain_knows_the_standard_library_only(path: Path) -> None:
    assert imported_by(path.read_text(encoding="utf-8")) <= {*sys.stdlib_module_names, "hxdav"}


def test_no_module_is_named_for_nothing() -> None:
    assert [relative(path) for path in MODULES if path.stem in BARE_WORDS | BARE_MODULES] == []


def test_no_bare_word_names_anything() -> None:
    # What overrides the host library takes over the names of its parameters.
    ours = [path for path in MODULES if not path.is_relative_to(PACKAGE / "dav")]
    found = {relative(path): bare_names(path.read_text(encoding="utf-8")) for path in ours}
    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize("word", sorted(BARE_WORDS))
@pytest.mark.parametrize(
    "source", ["class {0}: ...", "def {0}(): ...", "def f(*, {0}): ...", "class A:\n    def _{0}(self): ..."]
)
def test_the_guard_of_words_can_fail(source: str, word: str) -> None:
    assert bare_names(source.format(word))


def test_a_qualified_word_is_a_name() -> None:
    assert bare_names("class DomainEvent:\n    status: str\n    def pull(self, *, remote_client): ...") == []


def test_the_glossary_forbids_the_words_that_the_guard_knows() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    forbidden = glossary.partition("## Words that never stand alone")[2]
    assert set(re.findall(r"^\| \*\*(\w+)\*\*", forbidden, flags=re.MULTILINE)) == BARE_WORDS


def test_the_glossary_defines_each_word_once() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| \*\*(.+?)\*\*", glossary, flags=re.MULTILINE)
    assert sorted(words) == sorted(set(words))


def test_every_test_that_the_rules_name_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")))
    defined = {name for path in TESTS for name in re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8"))}
    assert named
    assert named <= defined
