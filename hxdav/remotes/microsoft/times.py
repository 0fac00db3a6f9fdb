"""Moments as Graph writes them (``dateTimeTimeZone``): a wall-clock time, and beside it the name of its zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hxdav.domain.times import AllDay, Floating, When, Zoned
from hxdav.ical.zone_names import windows_name, zone_named

Json = dict[str, Any]

_FRACTION = re.compile(r"\.\d+")


class NotExpressibleInOutlook(ValueError):
    """Outlook has no way to say this; the text says what, without any value."""


def zone_key(when: When) -> str:
    """The IANA name of the zone that ``when`` keeps; empty where it has none that Microsoft would know."""
    zone = when.moment.tzinfo if isinstance(when, Zoned) else None
    if zone is UTC:
        return "UTC"
    return zone.key if isinstance(zone, ZoneInfo) and windows_name(zone.key) else ""


def sent_name(zone: str) -> str:
    """The name under which a zone is sent: Windows' own, which Exchange knows best, or IANA's where it has none."""
    return windows_name(zone) or zone


def graph_time(when: When) -> Json:
    """``when`` for a start or an end; a day is its midnight in UTC, whose zone nobody looks at."""
    match when:
        case AllDay(day):
            return {"dateTime": datetime.combine(day, time.min).isoformat(), "timeZone": "UTC"}
        case Zoned(moment):
            name = zone_key(when)
            if not name or not is_certain(moment):
                name, moment = "UTC", moment.astimezone(UTC)
            return {
                "dateTime": moment.replace(tzinfo=None, fold=0).isoformat("T", "seconds"),
                "timeZone": sent_name(name),
            }
        case Floating():
            raise NotExpressibleInOutlook("a time without time zone")


def is_certain(moment: datetime) -> bool:
    """Whether its wall-clock time is one moment in its zone: the clock neither skips it nor shows it twice.

    RFC 5545 §3.3.5 says which moment such a time is; programs at Microsoft's end differ on that.
    """
    return moment.utcoffset() == moment.replace(fold=1 - moment.fold).utcoffset()


def moment_of(value: Mapping[str, Any]) -> datetime:
    """The moment, in UTC, of a start or an end; ValueError where its zone is not known."""
    zone = zone_named(str(value.get("timeZone") or "UTC"))
    if zone is None:
        raise ValueError("a time in an unknown zone")
    return local_of(value).replace(tzinfo=zone).astimezone(UTC)


def local_of(value: Mapping[str, Any]) -> datetime:
    """The wall-clock time of a start or an end (``2026-11-23T09:00:00.0000000``), to the second."""
    found = datetime.fromisoformat(_FRACTION.sub("", str(value["dateTime"])))
    return found.replace(tzinfo=None)


def day_of(value: Mapping[str, Any]) -> date:
    """The day of an all-day start or end: Graph shows its midnight and calls it UTC, whatever the zone was."""
    return local_of(value).date()


def stamp_of(value: object) -> datetime | None:
    """A moment of Graph's own (``2026-11-20T08:00:00.1234567Z``); None where there is none."""
    try:
        moment = datetime.fromisoformat(_FRACTION.sub("", str(value)))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def in_zone(moment: datetime, name: str) -> Zoned:
    """``moment`` by the clock of the zone that Microsoft calls ``name``; in UTC where that is not known.

    In UTC as well where the clock shows the time twice and the second one is meant: a local time in iCalendar is always
    the first (RFC 5545 §3.3.5).
    """
    local = moment.astimezone(zone_named(name) or UTC)
    return Zoned(local.astimezone(UTC) if local.fold else local)
