"""The recurrence shapes whose way to each service and back is looked at, as a person's calendar program writes them.

The practice is in Sydney, and it is 22 November 2026 there: what goes as single events goes up to 11 June 2027.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SYDNEY = ";TZID=Australia/Sydney:"
NEW_YORK = ";TZID=America/New_York:"
LONDON = ";TZID=Europe/London:"
DAY = ";VALUE=DATE:"
MONDAY = "20261123T093000"

STATION = """\
BEGIN:VTIMEZONE
TZID:Research station
BEGIN:DAYLIGHT
TZNAME:RSDT
DTSTART:20001001T020000
TZOFFSETFROM:+0645
TZOFFSETTO:+0715
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=1SU
END:DAYLIGHT
BEGIN:STANDARD
TZNAME:RSST
DTSTART:20010401T030000
TZOFFSETFROM:+0715
TZOFFSETTO:+0645
RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU
END:STANDARD
END:VTIMEZONE
"""
"""A time zone that no list knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Different:
    """What is different at one original start: when it takes place instead, under which title, or that it does not.

    ``following``: of the later ones too (RANGE=THISANDFUTURE).
    """

    of: str
    at: str = ""
    until: str = ""
    title: str = ""
    cancelled: bool = False
    following: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """``says`` is what an administrator reads; values are as in content lines, behind the name (``;TZID=…:2026…``)."""

    says: str
    starts: str
    ends: str
    rules: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    exceptions: tuple[Different, ...] = ()
    timezone: str = ""

    @property
    def title(self) -> str:
        """What its occurrences are called."""
        return "Supervision"

    @property
    def is_floating(self) -> bool:
        """Whether its times are of no zone."""
        return self.starts.startswith(":") and not self.starts.endswith("Z")

    def text(self, uid: str) -> str:
        """The calendar object."""
        master = [f"DTSTART{self.starts}", f"DTEND{self.ends}", *(f"RRULE:{rule}" for rule in self.rules), *self.lines]
        components = [_vevent(uid, self.title, master), *(self._override(uid, each) for each in self.exceptions)]
        zone = [self.timezone.strip().replace("\n", "\r\n")] if self.timezone else []
        whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//fidelity//EN", *zone, *components, "END:VCALENDAR", ""]
        return "\r\n".join(whole)

    def _override(self, uid: str, different: Different) -> str:
        reach = ";RANGE=THISANDFUTURE" if different.following else ""
        lines = [f"RECURRENCE-ID{reach}{different.of}", f"DTSTART{different.at or different.of}"]
        lines.append(f"DTEND{different.until}" if different.until else "DURATION:PT1H")
        lines += ["STATUS:CANCELLED"] if different.cancelled else []
        return _vevent(uid, different.title or self.title, lines)


def _vevent(uid: str, title: str, lines: list[str]) -> str:
    inner = [f"UID:{uid}", "DTSTAMP:20261101T000000Z", f"SUMMARY:{title}", *lines]
    return "\r\n".join(["BEGIN:VEVENT", *inner, "END:VEVENT"])


def timed(says: str, rule: str, start: str = MONDAY, *, zone: str = SYDNEY, end: str = "", **more: object) -> Shape:
    """An hour by the clock of a zone."""
    ends = end or f"{start[:9]}{int(start[9:11]) + 1:02}{start[11:]}"
    rules = (rule,) if rule else ()
    return Shape(says=says, starts=f"{zone}{start}", ends=f"{zone}{ends}", rules=rules, **more)  # type: ignore[arg-type]


def whole_days(says: str, rule: str, start: str, end: str, **more: object) -> Shape:
    """Whole days; ``end`` is the first day after."""
    return Shape(says=says, starts=f"{DAY}{start}", ends=f"{DAY}{end}", rules=(rule,), **more)  # type: ignore[arg-type]


def _moved(to: str, *, of: str = "20261207T093000", **more: Any) -> tuple[Different, ...]:
    until = f"{to[:9]}{int(to[9:11]) + 1:02}{to[11:]}"
    return (Different(of=f"{SYDNEY}{of}", at=f"{SYDNEY}{to}", until=f"{SYDNEY}{until}", **more),)


_CANCELLED = (Different(of=f"{SYDNEY}20261207T093000", cancelled=True),)
_WEEKLY = "FREQ=WEEKLY;COUNT=8"

