"""Partial answers: what ``fields`` asks for, and nothing else (Google's guide to performance, "Partial response")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from tests.simulators.google.wire import Json, invalid

Tree: TypeAlias = dict[str, "Tree"]
"""The names asked for, each with those below it; none below means everything."""

TOKEN = re.compile(r"[^,()/]+|[,()/]")


def selected(body: Json, fields: str) -> Json:
    """The part of the body that ``fields`` names: ``items(id,start/dateTime),nextSyncToken``; 400 if malformed."""
    tokens = iter([*TOKEN.findall(fields), ""])
    tree, last = _tree(tokens)
    if last or not tree:
        raise invalid(f"Invalid field selection {fields}")
    found: Json = _cut(body, tree)
    return found


def _tree(tokens: Iterator[str]) -> tuple[Tree, str]:
    """One list of names, and the token that ended it."""
    tree: Tree = {}
    branch = tree
    for token in tokens:
        match token:
            case "," | "/":
                branch = tree if token == "," else branch
            case "(":
                below, end = _tree(tokens)
                if end != ")":
                    raise invalid("Invalid field selection")
                branch.update(below)
            case ")" | "":
                return tree, token
            case _:
                branch = branch.setdefault(token, {})
    return tree, ""


def _cut(value: Any, tree: Tree) -> Any:
    if not tree or "*" in tree:
        return value
    if isinstance(value, list):
        return [_cut(part, tree) for part in value]
    if not isinstance(value, dict):
        return value
    return {name: _cut(part, tree[name]) for name, part in value.items() if name in tree}
