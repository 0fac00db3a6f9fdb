"""Ids as Exchange gives them: ordinary ones change when an event is moved, immutable ones do not; case matters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from tests.simulators.graph.wire import malformed
from tests.simulators.graph.world import StoredEvent

_ID = re.compile(r"(?:AAkALgAA|AAMkADlm(?P<moves>\d\d))(?P<core>\w{40})(?:FRAAgI(?P<generation>\d\d)(?P<day>\d{8}))?=")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventId:
    """What an id says: which event, which day of it, and where it lay. ``moves`` is None in an immutable one."""

    core: str
    moves: int | None
    generation: int | None
    day: date | None

    @staticmethod
    def read(text: str) -> EventId:
        """The id in this text; 400 where Exchange gives no such ids."""
        found = _ID.fullmatch(text)
        if not found:
            raise malformed()
        day = found["day"]
        return EventId(
            core=found["core"],
            moves=None if found["moves"] is None else int(found["moves"]),
            generation=None if day is None else int(found["generation"]),
            day=None if day is None else date.fromisoformat(day),
        )

    def names(self, stored: StoredEvent) -> bool:
        """Is it an id of this event as it lies now?"""
        return self.moves in (None, stored.moves) and self.generation in (None, stored.generation)


def id_of(stored: StoredEvent, day: date | None = None, *, immutable: bool) -> str:
    """The id of the event, or of its occurrence of that original day."""
    front = "AAkALgAA" if immutable else f"AAMkADlm{stored.moves:02d}"
    back = f"FRAAgI{stored.generation:02d}{day:%Y%m%d}" if day else ""
    return f"{front}{stored.core}{back}="
