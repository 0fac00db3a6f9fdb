"""What holds both sides to Microsoft's schema, where it lies beside the repository; a light check always runs.

Three disagreements of the schema with the wire are known (docs/providers.md §1.6) and are put right before it looks.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from tests.simulators.ews.wire import MESSAGES, TYPES, Element, local
from tests.simulators.ews.words import RANK

SCHEMAS = Path(__file__).parents[4] / "shared" / "schemas" / "ews"

_M, _T = f"{{{MESSAGES}}}", f"{{{TYPES}}}"
_WIRE_SAYS_MESSAGES = {
    "GetStreamingEventsResponse": ("Notification", "SubscriptionId"),
    "Subscribe": ("Watermark",),
}


@cache
def published_schema() -> Any:
    """Microsoft's messages.xsd, compiled once; None where it is not there."""
    path = SCHEMAS / "messages.xsd"
    return etree.XMLSchema(etree.parse(str(path))) if path.is_file() else None


def problems(content: Element) -> list[str]:
    """What is wrong with a message, or with an answer, as sentences without any of its values."""
    found = light_problems(content)
    schema = published_schema()
    if schema is None:
        return found
    read = etree.fromstring(ET.tostring(_as_published(content)))
    if not schema.validate(read):
        found += [f"{local(content)}: {_without_values(error.message)}" for error in schema.error_log]
    return found


def _as_published(content: Element) -> Element:
    names = _WIRE_SAYS_MESSAGES.get(local(content), ())
    if not names:
        return content
    altered = deepcopy(content)
    for one in altered.iter():
        if one.tag.startswith(_M) and local(one) in names:
            one.tag = _T + local(one)
    return altered


def _without_values(message: str) -> str:
    # What a field holds may be a name; which field it is says enough.
    return message.partition("': '")[0] + "'" if "is not a valid value" in message or "facet" in message else message


def light_problems(content: Element) -> list[str]:
    """What can be told without the schema: namespaces, the order of a calendar item's fields, ids without text."""
    name = local(content)
    found = [] if content.tag.startswith(_M) else [f"{name}: not in the namespace of messages"]
    for one in content.iter():
        if not one.tag.startswith((_M, _T)):
            found.append(f"{name}: {local(one)} is in a foreign namespace")
        if one.tag == f"{_T}CalendarItem":
            found += _order_problems(name, one)
        if local(one) in {"ItemId", "FolderId"} and not one.get("Id"):
            found.append(f"{name}: {local(one)} has no Id")
    return found


def _order_problems(name: str, calendar_item: Element) -> list[str]:
    fields = [local(one) for one in calendar_item]
    unknown = [one for one in fields if one not in RANK]
    if unknown:
        return [f"{name}: CalendarItem has no {one}" for one in unknown]
    ranks = [RANK[one] for one in fields]
    return [] if ranks == sorted(ranks) else [f"{name}: the fields of CalendarItem are out of order"]