WEEKS_AND_DAYS = {
    "weekly": timed("Each Monday, ten times", "FREQ=WEEKLY;COUNT=10"),
    "weekly-by-days": timed("Mondays, Wednesdays and Fridays", "FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=12"),
    "every-third-week": timed("Every third Monday", "FREQ=WEEKLY;INTERVAL=3;COUNT=6"),
    "biweekly-from-sunday": timed(
        "Tuesday and Sunday of every other week, weeks beginning on Sunday",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU;COUNT=8",
        "20261124T093000",
    ),
    "biweekly-from-monday": timed(
        "The same, weeks beginning on Monday",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO;COUNT=8",
        "20261124T093000",
    ),
    "daily": timed("Every day, ten times", "FREQ=DAILY;COUNT=10"),
    "every-other-day": timed("Every other day", "FREQ=DAILY;INTERVAL=2;COUNT=9"),
    "working-days": timed("Every working day", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=10"),
    "hourly": timed("Every two hours", "FREQ=HOURLY;INTERVAL=2;COUNT=5"),
}

MONTHS_AND_YEARS = {
    "monthly-by-day": timed("The 24th of each month", "FREQ=MONTHLY;BYMONTHDAY=24;COUNT=6", "20261124T093000"),
    "monthly-on-31st": timed("The 31st, in the months that have one", "FREQ=MONTHLY;COUNT=4", "20261231T093000"),
    "monthly-last-day": timed("The last day of each month", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=6", "20261130T093000"),
    "monthly-two-days": timed(
        "The 1st and the 15th of each month", "FREQ=MONTHLY;BYMONTHDAY=1,15;COUNT=8", "20261201T093000"
    ),
    "monthly-second-tuesday": timed(
        "The second Tuesday of each month", "FREQ=MONTHLY;BYDAY=2TU;COUNT=6", "20261208T093000"
    ),
    "monthly-last-friday": timed("The last Friday of each month", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=6", "20261127T093000"),
    "monthly-two-mondays": timed(
        "The first and third Monday of each month", "FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=8", "20261207T093000"
    ),
    "last-working-day": timed(
        "The last working day of each month", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=6", "20261130T093000"
    ),
    "third-working-day": timed(
        "The third working day of each month", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=3;COUNT=6", "20261203T093000"
    ),
    "first-and-last-working-day": timed(
        "The first and the last working day of each month",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1;COUNT=8",
        "20261201T093000",
    ),
    "last-of-two-days": timed(
        "The last Monday or Thursday of each month", "FREQ=MONTHLY;BYDAY=MO,TH;BYSETPOS=-1;COUNT=6", "20261130T093000"
    ),
    "quarterly": timed("Every third month", "FREQ=MONTHLY;INTERVAL=3;COUNT=5", "20261124T093000"),
    "yearly": timed("Each year on 24 November", "FREQ=YEARLY;COUNT=3", "20261124T093000"),
    "yearly-by-weekday": timed(
        "The second Sunday of each May", "FREQ=YEARLY;BYMONTH=5;BYDAY=2SU;COUNT=3", "20270509T093000"
    ),
    "yearly-by-day-number": timed(
        "The 100th, 130th and 150th day of each year", "FREQ=YEARLY;BYYEARDAY=100,130,150;COUNT=6", "20270410T093000"
    ),
    "yearly-by-week-number": timed(
        "Wednesday of the weeks 20, 21 and 22", "FREQ=YEARLY;BYWEEKNO=20,21,22;BYDAY=WE;COUNT=6", "20270519T093000"
    ),
}

ENDS = {
    "until-moment": timed("Until a moment in UTC", "FREQ=WEEKLY;UNTIL=20270117T223000Z"),
    "until-day": timed("Until a day", "FREQ=WEEKLY;UNTIL=20270118"),
    "until-local": timed("Until a time without time zone", "FREQ=WEEKLY;UNTIL=20270118T093000"),
    "count-with-gaps": timed(
        "Eight times, of which two are left out",
        _WEEKLY,
        lines=(f"EXDATE{SYDNEY}20261130T093000", f"EXDATE{SYDNEY}20261214T093000"),
    ),
    "endless": timed("Each Monday, without an end", "FREQ=WEEKLY"),
}

EXCEPTIONS = {
    "left-out": timed("Some left out", _WEEKLY, lines=(f"EXDATE{SYDNEY}20261207T093000,20261221T093000",)),
    "moved": timed("One moved", _WEEKLY, exceptions=_moved("20261208T140000")),
    "cancelled": timed("One cancelled", _WEEKLY, exceptions=_CANCELLED),
    "moved-and-retitled": timed(
        "One moved and retitled", _WEEKLY, exceptions=_moved("20261209T080000", title="Supervision, early")
    ),
    "moved-past-another": timed("One moved past the next one", _WEEKLY, exceptions=_moved("20261215T140000")),
    "moved-from-one-on": timed(
        "All moved from one on", _WEEKLY, exceptions=_moved("20261215T140000", of="20261214T093000", following=True)
    ),
    "first-moved": timed("The first moved", _WEEKLY, exceptions=_moved("20261124T140000", of=MONDAY)),
    "first-left-out": timed("The first left out", _WEEKLY, lines=(f"EXDATE{SYDNEY}{MONDAY}",)),
    "extra-dates": timed("An extra date", _WEEKLY, lines=(f"RDATE{SYDNEY}20261126T150000",)),
    "extra-dates-and-left-out": timed(
        "An extra date, and one left out",
        _WEEKLY,
        lines=(f"RDATE{SYDNEY}20261126T150000", f"EXDATE{SYDNEY}20261207T093000"),
    ),
    "dates-only": timed("Dates without a rule", "", lines=(f"RDATE{SYDNEY}20261126T150000,20261202T110000,{MONDAY}",)),
    "two-rules": Shape(
        says="Two rules in one series",
        starts=f"{SYDNEY}{MONDAY}",
        ends=f"{SYDNEY}20261123T103000",
        rules=("FREQ=WEEKLY;COUNT=5", "FREQ=MONTHLY;BYMONTHDAY=23;COUNT=4"),
    ),
}

WHOLE_DAYS = {
    "all-day": whole_days("A whole day each week", _WEEKLY, "20261123", "20261124"),
    "all-day-until": whole_days(
        "A whole day each week until a day", "FREQ=WEEKLY;UNTIL=20270118", "20261123", "20261124"
    ),
    "all-day-with-exceptions": whole_days(
        "Whole days, of which one is left out and one moved",
        _WEEKLY,
        "20261123",
        "20261124",
        lines=(f"EXDATE{DAY}20261130",),
        exceptions=(Different(of=f"{DAY}20261214", at=f"{DAY}20261215", until=f"{DAY}20261216"),),
    ),
    "all-day-one-timed": whole_days(
        "Whole days, of which one becomes an hour",
        _WEEKLY,
        "20261123",
        "20261124",
        exceptions=(Different(of=f"{DAY}20261214", at=f"{SYDNEY}20261214T110000", until=f"{SYDNEY}20261214T120000"),),
    ),
    "three-days": whole_days("Three whole days each month", "FREQ=MONTHLY;COUNT=5", "20261127", "20261130"),
}

CLOCKS = {
    "sydney-both-changes": timed("Over both changes of the clock in Sydney", "FREQ=WEEKLY;COUNT=40", "20260907T093000"),
    "new-york-both-changes": timed(
        "Over both changes of the clock in New York", "FREQ=WEEKLY;COUNT=30", "20261012T100000", zone=NEW_YORK
    ),
    "london-both-changes": timed(
        "Over both changes of the clock in London", "FREQ=WEEKLY;COUNT=30", "20261005T170000", zone=LONDON
    ),
    "half-hour-change": timed(
        "Over a change of half an hour (Lord Howe Island)",
        "FREQ=WEEKLY;COUNT=8",
        "20270308T093000",
        zone=";TZID=Australia/Lord_Howe:",
    ),
    "in-the-gap": timed(
        "At an hour that the clock skips one night", "FREQ=DAILY;COUNT=5", "20270312T023000", zone=NEW_YORK
    ),
    "in-the-overlap": timed("At an hour that the clock shows twice one night", "FREQ=DAILY;COUNT=5", "20270402T023000"),
    "over-midnight": timed("Over midnight", _WEEKLY, "20261123T230000", end="20261124T010000"),
    "over-midnight-and-change": timed(
        "Over midnight, on the night of a change too", "FREQ=DAILY;COUNT=5", "20270402T230000", end="20270403T050000"
    ),
    "another-zone": timed("In another time zone (Kolkata)", _WEEKLY, "20261123T160000", zone=";TZID=Asia/Kolkata:"),
    "utc": Shape(says="In UTC", starts=":20261123T010000Z", ends=":20261123T020000Z", rules=("FREQ=WEEKLY;COUNT=24",)),
    "floating": timed("Without time zone", "FREQ=WEEKLY;COUNT=24", zone=":"),
    "own-zone": timed(
        "In a time zone of the program's own", "FREQ=WEEKLY;COUNT=24", zone=";TZID=Research station:", timezone=STATION
    ),
}

GROUPS: dict[str, dict[str, Shape]] = {
    "Weeks and days": WEEKS_AND_DAYS,
    "Months and years": MONTHS_AND_YEARS,
    "Ends": ENDS,
    "Exceptions and extra dates": EXCEPTIONS,
    "Whole days": WHOLE_DAYS,
    "Clocks and time zones": CLOCKS,
}
"""The shapes as the table has them, by headings."""

SHAPES: dict[str, Shape] = {name: shape for group in GROUPS.values() for name, shape in group.items()}
