"""Each code that a remote gives its errors has a sentence, and each sentence has a code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from hxdav.domain.trouble import TROUBLES, trouble_of
from hxdav.remotes.exchange.account import Auth

PACKAGE = Path(__file__).parents[2] / "hxdav"
SOURCES = [
    *(path for part in ("net", "remotes", "sync") for path in sorted((PACKAGE / part).rglob("*.py"))),
    PACKAGE / "remote.py",
]
KNOWN = [code for codes in TROUBLES for code in codes]


def words_of(value: ast.expr) -> Iterator[str]:
    """The texts that an expression may be; a part that is only known later is ``*``."""
    match value:
        case ast.Constant(value=str(word)):
            yield word
        case ast.BoolOp(values=values):
            for each in values:
                yield from words_of(each)
        case ast.IfExp(body=body, orelse=orelse):
            yield from words_of(body)
            yield from words_of(orelse)
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
        case _:
            pass


def codes_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        for value in values_of(node):
            yield from words_of(value)


def values_of(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions that a call passes as ``code``, and what a function takes for it by default."""
    match node:
        case ast.Call(keywords=keywords, func=func, args=args):
            yield from (keyword.value for keyword in keywords if keyword.arg == "code")
            yield from args[: isinstance(func, ast.Name) and func.id == "no_access"]
        case ast.arguments(kwonlyargs=named, kw_defaults=defaults):
            yield from (
                value for argument, value in zip(named, defaults, strict=True) if value and argument.arg == "code"
            )
        case _:
            pass


def test_each_code_of_a_remote_has_a_sentence() -> None:
    found = {code for path in SOURCES for code in codes_in(path.read_text(encoding="utf-8"))}

    assert len(found) > 40
    assert found - set(KNOWN) == {"http_*", "*_wanted"}
    assert {f"{auth}_wanted" for auth in Auth} <= set(KNOWN)


def test_each_code_stands_once_and_a_remote_uses_it() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    made = {f"{auth}_wanted" for auth in Auth} | {"not_understood"}

    assert len(KNOWN) == len(set(KNOWN))
    assert [code for code in KNOWN if code not in made and f'"{code}"' not in text] == []


@pytest.mark.parametrize(
    ("code", "same"),
    [
        ("http_502", "server_error"),
        ("http_302", "server_error"),
        ("http_418", "not_understood"),
        ("new", "unavailable"),
    ],
)
def test_a_code_without_a_sentence_of_its_own_has_that_of_its_kind(code: str, same: str) -> None:
    assert trouble_of(code) is trouble_of(same)


def test_each_sentence_names_the_account_and_is_different() -> None:
    sentences = [trouble.sentence("anna@example.com") for trouble in TROUBLES.values()]

    assert len(set(sentences)) == len(sentences)
    assert all("anna@example.com" in sentence and sentence.endswith(".") for sentence in sentences)
