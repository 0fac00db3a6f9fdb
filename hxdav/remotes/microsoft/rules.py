"""Recurrence both ways: RRULE (RFC 5545 §3.3.10) and Graph's ``patternedRecurrence``.

Graph knows daily, weekly, monthly and yearly patterns, and no extra dates. In a month that is too short, Exchange takes
its last day, where a rule leaves the month out: so a rule for the 29th to 31st is written otherwise, or not at all.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from hxdav.ical.clocks import last_local
from hxdav.ical.rules import Allowance, Exhausted, rule_of
from hxdav.ical.timeline import Timeline
from hxdav.ical.values import when_from
from hxdav.ical.zones import Zones
from hxdav.remotes.microsoft.times import Json, NotExpressibleInOutlook

_DAYS = {
    "MO": "monday",
    "TU": "tuesday",
    "WE": "wednesday",
    "TH": "thursday",
    "FR": "friday",
    "SA": "saturday",
    "SU": "sunday",
}
_CODES = {name: code for code, name in _DAYS.items()}
_INDEXES = {"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last"}
_ORDINALS = {name: number for number, name in _INDEXES.items()}
_GROUPS = (set(_DAYS), {"MO", "TU", "WE", "TH", "FR"}, {"SA", "SU"})
"""Which days together Exchange can count within a month: day, weekday, weekend day."""

_SAFE_DAY = 28
_LEAP_DAY = (2, 29)
_SOME_LEAP_YEAR = 2024
_MOST_INTERVAL, _MOST_OCCURRENCES = 99, 999
_OF_TYPE = {
    "daily": ("interval",),
    "weekly": ("interval", "daysOfWeek"),
    "absoluteMonthly": ("interval", "dayOfMonth"),
    "relativeMonthly": ("interval", "daysOfWeek", "index"),
    "absoluteYearly": ("interval", "dayOfMonth", "month"),
    "relativeYearly": ("interval", "daysOfWeek", "index", "month"),
}
_OF_RANGE = {"noEnd": (), "endDate": ("endDate",), "numbered": ("numberOfOccurrences",)}


def pattern_for(rule: str, first: datetime, *, timeline: Timeline, zones: Zones, zone: str) -> Json:
    """The recurrence that means ``rule`` from ``first`` (a local start) on; ``zone`` is the name that is sent.

    Raises NotExpressible where Graph has none such.
    """
    parts = dict(part.partition("=")[::2] for part in rule.upper().replace(" ", "").split(";") if part)
    try:
        pattern = _pattern(parts, first.date())
        pattern["interval"] = int(parts.get("INTERVAL") or 1)
    except ValueError as error:
        raise (
            error if isinstance(error, NotExpressibleInOutlook) else NotExpressibleInOutlook("a rule of this form")
        ) from None
    if pattern["interval"] > _MOST_INTERVAL:
        raise NotExpressibleInOutlook("a series with so long a pause")
    if not _begins_with(rule, first):
        raise NotExpressibleInOutlook("a series that does not begin by its own rule")
    bounds: Json = {"type": "noEnd", "startDate": first.date().isoformat(), "recurrenceTimeZone": zone}
    if parts.get("COUNT"):
        if int(parts["COUNT"]) > _MOST_OCCURRENCES:
            raise NotExpressibleInOutlook("a series of so many appointments")
        bounds |= {"type": "numbered", "numberOfOccurrences": int(parts["COUNT"])}
    elif parts.get("UNTIL"):
        last = _last_day(rule, timeline, zones)
        if last < first.date():
            raise NotExpressibleInOutlook("a series that ends before it begins")
        bounds |= {"type": "endDate", "endDate": last.isoformat()}
    return {"pattern": pattern, "range": bounds}


def rule_for(recurrence: Mapping[str, Any], first: datetime, *, timeline: Timeline) -> str:
    """The RRULE that means ``recurrence`` for a series that starts at ``first``; ValueError where it says nothing."""
    pattern, bounds = recurrence["pattern"], recurrence["range"]
    text = _rule(pattern, first.date())
    if int(pattern.get("interval") or 1) > 1:
        text += f";INTERVAL={int(pattern['interval'])}"
    match bounds.get("type"):
        case "numbered":
            return f"{text};COUNT={int(bounds['numberOfOccurrences'])}"
        case "endDate":
            last = datetime.combine(date.fromisoformat(bounds["endDate"]), timeline.time_of_day)
            return f"{text};UNTIL={timeline.identity(last)}"
        case "noEnd":
            return text
        case _:
            raise ValueError("a series with an unknown end")


def same_recurrence(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two recurrences mean the same: Graph fills in what does not count."""
    return _essence(one) == _essence(other)


