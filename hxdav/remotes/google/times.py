"""Moments as Google writes them (``EventDateTime``): a date, or an offset time with the name of its zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hxdav.domain.times import AllDay, Floating, When, Zoned
from hxdav.ical.zone_names import iana_zone

Json = dict[str, Any]


class NotExpressibleInGoogle(ValueError):
    """Google has no way to say this; the text says what, without any value."""


def zone_name(when: Zoned) -> str:
    """The IANA name of the zone that ``when`` keeps; empty where it has none that Google would know."""
    zone = when.moment.tzinfo
    if zone is UTC:
        return "UTC"
    return zone.key if isinstance(zone, ZoneInfo) else ""


def google_time(when: When) -> Json:
    """``when`` for a start or an end. The part that it is not is None, so that a patch turns one into the other."""
    match when:
        case AllDay(day):
            return {"date": day.isoformat(), "dateTime": None, "timeZone": None}
        case Zoned(moment):
            name = zone_name(when)
            moment = moment if name else moment.astimezone(UTC)
            return {"date": None, "dateTime": moment.isoformat(timespec="seconds"), "timeZone": name or "UTC"}
        case Floating():
            raise NotExpressibleInGoogle("a time without time zone")


def when_of_google(value: Mapping[str, Any]) -> When:
    """The moment of a start, an end or an ``originalStartTime``; ValueError where there is none in it.

    In UTC where the zone is not known, and where the clock shows the time twice and the second one is meant: a local
    time in iCalendar is always the first (RFC 5545 §3.3.5).
    """
    if value.get("date"):
        return AllDay(date.fromisoformat(value["date"]))
    moment = datetime.fromisoformat(str(value.get("dateTime") or ""))
    zone = iana_zone(str(value.get("timeZone") or "UTC"))
    if moment.tzinfo is None:
        # Google writes an offset always; a time without one would be in the zone beside it.
        moment = moment.replace(tzinfo=zone or UTC)
    local = moment.astimezone(zone or UTC)
    return Zoned(local.astimezone(UTC) if local.fold else local)


def has_known_zone(value: Mapping[str, Any]) -> bool:
    """Whether a start is a date, or in a zone that we know: without that a series cannot be expanded."""
    return bool(value.get("date")) or iana_zone(str(value.get("timeZone") or "")) is not None
