"""Extended properties (MAPI): written with the thing, told only to those who expand them, found by $filter.

https://learn.microsoft.com/graph/api/resources/extended-properties-overview
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.simulators.graph.wire import Json, Refusal, invalid, invalid_query

_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_NAMED = re.compile(rf"(?P<kind>\w+) \{{(?P<set>{_GUID})\}} (?P<how>Name|Id) (?P<name>.+)")
_TAGGED = re.compile(r"\w+ 0x[0-9a-fA-F]+")
_TEXT = r"'(?:[^']|'')*'"
_ANY = re.compile(
    r"singleValueExtendedProperties/any\((?P<v>\w+):\s*(?P=v)/id eq (?P<id>" + _TEXT + r")"
    r" and (?P=v)/value eq (?P<value>" + _TEXT + r")\)",
    re.IGNORECASE,
)
_WANTED = re.compile(rf"id eq ({_TEXT})")
_FILTERED = re.compile(rf"\$filter=id eq {_TEXT}(?: or id eq {_TEXT})*")


def normal_id(text: str) -> str:
    """The id as Exchange writes it back: the property set in small letters. 400 where it is none."""
    found = _NAMED.fullmatch(text)
    if found:
        return f"{found['kind']} {{{found['set'].lower()}}} {found['how']} {found['name']}"
    if not _TAGGED.fullmatch(text):
        raise invalid("The extended property attribute combination is invalid.", word="ErrorInvalidExtendedProperty")
    return text


def read_extended(given: list[Json]) -> dict[str, str]:
    """The properties of a body by their ids."""
    for one in given:
        if not one.get("id") or one.get("value") is None:
            raise invalid("An extended property needs an id and a value.", word="ErrorInvalidExtendedProperty")
    return {normal_id(one["id"]): one["value"] for one in given}


def ids_expanded(option: str) -> list[str]:
    """The ids that ``singleValueExtendedProperties($filter=id eq '..' or id eq '..')`` asks for."""
    inner = option[option.index("(") + 1 : -1] if "(" in option else ""
    if not _FILTERED.fullmatch(inner):
        raise invalid_query("Expanding extended properties requires a filter on their ids.")
    return [normal_id(_unquoted(one)) for one in _WANTED.findall(inner)]


def told(extended: Mapping[str, str], wanted: list[str]) -> Json:
    """What an answer says of them: nothing where there is none of those wanted."""
    found = [{"id": name, "value": extended[name]} for name in wanted if name in extended]
    return {"singleValueExtendedProperties": found} if found else {}


def matches(option: str, extended: Mapping[str, str]) -> bool | None:
    """Does a thing with these properties pass ``$filter``? None where the filter is about something else."""
    found = _ANY.fullmatch(option.strip())
    if not found:
        return None
    return extended.get(normal_id(_unquoted(found["id"]))) == _unquoted(found["value"])


def compared(option: str) -> tuple[str, str, str]:
    """``property operator literal`` of a simple filter; 400 where it is none."""
    found = re.fullmatch(rf"([\w/]+) (eq|ge|gt|le|lt) ({_TEXT}|true|false)", option.strip())
    if not found:
        raise Refusal(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
    return found[1], found[2], _unquoted(found[3])


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'") if text.startswith("'") else text
