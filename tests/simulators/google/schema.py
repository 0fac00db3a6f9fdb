"""The calendar API as Google publishes it: the discovery document that google-api-python-client ships.

Requests and answers of the simulator are held to it, so that neither it nor what is tested with it invents a property.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from tests.simulators.google.wire import Json

DATE = re.compile(r"\d{4}-\d\d-\d\d")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?(?P<offset>[Zz]|[+-]\d\d:\d\d)?")
INTEGER = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of the API: ``events.insert``. Scopes are the last parts of their addresses."""

    name: str
    method: str
    pattern: re.Pattern[str]
    parameters: Mapping[str, Json]
    scopes: frozenset[str]
    request: str | None
    response: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An operation and what stood for its path parameters, decoded."""

    operation: Operation
    values: Mapping[str, str]


class DiscoverySchema:
    """Finds the operation of a request, and the problems of its query, its body and its answer, as sentences."""

    def __init__(self, document: Json) -> None:
        self.schemas: Json = document["schemas"]
        self.everywhere: Json = document["parameters"]
        self.operations = tuple(operations_of(document))

    def find(self, method: str, path: str) -> Match | None:
        """The operation behind the path, which is relative to ``/calendar/v3/``."""
        for operation in self.operations:
            if operation.method == method and (found := operation.pattern.fullmatch(path)):
                return Match(
                    operation=operation, values={name: unquote(value) for name, value in found.groupdict().items()}
                )
        return None

    def query_problems(self, operation: Operation, query: Mapping[str, list[str]]) -> list[str]:
        """What the query says that the operation does not know."""
        known = {**self.everywhere, **operation.parameters}
        found: list[str] = []
        for name, values in query.items():
            rule = known.get(name)
            if rule is None or rule["location"] != "query":
                found.append(f"{operation.name}: unknown parameter {name}")
            elif len(values) > 1 and not rule.get("repeated"):
                found.append(f"{operation.name}: parameter {name} given more than once")
            else:
                found += [f"{operation.name}: {name}: {text}" for value in values for text in _query_value(rule, value)]
        return found

    def body_problems(self, operation: Operation, body: Any) -> list[str]:
        """What is wrong with the body of a request."""
        if operation.request is None:
            return [] if body is None else [f"{operation.name}: a body where none belongs"]
        reader = _Reader(schemas=self.schemas, nulls=operation.method in {"PATCH", "PUT"}, offsets=False)
        return [f"{operation.name}: {text}" for text in reader.problems({"$ref": operation.request}, body, "body")]

    def answer_problems(self, operation: Operation, body: Any) -> list[str]:
        """What is wrong with the body of an answer."""
        if operation.response is None:
            return [] if body is None else [f"{operation.name}: an answer where none belongs"]
        reader = _Reader(schemas=self.schemas, nulls=False, offsets=True)
        return [f"{operation.name}: {text}" for text in reader.problems({"$ref": operation.response}, body, "answer")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    schemas: Json
    nulls: bool  # a patch takes a property away by null
    offsets: bool  # what comes from the server names its offset; a request may name a zone instead

    def problems(self, schema: Json, value: Any, where: str) -> Iterator[str]:
        schema = self.schemas[schema["$ref"]] if "$ref" in schema else schema
        if value is None:
            if not self.nulls:
                yield f"{where} is null"
            return
        match schema["type"]:
            case "object":
                yield from self._object(schema, value, where)
            case "array":
                yield from self._array(schema, value, where)
            case kind:
                yield from self._scalar({**schema, "type": kind}, value, where)

    def _object(self, schema: Json, value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where} is no object"
            return
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties")
        for name, part in value.items():
            rule = properties.get(name, rest)
            if rule is None:
                yield f"{where}.{name} is unknown"
            else:
                yield from self.problems(rule, part, f"{where}.{name}")

    def _array(self, schema: Json, value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where} is no array"
            return
        for number, part in enumerate(value):
            yield from self.problems(schema["items"], part, f"{where}[{number}]")

    def _scalar(self, schema: Json, value: Any, where: str) -> Iterator[str]:
        types: dict[str, type | tuple[type, ...]] = {
            "string": str,
            "boolean": bool,
            "integer": int,
            "number": (int, float),
            "any": object,
        }
        is_wrong = not isinstance(value, types[schema["type"]])
        if is_wrong or (isinstance(value, bool) and schema["type"] in {"integer", "number"}):
            yield f"{where} is no {schema['type']}"
        elif isinstance(value, str):
            yield from _format_problems(schema, value, where, offsets=self.offsets)


def _format_problems(schema: Json, value: str, where: str, *, offsets: bool) -> Iterator[str]:
    match schema.get("format"):
        case "date" if not DATE.fullmatch(value):
            yield f"{where} is no date"
        case "date-time":
            found = MOMENT.fullmatch(value)
            if not found or (offsets and not found["offset"]):
                yield f"{where} is no date-time"
        case "int64" if not INTEGER.fullmatch(value):
            yield f"{where} is no integer in a string"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is none of {schema['enum']}"


def _query_value(rule: Json, value: str) -> Iterator[str]:
    match rule["type"]:
        case "boolean" if value not in {"true", "false"}:
            yield "is no boolean"
        case "integer":
            if not INTEGER.fullmatch(value):
                yield "is no integer"
            elif int(value) < int(rule.get("minimum", value)):
                yield "is too small"
        case "string":
            yield from _format_problems(rule, value, "it", offsets=True)


def operations_of(document: Json) -> Iterator[Operation]:
    """Every operation that the document describes."""
    for resource, described in document["resources"].items():
        for name, method in described["methods"].items():
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", method["path"])
            yield Operation(
                name=f"{resource}.{name}",
                method=method["httpMethod"],
                pattern=re.compile(pattern),
                parameters=method.get("parameters", {}),
                scopes=frozenset(scope.rpartition("/")[2] for scope in method["scopes"]),
                request=method.get("request", {}).get("$ref"),
                response=method.get("response", {}).get("$ref"),
            )


@cache
def calendar_document() -> str:
    """The text of the discovery document of the calendar API, version 3."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    return (folder / "calendar.v3.json").read_text(encoding="utf-8")


@cache
def calendar_schema() -> DiscoverySchema:
    """The schema of the calendar API, read once."""
    return DiscoverySchema(json.loads(calendar_document()))
