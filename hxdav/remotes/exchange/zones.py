"""Time zones of items: Windows' names, and those that Exchange knows no name for but tells the clock of."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hxdav.ical.zone_names import iana_zone, zone_named
from hxdav.remotes.exchange.elements import Element, every

_BIAS = re.compile(r"(-?)P(?:0D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?")
_SEASONS = (1, 7)


def name_of(definition: Element | None, *, home: str, year: int) -> str:
    """The name of the zone that ``t:StartTimeZone`` defines, of those that can be understood; empty for none.

    Zones out of invitations have names that mean nothing elsewhere, and say by how much they differ from UTC: where the
    practice's zone (``home``) differs by the same, it is taken for that.
    """
    if definition is None:
        return ""
    name = str(definition.get("Id") or "")
    if zone_named(name) is not None:
        return name
    told = {_offset(str(period.get("Bias", ""))) for period in every(definition, "t:Periods/t:Period")}
    return home if home and told and told == _offsets(home, year) else ""


def _offset(bias: str) -> timedelta | None:
    """What is added to UTC; the bias is what is added to local time (``-PT10H``)."""
    found = _BIAS.fullmatch(bias)
    if found is None:
        return None
    sign, hours, minutes, seconds = found.groups()
    length = timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=int(seconds or 0))
    return length if sign else -length


def _offsets(name: str, year: int) -> set[timedelta | None]:
    zone = iana_zone(name)
    if zone is None:
        return set()
    return {datetime(year, month, 1, tzinfo=UTC).astimezone(zone).utcoffset() for month in _SEASONS}
