"""Calendar objects as EWS takes them: what is written of an item, field by field, and whether it can be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hxdav.domain.ids import Uid
from hxdav.ical.zone_names import iana_zone, windows_name
from hxdav.remotes.exchange.elements import KEY, SPELLING, Element, field_uri, own_property, property_uri, t
from hxdav.remotes.exchange.recurrence import recurrence_element, require_expressible
from hxdav.remotes.microsoft.events_out import MARK, GraphEventBodies
from hxdav.remotes.microsoft.events_out import SPELLING as SPELLING_THERE
from hxdav.remotes.microsoft.events_out import bodies_of as graph_bodies_of
from hxdav.remotes.microsoft.times import NotExpressibleInOutlook, local_of, moment_of

_OWN_NAMES = {MARK: KEY, SPELLING_THERE: SPELLING}
_LONGEST_KEY = 200
"""A search compares no more than 255 characters of a property."""

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A field that is written: what names it, and the element with its value; None leaves it empty."""

    path: Element
    value: Element | None


def key_value(uid: Uid) -> str:
    """What stands in the property by which an item with this UID is found again."""
    return uid if len(uid) <= _LONGEST_KEY else hashlib.sha256(uid.encode()).hexdigest()


def can_express(text: str) -> bool:
    """Whether Exchange can keep this object as it is."""
    try:
        bodies_of(text)
    except NotExpressibleInOutlook:
        return False
    return True


def bodies_of(text: str) -> GraphEventBodies:
    """The items for a calendar object, in Graph's words; NotExpressible where Exchange has no such thing."""
    bodies = graph_bodies_of(text)
    recurrence = bodies.master["recurrence"]
    if recurrence is None:
        return bodies
    require_expressible(recurrence)
    if not windows_name(recurrence["range"]["recurrenceTimeZone"]):
        raise NotExpressibleInOutlook("a series in a time zone that Windows has no name for")
    spelling = [one for one in bodies.master["singleValueExtendedProperties"] if one["id"] == SPELLING_THERE]
    return replace(bodies, master=bodies.master | {"singleValueExtendedProperties": spelling})


def new_item(bodies: GraphEventBodies, *, home: str) -> Element:
    """``t:CalendarItem`` for a new item: private, without guests, and without a reminder of hxdav's own."""
    marked = own_property(KEY, key_value(bodies.uid))
    extra = {"ReminderIsSet": t("ReminderIsSet", text="false"), "UID": t("UID", text=bodies.uid)}
    children = [written.value for written in fields_of(bodies.master, home=home) if written.value is not None]
    named = {str(child.tag).rpartition("}")[2]: child for child in children if child.tag != marked.tag} | extra
    properties = [marked, *(child for child in children if child.tag == marked.tag)]
    ordered: list[Element] = []
    for name in _ORDER:
        ordered += properties if name == "ExtendedProperty" else [named[name]] if name in named else []
    return t("CalendarItem", *ordered)


_ORDER = (
    "Subject",
    "Sensitivity",
    "Body",
    "ReminderIsSet",
    "ExtendedProperty",
    "UID",
    "Start",
    "End",
    "IsAllDayEvent",
    "LegacyFreeBusyStatus",
    "Location",
    "Recurrence",
    "StartTimeZone",
    "EndTimeZone",
)
"""The order in which the schema (types.xsd, ItemType and CalendarItemType) wants what is written."""


def updates(body: Mapping[str, Any], *, home: str) -> Element:
    """``t:Updates`` that bring an item to ``body``, which holds what is to change."""
    return t("Updates", *(_update(written) for written in fields_of(body, home=home)))


def _update(written: Written) -> Element:
    if written.value is None:
        return t("DeleteItemField", written.path)
    return t("SetItemField", written.path, t("CalendarItem", written.value))


def fields_of(body: Mapping[str, Any], *, home: str) -> Iterator[Written]:
    """The fields of EWS for those of Graph's that ``body`` has; ``home`` is where its whole days begin (IANA)."""
    for name, tell in _TELLERS.items():
        if name in body:
            yield tell(body[name])
    for told in body.get("singleValueExtendedProperties") or ():
        own = _OWN_NAMES[told["id"]]
        yield Written(path=property_uri(own), value=own_property(own, told["value"]))
    if "start" in body:
        yield from _times(body, home)


def _times(body: Mapping[str, Any], home: str) -> Iterator[Written]:
    is_all_day = bool(body["isAllDay"])
    for name in ("start", "end"):
        zone = _zone(body, name, home=home)
        moment = _midnight(local_of(body[name]), zone) if is_all_day else moment_of(body[name])
        element = name.capitalize()
        yield _text(f"calendar:{element}", moment.strftime(_MOMENT))
        path = field_uri(f"calendar:{element}TimeZone")
        yield Written(path=path, value=t(f"{element}TimeZone", Id=windows_name(zone) or "UTC"))
    yield _text("calendar:IsAllDayEvent", "true" if is_all_day else "false")


def _zone(body: Mapping[str, Any], name: str, *, home: str) -> str:
    zone = home if body["isAllDay"] else str(body[name]["timeZone"])
    return zone if windows_name(zone) else "UTC"


def _midnight(day: datetime, zone: str) -> datetime:
    return day.replace(tzinfo=iana_zone(zone) or UTC).astimezone(UTC)


def _body(content: str) -> Written:
    element = t("Body", text=content, BodyType="Text") if content else None
    return Written(path=field_uri("item:Body"), value=element)


def _text(uri: str, value: str) -> Written:
    name = uri.partition(":")[2]
    return Written(path=field_uri(uri), value=t(name, text=value) if value else None)


def _recurrence(value: Mapping[str, Any] | None) -> Written:
    element = None if value is None else recurrence_element(value)
    return Written(path=field_uri("calendar:Recurrence"), value=element)


_TELLERS: Mapping[str, Callable[[Any], Written]] = {
    "subject": lambda value: _text("item:Subject", value),
    "sensitivity": lambda value: _text("item:Sensitivity", value.capitalize()),
    "body": lambda value: _body(value["content"]),
    "location": lambda value: _text("calendar:Location", value["displayName"]),
    "showAs": lambda value: _text("calendar:LegacyFreeBusyStatus", value.capitalize()),
    "recurrence": _recurrence,
}
