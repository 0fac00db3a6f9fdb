from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hxdav.domain.times import Interval
from hxdav.ical.objects import CalendarObject
from hxdav.ical.query import EVER, CompFilter, ParamFilter, PropFilter, TextMatch, matches
from hxdav.ical.timeline import LATEST
from tests.unit.ical.calendars import SYDNEY, a_moment, a_range, a_vevent, an_object, an_object_of

START = "DTSTART:20261123T000000Z"


def is_match(obj: CalendarObject, *comps: CompFilter, name: str = "VCALENDAR", absent: bool = False) -> bool:
    return matches(obj, CompFilter(name=name, absent=absent, comps=comps), practice_zone=SYDNEY)


def in_range(obj: CalendarObject, starts: str, ends: str) -> bool:
    return is_match(obj, CompFilter(name="VEVENT", time_range=a_range(starts, ends)))


def has_property(obj: CalendarObject, prop: PropFilter) -> bool:
    return is_match(obj, CompFilter(name="vevent", props=(prop,)))


def test_an_object_is_a_calendar() -> None:
    assert is_match(an_object(START))
    assert not is_match(an_object(START), absent=True)
    assert not is_match(an_object(START), name="VCARD")
    assert is_match(an_object(START), name="VCARD", absent=True)


def test_components_are_there_or_not() -> None:
    obj = an_object(START)
    assert is_match(obj, CompFilter(name="VEVENT"), CompFilter(name="VTODO", absent=True))
    assert not is_match(obj, CompFilter(name="VTODO"))
    assert not is_match(obj, CompFilter(name="VEVENT", absent=True))


def test_properties_of_the_calendar_are_asked_for() -> None:
    outer = CompFilter(name="VCALENDAR", props=(PropFilter(name="METHOD"),))
    assert not matches(an_object(START), outer, practice_zone=SYDNEY)


@pytest.mark.parametrize(
    ("line", "starts", "ends", "expected"),
    [
        ("DURATION:PT1H", "2026-11-23 00:30", "2026-11-24", True),
        ("DURATION:PT1H", "2026-11-23 01:00", "2026-11-24", False),
        ("DURATION:PT0S", "2026-11-23 00:00", "2026-11-24", True),
        ("X-NO:END", "2026-11-22", "2026-11-23 00:00", False),
        ("RRULE:FREQ=YEARLY", "2029-11-23", "2029-11-24", True),
        ("RRULE:FREQ=YEARLY", "2029-11-25", "2029-11-26", False),
    ],
)
def test_a_time_range_finds_what_overlaps_it(line: str, starts: str, ends: str, *, expected: bool) -> None:
    assert in_range(an_object(START, line), starts, ends) is expected


def test_an_open_range_is_answered_for_an_endless_series() -> None:
    obj = an_object(START, "RRULE:FREQ=DAILY")
    assert is_match(obj, CompFilter(name="VEVENT", time_range=Interval(a_moment("2040-01-01"), LATEST)))
    assert is_match(obj, CompFilter(name="VEVENT", time_range=EVER))


def test_range_and_properties_have_to_fit_one_component() -> None:
    override = a_vevent("RECURRENCE-ID:20261124T000000Z", "DTSTART:20261201T000000Z", "SUMMARY:moved")
    obj = an_object_of(a_vevent(START, "RRULE:FREQ=DAILY;COUNT=2", "SUMMARY:series"), override)

    def found(summary: str, starts: str, ends: str) -> bool:
        props = (PropFilter(name="SUMMARY", text_match=TextMatch(text=summary)),)
        return is_match(obj, CompFilter(name="VEVENT", props=props, time_range=a_range(starts, ends)))

    assert found("moved", "2026-12-01", "2026-12-02")
    assert not found("series", "2026-12-01", "2026-12-02")
    assert found("series", "2026-11-23", "2026-11-24")


@pytest.mark.parametrize(
    ("text", "collation", "expected"),
    [
        ("GRÜSSE", "i;ascii-casemap", False),
        ("GRüßE", "i;ascii-casemap", True),
        ("GRÜSSE", "i;unicode-casemap", True),
        ("Grüße", "i;octet", True),
        ("grüße", "i;octet", False),
        ("a, b", "i;octet", True),
    ],
)
def test_text_is_compared_by_collation(text: str, collation: str, *, expected: bool) -> None:
    obj = an_object(START, "SUMMARY:Viele Grüße an a\\, b")
    for negate in (False, True):
        match = TextMatch(text=text, collation=collation, negate=negate)
        assert has_property(obj, PropFilter(name="SUMMARY", text_match=match)) is (expected is not negate)


