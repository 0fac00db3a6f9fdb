"""Times of events as Graph reads and writes them (``dateTimeTimeZone``), by Windows' names of zones and by IANA's."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

from exchangelib.winzone import (  # type: ignore[import-untyped]
    IANA_TO_MS_TIMEZONE_MAP,
    MS_TIMEZONE_TO_IANA_MAP,
)

from tests.simulators.graph.wire import Json, Refusal, invalid

CUSTOM = "tzone://Microsoft/Custom"
FRACTION = re.compile(r"\.\d+")


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of that Windows or IANA name; 400 if there is none."""
    try:
        return ZoneInfo(MS_TIMEZONE_TO_IANA_MAP.get(name, name))
    except (KeyError, ValueError, OSError) as exc:
        sentence = f"A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'."
        raise Refusal(400, "TimeZoneNotSupportedException", sentence) from exc


def windows_name(name: str) -> str:
    """Windows' name of a zone where it has one."""
    return name if name in MS_TIMEZONE_TO_IANA_MAP else str(IANA_TO_MS_TIMEZONE_MAP.get(name, (name,))[0])


def moment_of(when: Json, *, name: str) -> datetime:
    """The aware datetime of a ``dateTimeTimeZone`` in its own zone; an offset in the text goes before the zone."""
    zone = zone_named(when.get("timeZone") or "UTC")
    moment = read_moment(when.get("dateTime", ""), name=name)
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)).replace(microsecond=0)


def read_moment(text: str, *, name: str) -> datetime:
    """ISO 8601 as Graph takes it, with more digits of a second than Python reads; 400 where it is none."""
    try:
        return datetime.fromisoformat(FRACTION.sub("", text))
    except ValueError as exc:
        raise invalid(f"The value of {name} is no date and time.", word="ErrorInvalidParameter") from exc


def instant_read(text: str, *, name: str) -> datetime:
    """The instant that a query names; without an offset it is in UTC."""
    moment = read_moment(text.replace(" ", "+"), name=name)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def written(moment: datetime, zone: str) -> Json:
    """The moment by the clock of a zone, with the seven digits that Graph writes."""
    local = moment.astimezone(zone_named(zone))
    return {"dateTime": f"{local:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": zone}


def written_day(day: date) -> Json:
    """A bound of an all-day event: midnight, said to be UTC whatever the zone (docs/providers.md §3.3)."""
    return {"dateTime": f"{day.isoformat()}T00:00:00.0000000", "timeZone": "UTC"}


def midnight(day: date, zone: str) -> datetime:
    """The instant at which the day begins there."""
    return datetime.combine(day, time(), zone_named(zone))


def stamped(moment: datetime) -> str:
    """A moment of Graph's own: UTC, to the seventh digit."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"


def offset_stamp(moment: datetime) -> str:
    """A moment of a series or a subscription: UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
