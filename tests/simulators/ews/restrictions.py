"""Restrictions of FindItem and FindFolder, evaluated.

https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/restriction
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tests.simulators.ews.fields import Fields, extended_key
from tests.simulators.ews.times import read_moment, zone_of
from tests.simulators.ews.wire import Element, EwsRefusal, find, local, text_at
from tests.simulators.ews.words import element_named

Value = str | datetime
_COMPARED: dict[str, Callable[[Value, Value], bool]] = {
    "IsEqualTo": lambda left, right: left == right,
    "IsNotEqualTo": lambda left, right: left != right,
    "IsGreaterThan": lambda left, right: left > right,  # type: ignore[operator]
    "IsGreaterThanOrEqualTo": lambda left, right: left >= right,  # type: ignore[operator]
    "IsLessThan": lambda left, right: left < right,  # type: ignore[operator]
    "IsLessThanOrEqualTo": lambda left, right: left <= right,  # type: ignore[operator]
}
_MOMENTS = {"Start", "End", "LastModifiedTime", "DateTimeCreated"}


def matches(fields: Fields, restriction: Element | None) -> bool:
    """Do these fields satisfy ``m:Restriction``? All do where there is none."""
    return restriction is None or _holds(fields, restriction[0])


def _holds(fields: Fields, expression: Element) -> bool:
    match local(expression):
        case "And":
            return all(_holds(fields, one) for one in expression)
        case "Or":
            return any(_holds(fields, one) for one in expression)
        case "Not":
            return not _holds(fields, expression[0])
        case "Exists":
            return _text(fields, expression[0]) is not None
        case "Contains":
            return _contains(fields, expression)
        case kind if kind in _COMPARED:
            return _compares(fields, expression)
        case kind:
            raise EwsRefusal("ErrorUnsupportedPathForQuery", f"{kind} is not simulated.")


def _text(fields: Fields, path: Element) -> str | None:
    if local(path) != "ExtendedFieldURI":
        return fields.text(element_named(path.get("FieldURI", "")))
    found = fields.extended.get(extended_key(path))
    return None if found is None else text_at(found, "t:Value")


def _value(path: Element, text: str) -> Value:
    if local(path) != "ExtendedFieldURI" and element_named(path.get("FieldURI", "")) in _MOMENTS:
        return read_moment(text, zone_of("UTC"))
    return text


def _compares(fields: Fields, expression: Element) -> bool:
    path, constant = expression[0], find(expression, "t:FieldURIOrConstant/t:Constant")
    if constant is None:
        raise EwsRefusal("ErrorUnsupportedPathForQuery", "Only constants are simulated.")
    text = _text(fields, path)
    if text is None:
        return local(expression) == "IsNotEqualTo"
    return _COMPARED[local(expression)](_value(path, text), _value(path, constant.get("Value", "")))


def _contains(fields: Fields, expression: Element) -> bool:
    constant = find(expression, "t:Constant")
    text, part = _text(fields, expression[0]), "" if constant is None else constant.get("Value", "")
    if text is None:
        return False
    if "IgnoreCase" in expression.get("ContainmentComparison", ""):
        text, part = text.casefold(), part.casefold()
    match expression.get("ContainmentMode"):
        case "FullString":
            return text == part
        case "Prefixed":
            return text.startswith(part)
        case _:
            return part in text
