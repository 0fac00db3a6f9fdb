from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.domain.field import EVERY_FIELD, Field
from hxdav.domain.ids import Uid
from hxdav.domain.times import Interval
from hxdav.ical.fields import FieldDifference, Parts, differences, parts_of
from hxdav.ical.objects import object_of, read_object
from hxdav.ical.patch import set_lines
from hxdav.ical.recurrence import occurrences
from hxdav.sync.singles import single_events, with_single, without_single
from tests.unit.ical.calendars import SYDNEY, a_calendar, a_moment, a_range, a_vevent
from tests.unit.ical.objects_drawn import drawn_texts

ZONE = "TZID=Australia/Sydney"
WEEKLY = (f"DTSTART;{ZONE}:20261124T090000", f"DTEND;{ZONE}:20261124T100000", "RRULE:FREQ=WEEKLY", "SUMMARY:a")
FIRST, SECOND, THIRD = "20261123T220000Z", "20261130T220000Z", "20261207T220000Z"
WITHIN = a_range("2026-11-20", "2026-12-12")
MOVED = (f"DTSTART;{ZONE}:20261201T110000", f"DTEND;{ZONE}:20261201T120000", f"RECURRENCE-ID:{SECOND}", "SUMMARY:b")
TITLE, TIME = FieldDifference(part="", field=Field.TITLE), FieldDifference(part="", field=Field.TIME)


def a_text(*vevents: tuple[str, ...]) -> str:
    return a_calendar(*(a_vevent(*lines) for lines in vevents))


def singles(text: str, within: Interval = WITHIN) -> dict[str, str]:
    found = single_events(text, uid_of=lambda key: Uid(f"{key}@x"), within=within, practice_zone=SYDNEY)
    assert all(read_object(single.encode()).uid == f"{key}@x" for key, single in found.items())
    return found


def event_lines(text: str) -> list[str]:
    events = text[text.index("BEGIN:VEVENT") :].splitlines()
    return [line for line in events if not line.startswith(("BEGIN:", "END:", "UID:"))]


def lines_of(text: str, within: Interval = WITHIN) -> dict[str, list[str]]:
    return {key: event_lines(single) for key, single in singles(text, within).items()}


def edited(text: str, key: str, *lines: str, what: tuple[FieldDifference, ...] = (TITLE,)) -> str:
    single = read_object(a_calendar(a_vevent(*lines, uid="single")).encode())
    found = with_single(text, key, single=single, what=what, practice_zone=SYDNEY)
    read_object(found.encode())
    return found


def left_out(text: str, key: str) -> str:
    found = without_single(text, key, practice_zone=SYDNEY)
    read_object(found.encode())
    return found


def at(start: str, end: str, *more: str) -> list[str]:
    return [f"DTSTART;{ZONE}:{start}", f"DTEND;{ZONE}:{end}", *more]


def test_each_instance_is_an_event_of_its_own_without_a_rule() -> None:
    assert lines_of(a_text(WEEKLY)) == {
        FIRST: at("20261124T090000", "20261124T100000", "SUMMARY:a"),
        SECOND: at("20261201T090000", "20261201T100000", "SUMMARY:a"),
        THIRD: at("20261208T090000", "20261208T100000", "SUMMARY:a"),
    }


def test_an_instance_that_only_reaches_in_is_not_among_them() -> None:
    text = a_text((f"DTSTART;{ZONE}:20261124T090000", f"DTEND;{ZONE}:20261126T090000", "RRULE:FREQ=WEEKLY"))
    assert set(singles(text, a_range("2026-11-24", "2026-12-01"))) == {SECOND}


def test_an_override_says_its_own_words_at_its_own_time() -> None:
    assert lines_of(a_text(WEEKLY, MOVED))[SECOND] == at("20261201T110000", "20261201T120000", "SUMMARY:b")


@pytest.mark.parametrize("within", [WITHIN, a_range("2027-02-20", "2027-03-20")])
def test_an_override_is_there_where_it_starts_and_where_it_would_have_started(within: Interval) -> None:
    text = a_text((*WEEKLY, "EXDATE:20270301T220000Z"), (f"DTSTART;{ZONE}:20270301T110000", f"RECURRENCE-ID:{SECOND}"))
    assert SECOND in singles(text, within)


def test_what_is_left_out_or_cancelled_is_no_event() -> None:
    cancelled = (*WEEKLY[:2], f"RECURRENCE-ID:{THIRD}", "STATUS:CANCELLED")
    assert set(singles(a_text((*WEEKLY, f"EXDATE;{ZONE}:20261201T090000"), cancelled))) == {FIRST}


def test_of_a_cancelled_series_there_is_none() -> None:
    assert singles(a_text((*WEEKLY, "STATUS:CANCELLED"), MOVED)) == {}


def test_extra_dates_are_events_with_a_length_of_their_own_where_they_have_one() -> None:
    text = a_text((*WEEKLY[:2], "RDATE:20261125T220000Z", "RDATE;VALUE=PERIOD:20261126T220000Z/PT2H"))
    assert lines_of(text) == {
        FIRST: at("20261124T090000", "20261124T100000"),
        "20261125T220000Z": at("20261126T090000", "20261126T100000"),
        "20261126T220000Z": at("20261127T090000", "20261127T110000"),
    }


