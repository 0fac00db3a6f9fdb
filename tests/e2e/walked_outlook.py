"""Maya in Outlook, whichever server stands behind it, and what Outlook shows, as a side of a walk.

What both sides show is compared occurrence by occurrence, as it is on the screen: by the simulator's own reckoning of
recurrences and zones there, by hxdav's here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hxdav.domain.field import Field
from hxdav.domain.times import Interval
from hxdav.ical.objects import object_of
from hxdav.ical.recurrence import instances
from hxdav.sync.bridge_context import BridgeContext
from tests.e2e.walked_side import Moment, Side, later
from tests.integration.machines.model import ZONE
from tests.simulators.ews.rendering import plain_text

_AHEAD = timedelta(days=14)
"""How far she looks ahead, from when a series begins, for the occurrence that she edits."""

_BACK, _ON = timedelta(days=60), timedelta(days=300)
"""What is compared, from now on."""

_SHOWN_AS = ("free", "tentative", "busy", "oof")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How something repeats: ``kind`` is daily, weekly, monthly (by the day) or relative (by the day of the week).

    It ends after ``count`` times, or on a day ``until`` days later, or never; ``twice`` a week.
    """

    kind: str
    interval: int = 1
    count: int | None = None
    until: int | None = None
    twice: bool = False


