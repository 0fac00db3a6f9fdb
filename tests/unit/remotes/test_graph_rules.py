"""Rules as patterns and back: they fall on the same days, by the simulator's reckoning and by ours."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from hxdav.domain.times import Zoned
from hxdav.ical.rules import Allowance, rule_of
from hxdav.ical.timeline import Timeline
from hxdav.ical.zones import Zones
from hxdav.remotes.microsoft.rules import pattern_for, rule_for, same_recurrence
from hxdav.remotes.microsoft.times import Json, NotExpressibleInOutlook
from tests.simulators.graph.rules import days_of, kept_recurrence

BERLIN = ZoneInfo("Europe/Berlin")
NO_ZONES = Zones(texts={})
FIRST = datetime(2026, 11, 2, 9)  # noqa: DTZ001
LOOKED_AT = 60

days_of_week = st.lists(
    st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=7, unique=True
)
limits = st.one_of(
    st.just(""),
    st.integers(1, 40).map(";COUNT={}".format),
    st.integers(0, 3000).map(lambda hours: f";UNTIL={FIRST + timedelta(hours=hours):%Y%m%dT%H%M%SZ}"),
    st.integers(1, 900).map(lambda days: f";UNTIL={FIRST + timedelta(days=days):%Y%m%d}"),
)
parts = st.one_of(
    st.just("FREQ=DAILY"),
    days_of_week.map(lambda days: f"FREQ=DAILY;BYDAY={','.join(days)}"),
    st.just("FREQ=WEEKLY"),
    st.tuples(days_of_week, st.sampled_from(["", ";WKST=SU", ";WKST=WE"])).map(
        lambda told: f"FREQ=WEEKLY;BYDAY={','.join(told[0])}{told[1]}"
    ),
    st.just("FREQ=MONTHLY"),
    st.integers(-2, 31).map("FREQ=MONTHLY;BYMONTHDAY={}".format),
    st.tuples(st.sampled_from(["1", "2", "4", "5", "-1", "-2"]), st.sampled_from(["MO", "FR"])).map(
        lambda told: f"FREQ=MONTHLY;BYDAY={told[0]}{told[1]}"
    ),
    st.tuples(days_of_week, st.sampled_from([1, 2, -1])).map(
        lambda told: f"FREQ=MONTHLY;BYDAY={','.join(told[0])};BYSETPOS={told[1]}"
    ),
    st.just("FREQ=YEARLY"),
    st.tuples(st.integers(1, 12), st.integers(1, 29)).map(
        lambda told: f"FREQ=YEARLY;BYMONTH={told[0]};BYMONTHDAY={told[1]}"
    ),
    st.tuples(st.integers(1, 12), st.sampled_from(["1MO", "-1FR", "2WE"])).map(
        lambda told: f"FREQ=YEARLY;BYMONTH={told[0]};BYDAY={told[1]}"
    ),
)
rules = st.tuples(parts, st.sampled_from(["", ";INTERVAL=2", ";INTERVAL=3"]), limits).map("".join)


def begun(rule: str) -> tuple[datetime, Timeline]:
    """A first instance that the rule has, and the timeline from it on."""
    try:
        first = next(rule_of(rule).starts(FIRST, FIRST, Allowance()), FIRST)
    except ValueError:
        first = FIRST
    return first, Timeline.of(Zoned(first.replace(tzinfo=BERLIN)), BERLIN)


def patterned(rule: str, first: datetime, timeline: Timeline) -> Json:
    try:
        return pattern_for(rule, first, timeline=timeline, zones=NO_ZONES, zone="W. Europe Standard Time")
    except NotExpressibleInOutlook:
        assume(False)  # noqa: FBT003
        raise


def starts_by(rule: str, first: datetime, timeline: Timeline) -> list[datetime]:
    """The first instances by our own reckoning; they end by the clock of the series."""
    found = rule_of(rule)
    last = datetime.max  # noqa: DTZ901
    if found.until:
        text = found.until
        last = (
            datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=ZoneInfo("UTC")).astimezone(BERLIN)
            if "T" in text
            else datetime.strptime(text, "%Y%m%d").replace(hour=23, minute=59)  # noqa: DTZ007
        ).replace(tzinfo=None)
    starts = takewhile(lambda local: local <= last, found.starts(first, first, Allowance()))
    return list(islice(starts, LOOKED_AT))


@given(rule=rules)
def test_a_pattern_falls_on_the_days_of_its_rule(rule: str) -> None:
    first, timeline = begun(rule)
    shown = kept_recurrence(patterned(rule, first, timeline), zone="UTC")

    days = [f"{day:%Y%m%d}" for day in islice(days_of(shown), LOOKED_AT)]

    assert days == [f"{local:%Y%m%d}" for local in starts_by(rule, first, timeline)]


@given(rule=rules)
def test_a_pattern_that_is_read_is_written_as_it_was(rule: str) -> None:
    first, timeline = begun(rule)
    sent = patterned(rule, first, timeline)
    shown = kept_recurrence(sent, zone="UTC")

    again = pattern_for(rule_for(shown, first, timeline=timeline), first, timeline=timeline, zones=NO_ZONES, zone="UTC")

    assert same_recurrence(sent, shown)
    assert same_recurrence(again, shown)


@given(number=st.integers(1, 31), kind=st.sampled_from(["absoluteMonthly", "absoluteYearly"]), month=st.integers(1, 12))
def test_a_rule_falls_on_the_days_of_a_pattern_of_anothers_making(number: int, kind: str, month: int) -> None:
    pattern = {"type": kind, "interval": 1, "dayOfMonth": number, "month": month}
    shown = kept_recurrence({"pattern": pattern, "range": {"type": "noEnd", "startDate": "2026-11-02"}}, zone="UTC")
    days = list(islice(days_of(shown), LOOKED_AT))
    first = datetime.combine(days[0], FIRST.time())
    timeline = Timeline.of(Zoned(first.replace(tzinfo=BERLIN)), BERLIN)

    rule = rule_for(shown, first, timeline=timeline)

    found = islice(rule_of(rule).starts(first, first, Allowance()), LOOKED_AT)
    assert [local.date() for local in found] == days
