from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.domain.field import EVERY_FIELD, Field
from hxdav.domain.refusal import CalendarDataError
from hxdav.ical.fields import FieldDifference, Parts, differences, parts_of
from hxdav.ical.graft import graft
from hxdav.ical.objects import CalendarObject, read_object
from hxdav.ical.timezones import vtimezone
from tests.unit.ical.calendars import SYDNEY, a_calendar, a_vevent, an_object_of
from tests.unit.ical.objects_drawn import drawn_texts
from tests.verdicts import CORPUS, SAMPLES

ALARM = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT10M", "END:VALARM")
WEEKLY = ("DTSTART;TZID=Australia/Sydney:20261124T090000", "DTEND;TZID=Australia/Sydney:20261124T100000")
RULE = "RRULE:FREQ=WEEKLY"
THIRD = "20261207T220000Z"


def parts(obj: CalendarObject) -> Parts:
    return parts_of(obj, carries=EVERY_FIELD, practice_zone=SYDNEY)


def grafted(onto: CalendarObject, source: CalendarObject, *what: FieldDifference) -> str:
    return graft(onto, source, what, practice_zone=SYDNEY)


def grafted_whole(onto: CalendarObject, source: CalendarObject) -> str:
    return grafted(onto, source, *differences(parts(onto), parts(source)))


def an_object_from(text: str) -> CalendarObject:
    return read_object(text.encode())


def becomes(onto: CalendarObject, source: CalendarObject) -> None:
    text = grafted_whole(onto, source)
    result = read_object(text.encode())
    assert differences(parts(result), parts(source)) == frozenset()
    assert result.uid == onto.uid
    assert grafted_whole(result, source) == text


@given(onto=drawn_texts(), source=drawn_texts())
def test_what_is_grafted_says_what_its_source_says(onto: str, source: str) -> None:
    becomes(an_object_from(onto), an_object_from(source))


@given(text=drawn_texts())
def test_nothing_grafted_leaves_every_octet(text: str) -> None:
    obj = an_object_from(text)
    assert grafted(obj, obj) == obj.text
    assert differences(parts(obj), parts(obj)) == frozenset()


@given(onto=drawn_texts(), source=drawn_texts())
def test_what_is_no_field_stays_and_line_breaks_with_it(onto: str, source: str) -> None:
    mine, other = an_object_from(onto), an_object_from(source.replace("X-KEPT", "X-FOREIGN"))
    text = grafted_whole(mine, other)
    assert text.count("\r\n") == (text.count("\n") if "\r\n" in onto else 0)
    if mine.master is not None and other.master is not None:
        assert text.count("X-KEPT:1") == text.count("BEGIN:VEVENT")


@given(mine=drawn_texts(), other=drawn_texts(), drawn=st.data())
def test_any_part_of_the_differences_leaves_an_object(mine: str, other: str, drawn: st.DataObject) -> None:
    onto, source = an_object_from(mine), an_object_from(other)
    every = sorted(differences(parts(onto), parts(source)), key=str)
    some = [difference for difference in every if drawn.draw(st.booleans())]
    read_object(grafted(onto, source, *some).encode())


def accepted_objects() -> list[CalendarObject]:
    folders = [SAMPLES, *([CORPUS] if CORPUS.is_dir() else [])]
    found = []
    for path in sorted(path for folder in folders for path in Path(folder).rglob("*.ics")):
        try:
            found.append(read_object(path.read_bytes()))
        except CalendarDataError:
            continue
    return found


def test_every_file_takes_over_what_any_other_says() -> None:
    objects = accepted_objects()
    for onto, source in zip(objects, objects[1:] + objects[:1], strict=True):
        becomes(onto, source)
        becomes(source, onto)


def a_series(*overrides: tuple[str, ...], also: tuple[str, ...] = ()) -> CalendarObject:
    return an_object_of(a_vevent(*WEEKLY, RULE, *also), *(a_vevent(*lines) for lines in overrides))


OURS = ("URL:https://example.org/", "X-OURS:1", *ALARM)
ON_THIRD = f"RECURRENCE-ID:{THIRD}"
MOVED = (ON_THIRD, "DTSTART:20261208T010000Z", "DTEND:20261208T020000Z", "SUMMARY:Later", "X-THEIRS:1", *ALARM)


def test_only_the_lines_of_a_field_are_exchanged() -> None:
    onto = an_object_of(a_vevent(*WEEKLY, "SUMMARY:a", "X-BETWEEN:1", "LOCATION:y", *OURS))
    source = an_object_of(a_vevent("DTSTART:20261124T000000Z", "DURATION:PT2H", "SUMMARY:b"))
    text = grafted(
        onto, source, FieldDifference(part="", field=Field.TIME), FieldDifference(part="", field=Field.TITLE)
    )
    assert text == a_calendar(
        a_vevent(
            *("DTSTART:20261124T000000Z", "DURATION:PT2H", "SUMMARY:b", "X-BETWEEN:1", "LOCATION:y", *OURS),
        )
    )


