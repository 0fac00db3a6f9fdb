"""Recurrence rules (RFC 5545 §3.3.10): read, and run by dateutil within bounds.

A rule that can never be met lets dateutil search every day up to the year 9999. It asks each day, hour and so on that
it looks at whether the rule's tuple of months, hours … holds it: a tuple that counts these questions bounds the search.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from dateutil import rrule as dateutil_rrule

YEARLY: Literal[0] = dateutil_rrule.YEARLY
_FREQUENCIES: dict[str, Literal[0, 1, 2, 3, 4, 5, 6]] = {
    "YEARLY": YEARLY,
    "MONTHLY": dateutil_rrule.MONTHLY,
    "WEEKLY": dateutil_rrule.WEEKLY,
    "DAILY": dateutil_rrule.DAILY,
    "HOURLY": dateutil_rrule.HOURLY,
    "MINUTELY": dateutil_rrule.MINUTELY,
    "SECONDLY": dateutil_rrule.SECONDLY,
}
_STEPS: dict[int, timedelta] = {
    dateutil_rrule.WEEKLY: timedelta(weeks=1),
    dateutil_rrule.DAILY: timedelta(days=1),
    dateutil_rrule.HOURLY: timedelta(hours=1),
    dateutil_rrule.MINUTELY: timedelta(minutes=1),
    dateutil_rrule.SECONDLY: timedelta(seconds=1),
}
"""The frequencies whose steps are all equally long."""

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBERS = {
    # Part: the argument of dateutil, lowest and highest value, and whether it may count from the end.
    "BYMONTH": ("bymonth", 1, 12, False),
    "BYMONTHDAY": ("bymonthday", 1, 31, True),
    "BYYEARDAY": ("byyearday", 1, 366, True),
    "BYWEEKNO": ("byweekno", 1, 53, True),
    "BYSETPOS": ("bysetpos", 1, 366, True),
    "BYHOUR": ("byhour", 0, 23, False),
    "BYMINUTE": ("byminute", 0, 59, False),
    "BYSECOND": ("bysecond", 0, 60, False),
}
_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_KNOWN_PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", "RSCALE", "SKIP", *_NUMBERS})
_MAX_DAILY_TIMES = 1_440
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Exhausted(Exception):
    """A search has used up its allowance."""


@dataclass(slots=True, kw_only=True)
class Allowance:
    """How much work a search may do: questions since the last instance, and in all."""

    per_instance: int = 150_000
    total: int = 500_000
    _spent: int = field(default=0, init=False)
    _spent_in_all: int = field(default=0, init=False)

    def spend(self, questions: int = 1) -> None:
        """Take ``questions`` off; raise Exhausted where nothing is left."""
        self._spent += questions
        if self._spent > self.per_instance:
            raise Exhausted

    def found(self) -> None:
        """An instance has been found: the search for the next one begins."""
        self._spent_in_all += self._spent
        self._spent = 0
        if self._spent_in_all > self.total:
            raise Exhausted


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceRule:
    """One RRULE or EXRULE. ``until`` is as written; ``parts`` are dateutil's arguments.

    ``foreign`` marks one in a calendar scale other than the Gregorian, or that moves days which a month lacks
    (RFC 7529). No object comes in with such a rule; in one from before, it gives no instances.
    """

    frequency: Literal[0, 1, 2, 3, 4, 5, 6]
    interval: int
    count: int | None
    until: str
    parts: tuple[tuple[str, Any], ...]
    foreign: bool = False

    @property
    def is_endless(self) -> bool:
        """Whether neither COUNT nor UNTIL ends it."""
        return self.count is None and not self.until and not self.is_empty

    @property
    def is_empty(self) -> bool:
        """Whether it gives no instance at all: ``foreign``, or a day that none of its months has (30 February)."""
        parts = dict(self.parts)
        months, days = parts.get("bymonth", range(1, 13)), parts.get("bymonthday", ())
        longest = max((_LONGEST_MONTHS[month - 1] for month in months), default=0)
        return self.foreign or (bool(days) and min(map(abs, days)) > longest)

    def starts(self, dtstart: datetime, after: datetime, allowance: Allowance) -> Iterator[datetime]:
        """The local starts from ``after`` on, in their order; wall-clock times without zone.

        Raises Exhausted where the search takes more than it is allowed.
        """
        if self.is_empty:
            return
        try:
            instances = self._instances(self._forwarded(dtstart, after), allowance)
            for start in instances:
                allowance.found()
                if start >= after:
                    yield start
        except (ValueError, TypeError, IndexError, OverflowError):
            # What dateutil raises where parts contradict each other, or the calendar ends: no further instance.
            return

    def _forwarded(self, dtstart: datetime, after: datetime) -> datetime:
        """A later start that gives the same instances from ``after`` on."""
        step = _STEPS.get(self.frequency)
        if step is None or self.count is not None or after <= dtstart:
            return dtstart
        stride = step * self.interval
        # One stride short: the week in which ``after`` lies may have begun before it.
        strides = (after - dtstart) // stride - 1
        return dtstart + max(strides, 0) * stride

    def _instances(self, dtstart: datetime, allowance: Allowance) -> Iterator[datetime]:
        arguments = dict(self.parts)
        times = [len(arguments.get(name, ())) or 1 for name in ("byhour", "byminute", "bysecond")]
        if times[0] * times[1] * times[2] > _MAX_DAILY_TIMES:
            raise Exhausted
        running = dateutil_rrule.rrule(
            self.frequency, dtstart=dtstart, interval=self.interval, count=self.count, **arguments
        )
        _bound(running, allowance, 1 + len(arguments.get("bysetpos", ())))
        return iter(running)


class _Counted(tuple[int, ...]):  # noqa: SLOT001 - it carries the allowance
    """A tuple that takes every question whether it holds something off an allowance."""

    allowance: Allowance
    price: int

    def __contains__(self, value: object, /) -> bool:
        self.allowance.spend(self.price)
        return tuple.__contains__(self, value)


def _bound(running: Any, allowance: Allowance, price: int) -> None:
    """Let every question that ``running`` asks be counted, each at ``price``.

    Where there is no BYMONTH, all twelve months stand in, which changes no instance; only a YEARLY rule with ordinal
    BYDAY would then be counted out within months, and there the seven days of the week stand in.
    """

    def count(name: str, stand_in: range) -> None:
        counted = _Counted(getattr(running, name) or stand_in)
        counted.allowance, counted.price = allowance, price
        setattr(running, name, counted)

    if running._bymonth or not running._bynweekday:  # noqa: SLF001 - dateutil offers no other way
        count("_bymonth", range(1, 13))
    else:
        count("_byweekday", range(7))
    for name in ("_byhour", "_byminute", "_bysecond"):
        if getattr(running, name):
            count(name, range(0))


@lru_cache(maxsize=1024)
def rule_of(value: str) -> RecurrenceRule:
    """The rule that ``value`` writes; ValueError for what RFC 5545 §3.3.10 does not allow."""
    parts = _parts(value)
    frequency = _FREQUENCIES.get(parts.get("FREQ", ""))
    if frequency is None:
        raise ValueError("FREQ is missing or unknown")
    foreign = parts.get("RSCALE", "GREGORIAN") != "GREGORIAN" or parts.get("SKIP", "OMIT") != "OMIT"
    return RecurrenceRule(
        frequency=frequency,
        interval=_number(parts.get("INTERVAL", "1"), 1),
        count=_number(parts["COUNT"], 0) if "COUNT" in parts else None,
        # The last year of all, which clients write for "never", is not one that every zone can express.
        until=re.sub(r"^9999", "9998", parts.get("UNTIL", "")),
        parts=() if foreign else tuple(_arguments(parts)),
        foreign=foreign,
    )


def _parts(value: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    # Blanks stand in rules that Exchange writes.
    for part in filter(None, value.upper().replace(" ", "").split(";")):
        name, _, content = part.partition("=")
        if parts.setdefault(name, content) != content:
            raise ValueError("a part occurs twice")
        if name not in _KNOWN_PARTS and not name.startswith("X-"):
            raise ValueError("an unknown part")
    return parts


def _arguments(parts: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for name, (argument, lowest, highest, from_end) in _NUMBERS.items():
        if name in parts:
            numbers = {_number(item, -highest if from_end else lowest) for item in parts[name].split(",")}
            if max(numbers) > highest or (from_end and 0 in numbers):
                raise ValueError(f"{name} is out of range")
            # A leap second is read as the one before it (RFC 5545 §3.3.12).
            yield argument, tuple(sorted(min(number, 59) if name == "BYSECOND" else number for number in numbers))
    if "BYDAY" in parts:
        yield "byweekday", tuple(_weekday(item) for item in parts["BYDAY"].split(","))
    if "WKST" in parts:
        yield "wkst", _weekday(parts["WKST"]).weekday


def _number(text: str, lowest: int) -> int:
    if not _NUMBER.fullmatch(text) or int(text) < lowest:
        raise ValueError("not a number in range")
    return int(text)


def _weekday(text: str) -> Any:
    match = _BYDAY.fullmatch(text)
    ordinal = int(match[1] or 1) if match else 0
    if match is None or not ordinal:
        raise ValueError("not a day of the week")
    day = dateutil_rrule.weekday(_WEEKDAYS.index(match[2]))
    return day(ordinal) if match[1] else day
