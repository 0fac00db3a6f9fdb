"""Dates and times of events: read as Google reads them, kept in the event's zone, shown in another's."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TypeAlias
from zoneinfo import ZoneInfo

from tests.simulators.google.wire import Json, invalid, required

Moment: TypeAlias = date | datetime
"""A date of an all-day event, or an aware datetime."""


def zone_named(name: str) -> ZoneInfo:
    """The zone of that IANA name; 400 if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:
        raise invalid(f"Invalid time zone definition: {name}") from exc


def kept_time(when: Json, *, zone: str, name: str) -> Json:
    """The start or end as it is kept: a date, or the wall time of its zone, the calendar's by default."""
    when = {key: value for key, value in when.items() if value is not None}
    match "date" in when, "dateTime" in when:
        case True, False:
            return {"date": _date(when["date"], name).isoformat()}
        case False, True:
            return _kept_moment(when, zone, name)
        case False, False:
            raise required(f"Missing {name} time.")
        case _:
            raise invalid(f"Invalid {name} time.")


def _kept_moment(when: Json, zone: str, name: str) -> Json:
    own = str(when.get("timeZone") or zone)
    moment = _datetime(when["dateTime"], name)
    if moment.tzinfo is None:
        if "timeZone" not in when:
            raise required(f"Missing time zone definition for {name} time.")
        moment = moment.replace(tzinfo=zone_named(own))
    local = moment.astimezone(zone_named(own)).replace(microsecond=0)
    return {"dateTime": written(local), "timeZone": own}


def shown_time(when: Json, zone: str | None) -> Json:
    """The kept time with the offset of a zone, by default its own; ``timeZone`` stays the event's."""
    if zone is None or "dateTime" not in when:
        return dict(when)
    return {**when, "dateTime": written(datetime.fromisoformat(when["dateTime"]).astimezone(ZoneInfo(zone)))}


def moment_of(when: Json) -> Moment:
    """The kept time as a value: a date, or a datetime in the event's zone."""
    if "date" in when:
        return date.fromisoformat(when["date"])
    return datetime.fromisoformat(when["dateTime"]).astimezone(ZoneInfo(when["timeZone"]))


def time_of(moment: Moment, zone: str) -> Json:
    """The value as a kept time; the zone is the event's."""
    if isinstance(moment, datetime):
        return {"dateTime": written(moment.astimezone(ZoneInfo(zone))), "timeZone": zone}
    return {"date": moment.isoformat()}


def instant_of(moment: Moment, zone: str) -> datetime:
    """The instant at which it is; a date begins at midnight of the calendar's zone."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return datetime.combine(moment, time(), ZoneInfo(zone)).astimezone(UTC)


def written(moment: datetime) -> str:
    """RFC 3339 to the second, with Z for UTC."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def stamped(moment: datetime) -> str:
    """RFC 3339 in UTC to the millisecond, as ``created`` and ``updated`` are written."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _date(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise invalid(f"Invalid {name} time.") from exc


def _datetime(text: str, name: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise invalid(f"Invalid {name} time.") from exc