def test_what_a_program_says_of_a_place_in_its_own_words_goes_with_the_place() -> None:
    onto = an_object_of(a_vevent(*WEEKLY, "LOCATION:here", "X-APPLE-STRUCTURED-LOCATION;X-TITLE=here:geo:1,2"))
    text = grafted_whole(onto, an_object_of(a_vevent(*WEEKLY, "LOCATION:there")))
    assert text == a_calendar(a_vevent(*WEEKLY, "LOCATION:there"))


def test_a_new_override_keeps_what_the_series_has_beside_its_fields() -> None:
    text = grafted_whole(a_series(also=("SUMMARY:a", *OURS)), a_series(MOVED, also=("SUMMARY:a",)))
    override = a_vevent("DTSTART:20261208T010000Z", "DTEND:20261208T020000Z", ON_THIRD, "SUMMARY:Later", *OURS)
    assert text == a_calendar(a_vevent(*WEEKLY, RULE, "SUMMARY:a", *OURS), override)


def test_an_override_that_is_there_keeps_what_is_its_own() -> None:
    onto = an_object_of(a_vevent(*WEEKLY, RULE), a_vevent(*WEEKLY, ON_THIRD, "SUMMARY:a", "X-OWN:1"))
    source = a_series((*WEEKLY, ON_THIRD, "SUMMARY:b", "LOCATION:x"))
    text = grafted(onto, source, FieldDifference(part=THIRD, field=None))
    assert text == a_calendar(
        a_vevent(*WEEKLY, RULE), a_vevent(*WEEKLY, ON_THIRD, "SUMMARY:b", "X-OWN:1", "LOCATION:x")
    )


def test_an_override_without_a_master_is_copied_without_its_alarms_under_the_uid_that_is_there() -> None:
    onto = an_object_of(a_vevent(*WEEKLY, "RECURRENCE-ID:20261130T220000Z", uid="ours"))
    source = an_object_of(a_vevent(*MOVED, uid="theirs"))
    text = grafted(onto, source, FieldDifference(part=THIRD, field=None))
    assert text == onto.text.replace("END:VCALENDAR\r\n", a_vevent(*MOVED[:-4], uid="ours") + "END:VCALENDAR\r\n")


def test_an_override_goes_and_the_rest_stays() -> None:
    text = grafted_whole(a_series(MOVED, also=OURS), a_series())
    assert text == a_series(also=OURS).text


def test_a_cancelled_override_is_taken_over_as_an_exdate() -> None:
    source = a_series((*WEEKLY, "RECURRENCE-ID;TZID=Australia/Sydney:20261208T090000", "STATUS:CANCELLED"))
    text = grafted_whole(a_series(), source)
    assert text == a_calendar(a_vevent(*WEEKLY, RULE, "EXDATE;TZID=Australia/Sydney:20261208T090000"))


def test_an_instance_that_takes_place_again_loses_its_cancelled_override() -> None:
    assert grafted_whole(a_series((*WEEKLY, ON_THIRD, "STATUS:CANCELLED")), a_series()) == a_series().text


def test_a_cancelled_override_that_takes_place_again_comes_to_life_as_it_is() -> None:
    onto = a_series((*WEEKLY, ON_THIRD, "STATUS:CANCELLED", "X-OWN:1"))
    text = grafted_whole(onto, a_series((*WEEKLY, ON_THIRD, "SUMMARY:b")))
    assert text == a_series((*WEEKLY, ON_THIRD, "X-OWN:1", "SUMMARY:b")).text


def test_the_zone_of_a_new_time_comes_with_it() -> None:
    berlin = ("DTSTART;TZID=Europe/Berlin:20261124T090000", "DTEND;TZID=Europe/Berlin:20261124T100000")
    text = grafted_whole(a_series(), an_object_of(a_vevent(*berlin, RULE)))
    assert text.count("BEGIN:VTIMEZONE") == 1
    assert "TZID:Europe/Berlin\r\n" in text