_RULES = (
    *(None, None, None, Rule(kind="weekly", count=5), Rule(kind="daily", count=4), Rule(kind="weekly")),
    *(Rule(kind="monthly", count=3), Rule(kind="daily", interval=3, count=4), Rule(kind="relative", count=3)),
    *(Rule(kind="weekly", until=30, twice=True), Rule(kind="daily", until=5)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A single or a series in a calendar: under which UIDs hxdav may know it, and on which day it begins."""

    id: str
    uids: frozenset[str]
    first: date
    is_series: bool
    is_day: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown of a single, or on one day of a series (``of``): times in UTC, whole days as days."""

    id: str
    of: str
    starts: Moment
    ends: Moment
    title: str
    place: str
    comment: str
    shows: str

    def line(self) -> str:
        """What can be compared of it."""
        words = (_trimmed(self.title), _trimmed(self.place), _trimmed(plain_text(self.comment)))
        shows = self.shows.lower() if self.shows.lower() in {"free", "tentative"} else "busy"
        return f"{self.starts.isoformat()} {self.ends.isoformat()} {words} {shows}"


class OutlookSide(Side):
    """What she does is the same in each Outlook."""

    zones: tuple[str, ...]

    # What Outlook is asked to do.

    @abstractmethod
    def add(self, calendar: str, bounds: tuple[Moment, Moment], *, zone: str, rule: Rule | None) -> str:
        """Something new; its id."""

    @abstractmethod
    def write(self, event_id: str, field: str, words: str) -> None:
        """Other words: ``subject``, ``location`` or ``body``."""

    @abstractmethod
    def drag(self, event_id: str, bounds: tuple[Moment, Moment]) -> None:
        """Another time."""

    @abstractmethod
    def show_as(self, event_id: str, word: str) -> None:
        """Free, tentative, busy or out of office."""

    @abstractmethod
    def repeat(self, card: Card, rule: Rule) -> None:
        """Another way of repeating."""

    @abstractmethod
    def delete(self, event_id: str) -> None:
        """Into Deleted Items; an occurrence out of its series."""

    @abstractmethod
    def restore(self, calendar: str) -> str:
        """Something back from Deleted Items; what."""

    @abstractmethod
    def cards(self, calendar: str) -> list[Card]:
        """What is in a calendar."""

    @abstractmethod
    def agenda(self, calendar: str, within: tuple[datetime, datetime]) -> Iterable[Shown]:
        """All that takes place between two moments."""

    # What she does.

    def acts(self) -> list[Callable[[str], str]]:
        """What Outlook offers."""
        return [
            *(self.adds, self.adds, self.writes, self.writes, self.moves, self.moves, self.shows, self.deletes),
            *(self.changes_one, self.changes_one, self.deletes_one, self.moves_one, self.repeats, self.undeletes),
        ]

    def adds(self, calendar: str) -> str:
        """Add an appointment, of an hour or of days, once or again and again."""
        random = self.walk.random
        rule, starts = random.choice(_RULES), self.moment(is_day=random.random() < 0.25)
        zone = random.choice(self.zones)
        made = self.add(calendar, (starts, later(starts)), zone=zone, rule=rule)
        return f"adds {made[-12:]} at {starts} in {zone}: {rule or 'once'}"

    def writes(self, calendar: str) -> str:
        """Write another word on something."""
        card = self._one(calendar)
        return "nothing there" if card is None else self._written(card.id)

    def moves(self, calendar: str) -> str:
        """Drag something to another time, or make a whole day of it."""
        card = self._one(calendar)
        if card is None:
            return "nothing to move"
        starts = self.moment(is_day=self.walk.random.random() < (0.5 if card.is_day else 0.1))
        self.drag(card.id, (starts, later(starts)))
        return f"moves {card.id[-12:]} to {starts}"

    def shows(self, calendar: str) -> str:
        """Say how much of the time something takes."""
        card, word = self._one(calendar), self.walk.random.choice(_SHOWN_AS)
        if card is None:
            return "nothing to show"
        self.show_as(card.id, word)
        return f"shows {card.id[-12:]} as {word}"

    def repeats(self, calendar: str) -> str:
        """Have something happen again and again, or in another way."""
        card, rule = self._one(calendar), self.walk.random.choice([each for each in _RULES if each])
        if card is None:
            return "nothing to repeat"
        self.repeat(card, rule)
        return f"repeats {card.id[-12:]}: {rule}"

    def deletes(self, calendar: str) -> str:
        """Delete one, or many at once."""
        gone = []
        for _ in range(self.walk.random.choice([1, 1, 1, 2, 5])):
            card = self._one(calendar)
            if card is not None:
                self.wants_gone(card.id, *card.uids)
                self.delete(card.id)
                gone.append(card.id[-12:])
        return f"deletes {' '.join(gone)}"

    def undeletes(self, calendar: str) -> str:
        """Bring back something that was deleted, by whomever."""
        return f"undeletes {self.restore(calendar)}"

    def changes_one(self, calendar: str) -> str:
        """Write another word on one occurrence of a series."""
        found = self._occurrence(calendar)
        return "no occurrence there" if found is None else f"of a series: {self._written(found[1].id)}"

    def moves_one(self, calendar: str) -> str:
        """Drag one occurrence of a series."""
        found = self._occurrence(calendar)
        if found is None or not isinstance(found[1].starts, datetime):
            return "no occurrence to move"
        starts = found[1].starts + timedelta(minutes=self.walk.random.choice([-30, 45, 24 * 60]))
        self.drag(found[1].id, (starts, later(starts)))
        return f"moves {found[1].starts} of {found[0].id[-12:]} to {starts}"

    def deletes_one(self, calendar: str) -> str:
        """Delete one occurrence of a series."""
        found = self._occurrence(calendar)
        if found is None:
            return "no occurrence to delete"
        self.delete(found[1].id)
        return f"deletes {found[1].starts} of {found[0].id[-12:]}"

    # What is there.

    def unlike(self, errand: BridgeContext, ours: str, remote_id: str) -> list[str]:
        """What only one of the two shows."""
        here = Counter(each.line() for each in self._near(shown_here(errand, ours, self._span)))
        found = [each for each in self.agenda(self.calendar, self._span) if remote_id in (each.id, each.of)]
        there = Counter(each.line() for each in self._near(found))
        unlike = [f"only here: {line}" for line in here - there] + [f"only there: {line}" for line in there - here]
        return [*sorted(unlike), ours] if unlike else []

    @property
    def _span(self) -> tuple[datetime, datetime]:
        now = self.walk.clock.now()
        return now - _BACK, now + _ON

    def _near(self, shown: Iterable[Shown]) -> list[Shown]:
        """Those that lie well between the bounds, at which the one side may still show what the other does not."""
        begin, end = (bound.date() for bound in self._span)
        margin = timedelta(days=3)
        return [each for each in shown if begin + margin < _day(each.starts) < end - margin]

    # Within.

    def _one(self, calendar: str) -> Card | None:
        cards = self.cards(calendar)
        return self.walk.random.choice(cards) if cards else None

    def _occurrence(self, calendar: str) -> tuple[Card, Shown] | None:
        series = [each for each in self.cards(calendar) if each.is_series]
        if not series:
            return None
        card = self.walk.random.choice(series)
        begin = datetime(card.first.year, card.first.month, card.first.day, tzinfo=UTC) - timedelta(days=1)
        found = [each for each in self.agenda(calendar, (begin, begin + _AHEAD)) if each.of == card.id]
        return (card, self.walk.random.choice(found)) if found else None

    def _written(self, event_id: str) -> str:
        field, words = self.walk.random.choice(["subject", "subject", "location", "body"]), self.word()
        self.write(event_id, field, words)
        return f"writes {words!r} on {event_id[-12:]} ({field})"


def shown_here(errand: BridgeContext, ours: str, span: tuple[datetime, datetime]) -> Iterable[Shown]:
    """What a calendar object of hxdav's shows between two moments."""
    parts = errand.parts_of_text(ours)
    for instance in instances(object_of(ours), practice_zone=ZONE, within=Interval(*span)):
        said = parts.get(instance.recurrence_id) or parts[""]
        is_day = "T" not in said[Field.TIME]
        starts, ends = (_as_shown(each, is_day=is_day) for each in (instance.interval.starts, instance.interval.ends))
        yield Shown(
            id="",
            of="",
            starts=starts,
            ends=ends,
            title=said[Field.TITLE],
            place=said[Field.LOCATION],
            comment=said[Field.COMMENT],
            # One word says both there, and free says more to others.
            shows="free" if said[Field.FREE] else said[Field.STATUS],
        )


def _as_shown(moment: datetime, *, is_day: bool) -> Moment:
    return moment.astimezone(ZONE).date() if is_day else moment.astimezone(UTC)


def _day(moment: Moment) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _trimmed(words: str) -> str:
    return "\n".join(line.rstrip() for line in words.replace("\r\n", "\n").split("\n")).strip()
