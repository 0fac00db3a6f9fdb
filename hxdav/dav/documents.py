"""Request bodies: read from XML, guarded against bombs; small ones are remembered, because clients repeat them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from http import HTTPStatus
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree

from hxdav.dav.conditions import error
from hxdav.dav.filters import filter_of, interval_of
from hxdav.dav.responses import RequestRefused, plain
from hxdav.dav.xmltext import CALDAV, DAV
from hxdav.domain.times import Interval
from hxdav.ical.components import tree_of as components_of
from hxdav.ical.query import CompFilter

MAX_XML = 1_000_000
"""How many octets a request in XML may have."""

_REMEMBERED = 4_096
"""Bodies up to this many octets are remembered, five hundred of them."""


class PropertyRequest(StrEnum):
    """Which of the ways to ask for properties a request uses (RFC 4918 §14.20)."""

    NAMED = "prop"
    ALL = "allprop"
    NAMES = "propname"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarData:
    """How CALDAV:calendar-data is asked for (RFC 4791 §9.6); parts of it are always given whole."""

    expand: Interval | None = None
    limit: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """Which properties are asked for: ``names`` in Clark notation, for ``ALL`` those to include besides."""

    asked: PropertyRequest
    names: tuple[str, ...] = ()
    data: CalendarData = CalendarData()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCollection:
    """DAV:sync-collection (RFC 6578 §3.2)."""

    properties: Properties
    token: str
    limit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiget:
    """CALDAV:calendar-multiget (RFC 4791 §7.9)."""

    properties: Properties
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarQuery:
    """CALDAV:calendar-query (RFC 4791 §7.8)."""

    properties: Properties
    filter: CompFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeBusyQuery:
    """CALDAV:free-busy-query (RFC 4791 §7.10)."""

    within: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherReport:
    """A report that is not supported."""


Report = SyncCollection | Multiget | CalendarQuery | FreeBusyQuery | OtherReport


def propfind_of(body: bytes) -> Properties:
    """What a PROPFIND asks for; an empty body asks for all (RFC 4918 §9.1)."""
    return _known_propfind(body) if len(body) <= _REMEMBERED else _propfind(body)


def report_of(body: bytes) -> Report:
    """What a REPORT asks for."""
    return _known_report(body) if len(body) <= _REMEMBERED else _report(body)


def tree_of(body: bytes) -> Element:
    """The root of an XML document without DTD; Refusal where it is none."""
    try:
        root: Element = ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError, LookupError):
        raise RequestRefused(plain(HTTPStatus.BAD_REQUEST, "The body is not acceptable XML.")) from None
    return root


def _propfind(body: bytes) -> Properties:
    if not body.strip():
        return Properties(asked=PropertyRequest.ALL)
    root = tree_of(body)
    found = _properties(root) if root.tag == f"{DAV}propfind" else None
    if found is None:
        raise _malformed("The body is not a DAV:propfind with one of prop, allprop and propname.")
    return found


def _report(body: bytes) -> Report:
    root = tree_of(body)
    match root.tag:
        case "{DAV:}sync-collection":
            return _sync_collection(root)
        case "{urn:ietf:params:xml:ns:caldav}calendar-multiget":
            urls = tuple(each.text or "" for each in root.iterfind(f"{DAV}href"))
            if not urls:
                raise _malformed("A calendar-multiget names at least one DAV:href.")
            return Multiget(properties=_report_properties(root), urls=urls)
        case "{urn:ietf:params:xml:ns:caldav}calendar-query":
            _check_timezone(root.find(f"{CALDAV}timezone"))
            return CalendarQuery(properties=_report_properties(root), filter=filter_of(root.find(f"{CALDAV}filter")))
        case "{urn:ietf:params:xml:ns:caldav}free-busy-query":
            return _free_busy_query(root)
        case _:
            return OtherReport()


def _check_timezone(timezone: Element | None) -> None:
    """Refuse a CALDAV:timezone that is none (RFC 4791 §7.8, §9.8)."""
    if timezone is not None and not is_timezone(timezone.text or ""):
        sentence = "CALDAV:timezone holds one calendar with one VTIMEZONE."
        raise RequestRefused(error(HTTPStatus.FORBIDDEN, "<C:valid-calendar-data/>", sentence=sentence))


_known_propfind = lru_cache(maxsize=512)(_propfind)
_known_report = lru_cache(maxsize=512)(_report)


def _sync_collection(root: Element) -> SyncCollection:
    token = root.find(f"{DAV}sync-token")
    if token is None:
        raise _malformed("A sync-collection has a DAV:sync-token, which may be empty.")
    level = root.findtext(f"{DAV}sync-level", "1").strip()
    if level == "infinite":
        raise RequestRefused(error(HTTPStatus.FORBIDDEN, "<D:sync-traversal-supported/>"))
    if level != "1":
        raise _malformed("The only DAV:sync-level is 1.")
    return SyncCollection(
        properties=_report_properties(root), token=(token.text or "").strip(), limit=_limit(root.find(f"{DAV}limit"))
    )


def _limit(limit: Element | None) -> int | None:
    """DAV:limit (RFC 5323 §5.17)."""
    if limit is None:
        return None
    number = limit.findtext(f"{DAV}nresults", "").strip()
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 10 and int(number)):  # noqa: PLR2004
        raise _malformed("DAV:nresults is a positive number.")
    return int(number)


def _free_busy_query(root: Element) -> FreeBusyQuery:
    time_range = root.find(f"{CALDAV}time-range")
    within = None if time_range is None else interval_of(time_range)
    if within is None:
        raise _malformed("A free-busy-query has a CALDAV:time-range.")
    return FreeBusyQuery(within=within)


def is_timezone(text: str) -> bool:
    """Whether ``text`` is a calendar with one time zone and nothing else (RFC 4791 §5.2.2)."""
    tree = components_of(text.strip())
    calendars = tree.components
    if tree.flaws or len(calendars) != 1 or calendars[0].name != "VCALENDAR":
        return False
    return [child.name for child in calendars[0].children] == ["VTIMEZONE"]


def _report_properties(root: Element) -> Properties:
    """Those of a report; none at all where it asks for none."""
    return _properties(root) or Properties(asked=PropertyRequest.NAMED)


def _properties(root: Element) -> Properties | None:
    if sum(len(root.findall(f"{DAV}{way}")) for way in PropertyRequest) > 1:
        raise _malformed("Properties are asked for by one of prop, allprop and propname.")
    if root.find(f"{DAV}propname") is not None:
        return Properties(asked=PropertyRequest.NAMES)
    if root.find(f"{DAV}allprop") is not None:
        return Properties(asked=PropertyRequest.ALL, names=tuple(each.tag for each in root.iterfind(f"{DAV}include/*")))
    prop = root.find(f"{DAV}prop")
    if prop is None:
        return None
    names = tuple(dict.fromkeys(each.tag for each in prop))
    return Properties(
        asked=PropertyRequest.NAMED, names=names, data=_calendar_data(prop.find(f"{CALDAV}calendar-data"))
    )


def _calendar_data(data: Element | None) -> CalendarData:
    if data is None:
        return CalendarData()
    if data.get("content-type", "text/calendar").lower() != "text/calendar" or data.get("version", "2.0") != "2.0":
        raise RequestRefused(error(HTTPStatus.FORBIDDEN, "<C:supported-calendar-data/>"))
    spans: list[Interval | None] = []
    for name in ("expand", "limit-recurrence-set"):
        given = data.find(f"{CALDAV}{name}")
        within = None if given is None else interval_of(given, both=True)
        if given is not None and within is None:
            raise _malformed(f"CALDAV:{name} has a start and a later end, in UTC.")
        spans.append(within)
    return CalendarData(expand=spans[0], limit=spans[1])


def _malformed(sentence: str) -> RequestRefused:
    return RequestRefused(plain(HTTPStatus.BAD_REQUEST, sentence))
