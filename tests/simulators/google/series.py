"""Series: which occurrences a master has, and the ids of its instances (docs/providers.md §2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

from tests.simulators.google.times import Moment, moment_of
from tests.simulators.google.wire import Json

INSTANCE_ID = re.compile(r"(?P<master>.+)_(?P<start>\d{8}(T\d{6}Z)?)")
UNTIL = re.compile(r"UNTIL=(\d{8})(T\d{6}Z?)?", re.IGNORECASE)

LEFT_OUT = timedelta(hours=3)
"""More than the clocks leave out anywhere."""

Wall = datetime
"""A naive datetime: wall time in the series' zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceId:
    """Which instance of which master an id names."""

    master: str
    start: Moment

    @classmethod
    def parse(cls, text: str) -> InstanceId | None:
        """What the id names, or nothing where it is no instance's."""
        found = INSTANCE_ID.fullmatch(text)
        if found is None:
            return None
        try:
            moment = datetime.strptime(found["start"], "%Y%m%dT%H%M%SZ" if found[3] else "%Y%m%d").replace(tzinfo=UTC)
        except ValueError:
            return None
        return cls(master=found["master"], start=moment if found[3] else moment.date())

    def __str__(self) -> str:
        if isinstance(self.start, datetime):
            return f"{self.master}_{self.start.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        return f"{self.master}_{self.start:%Y%m%d}"


def length_of(body: Json) -> timedelta:
    """How long the event lasts: whole days, or time that passes."""
    start, end = moment_of(body["start"]), moment_of(body["end"])
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end.astimezone(UTC) - start.astimezone(UTC)
    return end - start


class Series:
    """The occurrences of a master. Expanded on the wall clock of its zone, so that it keeps its hour over a change."""

    def __init__(self, master: Json) -> None:
        self.first = moment_of(master["start"])
        self.length = length_of(master)
        self.zone = ZoneInfo(master["start"]["timeZone"]) if "timeZone" in master["start"] else None
        self.rules = self._rules(master["recurrence"])

    def starts(self, *, ending_after: datetime | None = None) -> Iterator[Moment]:
        """Every start, in order; endless where the series is. Those long before the instant are passed over."""
        if ending_after is None:
            walls = iter(self.rules)
        else:
            # A day more than the length covers every offset between the zones.
            early = (ending_after.astimezone(UTC) - self.length - timedelta(days=1)).replace(tzinfo=None)
            walls = self.rules.xafter(early, inc=True)
        for wall in walls:
            yield self._moment(wall)

    def has(self, start: Moment) -> bool:
        """Is this the original start of an occurrence?"""
        if isinstance(start, datetime) == (self.zone is None):
            return False
        wall = self._wall(start)
        if not isinstance(start, datetime):
            return bool(self.rules.between(wall, wall, inc=True))
        # What the rule gives for a time that the clocks leave out takes place later on the wall.
        near = self.rules.between(wall - LEFT_OUT, wall, inc=True)
        # In UTC, because Python holds a time that the clocks show twice equal to none of another zone (PEP 495).
        return start.astimezone(UTC) in (self._instant(one) for one in near)

    def end_of(self, start: Moment) -> Moment:
        """The end of the occurrence that starts then."""
        if isinstance(start, datetime):
            return (start.astimezone(UTC) + self.length).astimezone(self.zone)
        return start + self.length

    def _rules(self, lines: list[str]) -> rruleset:
        found = rruleset()
        if not any(line.upper().startswith("RRULE") for line in lines):
            found.rdate(self._wall(self.first))
        for line in lines:
            name, _, value = line.partition(":")
            keyword, *parameters = name.split(";")
            match keyword.upper(), parameters:
                case "RRULE", []:
                    found.rrule(self._rule(value))
                case "EXRULE", []:
                    found.exrule(self._rule(value))
                case "RDATE", _:
                    self._add(found.rdate, value, parameters)
                case "EXDATE", _:
                    self._add(found.exdate, value, parameters)
                case _:
                    raise ValueError(f"{name} does not belong in recurrence")
        return found

    def _rule(self, value: str) -> rrule:
        return cast("rrule", rrulestr(UNTIL.sub(self._until, value), dtstart=self._wall(self.first)))

    def _until(self, found: re.Match[str]) -> str:
        day, clock = found[1], found[2] or ""
        if self.zone is None:
            return f"UNTIL={day}T000000"
        if clock.endswith(("Z", "z")):
            moment = datetime.strptime(f"{day}{clock}".upper(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return f"UNTIL={moment.astimezone(self.zone):%Y%m%dT%H%M%S}"
        return f"UNTIL={day}{clock or 'T235959'}"

    def _add(self, add: Callable[[Wall], None], value: str, parameters: list[str]) -> None:
        tzid = next((part.partition("=")[2] for part in parameters if part.startswith("TZID=")), None)
        for text in value.split(","):
            add(self._listed(text, tzid))

    def _listed(self, text: str, tzid: str | None) -> Wall:
        if "T" not in text:
            return datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007
        wall = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        zone = UTC if text.endswith("Z") else ZoneInfo(tzid) if tzid else self.zone
        return wall.replace(tzinfo=zone).astimezone(self.zone).replace(tzinfo=None)

    def _moment(self, wall: Wall) -> Moment:
        # A time that the clocks leave out is the one that they show then.
        return (
            wall.date() if self.zone is None else wall.replace(tzinfo=self.zone).astimezone(UTC).astimezone(self.zone)
        )

    def _instant(self, wall: Wall) -> datetime:
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def _wall(self, moment: Moment) -> Wall:
        if isinstance(moment, datetime):
            return moment.astimezone(self.zone).replace(tzinfo=None)
        return datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
