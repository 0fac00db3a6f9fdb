"""Bodies held to Graph's types: to the table in ``types.py`` always, and to Microsoft's CSDL where that is at hand.

The CSDL lies beside the repository (``../shared/schemas/graph/v1.0.csdl``), and is not part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from tests.simulators.graph.types import ENUMS, TYPES
from tests.simulators.graph.wire import Json

CSDL = Path(__file__).parents[4] / "shared" / "schemas" / "graph" / "v1.0.csdl"
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Check = Callable[[Any], bool]
PRIMITIVES: Mapping[str, Check] = {
    "String": lambda value: isinstance(value, str),
    "Boolean": lambda value: isinstance(value, bool),
    "Int32": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Date": lambda value: isinstance(value, str) and bool(_DAY.fullmatch(value)),
    "DateTimeOffset": lambda value: isinstance(value, str) and bool(_MOMENT.fullmatch(value)),
    "Guid": lambda value: isinstance(value, str) and bool(_GUID.fullmatch(value)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphTypes:
    """Types by their names: properties with their types (``[x]`` is a collection of x), and the words of enumerations.

    What is said of a body is a list of sentences, empty where nothing is wrong with it. They name properties, and no
    value.
    """

    title: str
    properties: Mapping[str, Mapping[str, str]]
    words: Mapping[str, frozenset[str]]

    def problems(self, name: str, body: Any, *, where: str = "") -> list[str]:
        """What is wrong with a body of this type."""
        return [f"{self.title}: {text}" for text in self._value(name, body, where or name)]

    def _value(self, kind: str, value: Any, where: str) -> Iterator[str]:
        if value is None:
            return
        if kind.startswith("["):
            yield from self._collection(kind[1:-1], value, where)
        elif kind in self.properties:
            yield from self._object(kind, value, where)
        elif not self._is_scalar(kind, value):
            yield f"{where} is no {kind}"

    def _is_scalar(self, kind: str, value: Any) -> bool:
        if kind in self.words:
            return value in self.words[kind]
        return kind not in PRIMITIVES or PRIMITIVES[kind](value)

    def _collection(self, kind: str, value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where} is no collection"
            return
        for part in value:
            yield from self._value(kind, part, f"{where}[]")

    def _object(self, kind: str, value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where} is no {kind}"
            return
        for name, part in value.items():
            if "@" in name:
                continue
            if name not in self.properties[kind]:
                yield f"{where}.{name} is unknown"
            else:
                yield from self._value(self.properties[kind][name], part, f"{where}.{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Both tables, or ours alone."""

    tables: tuple[GraphTypes, ...]

    def problems(self, name: str, body: Any) -> list[str]:
        """What is wrong with one body, by any of the tables."""
        return [text for table in self.tables for text in table.problems(name, body)]

    def listing_problems(self, name: str, body: Json) -> list[str]:
        """What is wrong with an answer that lists bodies of this type."""
        if not isinstance(body.get("value"), list):
            return [f"a listing of {name} without its value"]
        return [text for one in body["value"] for text in self.problems(name, one)]


def own_types() -> GraphTypes:
    """The table of this repository."""
    return GraphTypes(
        title="types",
        properties={name: dict(_pairs(text)) for name, text in TYPES.items()},
        words={name: frozenset(text.split()) for name, text in ENUMS.items()},
    )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for pair in text.split():
        name, _, kind = pair.partition(":")
        yield name, kind


@cache
def graph_schema() -> Schema:
    """The schema, read once."""
    return Schema(tables=(own_types(), csdl_types()) if CSDL.exists() else (own_types(),))


@cache
def csdl_types() -> GraphTypes:
    """Microsoft's table, of the types that ours has and of those that they use."""
    namespace = next(one for one in ET.parse(CSDL).iter(f"{_EDM}Schema") if one.get("Namespace") == "microsoft.graph")
    types = {str(one.get("Name")): one for one in namespace if one.tag in {f"{_EDM}EntityType", f"{_EDM}ComplexType"}}
    enums = {
        str(one.get("Name")): frozenset(str(word.get("Name")) for word in one.iter(f"{_EDM}Member"))
        for one in namespace.iter(f"{_EDM}EnumType")
    }
    properties: dict[str, dict[str, str]] = {}
    left = [name for name in TYPES if name in types]
    while left:
        name = left.pop()
        properties[name] = _properties(name, types)
        used = {kind.strip("[]") for kind in properties[name].values()}
        left += [kind for kind in used if kind in types and kind not in properties]
    # resourceData has no properties in the CSDL: it is open, and what is in it depends on the resource.
    properties.pop("resourceData", None)
    return GraphTypes(title="CSDL", properties=properties, words=enums)


def _properties(name: str, types: Mapping[str, ET.Element]) -> dict[str, str]:
    found: dict[str, str] = {}
    element: ET.Element | None = types[name]
    while element is not None:
        for tag in ("Property", "NavigationProperty"):
            found |= {str(one.get("Name")): _kind(str(one.get("Type"))) for one in element.findall(f"{_EDM}{tag}")}
        element = types.get((element.get("BaseType") or "").removeprefix("graph."))
    return found


def _kind(text: str) -> str:
    if text.startswith("Collection("):
        return f"[{_kind(text[11:-1])}]"
    return text.removeprefix("Edm.").removeprefix("graph.")