def _essence(recurrence: Mapping[str, Any]) -> list[Any]:
    pattern, bounds = recurrence["pattern"], recurrence["range"]
    kind, limit = str(pattern.get("type")), str(bounds.get("type"))
    told = [kind, limit, bounds.get("startDate")]
    for name in _OF_TYPE.get(kind, ()):
        value = pattern.get(name)
        told.append(sorted(map(str.lower, value)) if isinstance(value, list) else value)
    if kind == "weekly" and pattern.get("interval") != 1:
        told.append(str(pattern.get("firstDayOfWeek")).lower())
    return told + [bounds.get(name) for name in _OF_RANGE.get(limit, ())]


# -- outward


def _pattern(parts: Mapping[str, str], first: date) -> Json:
    by = frozenset(name for name in parts if name.startswith("BY") and parts[name])
    match parts.get("FREQ"):
        case "DAILY" if not by:
            return {"type": "daily"}
        case "DAILY" if by == {"BYDAY"} and parts.get("INTERVAL", "1") == "1":
            return _weekly(parts, first)
        case "WEEKLY" if by <= {"BYDAY"}:
            return _weekly(parts, first)
        case "MONTHLY":
            return _monthly(parts, by, first)
        case "YEARLY":
            return _yearly(parts, by, first)
        case _:
            raise NotExpressibleInOutlook("a rule of this form")


def _weekly(parts: Mapping[str, str], first: date) -> Json:
    codes = parts["BYDAY"].split(",") if parts.get("BYDAY") else [_code_of(first)]
    if not set(codes) <= _DAYS.keys():
        raise NotExpressibleInOutlook("a rule of this form")
    days = [name for code, name in _DAYS.items() if code in codes]
    return {"type": "weekly", "daysOfWeek": days, "firstDayOfWeek": _DAYS[parts.get("WKST") or "MO"]}


def _monthly(parts: Mapping[str, str], by: frozenset[str], first: date) -> Json:
    if not by or by <= {"BYMONTHDAY", "BYSETPOS"}:
        wanted = parts.get("BYMONTHDAY", "") or str(first.day)
        if wanted == "-1" and "BYSETPOS" not in by:
            return {"type": "relativeMonthly", "daysOfWeek": list(_DAYS.values()), "index": "last"}
        return {"type": "absoluteMonthly", "dayOfMonth": _day_number(wanted, parts.get("BYSETPOS", ""))}
    if by <= {"BYDAY", "BYSETPOS"}:
        return {"type": "relativeMonthly", **_counted_day(parts)}
    raise NotExpressibleInOutlook("a rule of this form")


def _yearly(parts: Mapping[str, str], by: frozenset[str], first: date) -> Json:
    month = int(parts.get("BYMONTH") or first.month)
    if by <= {"BYMONTH"} or by == {"BYMONTH", "BYMONTHDAY"}:
        number = int(parts.get("BYMONTHDAY") or first.day)
        if number < 1 or (month, number) == _LEAP_DAY:
            raise NotExpressibleInOutlook("a day that some years do not have")
        return {"type": "absoluteYearly", "dayOfMonth": number, "month": month}
    if by == {"BYMONTH", "BYMONTHDAY", "BYSETPOS"} and parts["BYMONTHDAY"] == "28,29" and month == _LEAP_DAY[0]:
        return {"type": "absoluteYearly", "dayOfMonth": _day_number("28,29", parts["BYSETPOS"]), "month": month}
    if {"BYMONTH", "BYDAY"} <= by <= {"BYMONTH", "BYDAY", "BYSETPOS"}:
        return {"type": "relativeYearly", "month": month, **_counted_day(parts)}
    raise NotExpressibleInOutlook("a rule of this form")


