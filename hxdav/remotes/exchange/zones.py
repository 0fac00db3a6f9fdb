"""Time zones of items: those with a name that is known, and those that Exchange tells the whole clock of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo

from hxdav.ical.timezones import offset_text
from hxdav.ical.values import local_text
from hxdav.ical.zone_names import zone_like, zone_named
from hxdav.ical.zones import Zones
from hxdav.remotes.exchange.elements import Element, every, local, text_at

_DURATION = re.compile(r"(-?)P(?:0D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?")
_DAYS = {
    "Sunday": "SU",
    "Monday": "MO",
    "Tuesday": "TU",
    "Wednesday": "WE",
    "Thursday": "TH",
    "Friday": "FR",
    "Saturday": "SA",
}
_UNNAMED = "clock"
_BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall-clock time


def name_of(definition: Element | None, *, home: str, year: int) -> str:
    """The name of the zone that ``t:StartTimeZone`` defines; empty where it is not understood.

    The name is in ``Id``, or in ``Name`` where that is empty. Zones out of invitations have names that mean nothing
    elsewhere: such a zone gets the name of one that keeps the same clock in ``year`` and the next, the practice's
    (``home``) before others.
    """
    if definition is None:
        return ""
    for name in (str(definition.get("Id") or ""), str(definition.get("Name") or "")):
        if zone_named(name) is not None:
            return name
    clock = _clock_of(definition, year)
    return "" if clock is None else zone_like(clock, year=year, first=home)


def _clock_of(definition: Element, year: int) -> tzinfo | None:
    """The clock that a definition tells for ``year`` and later; None where it tells none that can be read."""
    try:
        observances = list(_observances(definition, year))
    except (KeyError, ValueError):
        return None
    text = "\r\n".join(("BEGIN:VTIMEZONE", f"TZID:{_UNNAMED}", *observances, "END:VTIMEZONE"))
    return Zones(texts={_UNNAMED: text}).get(_UNNAMED)


def _observances(definition: Element, year: int) -> Iterator[str]:
    """The lines of a VTIMEZONE that say what a definition says; KeyError or ValueError where it contradicts itself."""
    periods = {str(each.get("Id")): str(each.get("Bias")) for each in every(definition, "t:Periods/t:Period")}
    changes = _changes(definition, year)
    offsets = [_offset(periods[text_at(change, "t:To")]) for change in changes]
    for change, before, after in zip(changes, offsets[-1:] + offsets, offsets, strict=False):
        rule = _RULES[local(change)](change)
        yield "BEGIN:STANDARD"
        yield f"DTSTART:{local_text(_BEGINNING + _duration(text_at(change, 't:TimeOffset') or 'PT0H'))}"
        yield f"TZOFFSETFROM:{offset_text(before)}"
        yield f"TZOFFSETTO:{offset_text(after)}"
        if rule:
            yield f"RRULE:FREQ=YEARLY;{rule}"
        yield "END:STANDARD"


def _changes(definition: Element, year: int) -> list[Element]:
    """The changes of the clock in each year: of the group that holds in ``year``."""
    group = ""
    for transition in every(definition, "t:Transitions/*"):
        # The first has no date: it holds from ever.
        since = text_at(transition, "t:DateTime")[:4]
        if not since or int(since) <= year:
            group = text_at(transition, "t:To")
    groups = {str(each.get("Id")): list(each) for each in every(definition, "t:TransitionsGroups/t:TransitionsGroup")}
    return groups[group]


def _day_rule(change: Element) -> str:
    # The fifth is the last one, in months that have only four too.
    which = text_at(change, "t:Occurrence").replace("5", "-1")
    return f"BYMONTH={text_at(change, 't:Month')};BYDAY={which}{_DAYS[text_at(change, 't:DayOfWeek')]}"


def _date_rule(change: Element) -> str:
    return f"BYMONTH={text_at(change, 't:Month')};BYMONTHDAY={text_at(change, 't:Day')}"


_RULES: Mapping[str, Callable[[Element], str]] = {
    "Transition": lambda _: "",
    "RecurringDayTransition": _day_rule,
    "RecurringDateTransition": _date_rule,
}


def _offset(bias: str) -> timedelta:
    """What is added to UTC; the bias is what is added to local time (``-PT10H``)."""
    return -_duration(bias)


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("not a duration")
    sign, hours, minutes, seconds = found.groups()
    length = timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=int(seconds or 0))
    return -length if sign else length