def test_properties_are_there_or_not() -> None:
    obj = an_object(START, "SUMMARY:x")
    assert has_property(obj, PropFilter(name="summary"))
    assert not has_property(obj, PropFilter(name="SUMMARY", absent=True))
    assert has_property(obj, PropFilter(name="LOCATION", absent=True))
    assert not has_property(obj, PropFilter(name="LOCATION"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("CREATED:20261123T000000Z", True),
        ("CREATED:20261124T000000Z", False),
        ("CREATED;VALUE=DATE:20261123", True),
        ("CREATED:00001231T000000Z", False),
        ("CREATED:never", False),
    ],
)
def test_a_property_may_have_to_lie_in_a_range(line: str, *, expected: bool) -> None:
    prop = PropFilter(name="CREATED", time_range=a_range("2026-11-23", "2026-11-24"))
    assert has_property(an_object(START, line), prop) is expected


def test_parameters_have_to_fit_one_property() -> None:
    obj = an_object(START, "ATTENDEE;CN=A;PARTSTAT=ACCEPTED:mailto:a", "ATTENDEE;CN=B:mailto:b")

    def found(name: str, *params: ParamFilter) -> bool:
        return has_property(obj, PropFilter(name="ATTENDEE", text_match=TextMatch(text=name), params=params))

    accepted = ParamFilter(name="partstat", text_match=TextMatch(text="accepted"))
    assert found("mailto:a", accepted, ParamFilter(name="CN"))
    assert not found("mailto:b", accepted)
    assert found("mailto:b", ParamFilter(name="PARTSTAT", absent=True))
    assert not found("mailto:a", ParamFilter(name="PARTSTAT", absent=True))


def rings(starts: str, ends: str, *alarm: str, event: tuple[str, ...] = ()) -> bool:
    obj = an_object(START, "DURATION:PT1H", *event, "BEGIN:VALARM", *alarm, "END:VALARM")
    valarm = CompFilter(name="VALARM", time_range=a_range(starts, ends))
    return is_match(obj, CompFilter(name="VEVENT", comps=(valarm,)))


@pytest.mark.parametrize(
    ("alarm", "starts", "ends", "expected"),
    [
        (("TRIGGER:-P1W",), "2026-11-16", "2026-11-16 00:01", True),
        (("TRIGGER:-P1W",), "2026-11-23", "2026-11-24", False),
        (("TRIGGER;RELATED=END:PT5M",), "2026-11-23 01:05", "2026-11-23 01:06", True),
        (("TRIGGER;VALUE=DATE-TIME:20261101T000000Z",), "2026-11-01", "2026-11-02", True),
        (("TRIGGER:-PT15M", "REPEAT:3", "DURATION:P1D"), "2026-11-25 12:00", "2026-11-26", True),
        (("TRIGGER:-PT15M", "REPEAT:2", "DURATION:P1D"), "2026-11-25 12:00", "2026-11-26", False),
        (("TRIGGER:-PT15M", "REPEAT:999999999", "DURATION:P3652000D"), "2026-11-22", "2026-11-23", False),
        (("TRIGGER:-PT15M", "REPEAT:9", "DURATION:-PT5M"), "2026-11-22 23:50", "2026-11-23", False),
        (("TRIGGER:-PT15M", "REPEAT:1", "DURATION:P2D"), "2026-11-23 12:00", "2026-11-24", False),
        (("TRIGGER:nonsense",), "2026-11-22", "2026-11-23", False),
        (("ACTION:AUDIO",), "2026-11-22", "2026-11-23", False),
    ],
)
def test_alarms_are_found_by_when_they_ring(alarm: tuple[str, ...], starts: str, ends: str, *, expected: bool) -> None:
    assert rings(starts, ends, *alarm) is expected


def test_every_instance_of_a_series_has_its_alarm() -> None:
    assert rings("2027-11-22", "2027-11-23", "TRIGGER:-PT15M", event=("RRULE:FREQ=YEARLY",))


def test_other_components_lie_in_no_range() -> None:
    obj = an_object(START, "BEGIN:X-PART", "BEGIN:VALARM", "TRIGGER:PT0S", "END:VALARM", "END:X-PART")
    inner = CompFilter(name="VALARM", time_range=EVER)
    assert not is_match(obj, CompFilter(name="VEVENT", comps=(CompFilter(name="X-PART", time_range=EVER),)))
    assert not is_match(obj, CompFilter(name="VEVENT", comps=(CompFilter(name="X-PART", comps=(inner,)),)))
    assert EVER.starts == datetime.min.replace(tzinfo=UTC)
