"""Time zones as Microsoft names them: Windows' names, IANA's, and some that name nothing."""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import lru_cache

from hxdav.ical.zones import iana_zone
from hxdav.remotes.microsoft.zone_table import WINDOWS_ZONES

CUSTOM = "tzone://Microsoft/Custom"
"""What stands where the zone came with an invitation, in a VTIMEZONE that Exchange knows no name for."""


@lru_cache(maxsize=1)
def _table() -> dict[str, list[str]]:
    """For each Windows name the IANA names of its clock, the general one first."""
    lines = WINDOWS_ZONES.strip().replace("\n    ", " ").splitlines()
    pairs = (line.partition(": ") for line in lines)
    return {windows: names.split() for windows, _, names in pairs}


@lru_cache(maxsize=1)
def _backwards() -> dict[str, str]:
    return {name: windows for windows, names in _table().items() for name in names}


def sent_name(iana: str) -> str:
    """The name under which a zone is sent: Windows' own, which Exchange knows best, or IANA's where it has none."""
    return _backwards().get(iana, iana)


def has_windows_name(iana: str) -> bool:
    """Whether Windows has a zone with this one's clock: of others nobody says that Exchange takes them."""
    return iana in _backwards()


def zone_named(name: str) -> tzinfo | None:
    """The zone that Microsoft calls ``name``; None for one that is told nowhere (``CUSTOM``)."""
    found = _table().get(name)
    return iana_zone(found[0] if found else name)


def is_utc(name: str) -> bool:
    """Whether ``name`` is UTC by one of its names."""
    return zone_named(name) is UTC
