"""Calendar objects as Graph's events and back: nothing that a person sees is lost or gained on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.domain.field import EVERY_FIELD, Field
from hxdav.domain.ids import Uid
from hxdav.domain.times import AllDay, Floating, When, Zoned
from hxdav.ical.build import text_line, time_line, with_timezones
from hxdav.ical.fields import Parts, parts_of
from hxdav.ical.lines import fold
from hxdav.ical.objects import object_of, read_object
from hxdav.ical.zone_names import zone_named
from hxdav.remotes.microsoft.events_in import cancelled_of, key_of, object_text, timeline_of
from hxdav.remotes.microsoft.events_out import GraphEventBodies, bodies_of, can_express, changes, transaction_of
from hxdav.remotes.microsoft.times import Json, graph_time, moment_of, sent_name

OURS = Uid(f"{'0123456789abcdef' * 2}@hxdav")
BERLIN = ZoneInfo("Europe/Berlin")
NINE = Zoned(datetime(2026, 11, 23, 9, tzinfo=BERLIN))
TEN = Zoned(datetime(2026, 11, 23, 10, tzinfo=BERLIN))
CUSTOM = "tzone://Microsoft/Custom"
ZONES = ("Europe/Berlin", "Australia/Melbourne", "America/New_York", "Asia/Kolkata", "UTC")
SERVER = {
    "id": "AAMk=",
    "iCalUId": "0400",
    "@odata.etag": 'W/"1"',
    "createdDateTime": "2026-11-20T08:00:00.1234567Z",
    "lastModifiedDateTime": "2026-11-21T08:00:00Z",
}


def a_text(*lines: str, starts: When = NINE, ends: When = TEN, overrides: list[list[str]] = []) -> str:  # noqa: B006
    stamp = f"UID:{OURS}", "DTSTAMP:20261101T000000Z"
    master = ("BEGIN:VEVENT", *stamp, time_line("DTSTART", starts), time_line("DTEND", ends), *lines, "END:VEVENT")
    others = [line for override in overrides for line in ("BEGIN:VEVENT", *stamp, *override, "END:VEVENT")]
    text = "".join(map(fold, ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//t//EN", *master, *others, "END:VCALENDAR")))
    return with_timezones(text, (starts, ends))


def as_graph_shows(body: Json) -> Json:
    """What the API would show of an event that was just written: its times in UTC, and the zone beside them."""
    shown = {name: value for name, value in body.items() if value is not None} | SERVER
    for name in ("start", "end"):
        local = body[name] if body["isAllDay"] else {"dateTime": f"{moment_of(body[name]):%Y-%m-%dT%H:%M:%S}"}
        shown[name] = {"dateTime": f"{local['dateTime']}.0000000", "timeZone": "UTC"}
        shown[f"original{name.capitalize()}TimeZone"] = body[name]["timeZone"]
    return shown


def there_and_back(text: str) -> str:
    bodies = bodies_of(text)
    return object_text(the_master(bodies), the_exceptions(bodies))


def the_master(bodies: GraphEventBodies) -> Json:
    days = [bodies.keys[key].date() for key in bodies.excluded]
    cancelled = {"cancelledOccurrences": [f"OID.AAMk=.{day}" for day in days]} if days else {}
    return as_graph_shows(bodies.master) | cancelled | {"transactionId": transaction_of(bodies.uid)}


def the_exceptions(bodies: GraphEventBodies) -> list[Json]:
    return [
        as_graph_shows(body)
        | {"id": key, "seriesMasterId": "AAMk="}
        | {"originalStart": f"{bodies.timeline.moment(bodies.keys[key]):%Y-%m-%dT%H:%M:%SZ}"}
        for key, body in bodies.overrides.items()
    ]


def told(text: str) -> Parts:
    return parts_of(read_object(text.encode()), carries=EVERY_FIELD, practice_zone=BERLIN)


def a_master(**fields: Any) -> Json:
    return as_graph_shows(bodies_of(a_text("SUMMARY:Team")).master) | fields


# -- outward


def test_an_appointment_goes_out_private_and_invites_nobody() -> None:
    body = bodies_of(a_text("SUMMARY:Team", "ATTENDEE:mailto:b@example.com", "ORGANIZER:mailto:a@example.com")).master
    assert body["sensitivity"] == "private"
    assert not {"attendees", "organizer", "isOnlineMeeting", "isReminderOn", "reminderMinutesBeforeStart"} & body.keys()


def test_a_time_goes_out_by_the_name_that_windows_has_for_its_zone() -> None:
    body = bodies_of(a_text()).master
    assert body["start"] == {"dateTime": "2026-11-23T09:00:00", "timeZone": "W. Europe Standard Time"}


def test_a_day_goes_out_from_midnight_to_midnight() -> None:
    body = bodies_of(a_text(starts=AllDay(date(2026, 11, 23)), ends=AllDay(date(2026, 11, 25)))).master
    assert body["isAllDay"]
    assert (body["start"]["dateTime"], body["end"]["dateTime"]) == ("2026-11-23T00:00:00", "2026-11-25T00:00:00")


def test_the_second_of_two_equal_wall_clock_times_goes_out_in_utc() -> None:
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)
    assert graph_time(Zoned(twice)) == {"dateTime": "2026-10-25T01:30:00", "timeZone": "UTC"}


def test_only_what_differs_is_sent_and_a_time_goes_whole() -> None:
    before = bodies_of(a_text("SUMMARY:Team", "DESCRIPTION:Bring notes")).master
    later = Zoned(datetime(2026, 11, 23, 9, 30, tzinfo=BERLIN))
    after = bodies_of(a_text("SUMMARY:Team", "DESCRIPTION:Bring notes", starts=later)).master
    assert changes(before, after).keys() == {"isAllDay", "start", "end"}


def test_blanks_at_the_end_of_words_are_no_change() -> None:
    before = bodies_of(a_text("DESCRIPTION:Bring notes\\n\\n")).master
    assert changes(before, bodies_of(a_text("DESCRIPTION:Bring notes")).master) == {}


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("FREQ=DAILY;INTERVAL=3", {"type": "daily", "interval": 3}),
        ("FREQ=WEEKLY", {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"}),
        (
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,TH",
            {"type": "weekly", "interval": 2, "daysOfWeek": ["monday", "thursday"], "firstDayOfWeek": "sunday"},
        ),
        ("FREQ=MONTHLY", {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 23}),
        (
            "FREQ=MONTHLY;BYDAY=4MO",
            {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["monday"], "index": "fourth"},
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=4",
            {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["monday"], "index": "fourth"},
        ),
        ("FREQ=YEARLY", {"type": "absoluteYearly", "interval": 1, "dayOfMonth": 23, "month": 11}),
        (
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4MO",
            {"type": "relativeYearly", "interval": 1, "daysOfWeek": ["monday"], "index": "fourth", "month": 11},
        ),
    ],
)  # fmt: skip
def test_a_rule_goes_out_as_a_pattern(rule: str, pattern: Json) -> None:
    assert bodies_of(a_text(f"RRULE:{rule}")).master["recurrence"]["pattern"] == pattern


@pytest.mark.parametrize(
    ("rule", "bounds"),
    [
        ("FREQ=WEEKLY", {"type": "noEnd"}),
        ("FREQ=WEEKLY;COUNT=6", {"type": "numbered", "numberOfOccurrences": 6}),
        ("FREQ=WEEKLY;UNTIL=20261214T080000Z", {"type": "endDate", "endDate": "2026-12-14"}),
        ("FREQ=WEEKLY;UNTIL=20261214T075959Z", {"type": "endDate", "endDate": "2026-12-13"}),
        ("FREQ=WEEKLY;UNTIL=20261214", {"type": "endDate", "endDate": "2026-12-14"}),
    ],
)
def test_the_end_of_a_series_goes_out_as_a_range(rule: str, bounds: Json) -> None:
    every = {"startDate": "2026-11-23", "recurrenceTimeZone": "W. Europe Standard Time"}
    assert bodies_of(a_text(f"RRULE:{rule}")).master["recurrence"]["range"] == every | bounds


@pytest.mark.parametrize(
    "line",
    [
        "RRULE:FREQ=HOURLY",
        "RRULE:FREQ=DAILY;BYHOUR=9,14",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=23,24",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=-8",
        "RRULE:FREQ=MONTHLY;BYDAY=MO",
        "RRULE:FREQ=MONTHLY;BYDAY=5MO",
        "RRULE:FREQ=MONTHLY;BYDAY=2MO",
        "RRULE:FREQ=YEARLY;BYDAY=47MO",
        "RRULE:FREQ=YEARLY;BYWEEKNO=48",
        "RRULE:FREQ=WEEKLY;BYDAY=TU,WE",
        "RRULE:FREQ=WEEKLY;COUNT=1000",
        "RRULE:FREQ=WEEKLY\r\nRDATE:20261125T080000Z",
        "RDATE:20261125T080000Z",
        "RRULE:FREQ=WEEKLY\r\nEXRULE:FREQ=MONTHLY",
    ],
)
def test_what_graph_has_no_pattern_for_cannot_be_expressed(line: str) -> None:
    assert not can_express(a_text(*line.split("\r\n")))


@pytest.mark.parametrize("number", [29, 30, 31])
def test_a_day_that_some_months_lack_cannot_be_expressed(number: int) -> None:
    first = datetime(2026, 12, number, 9, tzinfo=BERLIN)
    assert not can_express(a_text("RRULE:FREQ=MONTHLY", starts=Zoned(first), ends=Zoned(first + timedelta(hours=1))))


def test_a_floating_time_cannot_be_expressed() -> None:
    local = datetime(2026, 11, 23, 9)  # noqa: DTZ001
    assert not can_express(a_text(starts=Floating(local), ends=Floating(local)))


@pytest.mark.parametrize(("to_day", "can"), [(24, True), (29, True), (30, False), (22, True), (16, False)])
def test_an_instance_cannot_be_moved_to_or_past_the_day_of_another(to_day: int, can: bool) -> None:  # noqa: FBT001
    first = Zoned(datetime(2026, 11, 16, 9, tzinfo=BERLIN))
    override = ["RECURRENCE-ID:20261123T080000Z", f"DTSTART:202611{to_day}T120000Z", f"DTEND:202611{to_day}T130000Z"]
    ends = Zoned(first.moment + timedelta(hours=1))
    assert can_express(a_text("RRULE:FREQ=WEEKLY", starts=first, ends=ends, overrides=[override])) is can


# -- inward


def test_an_event_of_graphs_is_a_calendar_object_under_its_own_uid() -> None:
    text = object_text(a_master(location={"displayName": "Room 2"}))
    obj = read_object(text.encode())
    assert obj.uid == "0400"
    assert told(text)[""][Field.LOCATION] == "Room 2"
    assert told(text)[""][Field.TIME] == "20261123T080000Z/20261123T090000Z"


@pytest.mark.parametrize("again", [0, 1, 9])
def test_the_key_is_told_by_the_transaction(again: int) -> None:
    assert key_of({"id": "1", "transactionId": transaction_of(OURS, again=again)}) == OURS


@pytest.mark.parametrize("transaction", [None, "", "localevent:5b1c3c9e", str(OURS)])
def test_an_event_of_anothers_making_has_no_key(transaction: str | None) -> None:
    assert key_of({"id": "1", "transactionId": transaction}) is None


@pytest.mark.parametrize(
    ("shows", "told_of"),
    [("busy", ("", "")), ("tentative", ("TENTATIVE", "")), ("free", ("", "TRANSPARENT")), ("oof", ("", ""))],
)
def test_how_it_shows_to_others_is_status_and_transparency(shows: str, told_of: tuple[str, str]) -> None:
    parts = told(object_text(a_master(showAs=shows)))[""]
    assert (parts[Field.STATUS], parts[Field.FREE]) == told_of


def test_a_day_is_the_date_whatever_zone_it_was_made_in() -> None:
    whole_day = a_master(
        isAllDay=True,
        start={"dateTime": "2026-11-23T00:00:00.0000000", "timeZone": "UTC"},
        end={"dateTime": "2026-11-24T00:00:00.0000000", "timeZone": "UTC"},
        originalStartTimeZone="AUS Eastern Standard Time",
    )
    assert told(object_text(whole_day))[""][Field.TIME] == "20261123/20261124"


def test_a_single_event_in_a_zone_that_nobody_names_keeps_its_moment() -> None:
    text = object_text(a_master(originalStartTimeZone=CUSTOM))
    assert told(text)[""][Field.TIME] == "20261123T080000Z/20261123T090000Z"


def test_a_series_in_a_zone_that_nobody_names_goes_by_that_of_its_recurrence() -> None:
    series = the_master(bodies_of(a_text("RRULE:FREQ=WEEKLY"))) | {"originalStartTimeZone": CUSTOM}
    assert told(object_text(series))[""][Field.TIME].endswith("Europe/Berlin")


def test_a_series_in_outlooks_own_word_for_utc_is_in_utc() -> None:
    series = the_master(bodies_of(a_text("RRULE:FREQ=WEEKLY"))) | {"originalStartTimeZone": "tzone://Microsoft/Utc"}
    series["recurrence"]["range"]["recurrenceTimeZone"] = "tzone://Microsoft/Utc"
    assert told(object_text(series))[""][Field.TIME].endswith("Z UTC")


def test_a_series_in_a_zone_that_nobody_names_at_all_is_refused() -> None:
    series = the_master(bodies_of(a_text("RRULE:FREQ=WEEKLY"))) | {"originalStartTimeZone": CUSTOM}
    series["recurrence"]["range"]["recurrenceTimeZone"] = CUSTOM
    with pytest.raises(ValueError, match="zone"):
        object_text(series)


def test_an_exception_that_says_what_the_series_says_is_none() -> None:
    bodies = bodies_of(a_text("SUMMARY:Team", "RRULE:FREQ=WEEKLY"))
    local = datetime(2026, 11, 30, 9)  # noqa: DTZ001
    same = as_graph_shows(bodies.instance(local)) | {"originalStart": "2026-11-30T08:00:00Z"}
    assert told(object_text(the_master(bodies), [same])).keys() == {""}


def test_what_was_deleted_out_of_a_series_is_told_by_its_day() -> None:
    series = the_master(bodies_of(a_text("RRULE:FREQ=WEEKLY"))) | {"cancelledOccurrences": ["OID.AAMk.x=.2026-11-30"]}
    assert [f"{local:%Y%m%dT%H%M}" for local in cancelled_of(series, timeline_of(series))] == ["20261130T0900"]
    assert "EXDATE:20261130T080000Z" in told(object_text(series))[""][Field.RECURRENCE]


@pytest.mark.parametrize(
    ("number", "rule"),
    [(31, "BYMONTHDAY=28,29,30,31"), (30, "BYMONTHDAY=28,29,30"), (29, "BYMONTHDAY=28,29"), (5, "BYMONTHDAY=5")],
)
def test_in_a_month_that_is_too_short_exchange_takes_its_last_day(number: int, rule: str) -> None:
    pattern = {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": number, "month": 0, "index": "first"}
    recurrence = {"pattern": pattern, "range": {"type": "noEnd", "startDate": "2026-11-23"}}
    text = object_text(a_master(recurrence=recurrence))
    assert rule in text


# -- there and back


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
        "FREQ=WEEKLY;BYDAY=MO",
        "FREQ=WEEKLY;COUNT=6",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU",
        "FREQ=MONTHLY;BYMONTHDAY=23;UNTIL=20280101T000000Z",
        "FREQ=MONTHLY;BYDAY=4MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=4",
        "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=23",
        "FREQ=YEARLY;INTERVAL=2",
    ],
)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Melbourne"])
def test_a_rule_comes_back_in_its_own_words(rule: str, zone: str) -> None:
    first = datetime(2026, 11, 23, 9, tzinfo=ZoneInfo(zone))
    text = a_text(f"RRULE:{rule}", starts=Zoned(first), ends=Zoned(first + timedelta(hours=1)))
    assert told(there_and_back(text)) == told(text)


def test_the_last_day_of_the_month_comes_back() -> None:
    first = datetime(2026, 11, 30, 9, tzinfo=BERLIN)
    text = a_text("RRULE:FREQ=MONTHLY;BYMONTHDAY=-1", starts=Zoned(first), ends=Zoned(first + timedelta(hours=1)))
    assert told(there_and_back(text)) == told(text)


def test_a_rule_that_was_changed_at_graph_is_told_as_it_is_there() -> None:
    series = the_master(bodies_of(a_text("RRULE:FREQ=WEEKLY;COUNT=6")))
    series["recurrence"]["range"] |= {"type": "numbered", "numberOfOccurrences": 4}
    assert told(object_text(series))[""][Field.RECURRENCE] == "RRULE:COUNT=4;FREQ=WEEKLY"


def test_a_series_comes_back_with_its_exceptions_and_left_out_days() -> None:
    moved = ["RECURRENCE-ID:20261207T080000Z", "DTSTART:20261208T100000Z", "DTEND:20261208T110000Z", "SUMMARY:Late"]
    text = a_text("SUMMARY:Team", "RRULE:FREQ=WEEKLY", "EXDATE:20261130T080000Z", overrides=[moved])
    assert told(there_and_back(text)) == told(text)


def test_a_series_of_days_comes_back() -> None:
    first, second = AllDay(date(2026, 11, 23)), AllDay(date(2026, 11, 24))
    moved = ["RECURRENCE-ID;VALUE=DATE:20261207", "DTSTART;VALUE=DATE:20261208", "DTEND;VALUE=DATE:20261209"]
    lines = ("RRULE:FREQ=WEEKLY;UNTIL=20270131", "EXDATE;VALUE=DATE:20261130")
    text = a_text(*lines, starts=first, ends=second, overrides=[moved])
    assert told(there_and_back(text)) == told(text)


@given(
    words=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40),
    zone=st.sampled_from(ZONES),
    minutes=st.integers(0, 366 * 24 * 60),
    length=st.integers(0, 3000),
)
def test_any_single_event_comes_back(words: str, zone: str, minutes: int, length: int) -> None:
    starts = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)).astimezone(ZoneInfo(zone))
    ends = (starts.astimezone(UTC) + timedelta(minutes=length)).astimezone(ZoneInfo(zone))
    # Neither knows the second of two equal wall-clock times but in UTC.
    times = [Zoned(each.astimezone(UTC) if each.fold else each) for each in (starts, ends)]
    text = a_text(text_line("SUMMARY", words), text_line("LOCATION", words), starts=times[0], ends=times[1])
    assert told(there_and_back(text)) == told(text)
    assert bodies_of(there_and_back(text)).master["start"] == bodies_of(text).master["start"]


# -- zones


@pytest.mark.parametrize("iana", ["Europe/Berlin", "Australia/Sydney", "America/New_York", "Asia/Kolkata", "UTC"])
def test_a_zone_comes_back_by_the_name_that_windows_has_for_it(iana: str) -> None:
    assert str(zone_named(sent_name(iana))) == iana


def test_an_object_is_what_is_read() -> None:
    assert object_of(there_and_back(a_text("SUMMARY:Team"))).summary == "Team"
