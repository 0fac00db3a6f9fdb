"""Times as EWS writes them: instants in UTC, and time zones by the names that Windows gives them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tests.simulators.ews.wire import EwsRefusal

_UTC_NAMES = {"UTC": "Etc/UTC", "tzone://Microsoft/Utc": "Etc/UTC", "tzone://Microsoft/Custom": "Etc/UTC"}
WINDOWS_ZONES: dict[str, str] = {**WINDOWS_TO_OLSON, **_UTC_NAMES}
_IANA_ZONES = {iana: name for name, iana in reversed(WINDOWS_ZONES.items())} | {"UTC": "UTC"}


def zone_of(windows_name: str) -> ZoneInfo:
    """The zone with that Windows name."""
    if windows_name not in WINDOWS_ZONES:
        raise EwsRefusal("ErrorTimeZone", "The time zone is not known.")
    return ZoneInfo(WINDOWS_ZONES[windows_name])


def windows_name(zone: str) -> str:
    """The Windows name of a zone, which may be an IANA name that CLDR gives as its first."""
    if zone in WINDOWS_ZONES:
        return zone
    if zone not in _IANA_ZONES:
        raise ValueError(f"no Windows zone is known for {zone}")
    return _IANA_ZONES[zone]


def written(moment: datetime) -> str:
    """An instant as Exchange writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """The instant, in UTC and to the second; one without offset is on the clock of the zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise EwsRefusal("ErrorInvalidPropertySet", "A time cannot be read.") from exc
    aware = found if found.tzinfo else found.replace(tzinfo=zone)
    return aware.astimezone(UTC).replace(microsecond=0)


def read_date(text: str) -> date:
    """An XML date, whose offset (``2026-05-24Z``, ``2026-05-24+02:00``) says nothing more."""
    return date.fromisoformat(text[:10])


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When the day begins there."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def whole_days(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The days that an all-day appointment takes: its start moves back to midnight and its end on to the next one."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    after = last.date() if last.time() == time() and last > first else last.date() + timedelta(days=1)
    return midnight(first.date(), zone), midnight(after, zone)
