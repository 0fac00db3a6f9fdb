from __future__ import annotations

import pytest

from hxdav.domain.field import EVERY_FIELD, Field
from hxdav.ical.fields import FieldDifference, Parts, differences, parts_of
from hxdav.ical.objects import CalendarObject
from tests.unit.ical.calendars import SYDNEY, a_vevent, an_object, an_object_of

START = "DTSTART;TZID=Australia/Sydney:20261124T090000"
END = "DTEND;TZID=Australia/Sydney:20261124T100000"
SECOND = "20261201T090000"
LOCAL_ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Here\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
    "TZOFFSETFROM:+1100\r\nTZOFFSETTO:+1100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


def parts(obj: CalendarObject) -> Parts:
    return parts_of(obj, carries=EVERY_FIELD, practice_zone=SYDNEY)


def told(field: Field, *lines: str) -> str:
    given = {line.partition(";")[0].partition(":")[0] for line in lines}
    return parts(an_object(*([] if "DTSTART" in given else [START]), *lines))[""][field]


ALIKE = [
    pytest.param(Field.TITLE, ("SUMMARY:",), (), id="empty and absent"),
    pytest.param(
        Field.TITLE, ("SUMMARY:a\\, b ",), ("SUMMARY;LANGUAGE=en:a\\, \r\n b",), id="folds, parameters, blanks"
    ),
    pytest.param(Field.COMMENT, ("DESCRIPTION:a \\nb\\n",), ("DESCRIPTION:a\\nb",), id="blanks at the ends of lines"),
    pytest.param(Field.COMMENT, ("DESCRIPTION:a\\nb",), ("DESCRIPTION:a\\Nb",), id="line breaks"),
    pytest.param(
        Field.COMMENT,
        ("DESCRIPTION:<html><body>Bring <b>x-rays</b> &amp\\; <br>a  friend</body></html>",),
        ("DESCRIPTION:Bring x-rays &\\na friend",),
        id="HTML and its words",
    ),
    pytest.param(Field.FREE, ("TRANSP:opaque",), (), id="opaque is what holds"),
    pytest.param(Field.STATUS, ("STATUS:CONFIRMED",), (), id="confirmed is what holds"),
    pytest.param(Field.TIME, (START, END), (START, "DURATION:PT1H"), id="an end and a length"),
    pytest.param(Field.TIME, (START, END), (START, "DTEND:20261123T230000Z"), id="an end in another zone"),
    pytest.param(Field.TIME, (START,), (START, START.replace("START", "END")), id="no end and one at the start"),
    pytest.param(Field.TIME, (START,), ("DTSTART:20261123T220000Z",), id="a single event in UTC"),
    pytest.param(
        Field.TIME,
        ("DTSTART;VALUE=DATE:20261124",),
        ("DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261125"),
        id="a day without an end",
    ),
    pytest.param(
        Field.TIME,
        ("DTSTART;VALUE=DATE:20261124", "DURATION:PT24H"),
        ("DTSTART:20261124", "DTEND:20261124"),
        id="a day in hours, and one that ends as it starts",
    ),
    pytest.param(
        Field.TIME,
        ("DTSTART:20261124T090000", "DTEND:20261124T103000"),
        ("DTSTART:20261124T090000", "DURATION:PT90M"),
        id="floating",
    ),
    pytest.param(
        Field.RECURRENCE,
        ("RRULE:FREQ=WEEKLY;INTERVAL=1;WKST=MO;BYDAY=TU,MO",),
        ("RRULE:BYDAY=MO,TU;FREQ=WEEKLY",),
        id="order and what holds anyway",
    ),
    pytest.param(
        Field.RECURRENCE,
        ("RRULE:FREQ=MONTHLY;BYDAY=+2TU;BYMONTH=03",),
        ("RRULE:FREQ=MONTHLY;BYMONTH=3;BYDAY=2TU",),
        id="signs and zeros",
    ),
    pytest.param(
        Field.RECURRENCE,
        ("RRULE:FREQ=DAILY;UNTIL=20261231",),
        ("RRULE:FREQ=DAILY;UNTIL=20261231T125959Z",),
        id="until the end of a day",
    ),
    pytest.param(
        Field.RECURRENCE,
        ("RRULE:FREQ=DAILY", "EXDATE:20261125T220000Z,20261126T220000Z"),
        (
            "RRULE:FREQ=DAILY",
            "EXDATE;TZID=Australia/Sydney:20261127T090000",
            "EXDATE;TZID=Australia/Sydney:20261126T090000",
        ),
        id="left-out instances, each its own line",
    ),
    pytest.param(
        Field.RECURRENCE,
        ("RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20261126"),
        ("RRULE:FREQ=DAILY", "EXDATE;TZID=Australia/Sydney:20261126T090000"),
        id="a left-out instance named by its day",
    ),
    pytest.param(
        Field.RECURRENCE,
        ("RDATE;VALUE=PERIOD:20261125T220000Z/PT2H",),
        ("RDATE;VALUE=PERIOD:20261125T220000Z/20261126T000000Z",),
        id="periods",
    ),
    pytest.param(Field.RECURRENCE, ("RRULE:", "EXDATE:"), (), id="properties without a value"),
]


