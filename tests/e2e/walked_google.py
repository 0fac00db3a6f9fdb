"""What Maya does in Google's own app on a walk, whatever the worker is at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from hxdav.remotes.google.events_out import MARK
from tests.builders import SYDNEY
from tests.e2e.walking import Walk
from tests.integration.machines.model import day_at
from tests.simulators.google.series import Series
from tests.simulators.google.times import Moment
from tests.simulators.google.wire import Json, Refusal

DAYS = (1, 1, 2, 3, 0, 8, 40, -2, 200, 201, 202, 204)
HOURS = (9, 14, 0, 2)
_RULES = (
    *(None, None, None, "RRULE:FREQ=WEEKLY;COUNT=5", "RRULE:FREQ=DAILY;COUNT=4", "RRULE:FREQ=WEEKLY"),
    *("RRULE:FREQ=MONTHLY;COUNT=3", "RRULE:FREQ=DAILY;INTERVAL=3;COUNT=4"),
)
_ZONES = (SYDNEY, SYDNEY, "Europe/Berlin", "America/New_York")
_WORDS = ("summary", "summary", "location", "description")
_SHOWN = 5
"""Of a series, the instances that may be on the screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleHand:
    """Maya's hand in Google's app: each edit is one of hers, in full before anybody else has a turn."""

    walk: Walk

    def acts(self) -> list[Callable[[str], str]]:
        """What she may do to the calendar of that id, as often as she is likely to; each tells what it was."""
        return [
            *(self.adds, self.adds, self.writes, self.writes, self.moves, self.moves, self.frees, self.deletes),
            *(self.changes_one, self.changes_one, self.deletes_one, self.moves_one, self.splits, self.hides_or_shows),
        ]

    def act(self) -> str:
        """Do something."""
        calendar = self.walk.calendar_of(self.walk.google_id)
        if not calendar:
            return "google: no calendar yet"
        act = self.walk.random.choice(self.acts())
        try:
            with self.walk.stage.google.world.lock:
                return f"google: {act(calendar)}"
        except Refusal as refused:
            # Google's app would not have offered it.
            return f"google: does not let her: {act.__name__}, {refused}"

    def adds(self, calendar: str) -> str:
        """Add an event, of an hour or of days, once or again and again."""
        rule, is_day = self.walk.random.choice(_RULES), self.walk.random.random() < 0.25
        starts = self._moment(is_day=is_day)
        fields: dict[str, Any] = {} if rule is None else {"recurrence": [rule]}
        if not is_day:
            fields["zone"] = self.walk.random.choice(_ZONES)
        made = self.walk.person.add_event(calendar, starts, _later(starts), summary=self._word(), **fields)
        return f"adds {made['id']} {made['summary']} at {starts} {rule or ''}"

    def writes(self, calendar: str) -> str:
        """Write another word on something."""
        shown, field = self._one(calendar), self.walk.random.choice(_WORDS)
        return self._changed(calendar, shown, {field: self._word()})

    def moves(self, calendar: str) -> str:
        """Drag something to another time, or make a whole day of it."""
        shown = self._one(calendar)
        if shown is None:
            return "nothing to move"
        starts = self._moment(is_day=self.walk.random.random() < (0.1 if "dateTime" in shown["start"] else 0.5))
        if "recurrence" in shown and isinstance(starts, datetime) != ("dateTime" in shown["start"]):
            # A series keeps its kind: its exceptions are named by it.
            return "no such move"
        return self._changed(calendar, shown, {"start": starts, "end": _later(starts)})

    def frees(self, calendar: str) -> str:
        """Say that something takes no time, or that it does."""
        shown = self._one(calendar)
        word = "opaque" if shown and shown.get("transparency") == "transparent" else "transparent"
        return self._changed(calendar, shown, {"transparency": word})

    def deletes(self, calendar: str) -> str:
        """Delete one, or many at once."""
        gone = []
        for _ in range(self.walk.random.choice([1, 1, 1, 2, 5])):
            shown = self._one(calendar)
            if shown is not None:
                self._wants_gone(shown)
                self.walk.person.delete_event(calendar, shown["id"])
                gone.append(shown["id"])
        return f"deletes {' '.join(gone)}"

    def changes_one(self, calendar: str) -> str:
        """Write another word on one instance of a series."""
        master, start = self._instance(calendar)
        field = self.walk.random.choice(_WORDS)
        return self._one_changed(calendar, master, start, {field: self._word()})

    def moves_one(self, calendar: str) -> str:
        """Drag one instance of a series."""
        master, start = self._instance(calendar)
        if not isinstance(start, datetime):
            return "no instance to move"
        starts = start + timedelta(minutes=self.walk.random.choice([-30, 45, 24 * 60]))
        return self._one_changed(calendar, master, start, {"start": starts, "end": _later(starts)})

    def deletes_one(self, calendar: str) -> str:
        """Delete one instance of a series."""
        master, start = self._instance(calendar)
        if master is None or start is None:
            return "no instance to delete"
        self.walk.person.delete_instance(calendar, master["id"], start)
        return f"deletes {start} of {master['id']}"

    def splits(self, calendar: str) -> str:
        """Change an instance and all that follow."""
        master, start = self._instance(calendar, begin=1)
        if master is None or start is None:
            return "nothing to split"
        made = self.walk.person.change_following(calendar, master["id"], start, summary=self._word())
        return f"splits {master['id']} at {start}: {made['id']}"

    def hides_or_shows(self, calendar: str) -> str:
        """Hide the calendar, or show it again."""
        if self.walk.person.calendar(calendar).is_hidden:
            self.walk.person.unhide(calendar)
            return "shows the calendar"
        self.walk.person.hide(calendar)
        return "hides the calendar"

    # Within.

    def _changed(self, calendar: str, shown: Json | None, fields: dict[str, Any]) -> str:
        if shown is None:
            return "nothing there"
        self.walk.person.change_event(calendar, shown["id"], **dict(fields))
        return f"changes {shown['id']}: {fields}"

    def _one_changed(self, calendar: str, master: Json | None, start: Moment | None, fields: dict[str, Any]) -> str:
        if master is None or start is None:
            return "no instance there"
        self.walk.person.change_event(calendar, f"{master['id']}_{_basic(start)}", **dict(fields))
        return f"changes {start} of {master['id']}: {fields}"

    def _one(self, calendar: str) -> Json | None:
        shown = [one for one in self.walk.person.events(calendar) if "recurringEventId" not in one]
        return self.walk.random.choice(shown) if shown else None

    def _instance(self, calendar: str, *, begin: int = 0) -> tuple[Json | None, Moment | None]:
        masters = [one for one in self.walk.person.events(calendar) if "recurrence" in one]
        if not masters:
            return None, None
        master = self.walk.random.choice(masters)
        lost = {
            one["id"] for one in self.walk.person.tombstones(calendar) if one.get("recurringEventId") == master["id"]
        }
        starts = [
            start
            for start in islice(Series(master).starts(), begin, begin + _SHOWN)
            if f"{master['id']}_{_basic(start)}" not in lost
        ]
        return (master, self.walk.random.choice(starts)) if starts else (None, None)

    def _wants_gone(self, shown: Json) -> None:
        marked = shown.get("extendedProperties", {}).get("private", {}).get(MARK)
        self.walk.deleted |= {shown["iCalUID"], marked or shown["iCalUID"]}

    def _moment(self, *, is_day: bool) -> Moment:
        random = self.walk.random
        day: date = day_at(self.walk.clock.now()) + timedelta(days=random.choice(DAYS))
        if is_day:
            return day
        wall = datetime.combine(day, time(random.choice(HOURS), random.choice([0, 15, 30])), tzinfo=ZoneInfo(SYDNEY))
        # Nobody can choose a time that the clocks leave out.
        return wall.astimezone(UTC).astimezone(ZoneInfo(SYDNEY))

    def _word(self) -> str:
        return f"Google {next(self.walk.serials)}" + self.walk.random.choice(["", " ", " & Söhne", ", a; b"])


def _later(starts: Moment) -> Moment:
    if isinstance(starts, datetime):
        return (starts.astimezone(UTC) + timedelta(minutes=50)).astimezone(starts.tzinfo)
    return starts + timedelta(days=1)


def _basic(start: Moment) -> str:
    return f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}" if isinstance(start, datetime) else f"{start:%Y%m%d}"