def test_days_stay_days() -> None:
    text = a_text(("DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261126", "RRULE:FREQ=WEEKLY"))
    assert lines_of(text)["20261201"] == ["DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203"]


def test_floating_times_float() -> None:
    text = a_text(("DTSTART:20261124T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY"))
    assert lines_of(text)["20261201T090000"] == ["DTSTART:20261201T090000", "DTEND:20261201T100000"]


def test_what_does_not_recur_is_one_event_as_it_is() -> None:
    text = a_text(WEEKLY[:2])
    assert singles(text) == {"": text.replace("UID:one@example.com", "UID:@x")}


def test_an_instance_of_a_zone_by_a_long_name_has_its_zone_written_out() -> None:
    text = a_text(("DTSTART;TZID=/example.org/Australia/Sydney:20261124T090000", "RRULE:FREQ=WEEKLY"))
    single = singles(text)[SECOND]
    assert "TZID:Australia/Sydney\r\n" in single
    assert event_lines(single)[0] == f"DTSTART;{ZONE}:20261201T090000"


# In Sydney the clock goes from 2:00 to 3:00 on 4 October 2026, and from 3:00 back to 2:00 on 4 April 2027.
SPRING, AUTUMN = a_range("2026-10-03", "2026-10-05"), a_range("2027-04-03", "2027-04-05")
DAILY = (f"DTSTART;{ZONE}:20260930T023000", "DURATION:PT1H", "RRULE:FREQ=DAILY", "SUMMARY:a")
SKIPPED, TWICE = "20261003T163000Z", "20270403T153000Z"


def test_an_instance_at_a_time_that_a_night_skips_is_at_the_moment_that_it_means() -> None:
    assert lines_of(a_text(DAILY), SPRING)[SKIPPED][:2] == at("20261004T033000", "20261004T043000")


def test_an_instance_that_ends_in_the_hour_that_comes_twice_ends_in_utc() -> None:
    assert lines_of(a_text(DAILY), AUTUMN)[TWICE][:2] == [f"DTSTART;{ZONE}:20270404T023000", "DTEND:20270403T163000Z"]


def test_the_instance_of_a_night_that_skips_its_time_can_be_left_out() -> None:
    text = left_out(a_text(DAILY), SKIPPED)
    assert f"EXDATE;{ZONE}:20261004T023000\r\n" in text
    assert SKIPPED not in singles(text, SPRING)
    assert len(singles(text, SPRING)) == len(singles(a_text(DAILY), SPRING)) - 1


@pytest.mark.parametrize(("key", "within"), [(SKIPPED, SPRING), (TWICE, AUTUMN)])
def test_the_instance_of_a_night_that_changes_the_clock_can_be_edited(key: str, within: Interval) -> None:
    text = edited(a_text(DAILY), key, "DTSTART:20261124T000000Z", "SUMMARY:b")
    before, after = lines_of(a_text(DAILY), within), lines_of(text, within)
    assert set(after) == set(before)
    assert {line for line in after[key] if line not in before[key]} == {"SUMMARY:b"}


def test_an_edit_of_an_event_becomes_an_override_of_its_instance() -> None:
    text = edited(a_text((*WEEKLY, "X-KEPT:1")), SECOND, "DTSTART:20261124T000000Z", "SUMMARY:b", "LOCATION:x")
    override = (*at("20261201T090000", "20261201T100000"), f"RECURRENCE-ID;{ZONE}:20261201T090000", "SUMMARY:b")
    assert text == a_text((*WEEKLY, "X-KEPT:1"), (*override, "X-KEPT:1"))


def test_an_edit_of_an_event_that_has_an_override_changes_that() -> None:
    text = edited(a_text(WEEKLY, MOVED), SECOND, *at("20261202T090000", "20261202T100000"), "SUMMARY:c", what=(TIME,))
    assert text == a_text(WEEKLY, (*at("20261202T090000", "20261202T100000"), f"RECURRENCE-ID:{SECOND}", "SUMMARY:b"))


def test_an_edit_in_utc_of_a_floating_series_floats() -> None:
    floating = ("DTSTART:20261124T090000", "DTEND:20261124T100000", "RRULE:FREQ=WEEKLY")
    lines = ("DTSTART:20261201T000000Z", "DTEND:20261201T010000Z")
    text = edited(a_text(floating), SECOND, *lines, what=(TIME,))
    override = ("DTSTART:20261201T110000", "DTEND:20261201T120000", "RECURRENCE-ID:20261201T090000")
    assert text == a_text(floating, override)


def test_an_edit_of_an_all_day_event_becomes_an_override_of_its_day() -> None:
    days = ("DTSTART;VALUE=DATE:20261124", "RRULE:FREQ=WEEKLY")
    text = edited(a_text(days), "20261201", "DTSTART;VALUE=DATE:20261202", what=(TIME,))
    assert text == a_text(days, ("DTSTART;VALUE=DATE:20261202", "RECURRENCE-ID;VALUE=DATE:20261201"))