def _day_number(wanted: str, position: str) -> int:
    """The day of the month; the days from the 28th to it, of which the last counts, are how Exchange takes it."""
    if not position:
        number = int(wanted)
        if 1 <= number <= _SAFE_DAY:
            return number
    elif position == "-1":
        numbers = [int(number) for number in wanted.split(",")]
        if len(numbers) > 1 and numbers == list(range(_SAFE_DAY, numbers[-1] + 1)):
            return numbers[-1]
    raise NotExpressibleInOutlook("a day that some months do not have")


def _counted_day(parts: Mapping[str, str]) -> Json:
    codes = parts["BYDAY"].split(",")
    position = parts.get("BYSETPOS", "")
    if not position and len(codes) == 1:
        position, codes = codes[0][:-2].removeprefix("+"), [codes[0][-2:]]
    if position not in _INDEXES or not (len(codes) == 1 or set(codes) in _GROUPS) or not set(codes) <= _DAYS.keys():
        raise NotExpressibleInOutlook("a rule of this form")
    return {"daysOfWeek": [name for code, name in _DAYS.items() if code in codes], "index": _INDEXES[position]}


def _begins_with(rule: str, first: datetime) -> bool:
    try:
        return next(rule_of(rule).starts(first, first, Allowance()), None) == first
    except Exhausted:
        return False


def _last_day(rule: str, timeline: Timeline, zones: Zones) -> date:
    """The last day on which an instance may start; UNTIL may lie before that day's time."""
    until = last_local(when_from(rule_of(rule).until, "", zones), timeline)
    return until.date() if until.time() >= timeline.time_of_day else until.date() - timedelta(days=1)


# -- inward


def _rule(pattern: Mapping[str, Any], first: date) -> str:
    days = [_CODES[name] for name in _CODES if name in {str(day).lower() for day in pattern.get("daysOfWeek") or ()}]
    match pattern.get("type"):
        case "daily":
            return "FREQ=DAILY"
        case "weekly":
            return _weekly_rule(pattern, days, first)
        case "absoluteMonthly":
            number = int(pattern["dayOfMonth"])
            return "FREQ=MONTHLY" + ("" if number == first.day <= _SAFE_DAY else _month_days(number))
        case "relativeMonthly":
            return f"FREQ=MONTHLY;{_days_rule(days, pattern)}"
        case "relativeYearly":
            return f"FREQ=YEARLY;BYMONTH={int(pattern['month'])};{_days_rule(days, pattern)}"
        case "absoluteYearly":
            return _yearly_rule(int(pattern["month"]), int(pattern["dayOfMonth"]), first)
        case _:
            raise ValueError("an unknown pattern of recurrence")


def _yearly_rule(month: int, number: int, first: date) -> str:
    number = min(number, monthrange(_SOME_LEAP_YEAR, month)[1])
    if (month, number) == _LEAP_DAY:
        return f"FREQ=YEARLY;BYMONTH={month}{_month_days(number)}"
    if (month, number) == (first.month, first.day):
        return "FREQ=YEARLY"
    return f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={number}"


def _weekly_rule(pattern: Mapping[str, Any], days: list[str], first: date) -> str:
    text = "FREQ=WEEKLY"
    if days and days != [_code_of(first)]:
        text += f";BYDAY={','.join(days)}"
    begins = _CODES.get(str(pattern.get("firstDayOfWeek") or "monday").lower(), "MO")
    return f"{text};WKST={begins}" if begins != "MO" and int(pattern.get("interval") or 1) > 1 else text


def _month_days(number: int) -> str:
    """The day of each month, its last where it has none such."""
    if number <= _SAFE_DAY:
        return f";BYMONTHDAY={number}"
    return f";BYMONTHDAY={','.join(map(str, range(_SAFE_DAY, number + 1)))};BYSETPOS=-1"


def _days_rule(days: list[str], pattern: Mapping[str, Any]) -> str:
    ordinal = _ORDINALS[str(pattern.get("index") or "first").lower()]
    if len(days) == 1:
        return f"BYDAY={ordinal}{days[0]}"
    if not days:
        raise ValueError("a pattern without days")
    if set(days) == set(_DAYS) and ordinal == "-1":
        return "BYMONTHDAY=-1"
    return f"BYDAY={','.join(days)};BYSETPOS={ordinal}"


def _code_of(day: date) -> str:
    return list(_DAYS)[day.weekday()]
