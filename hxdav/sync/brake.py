"""A brake on objects that hxdav creates at a provider again and again.

Each creation may be right by itself: the object was gone. A provider that drops what it takes, or that mixes objects
up, would be written to without end.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from hxdav.domain.ids import MirrorId
from hxdav.remote import TryLater

MOST = 3
"""How often one object is created within ``WITHIN``."""

WITHIN = timedelta(minutes=15)

Key = tuple[MirrorId, str]
"""A mirror, and of a series that goes as single events the occurrence."""


class NotConverging(TryLater):
    """The provider did not keep what hxdav created: hxdav waits before it creates the object once more."""

    def __init__(self) -> None:
        super().__init__("The provider does not keep an appointment; hxdav tries again later.", code="not_kept")


class MixedUp(TryLater):
    """The provider answered with another appointment than it was asked for: hxdav writes nothing more in this turn."""

    def __init__(self) -> None:
        super().__init__("The provider takes appointments for one another; hxdav tries again later.", code="mixed_up")


@dataclass(slots=True)
class Brake:
    """Counts what one worker has created lately; shared by its threads."""

    _created: defaultdict[Key, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    _lock: Lock = field(default_factory=Lock)

    def require(self, mirror_id: MirrorId, recurrence_id: str, *, now: datetime) -> None:
        """Raise NotConverging where an object was created too often lately to be created once more."""
        with self._lock:
            for key, moments in list(self._created.items()):
                if moments[-1] <= now - WITHIN:
                    del self._created[key]
            if len(self._created.get((mirror_id, recurrence_id), ())) >= MOST:
                raise NotConverging

    def created(self, mirror_id: MirrorId, recurrence_id: str, *, now: datetime) -> None:
        """Note that an object was created, and that the provider said so."""
        with self._lock:
            self._created[mirror_id, recurrence_id].append(now)
