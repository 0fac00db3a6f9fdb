"""Recurrences as EWS writes them, to and from the words of Graph, which speaks of the same thing in the same store.

https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/recurrence-patterns-and-ews
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hxdav.remotes.exchange.elements import Element, local, t, text_at
from hxdav.remotes.microsoft.times import Json, NotExpressibleInOutlook

_PATTERNS = {
    "daily": ("DailyRecurrence", ("interval",)),
    "weekly": ("WeeklyRecurrence", ("interval", "daysOfWeek", "firstDayOfWeek")),
    "absoluteMonthly": ("AbsoluteMonthlyRecurrence", ("interval", "dayOfMonth")),
    "relativeMonthly": ("RelativeMonthlyRecurrence", ("interval", "daysOfWeek", "index")),
    "absoluteYearly": ("AbsoluteYearlyRecurrence", ("dayOfMonth", "month")),
    "relativeYearly": ("RelativeYearlyRecurrence", ("daysOfWeek", "index", "month")),
}
_KINDS = {name: kind for kind, (name, _) in _PATTERNS.items()}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS = {"day": _DAYS, "weekday": _DAYS[:5], "weekendday": _DAYS[5:]}
_GROUP_NAMES = {"day": "Day", "weekday": "Weekday", "weekendday": "WeekendDay"}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def require_expressible(recurrence: Mapping[str, Any]) -> None:
    """Raise NotExpressible where EWS has no such recurrence, though Graph has: yearly ones are of every year."""
    pattern = recurrence["pattern"]
    if str(pattern["type"]).endswith("Yearly") and pattern.get("interval", 1) != 1:
        raise NotExpressibleInOutlook("a series that leaves years out")


def recurrence_element(recurrence: Mapping[str, Any]) -> Element:
    """``t:Recurrence`` for a recurrence in Graph's words."""
    pattern, bounds = recurrence["pattern"], recurrence["range"]
    name, parts = _PATTERNS[pattern["type"]]
    starts = t("StartDate", text=bounds["startDate"])
    match bounds["type"]:
        case "numbered":
            count = t("NumberOfOccurrences", text=str(bounds["numberOfOccurrences"]))
            limit = t("NumberedRecurrence", starts, count)
        case "endDate":
            limit = t("EndDateRecurrence", starts, t("EndDate", text=bounds["endDate"]))
        case _:
            limit = t("NoEndRecurrence", starts)
    return t("Recurrence", t(name, *(_part(part, pattern) for part in parts)), limit)


def _part(name: str, pattern: Mapping[str, Any]) -> Element:
    match name:
        case "interval":
            return t("Interval", text=str(pattern.get("interval", 1)))
        case "dayOfMonth":
            return t("DayOfMonth", text=str(pattern["dayOfMonth"]))
        case "month":
            return t("Month", text=_MONTHS[pattern["month"] - 1])
        case "index":
            return t("DayOfWeekIndex", text=str(pattern["index"]).capitalize())
        case "firstDayOfWeek":
            return t("FirstDayOfWeek", text=str(pattern.get("firstDayOfWeek") or "monday").capitalize())
        case _:
            return t("DaysOfWeek", text=_days_text(pattern))


def _days_text(pattern: Mapping[str, Any]) -> str:
    days = tuple(day for day in _DAYS if day in pattern["daysOfWeek"])
    if str(pattern["type"]).startswith("relative") and len(days) > 1:
        return next(_GROUP_NAMES[name] for name, group in _GROUPS.items() if group == days)
    return " ".join(day.capitalize() for day in days)


def recurrence_of(element: Element, zone: str) -> Json:
    """A recurrence in Graph's words; ``zone`` is the name of the series' zone. ValueError where it says nothing."""
    parts = list(element)
    pattern = next((part for part in parts if local(part) in _KINDS), None)
    bounds = next((part for part in parts if local(part) not in _KINDS), None)
    if pattern is None or bounds is None:
        raise ValueError("an unknown pattern of recurrence")
    kind = _KINDS[local(pattern)]
    told: Json = {"type": kind, "interval": int(text_at(pattern, "t:Interval") or 1)}
    days = text_at(pattern, "t:DaysOfWeek").lower().split()
    if days:
        told["daysOfWeek"] = [day for word in days for day in _GROUPS.get(word, (word,))]
    if text_at(pattern, "t:DayOfMonth"):
        told["dayOfMonth"] = int(text_at(pattern, "t:DayOfMonth"))
    if text_at(pattern, "t:Month"):
        told["month"] = _MONTHS.index(text_at(pattern, "t:Month")) + 1
    if text_at(pattern, "t:DayOfWeekIndex"):
        told["index"] = text_at(pattern, "t:DayOfWeekIndex").lower()
    if kind == "weekly":
        # Exchange counts weeks from Sunday where nothing is said.
        told["firstDayOfWeek"] = text_at(pattern, "t:FirstDayOfWeek").lower() or "sunday"
    return {"pattern": told, "range": _range_of(bounds) | {"recurrenceTimeZone": zone}}


def _range_of(bounds: Element) -> Json:
    # Dates may have an offset behind them (2026-11-23Z, 2026-11-23+11:00), which says nothing more.
    told: Json = {"startDate": text_at(bounds, "t:StartDate")[:10]}
    match local(bounds):
        case "NumberedRecurrence":
            return told | {"type": "numbered", "numberOfOccurrences": int(text_at(bounds, "t:NumberOfOccurrences"))}
        case "EndDateRecurrence":
            return told | {"type": "endDate", "endDate": text_at(bounds, "t:EndDate")[:10]}
        case "NoEndRecurrence":
            return told | {"type": "noEnd"}
        case _:
            raise ValueError("a series with an unknown end")
