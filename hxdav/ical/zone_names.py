"""The names of time zones that mean the same in every text: IANA's, Windows', and those that programs make of them.

tzlocal ships the pairs of Windows' and IANA's names that the Unicode CLDR keeps (supplemental/windowsZones).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import tz_win, win_tz

_REPLACED = {
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Godthab": "America/Nuuk",
    "America/Indianapolis": "America/Indiana/Indianapolis",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
}
"""The names that the CLDR keeps though IANA has replaced them, and the ones that people see elsewhere."""

_UTC_NAMES = frozenset({"UTC", "GMT", "Z", "ETC/UTC", "TZONE://MICROSOFT/UTC"})
_DISPLAYED = re.compile(r"\((?:UTC|GMT)(?:([+-])(\d\d)[:.]?(\d\d))?\)(.*)", re.ASCII | re.DOTALL)
_COUNTRY = re.compile(r"\(.*?\)")
_SEASONS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


@lru_cache(maxsize=1024)
def zone_named(name: str) -> tzinfo | None:
    """The zone that is called ``name``; None where only the text that uses the name can tell.

    Known are IANA's and Windows' names, the names that Windows shows to people (``(UTC+01:00) Amsterdam, Berlin, …``),
    and paths that end in IANA's name (``/example.org/20200101_1/Europe/Berlin``).
    """
    return iana_zone(name) or _windows_zone(name) or _displayed_zone(name) or _zone_at_the_end(name)


@lru_cache(maxsize=1024)
def iana_zone(name: str) -> tzinfo | None:
    """The zone that the IANA database calls ``name``."""
    if name.upper() in _UTC_NAMES:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=1024)
def windows_name(name: str) -> str:
    """Windows' name for the clock of the zone that IANA or Windows calls ``name``; empty where it has none.

    The CLDR leaves some zones under a name whose clock they no longer keep, so that clocks are compared.
    """
    if name in win_tz:
        return name
    found = tz_win.get(name, "")
    if not name or not found:
        return ""
    return found if same_clock(iana_zone(name), iana_zone(win_tz[found])) else ""


@lru_cache(maxsize=256)
def zone_like(clock: tzinfo, *, year: int, first: str = "") -> str:
    """IANA's name of a zone that keeps ``clock`` in ``year`` and the next, ``first`` if that does; empty for none."""
    names = (first, *map(_general_name, win_tz))
    return next((name for name in names if same_clock(clock, iana_zone(name), range(year, year + 2))), "")


def same_clock(one: tzinfo | None, other: tzinfo | None, years: range = range(2025, 2031)) -> bool:
    """Whether two zones show the same time each day of ``years``, and each hour of the days on which a clock changes.

    What is older than the default enters no calendar (rule 4).
    """
    if one is None or other is None:
        return False

    def agree(moment: datetime) -> bool:
        return moment.astimezone(one).utcoffset() == moment.astimezone(other).utcoffset()

    begin, end = (datetime(year, 1, 1, tzinfo=UTC) for year in (years.start, years.stop))
    days = [begin + timedelta(days=day) for day in range((end - begin).days)]
    offsets = [day.astimezone(one).utcoffset() for day in days]
    changing = (day for day, before, after in zip(days, offsets, offsets[1:], strict=False) if before != after)
    return all(map(agree, days)) and all(agree(day + timedelta(hours=hour)) for day in changing for hour in range(24))


def _windows_zone(name: str) -> tzinfo | None:
    return iana_zone(_general_name(name)) if name in win_tz else None


def _general_name(windows: str) -> str:
    """IANA's name of the zone that stands for a Windows name anywhere."""
    return _REPLACED.get(win_tz[windows], win_tz[windows])


def _displayed_zone(name: str) -> tzinfo | None:
    """The zone that Windows shows as ``name``: one of its places, in whatever language, at the offset beside it."""
    shown = _DISPLAYED.fullmatch(name.strip())
    if shown is None:
        return None
    sign, hours, minutes, places = shown.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    zones = (zone for place in re.split("[,/]", _COUNTRY.sub("", places)) for zone in _zones_at(place.strip()))
    return next((zone for zone in zones if any(day.astimezone(zone).utcoffset() == offset for day in _SEASONS)), None)


def _zones_at(place: str) -> Iterator[tzinfo]:
    """The zones that Windows or IANA name after ``place``."""
    windows = place.removesuffix(" Time") + " Standard Time"
    utc = place.replace("Coordinated Universal Time", "UTC")
    for key in (*(win_tz.get(name, "") for name in (windows, utc)), *_by_place().get(place.casefold(), ())):
        zone = iana_zone(key)
        if zone is not None:
            yield zone


@lru_cache(maxsize=1)
def _by_place() -> Mapping[str, list[str]]:
    """IANA's names by the place at their end: ``mexico city`` has ``America/Mexico_City``."""
    found: dict[str, list[str]] = defaultdict(list)
    for key in tz_win:
        found[key.rpartition("/")[2].replace("_", " ").casefold()].append(key)
    return found


def _zone_at_the_end(name: str) -> tzinfo | None:
    """The zone at the end of a globally unique name (RFC 5545 §3.8.3.1), which begins with a slash."""
    segments = name.strip("/").split("/")
    shortest = 1 if name.startswith("/") else 2
    zones = (iana_zone("/".join(segments[-length:])) for length in (3, 2, 1) if shortest <= length <= len(segments))
    return next(filter(None, zones), None)
