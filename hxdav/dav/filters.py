"""CALDAV:filter (RFC 4791 §9.7): from XML to values, or the condition that says what is wrong with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus
from xml.etree.ElementTree import Element

from hxdav.dav.answers import Refusal
from hxdav.dav.conditions import error
from hxdav.dav.xmltext import CALDAV
from hxdav.domain.times import Interval
from hxdav.ical.query import COLLATIONS, EVER, CompFilter, ParamFilter, PropFilter, TextMatch

_UTC = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_DEEPEST = 8
_YES_NO = {"yes": True, "no": False}


def filter_of(tree: Element | None) -> CompFilter:
    """The filter of a calendar-query; its one comp-filter is that of VCALENDAR (§9.7)."""
    if tree is None or len(tree) != 1 or tree[0].tag != f"{CALDAV}comp-filter":
        raise _invalid("A filter holds one comp-filter, that of VCALENDAR.")
    outermost = _comp_filter(tree[0], 0)
    if outermost.name != "VCALENDAR" or outermost.time_range is not None:
        raise _invalid("A filter holds one comp-filter, that of VCALENDAR.")
    return outermost


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


def _comp_filter(tree: Element, depth: int) -> CompFilter:
    if depth > _DEEPEST:
        raise _invalid("The filter nests too deep.")
    children = _children(tree, "is-not-defined", "time-range", "prop-filter", "comp-filter")
    absent = _absent(tree, children)
    return CompFilter(
        name=_name(tree),
        absent=absent,
        time_range=_time_range(children["time-range"]),
        props=tuple(_prop_filter(child) for child in children["prop-filter"]),
        comps=tuple(_comp_filter(child, depth + 1) for child in children["comp-filter"]),
    )


def _prop_filter(tree: Element) -> PropFilter:
    children = _children(tree, "is-not-defined", "time-range", "text-match", "param-filter")
    return PropFilter(
        name=_name(tree),
        absent=_absent(tree, children),
        text_match=_text_match(children["text-match"]),
        time_range=_time_range(children["time-range"]),
        params=tuple(_param_filter(child) for child in children["param-filter"]),
    )


def _param_filter(tree: Element) -> ParamFilter:
    children = _children(tree, "is-not-defined", "text-match")
    return ParamFilter(name=_name(tree), absent=_absent(tree, children), text_match=_text_match(children["text-match"]))


def _text_match(trees: list[Element]) -> TextMatch | None:
    if not trees:
        return None
    if len(trees) > 1 or len(trees[0]):
        raise _invalid("A filter has one text-match at most, which is text.")
    tree = trees[0]
    collation = tree.get("collation", "i;ascii-casemap")
    if collation == "default":
        collation = "i;ascii-casemap"
    if collation not in COLLATIONS:
        raise Refusal(error(HTTPStatus.FORBIDDEN, "<C:supported-collation/>", sentence="This collation is not known."))
    negate = _YES_NO.get(tree.get("negate-condition", "no"))
    if negate is None:
        raise _invalid("negate-condition is yes or no.")
    return TextMatch(text=tree.text or "", negate=negate, collation=collation)


def _time_range(trees: list[Element]) -> Interval | None:
    if not trees:
        return None
    within = interval_of(trees[0])
    if len(trees) > 1 or within is None:
        raise _invalid("A time-range has a start or a later end, or both, in UTC.")
    return within


def _name(tree: Element) -> str:
    name = tree.get("name", "")
    if not name:
        raise _invalid("A filter names what it is about.")
    return name.upper()


def _absent(tree: Element, children: dict[str, list[Element]]) -> bool:
    if not children["is-not-defined"]:
        return False
    if len(tree) > 1:
        raise _invalid("What is not defined cannot be looked into.")
    return True


def _children(tree: Element, *names: str) -> dict[str, list[Element]]:
    """The children by local name; what is not of these names is not a filter that we know (§9.7)."""
    children: dict[str, list[Element]] = {name: [] for name in names}
    for child in tree:
        local = child.tag.removeprefix(CALDAV)
        if local == child.tag or local not in children:
            raise Refusal(
                error(HTTPStatus.FORBIDDEN, "<C:supported-filter/>", sentence="This kind of filter is not known.")
            )
        children[local].append(child)
    return children


def _invalid(sentence: str) -> Refusal:
    return Refusal(error(HTTPStatus.FORBIDDEN, "<C:valid-filter/>", sentence=sentence))
