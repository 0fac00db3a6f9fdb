"""Calendar objects drawn at random, as clients write them: every kind of time, series, overrides, odd lines between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import strategies as st

from tests.unit.ical.calendars import a_calendar, a_vevent

FIRST = datetime(2026, 3, 23, 9, 0)  # noqa: DTZ001 - a wall-clock time
ZONES = ("Australia/Sydney", "Europe/Berlin")
CLOCKS = (("utc", *ZONES), ("floating",), ("date",))
KINDS = ("utc", "floating", "date", *ZONES)
WORDS = st.text("aBé,;\\ \n<>&", max_size=12) | st.sampled_from(["<b>Bold</b> words", "a<br>b", "word " * 30])
RULES = st.sampled_from(
    ["FREQ=WEEKLY", "FREQ=DAILY;COUNT=9", "FREQ=WEEKLY;INTERVAL=1;BYDAY=TU,MO;WKST=MO", "FREQ=DAILY;UNTIL=20261231"]
)


def moment(kind: str, at: datetime, name: str) -> str:
    """A content line that holds the moment."""
    if kind == "date":
        return f"{name};VALUE=DATE:{at:%Y%m%d}"
    if kind == "utc":
        return f"{name}:{at:%Y%m%dT%H%M%S}Z"
    return f"{name}:{at:%Y%m%dT%H%M%S}" if kind == "floating" else f"{name};TZID={kind}:{at:%Y%m%dT%H%M%S}"


def escaped(text: str) -> str:
    """A TEXT value (RFC 5545 §3.3.11)."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


@st.composite
def times(draw: st.DrawFn, kind: str) -> list[str]:
    """DTSTART, and an end or none."""
    start = FIRST + timedelta(days=draw(st.integers(0, 20)), hours=draw(st.integers(0, 12)))
    length = draw(st.sampled_from([timedelta(hours=1), timedelta(days=1), timedelta(days=2)]))
    if kind == "date":
        length = max(length, timedelta(days=1))
    days = f"DURATION:P{max(length.days, 1)}D" if kind == "date" or length.days else "DURATION:PT1H"
    end = draw(st.sampled_from([[], [days], [moment(kind, start + length, "DTEND")]]))
    return [moment(kind, start, "DTSTART"), *end]


@st.composite
def words(draw: st.DrawFn) -> list[str]:
    """The fields that are words or codes, in any order, each there or not."""
    lines = [
        f"SUMMARY:{escaped(draw(WORDS))}",
        f"LOCATION;LANGUAGE=en:{escaped(draw(WORDS))}",
        f"DESCRIPTION:{escaped(draw(WORDS))}",
        f"TRANSP:{draw(st.sampled_from(['OPAQUE', 'TRANSPARENT']))}",
        f"STATUS:{draw(st.sampled_from(['CONFIRMED', 'TENTATIVE', 'CANCELLED']))}",
        'X-ODD;X-P="a:b":some, thing\r\n  folded',
    ]
    return [line for line in draw(st.permutations(lines)) if draw(st.booleans())]


@st.composite
def drawn_texts(draw: st.DrawFn, *, kinds: Sequence[str] = KINDS, whole: bool = False) -> str:
    """The text of any single event or series of ``kinds``; ``whole``: never overrides without their master."""
    kind, uid = draw(st.sampled_from(kinds)), draw(st.sampled_from(["one@a", "two@b"]))
    alarm = draw(st.sampled_from([[], ["BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM"]]))
    instances = draw(st.lists(st.integers(0, 9), unique=True, max_size=3))
    at = [FIRST + timedelta(days=day) for day in instances]
    recurs = draw(st.sampled_from([[], [f"RRULE:{draw(RULES)}"], [moment(kind, FIRST, "RDATE")]]))
    left_out = [moment(kind, each, "EXDATE") for each in draw(st.permutations(at))[: draw(st.integers(0, 2))]]
    start = draw(times(kind))
    vevents = [a_vevent(*start, *(recurs + left_out if recurs else []), *draw(words()), "X-KEPT:1", *alarm, uid=uid)]
    for each in at if recurs else []:
        own = draw(st.sampled_from([kind, kind, *(kinds if kind != "date" else ["date"])]))
        name = draw(st.sampled_from(["RECURRENCE-ID", "RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE"]))
        lines = (moment(kind, each, name), *draw(times(own)), *draw(words()))
        vevents.append(a_vevent(*lines, "X-KEPT:1", uid=uid))
    if len(vevents) > 1 and draw(st.booleans()):
        vevents = draw(st.sampled_from([vevents[::-1], *([] if whole else [vevents[1:]])]))
    text = a_calendar(*vevents)
    return text if draw(st.booleans()) else text.replace("\r\n", "\n")
