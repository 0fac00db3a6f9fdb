"""CALDAV:filter (RFC 4791 §9.7): from XML to values, or the condition that says what is wrong with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus
from xml.etree.ElementTree import Element

from hxdav.dav.conditions import error
from hxdav.dav.responses import RequestRefused
from hxdav.dav.xmltext import CALDAV
from hxdav.domain.times import Interval
from hxdav.ical.query import COLLATIONS, EVER, CompFilter, ParamFilter, PropFilter, TextMatch

_NAME = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_UTC = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_DEEPEST = 8
_YES_NO = {"yes": True, "no": False}
_ATTRIBUTES = {
    "filter": frozenset[str](),
    "comp-filter": frozenset({"name"}),
    "prop-filter": frozenset({"name"}),
    "param-filter": frozenset({"name"}),
    "is-not-defined": frozenset[str](),
    "time-range": frozenset({"start", "end"}),
    "text-match": frozenset({"collation", "negate-condition"}),
}
"""What each element may have (§9.7, §9.9): another one would change what is meant, if it were passed over."""

_PARENTS = {
    "VCALENDAR": frozenset[str](),
    "VALARM": frozenset({"VEVENT", "VTODO"}),
    "STANDARD": frozenset({"VTIMEZONE"}),
    "DAYLIGHT": frozenset({"VTIMEZONE"}),
    **dict.fromkeys(("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE"), frozenset({"VCALENDAR"})),
}
"""In which components a component can be (RFC 5545 §3.6); one that is not here can be anywhere."""

_TIMED = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VALARM"})
"""Components that a time-range can be about (§9.9)."""

_MOMENTS = frozenset(
    ("ACKNOWLEDGED", "COMPLETED", "CREATED", "DTEND", "DTSTAMP", "DTSTART", "DUE", "EXDATE", "LAST-MODIFIED")
) | {"RDATE", "RECURRENCE-ID", "TRIGGER"}
"""Properties that hold dates or times, so that a time-range can be about them (§9.9)."""


def filter_of(tree: Element | None) -> CompFilter:
    """The filter of a calendar-query; its one comp-filter is that of VCALENDAR (§9.7)."""
    if tree is None:
        raise _invalid("A calendar-query has a filter.")
    _check_form(tree, "filter")
    if len(tree) != 1 or tree[0].tag != f"{CALDAV}comp-filter" or tree[0].get("name", "").upper() != "VCALENDAR":
        raise _invalid("A filter holds one comp-filter, that of VCALENDAR.")
    return _comp_filter(tree[0], "", depth=0)


def interval_of(tree: Element, *, both: bool = False) -> Interval | None:
    """The span that ``start`` and ``end`` of a time-range give, in UTC; None where they give none.

    One of them may be missing (§9.9), unless ``both`` are asked for.
    """
    starts, ends = tree.get("start"), tree.get("end")
    if (starts is None and ends is None) or (both and (starts is None or ends is None)):
        return None
    try:
        first = EVER.starts if starts is None else _moment(starts)
        last = EVER.ends if ends is None else _moment(ends)
        return Interval(first, last) if first < last else None
    except ValueError:
        return None


def _moment(value: str) -> datetime:
    if not _UTC.fullmatch(value):
        raise ValueError("not a time in UTC")
    return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _comp_filter(tree: Element, parent: str, *, depth: int) -> CompFilter:
    if depth > _DEEPEST:
        raise _invalid("The filter nests too deep.")
    children = _children(tree, "comp-filter", "is-not-defined", "time-range", "prop-filter", "comp-filter")
    name = _name(tree)
    if parent and parent not in _PARENTS.get(name, {parent}):
        raise _invalid(f"No {name} is in a {parent}.")
    if children["time-range"] and name not in _TIMED:
        raise _invalid("A time-range is about a component that takes place.")
    return CompFilter(
        name=name,
        absent=_absent(tree, children),
        time_range=_time_range(children["time-range"]),
        props=tuple(_prop_filter(child) for child in children["prop-filter"]),
        comps=tuple(_comp_filter(child, name, depth=depth + 1) for child in children["comp-filter"]),
    )


def _prop_filter(tree: Element) -> PropFilter:
    children = _children(tree, "prop-filter", "is-not-defined", "time-range", "text-match", "param-filter")
    name = _name(tree)
    if children["time-range"] and (children["text-match"] or not (name in _MOMENTS or name.startswith("X-"))):
        raise _invalid("A time-range is about a property that holds a time, and takes the place of a text-match.")
    return PropFilter(
        name=name,
        absent=_absent(tree, children),
        text_match=_text_match(children["text-match"]),
        time_range=_time_range(children["time-range"]),
        params=tuple(_param_filter(child) for child in children["param-filter"]),
    )


def _param_filter(tree: Element) -> ParamFilter:
    children = _children(tree, "param-filter", "is-not-defined", "text-match")
    return ParamFilter(name=_name(tree), absent=_absent(tree, children), text_match=_text_match(children["text-match"]))


def _text_match(trees: list[Element]) -> TextMatch | None:
    if not trees:
        return None
    if len(trees) > 1 or len(trees[0]):
        raise _invalid("A filter has one text-match at most, which is text.")
    tree = trees[0]
    _check_form(tree, "text-match")
    collation = tree.get("collation", "i;ascii-casemap")
    if collation == "default":
        collation = "i;ascii-casemap"
    if collation not in COLLATIONS:
        raise RequestRefused(
            error(HTTPStatus.FORBIDDEN, "<C:supported-collation/>", sentence="This collation is not known.")
        )
    negate = _YES_NO.get(tree.get("negate-condition", "no"))
    if negate is None:
        raise _invalid("negate-condition is yes or no.")
    return TextMatch(text=tree.text or "", negate=negate, collation=collation)


def _time_range(trees: list[Element]) -> Interval | None:
    if not trees:
        return None
    _check_form(trees[0], "time-range")
    within = interval_of(trees[0])
    if len(trees) > 1 or len(trees[0]) or within is None:
        raise _invalid("A time-range has a start or a later end, or both, in UTC.")
    return within


def _name(tree: Element) -> str:
    name = tree.get("name", "")
    if not _NAME.fullmatch(name):
        raise _invalid("A filter names what it is about (RFC 5545 §3.1).")
    return name.upper()


def _absent(tree: Element, children: dict[str, list[Element]]) -> bool:
    if not children["is-not-defined"]:
        return False
    _check_form(tree[0], "is-not-defined")
    if len(tree) > 1 or len(tree[0]):
        raise _invalid("What is not defined cannot be looked into.")
    return True


def _check_form(tree: Element, own: str) -> None:
    """Refuse an element of the local name ``own`` that has more to it than §9.7 allows."""
    if any(not name.startswith("{") and name not in _ATTRIBUTES[own] for name in tree.attrib):
        raise _invalid(f"{own} has an attribute that it cannot have.")
    texts = [] if own == "text-match" else [tree.text, *(child.tail for child in tree)]
    if any(text and text.strip() for text in texts):
        raise _invalid(f"{own} holds no text.")


def _children(tree: Element, own: str, *names: str) -> dict[str, list[Element]]:
    """The children by local name; what is not of these names is not a filter that we know (§9.7)."""
    _check_form(tree, own)
    children: dict[str, list[Element]] = {name: [] for name in names}
    for child in tree:
        local = child.tag.removeprefix(CALDAV)
        if local == child.tag or local not in children:
            raise RequestRefused(
                error(HTTPStatus.FORBIDDEN, "<C:supported-filter/>", sentence="This kind of filter is not known.")
            )
        children[local].append(child)
    return children


def _invalid(sentence: str) -> RequestRefused:
    return RequestRefused(error(HTTPStatus.FORBIDDEN, "<C:valid-filter/>", sentence=sentence))