def test_an_edit_of_a_series_in_utc_is_written_in_utc() -> None:
    text = edited(a_text(("DTSTART:20261123T220000Z", "RRULE:FREQ=WEEKLY")), SECOND, WEEKLY[0], "SUMMARY:b")
    assert f"DTSTART:{SECOND}\r\nDTEND:{SECOND}\r\nRECURRENCE-ID:{SECOND}\r\nSUMMARY:b\r\n" in text


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param(a_text(WEEKLY), "20261201T220000Z", id="no such instance"),
        pytest.param(a_text((*WEEKLY, f"EXDATE:{SECOND}")), SECOND, id="left out"),
        pytest.param(a_text(WEEKLY, (*MOVED, "STATUS:CANCELLED")), SECOND, id="cancelled"),
        pytest.param(a_text(WEEKLY[:2]), SECOND, id="no series any more"),
    ],
)
def test_an_instance_that_does_not_take_place_is_neither_edited_nor_left_out(text: str, key: str) -> None:
    assert edited(text, key, WEEKLY[0], "SUMMARY:c") == text
    assert left_out(text, key) == text


def test_a_rule_that_was_put_on_one_event_is_not_taken_over() -> None:
    what = (FieldDifference(part="", field=Field.RECURRENCE), FieldDifference(part=SECOND, field=None))
    assert edited(a_text(WEEKLY), SECOND, WEEKLY[0], "RRULE:FREQ=DAILY", what=what) == a_text(WEEKLY)


def test_an_event_that_is_taken_away_is_an_exdate_and_its_override_goes() -> None:
    rest = a_text((*WEEKLY[:3], f"EXDATE;{ZONE}:20261201T090000", "SUMMARY:a"))
    assert left_out(a_text(WEEKLY), SECOND) == rest
    assert left_out(a_text(WEEKLY, MOVED), SECOND) == rest


def test_an_override_without_a_series_that_is_taken_away_is_cancelled() -> None:
    assert left_out(a_text(MOVED), SECOND) == a_text((*MOVED, "STATUS:CANCELLED"))


def parts(text: str) -> Parts:
    return parts_of(object_of(text), carries=EVERY_FIELD - {Field.RECURRENCE}, practice_zone=SYDNEY)


YEAR = Interval(a_moment("2026-01-01 00:00"), a_moment("2027-01-01 00:00"))


@given(text=drawn_texts())
def test_the_events_take_place_when_the_instances_do(text: str) -> None:
    def starts(text: str) -> list[Interval]:
        found = occurrences(object_of(text), practice_zone=SYDNEY, within=YEAR)
        return [each.interval for each in found if each.status != "CANCELLED"]

    expected = [] if object_of(text).is_cancelled else starts(text)
    assert sorted(interval for single in singles(text, YEAR).values() for interval in starts(single)) == expected


@given(text=drawn_texts(), drawn=st.data())
def test_one_event_changes_and_goes_by_itself(text: str, drawn: st.DataObject) -> None:
    before = singles(text, YEAR)
    keys = sorted(filter(None, before))
    if not keys:
        return
    key = drawn.draw(st.sampled_from(keys))
    single = set_lines(before[key], {"SUMMARY": ["SUMMARY:changed"], "TRANSP": ["TRANSP:TRANSPARENT"]})
    what = differences(parts(before[key]), parts(single))

    changed = with_single(text, key, single=object_of(single), what=what, practice_zone=SYDNEY)
    after = {each: parts(one) for each, one in singles(changed, YEAR).items()}
    assert after == {each: parts(single if each == key else one) for each, one in before.items()}

    remaining = {each: parts(one) for each, one in singles(left_out(changed, key), YEAR).items()}
    assert remaining == {each: parts(one) for each, one in before.items() if each != key}


# -- a change of this and the future

CHANGED = (
    f"DTSTART;{ZONE}:20261201T110000",
    f"DTEND;{ZONE}:20261201T113000",
    f"RECURRENCE-ID;RANGE=THISANDFUTURE:{SECOND}",
    "SUMMARY:b",
)


def test_the_later_ones_go_as_the_change_has_them() -> None:
    assert lines_of(a_text(WEEKLY, CHANGED)) == {
        FIRST: at("20261124T090000", "20261124T100000", "SUMMARY:a"),
        SECOND: at("20261201T110000", "20261201T113000", "SUMMARY:b"),
        THIRD: at("20261208T110000", "20261208T113000", "SUMMARY:b"),
    }


def test_an_edit_of_a_later_one_begins_where_the_change_has_it() -> None:
    text = edited(a_text(WEEKLY, CHANGED), THIRD, *at("20261208T110000", "20261208T113000", "SUMMARY:c"))
    assert lines_of(text)[THIRD] == at("20261208T110000", "20261208T113000", "SUMMARY:c")


@pytest.mark.parametrize("key", [SECOND, THIRD])
def test_the_others_stay_where_the_change_has_them_without_one(key: str) -> None:
    text = a_text(WEEKLY, CHANGED)
    assert lines_of(left_out(text, key)) == {each: lines for each, lines in lines_of(text).items() if each != key}