@pytest.mark.parametrize(("field", "one", "other"), ALIKE)
def test_what_means_the_same_to_a_person_is_the_same(
    field: Field, one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    assert told(field, *one) == told(field, *other)


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        pytest.param(Field.TITLE, ("SUMMARY:a",), ("SUMMARY:A",), id="letters"),
        pytest.param(Field.COMMENT, ("DESCRIPTION:a  b",), ("DESCRIPTION:a b",), id="blanks inside plain words"),
        pytest.param(Field.COMMENT, ("DESCRIPTION:1 < 2",), ("DESCRIPTION:1",), id="a sign that is no HTML"),
        pytest.param(Field.COMMENT, ("DESCRIPTION:<b>a</b>",), ("DESCRIPTION:<b>c</b>",), id="words in HTML"),
        pytest.param(Field.FREE, ("TRANSP:TRANSPARENT",), (), id="free"),
        pytest.param(Field.STATUS, ("STATUS:TENTATIVE",), (), id="tentative"),
        pytest.param(Field.TIME, (START, END), (START,), id="an end and none"),
        pytest.param(Field.TIME, (START,), ("DTSTART:20261124T090000",), id="a zone and none"),
        pytest.param(
            Field.TIME,
            (START, "RRULE:FREQ=DAILY"),
            ("DTSTART;TZID=Australia/Brisbane:20261124T080000", "RRULE:FREQ=DAILY"),
            id="the clock by which a series goes",
        ),
        pytest.param(Field.RECURRENCE, ("RRULE:FREQ=DAILY",), ("RRULE:FREQ=DAILY;COUNT=9",), id="an end of the rule"),
        pytest.param(Field.RECURRENCE, ("EXRULE:FREQ=DAILY",), ("RRULE:FREQ=DAILY",), id="a rule that takes away"),
        pytest.param(
            Field.RECURRENCE, ("RDATE:20261125T220000Z",), ("RDATE:20261125T220000Z/PT2H",), id="a length of its own"
        ),
    ],
)
def test_what_means_something_else_differs(field: Field, one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert told(field, *one) != told(field, *other)


def a_series(*overrides: tuple[str, ...], also: tuple[str, ...] = ()) -> Parts:
    master = a_vevent(START, END, "RRULE:FREQ=WEEKLY", "SUMMARY:a", *also)
    return parts(an_object_of(master, *(a_vevent(*lines) for lines in overrides)))


def test_an_override_is_named_by_its_instance_however_that_is_written() -> None:
    local = a_series((START, f"RECURRENCE-ID;TZID=Australia/Sydney:{SECOND}", "SUMMARY:b"))
    in_utc = a_series((START, "RECURRENCE-ID:20261130T220000Z", "SUMMARY:b"))
    assert set(local) == {"", "20261130T220000Z"}
    assert local == in_utc


def test_a_cancelled_override_says_what_an_exdate_says() -> None:
    cancelled = a_series((START, f"RECURRENCE-ID;TZID=Australia/Sydney:{SECOND}", "STATUS:CANCELLED"))
    assert cancelled == a_series(also=(f"EXDATE;TZID=Australia/Sydney:{SECOND}",))


def test_a_cancelled_override_without_a_master_is_told_as_it_is() -> None:
    obj = an_object(START, "RECURRENCE-ID:20261130T220000Z", "STATUS:CANCELLED")
    assert parts(obj)["20261130T220000Z"][Field.STATUS] == "CANCELLED"


def test_an_all_day_series_names_its_instances_by_their_days() -> None:
    day = "DTSTART;VALUE=DATE:20261124"
    obj = an_object_of(a_vevent(day, "RRULE:FREQ=DAILY"), a_vevent(day, "RECURRENCE-ID;VALUE=DATE:20261126"))
    assert set(parts(obj)) == {"", "20261126"}


def test_a_zone_that_only_the_object_knows_is_left_out_of_the_time_of_a_series() -> None:
    obj = an_object_of(LOCAL_ZONE, a_vevent("DTSTART;TZID=Here:20261124T090000", "RRULE:FREQ=DAILY"))
    assert parts(obj)[""][Field.TIME] == "20261123T220000Z/20261123T220000Z"


def test_only_the_fields_that_a_provider_carries_are_read() -> None:
    obj = an_object(START, "SUMMARY:a", "STATUS:TENTATIVE")
    assert parts_of(obj, carries=frozenset({Field.TITLE}), practice_zone=SYDNEY) == {"": {Field.TITLE: "a"}}


def test_differences_name_the_part_and_the_field_or_a_part_that_came_or_went() -> None:
    second = (START, "RECURRENCE-ID:20261130T220000Z", "SUMMARY:b")
    third = (START, "RECURRENCE-ID:20261207T220000Z", "SUMMARY:b")
    found = differences(a_series(second, also=("LOCATION:x",)), a_series(third))
    assert found == {
        FieldDifference(part="", field=Field.LOCATION),
        FieldDifference(part="20261130T220000Z", field=None),
        FieldDifference(part="20261207T220000Z", field=None),
    }