def test_a_zone_that_only_the_source_knows_is_copied() -> None:
    here = (
        "BEGIN:VTIMEZONE\r\nTZID:Here\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    source = an_object_of(here, a_vevent("DTSTART;TZID=Here:20261124T090000"))
    text = grafted_whole(an_object_of(a_vevent(WEEKLY[0])), source)
    assert text == a_calendar(here, a_vevent("DTSTART;TZID=Here:20261124T090000"))


FLOATING = ("DTSTART:20261124T090000", "DTEND:20261124T100000")


@pytest.mark.parametrize("known", [True, False])
def test_a_zone_that_has_the_name_of_another_stays_what_it_is(*, known: bool) -> None:
    line = "DTSTART;TZID=Customized Time Zone:20261124T090000"
    zones = [
        "".join(f"{part}\r\n" for part in vtimezone(key, 2026)).replace(f"TZID:{key}", "TZID:Customized Time Zone")
        for key in ("Europe/Berlin", "America/New_York")
    ]
    onto = an_object_of(zones[0], a_vevent(line)) if known else an_object_of(a_vevent(line))
    becomes(onto, an_object_of(zones[1], a_vevent(line)))


def test_a_floating_series_floats_on_in_its_new_override() -> None:
    what = FieldDifference(part=THIRD, field=None)
    text = grafted(an_object_of(a_vevent(*FLOATING, RULE)), a_series(MOVED), what)
    override = ("DTSTART:20261208T120000", "DTEND:20261208T130000", "RECURRENCE-ID:20261208T090000", "SUMMARY:Later")
    assert text == a_calendar(a_vevent(*FLOATING, RULE), a_vevent(*override))


def test_the_override_of_a_floating_series_is_found_by_its_moment() -> None:
    onto = an_object_of(a_vevent(*FLOATING, RULE), a_vevent(*FLOATING, "RECURRENCE-ID:20261208T090000"))
    text = grafted(onto, a_series(MOVED), FieldDifference(part=THIRD, field=Field.TITLE))
    assert text == onto.text.replace(
        "T090000\r\nEND:VEVENT\r\nEND:VC", "T090000\r\nSUMMARY:Later\r\nEND:VEVENT\r\nEND:VC"
    )


def test_a_floating_series_that_gets_a_zone_gets_it_in_all_of_its_parts() -> None:
    until = "RRULE:FREQ=WEEKLY;UNTIL=20261231T090000"
    override = a_vevent(*FLOATING, "RECURRENCE-ID:20261208T090000")
    onto = an_object_of(a_vevent(*FLOATING, until, "EXDATE:20261201T090000"), override)
    source = an_object_of(a_vevent("DTSTART;TZID=Australia/Sydney:20261124T100000", until))
    text = grafted(onto, source, FieldDifference(part="", field=Field.TIME))
    assert "UNTIL=20261230T220000Z" in text
    assert "EXDATE;TZID=Australia/Sydney:20261201T090000" in text
    assert "RECURRENCE-ID;TZID=Australia/Sydney:20261208T090000" in text


def test_rules_stay_as_they_read_when_the_clock_changes_under_them() -> None:
    onto = a_series(also=("EXDATE;VALUE=DATE:20261208",))
    berlin = ("DTSTART;TZID=Europe/Berlin:20261124T090000", RULE, f"EXDATE:{THIRD}")
    assert f"EXDATE:{THIRD}" in grafted(
        onto, an_object_of(a_vevent(*berlin)), FieldDifference(part="", field=Field.TIME)
    )


def test_an_object_never_loses_its_last_component() -> None:
    onto = an_object_of(a_vevent(*WEEKLY, "RECURRENCE-ID:20261130T220000Z"))
    text = grafted(onto, an_object_of(a_vevent(*MOVED)), FieldDifference(part="20261130T220000Z", field=None))
    assert text == onto.text


@pytest.mark.parametrize("part", ["", THIRD])
def test_a_field_of_what_is_not_there_changes_nothing(part: str) -> None:
    onto = an_object_of(a_vevent(*WEEKLY, "RECURRENCE-ID:20261130T220000Z"))
    assert grafted(onto, a_series(MOVED), FieldDifference(part=part, field=Field.TITLE)) == onto.text


@pytest.mark.parametrize("zone", ["Australia/Sydney", "America/New_York"])
def test_an_end_that_comes_into_a_floating_series_is_the_same_moment(zone: str) -> None:
    there = an_object_of(a_vevent(f"DTSTART;TZID={zone}:20261001T090000", "RRULE:FREQ=DAILY;COUNT=9"))
    ours = an_object_of(a_vevent("DTSTART:20261001T090000", "RRULE:FREQ=DAILY;COUNT=9"))
    last = datetime(2026, 10, 6, 9, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    ended = an_object_from(there.text.replace("COUNT=9", f"UNTIL={last:%Y%m%dT%H%M%SZ}"))
    practice = ZoneInfo(zone)
    what = differences(*(parts_of(each, carries=EVERY_FIELD, practice_zone=practice) for each in (there, ended)))

    text = graft(ours, ended, what, practice_zone=practice)

    assert "RRULE:FREQ=DAILY;UNTIL=20261006T090000\r\n" in text
