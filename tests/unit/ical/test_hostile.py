"""Whatever can be written and is accepted breaks nothing afterwards: dates at the ends of time, rules of every kind."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from hxdav.domain.refusal import CalendarDataError
from hxdav.ical.objects import read_object
from tests.splitting import split
from tests.unit.ical.calendars import a_calendar, a_vevent
from tests.unit.ical.survival import accepted, survives

MOMENTS = st.sampled_from([
    "00020101", "00020101T000000", "19000101", "20240229", "20260405T023000", "20261004T023000", "20261101T000000",
    "20261123", "20261123T000000Z", "20261231T235960Z", "99981231", "99981231T235959Z",
])  # fmt: skip
PARAMS = st.sampled_from(
    ["", ";TZID=Australia/Sydney", ";TZID=America/New_York", ";TZID=Pacific/Kiritimati", ";TZID=Nowhere", ";VALUE=DATE"]
)
LENGTHS = st.sampled_from(["PT0S", "PT1H", "P0D", "P1D", "P1W", "P1DT25H", "PT99999H", "P3652000D"])
FREQUENCIES = st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"])


def numbers(name: str, lowest: int, highest: int) -> st.SearchStrategy[str]:
    some = st.lists(st.integers(lowest, highest).filter(bool), min_size=1, max_size=3)
    return some.map(lambda values: f";{name}={','.join(map(str, values))}")


PARTS = st.one_of(
    numbers("BYMONTH", 1, 12),
    numbers("BYMONTHDAY", -31, 31),
    numbers("BYYEARDAY", -366, 366),
    numbers("BYWEEKNO", -53, 53),
    numbers("BYSETPOS", -366, 366),
    numbers("BYHOUR", 0, 23),
    numbers("BYMINUTE", 0, 59),
    numbers("BYSECOND", 0, 60),
    st.sampled_from([";BYDAY=MO", ";BYDAY=1SU,-1SU", ";BYDAY=53MO", ";BYDAY=-53FR,TU", ";WKST=SU"]),
    st.sampled_from([";INTERVAL=2", ";INTERVAL=61", ";INTERVAL=86399", f";INTERVAL={10**17}"]),
    st.sampled_from([";COUNT=0", ";COUNT=3", ";COUNT=1000000"]),
    MOMENTS.map(lambda moment: f";UNTIL={moment}"),
)
RULES = st.builds(
    lambda frequency, parts: f"FREQ={frequency}{''.join(parts)}", FREQUENCIES, st.lists(PARTS, max_size=4)
)


def lines(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda params, value: f"{name}{params}:{value}", PARAMS, values)


ENDS = st.one_of(lines("DTEND", MOMENTS), LENGTHS.map(lambda length: f"DURATION:{length}"), st.just("X-NO:END"))
PERIODS = st.builds(lambda start, end: f"{start}/{end}", MOMENTS, LENGTHS | MOMENTS)
MORE = st.one_of(
    RULES.map(lambda rule: f"RRULE:{rule}"),
    RULES.map(lambda rule: f"EXRULE:{rule}"),
    lines("EXDATE", MOMENTS),
    lines("RDATE", MOMENTS | PERIODS),
)
ALARMS = st.builds(
    lambda trigger, length: ["BEGIN:VALARM", f"TRIGGER:{trigger}", "REPEAT:999999", f"DURATION:{length}", "END:VALARM"],
    LENGTHS.map(lambda length: f"-{length}") | LENGTHS | MOMENTS,
    LENGTHS,
)
MASTERS = st.builds(
    lambda start, end, more, alarm: a_vevent(start, end, *more, *alarm),
    lines("DTSTART", MOMENTS),
    ENDS,
    st.lists(MORE, max_size=3),
    ALARMS | st.just([]),
)
OVERRIDES = st.builds(a_vevent, lines("RECURRENCE-ID", MOMENTS), lines("DTSTART", MOMENTS), ENDS)


@settings(max_examples=60)
@given(masters=st.lists(MASTERS, max_size=1), overrides=st.lists(OVERRIDES, max_size=2))
def test_whatever_is_accepted_can_be_asked_everything(masters: list[str], overrides: list[str]) -> None:
    with suppress(CalendarDataError):
        obj = accepted(a_calendar(*masters, *overrides).encode())
        survives(obj)


@given(
    st.binary(max_size=80) | st.text(st.sampled_from('BEGIN:VCALDRENT;="\r\n \t\ufeff'), max_size=80).map(str.encode)
)
def test_any_body_is_read_or_refused(body: bytes) -> None:
    split(body)
    with suppress(CalendarDataError):
        read_object(body)
