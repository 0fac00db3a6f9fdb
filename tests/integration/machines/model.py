"""What the machine itself knows: what was acknowledged, said and paid. It asks no service what that comes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum, auto
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from hxdav.domain.edit import Source
from tests.integration.machines.pictures import Picture

PRICE = 25
PERIOD = timedelta(days=30)
BATCH = timedelta(seconds=60)
DRAGGED = timedelta(seconds=60)
COUNTED = timedelta(minutes=15)
UNREVIEWED = 3
KEPT_FOR = timedelta(days=30)
ANSWERED = timedelta(days=7)
AHEAD = timedelta(hours=24)
WINDOW_DAYS = 201
ZONE = ZoneInfo("Australia/Sydney")


def day_at(moment: datetime) -> date:
    """The practice's date."""
    return moment.astimezone(ZONE).date()


def midnight_of(day: date) -> datetime:
    """When a day of the practice's begins."""
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


class By(Enum):
    """Who moves."""

    OUTSIDE = auto()
    PRACTICE = auto()
    WORKER = auto()
    REVIEW = auto()
    CONNECTION = auto()
    CREDITS = auto()
    RETENTION = auto()
    RESTORE = auto()


@dataclass(slots=True, kw_only=True)
class AcknowledgedRemoval:
    """When a client was first told that its removal is held, and when another one last joined it."""

    practitioner_id: int
    made_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgedPut:
    """A put that a client was told is done; ``mark`` is a line that no other put has."""

    appointment_id: int
    mark: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Model:
    """What was acknowledged, said and paid so far; a restore takes it back to what it was at the backup.

    ``brought`` is, by appointment, the calendar into which a device last put it, and when.
    """

    removals: dict[int, AcknowledgedRemoval] = field(default_factory=dict)
    puts: list[AcknowledgedPut] = field(default_factory=list)
    brought: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    answers: dict[int, str] = field(default_factory=dict)
    unreviewed: dict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    credits_in: int = 0
    texts: dict[tuple[int, str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One use case, or one round of the worker: the store before it and after it.

    ``about`` is the appointment that an edit of the practice's names.
    """

    model: Model
    by: By
    now: datetime
    before: Picture
    after: Picture
    source: Source | None = None
    about: int | None = None

    @property
    def today(self) -> date:
        """The practice's date."""
        return day_at(self.now)

    def new_versions(self) -> list[Row[Any]]:
        """The versions that the step has added."""
        return [self.after.versions[number] for number in self.after.versions.keys() - self.before.versions.keys()]


Check = Callable[[Step], None]
