"""Calendar objects as Google's events and back: nothing that a person sees is lost or gained on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.ids import Uid
from hxdav.domain.times import AllDay, When, Zoned
from hxdav.ical.build import text_line, time_line, with_timezones
from hxdav.ical.fields import Parts, parts_of
from hxdav.ical.lines import fold
from hxdav.ical.objects import object_of, read_object
from hxdav.ical.values import when_from
from hxdav.ical.zones import Zones
from hxdav.remotes.google.events_in import object_text, uid_of
from hxdav.remotes.google.events_out import GoogleEventBodies, bodies_of, can_express, event_id, without_nothing
from hxdav.remotes.google.times import Json, google_time

OURS = Uid(f"{'0123456789abcdef' * 2}@hxdav")
BERLIN = ZoneInfo("Europe/Berlin")
NINE = Zoned(datetime(2026, 11, 23, 9, tzinfo=BERLIN))
TEN = Zoned(datetime(2026, 11, 23, 10, tzinfo=BERLIN))
THEN = "DTSTART:20261126T080000Z"
ZONES = ("Europe/Berlin", "Australia/Sydney", "America/New_York", "Asia/Kolkata", "UTC")


def a_text(*lines: str, starts: When = NINE, ends: When = TEN, uid: str = OURS, overrides: list[list[str]] = []) -> str:  # noqa: B006
    stamp = f"UID:{uid}", "DTSTAMP:20261101T000000Z"
    master = ("BEGIN:VEVENT", *stamp, time_line("DTSTART", starts), time_line("DTEND", ends), *lines, "END:VEVENT")
    others = [line for override in overrides for line in ("BEGIN:VEVENT", *stamp, *override, "END:VEVENT")]
    text = "".join(map(fold, ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//t//EN", *master, *others, "END:VCALENDAR")))
    return with_timezones(text, (starts, ends))


def as_google_shows(bodies: GoogleEventBodies) -> tuple[Json, list[Json]]:
    """What the API would show of an object that was just written."""
    own_id = event_id(bodies.uid)
    server = {"updated": "2026-11-20T08:00:00.123Z", "created": "2026-11-20T08:00:00.000Z"}
    master = without_nothing(bodies.master) | server | {"id": own_id, "iCalUID": f"{own_id}@google.com"}
    exceptions = [
        without_nothing(body)
        | server
        | {
            "id": f"{own_id}_{key}",
            "recurringEventId": own_id,
            "originalStartTime": google_time(when_from(key, "", Zones(texts={}))),
        }
        for key, body in bodies.overrides.items()
    ]
    return master, exceptions


def there_and_back(text: str) -> str:
    master, exceptions = as_google_shows(bodies_of(text))
    return object_text(master, exceptions)


def told(text: str) -> Parts:
    return parts_of(object_of(text), carries=EVERY_FIELD, practice_zone=BERLIN)


def a_master(**fields: object) -> Json:
    return {"id": "abcde", "iCalUID": "abcde@google.com", "start": google_time(NINE), "end": google_time(TEN)} | fields


# -- outward


def test_an_appointment_goes_out_private_and_invites_nobody() -> None:
    body = bodies_of(a_text("SUMMARY:Team", "ATTENDEE:mailto:b@example.com", "ORGANIZER:mailto:a@example.com")).master
    assert body["visibility"] == "private"
    assert not {"attendees", "organizer", "conferenceData", "reminders"} & body.keys()


def test_what_is_empty_is_cleared_and_a_time_replaces_a_day() -> None:
    body = bodies_of(a_text("SUMMARY:Team")).master
    assert (body["location"], body["description"], body["recurrence"]) == (None, None, None)
    assert body["start"] == {"date": None, "dateTime": "2026-11-23T09:00:00+01:00", "timeZone": "Europe/Berlin"}


def test_a_day_has_an_end_even_where_none_is_written() -> None:
    text = a_text(starts=AllDay(date(2026, 11, 23)), ends=AllDay(date(2026, 11, 23)))
    assert bodies_of(text).master["end"]["date"] == "2026-11-24"


def test_text_is_sent_as_the_person_reads_it() -> None:
    body = bodies_of(a_text(text_line("SUMMARY", "Café, 日本; \\o/\nζώη"))).master
    assert body["summary"] == "Café, 日本; \\o/\nζώη"


@pytest.mark.parametrize(
    ("rule", "sent"),
    [
        ("FREQ=DAILY;UNTIL=20261201", "RRULE:FREQ=DAILY;UNTIL=20261201T225959Z"),
        ("FREQ=DAILY;UNTIL=20261201T090000", "RRULE:FREQ=DAILY;UNTIL=20261201T080000Z"),
        ("FREQ=DAILY;UNTIL=20261201T080000Z", "RRULE:FREQ=DAILY;UNTIL=20261201T080000Z"),
        ("FREQ=WEEKLY;COUNT=4", "RRULE:FREQ=WEEKLY;COUNT=4"),
    ],
)
def test_the_end_of_a_series_of_times_is_sent_in_utc(rule: str, sent: str) -> None:
    assert bodies_of(a_text(f"RRULE:{rule}")).master["recurrence"] == [sent]


def test_the_end_of_a_series_of_days_is_sent_as_a_day() -> None:
    first, second = AllDay(date(2026, 11, 23)), AllDay(date(2026, 11, 24))
    text = a_text("RRULE:FREQ=DAILY;UNTIL=20261201T080000Z", starts=first, ends=second)
    assert bodies_of(text).master["recurrence"] == ["RRULE:FREQ=DAILY;UNTIL=20261201"]


def test_left_out_instances_are_lines_of_the_series() -> None:
    override = ["RECURRENCE-ID:20261126T080000Z", "DTSTART:20261126T080000Z", "STATUS:CANCELLED"]
    text = a_text("RRULE:FREQ=DAILY", "EXDATE;TZID=Europe/Berlin:20261125T090000", overrides=[override])
    bodies = bodies_of(text)
    assert bodies.master["recurrence"] == ["RRULE:FREQ=DAILY", "EXDATE:20261125T080000Z,20261126T080000Z"]
    assert not bodies.overrides


@pytest.mark.parametrize(
    "text",
    [
        a_text("RRULE:FREQ=HOURLY;COUNT=3"),
        a_text("RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=WEEKLY;COUNT=3"),
        a_text("RRULE:FREQ=DAILY;COUNT=3", "EXRULE:FREQ=WEEKLY;COUNT=3"),
        a_text("RRULE:FREQ=DAILY;COUNT=3", "RDATE;VALUE=PERIOD:20261201T080000Z/PT1H"),
        a_text("RRULE:FREQ=DAILY", overrides=[["RECURRENCE-ID;RANGE=THISANDFUTURE:20261126T080000Z", THEN]]),
        a_text("RRULE:FREQ=DAILY", overrides=[["RECURRENCE-ID:20261126T093000Z", THEN]]),
        a_text().replace("DTSTART;", "RECURRENCE-ID:20261123T080000Z\r\nDTSTART;"),
        a_text("STATUS:CANCELLED"),
    ],
    ids=["hourly", "two rules", "exrule", "period", "this and future", "no such day", "no master", "cancelled"],
)  # fmt: skip
def test_what_google_has_no_word_for_is_not_expressible(text: str) -> None:
    assert not can_express(text)


def test_a_series_in_a_zone_of_its_own_is_not_expressible_and_a_single_event_is() -> None:
    zone = ["BEGIN:VTIMEZONE", "TZID:Own", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0300"]
    zone += ["TZOFFSETTO:+0300", "END:STANDARD", "END:VTIMEZONE"]
    event = ["BEGIN:VEVENT", "UID:a", "DTSTAMP:20261101T000000Z", "DTSTART;TZID=Own:20261123T090000"]
    single = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *zone, *event, "END:VEVENT", "END:VCALENDAR", ""])
    assert can_express(single)
    assert bodies_of(single).master["start"]["dateTime"] == "2026-11-23T06:00:00+00:00"
    assert not can_express(single.replace("END:VEVENT", "RRULE:FREQ=DAILY\r\nEND:VEVENT"))


# -- ids


def test_an_id_is_the_stem_of_our_own_uid() -> None:
    assert event_id(OURS) == OURS.removesuffix("@hxdav")


@pytest.mark.parametrize("uid", ["x", "A@example.com", "ünï/код", OURS.upper()])
def test_any_other_uid_makes_an_id_that_google_takes(uid: str) -> None:
    assert set(event_id(Uid(uid))) <= set("0123456789abcdefghijklmnopqrstuv")
    assert 5 <= len(event_id(Uid(uid))) <= 1024


def test_an_event_of_ours_has_our_uid_and_a_copy_of_it_does_not() -> None:
    master, _ = as_google_shows(bodies_of(a_text()))
    copy = master | {"id": "copy00", "iCalUID": "copy00@google.com"}
    assert uid_of(master) == OURS
    assert uid_of(master | {"id": f"{master['id']}1"}) == OURS
    assert uid_of(copy) == "copy00@google.com"


# -- inward


def test_cancelled_instances_and_exdate_lines_are_the_same_to_the_reader() -> None:
    cancelled: Json = {"id": "abcde_20261124T080000Z", "status": "cancelled", "recurringEventId": "abcde"}
    cancelled |= {"originalStartTime": {"dateTime": "2026-11-24T09:00:00+01:00", "timeZone": "Europe/Berlin"}}
    master = a_master(recurrence=["RRULE:FREQ=DAILY", "EXDATE;TZID=Europe/Berlin:20261125T090000"])
    assert "EXDATE;TZID=Europe/Berlin:20261124T090000,20261125T090000\r\n" in object_text(master, [cancelled])


def test_an_exception_that_says_what_the_master_says_is_none() -> None:
    exception = a_master(id="abcde_20261124T080000Z", recurringEventId="abcde", summary="Team")
    starts, ends = (google_time(Zoned(when.moment + timedelta(days=1))) for when in (NINE, TEN))
    exception |= {"start": starts, "end": ends, "originalStartTime": starts}
    master = a_master(recurrence=["RRULE:FREQ=DAILY"], summary="Team")
    assert object_text(master, [exception]).count("BEGIN:VEVENT") == 1
    assert object_text(master, [exception | {"summary": "Other"}]).count("BEGIN:VEVENT") == 2


def test_html_is_left_as_it_is() -> None:
    text = object_text(a_master(description="<b>bold</b>, <br>line"))
    assert "DESCRIPTION:<b>bold</b>\\, <br>line\r\n" in text


def test_the_second_of_two_equal_clock_times_keeps_its_moment() -> None:
    second = {"dateTime": "2026-10-25T02:30:00+01:00", "timeZone": "Europe/Berlin"}
    end = {"dateTime": "2026-10-25T03:30:00+01:00", "timeZone": "Europe/Berlin"}
    assert "DTSTART:20261025T013000Z\r\n" in object_text(a_master(start=second, end=end))


def test_an_unknown_zone_is_told_in_utc_and_a_series_in_it_is_refused() -> None:
    start = {"dateTime": "2026-11-23T09:00:00+01:00", "timeZone": "GMT+01:00"}
    assert "DTSTART:20261123T080000Z\r\n" in object_text(a_master(start=start))
    with pytest.raises(ValueError, match="zone"):
        object_text(a_master(start=start, recurrence=["RRULE:FREQ=DAILY"]))


def test_control_characters_do_not_break_the_object() -> None:
    read_object(object_text(a_master(summary="a\x00b\x1b", description="c\r\nd\x7f")).encode())


def test_extra_instances_go_out_in_utc_and_come_back_in_the_zone_of_the_series() -> None:
    text = a_text("RRULE:FREQ=DAILY;COUNT=2", "RDATE;TZID=Europe/Berlin:20261201T113000,20261202T090000")
    assert bodies_of(text).master["recurrence"][1] == "RDATE:20261201T103000Z,20261202T080000Z"
    assert "RDATE;TZID=Europe/Berlin:20261201T113000,20261202T090000\r\n" in there_and_back(text)
    assert told(there_and_back(text)) == told(text)


def test_extra_days_come_back_as_days() -> None:
    text = a_text("RDATE;VALUE=DATE:20261201", starts=AllDay(date(2026, 11, 23)), ends=AllDay(date(2026, 11, 24)))
    assert bodies_of(text).master["recurrence"] == ["RDATE;VALUE=DATE:20261201"]
    assert told(there_and_back(text)) == told(text)


def test_left_out_instances_at_a_time_that_comes_twice_are_all_told_in_utc() -> None:
    lines = ["RRULE:FREQ=HOURLY;COUNT=99", "EXDATE:20261025T013000Z,20261026T080000Z"]
    assert "EXDATE:20261025T013000Z,20261026T080000Z\r\n" in object_text(a_master(recurrence=lines))


def test_an_extra_instance_with_a_length_of_its_own_is_passed_on() -> None:
    lines = ["RRULE:FREQ=DAILY;COUNT=2", "RDATE;VALUE=PERIOD:20261201T080000Z/PT2H"]
    assert "RDATE;VALUE=PERIOD:20261201T080000Z/PT2H\r\n" in object_text(a_master(recurrence=lines))


def test_a_line_that_does_not_belong_into_a_recurrence_is_refused() -> None:
    with pytest.raises(ValueError, match="recurrence"):
        object_text(a_master(recurrence=["RRULE:FREQ=DAILY", "SUMMARY:x"]))


# -- there and back

words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=40).map(str.strip)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda found: found.replace(microsecond=0))  # noqa: DTZ001


@st.composite
def spans(draw: st.DrawFn) -> tuple[When, When]:
    local = draw(moments)
    if draw(st.booleans()):
        return AllDay(local.date()), AllDay(local.date() + timedelta(days=draw(st.integers(1, 5))))
    starts = local.replace(tzinfo=ZoneInfo(draw(st.sampled_from(ZONES)))).astimezone(UTC)
    ends = starts + timedelta(minutes=draw(st.integers(0, 3000)))
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    shown = starts.astimezone(zone), ends.astimezone(zone)
    return tuple(Zoned(moment.astimezone(UTC) if moment.fold else moment) for moment in shown)  # type: ignore[return-value]


@st.composite
def texts(draw: st.DrawFn) -> str:
    starts, ends = draw(spans())
    lines = [text_line(name, draw(words)) for name in ("SUMMARY", "LOCATION", "DESCRIPTION") if draw(st.booleans())]
    lines.append(f"TRANSP:{draw(st.sampled_from(['OPAQUE', 'TRANSPARENT']))}")
    lines.append(f"STATUS:{draw(st.sampled_from(['CONFIRMED', 'TENTATIVE']))}")
    if not draw(st.booleans()):
        return a_text(*lines, starts=starts, ends=ends)
    lines.append(f"RRULE:FREQ=DAILY;COUNT={draw(st.integers(6, 20))}")
    days = draw(st.lists(st.integers(1, 4), unique=True, max_size=4))
    cut = draw(st.integers(0, len(days)))
    later = {day: _later(starts, day) for day in days}
    if days[:cut]:
        lines += [time_line("EXDATE", later[day]) for day in days[:cut]]
    overrides = [
        [time_line("RECURRENCE-ID", later[day]), time_line("DTSTART", _later(starts, day, hours=1)),
         time_line("DTEND", _later(ends, day, hours=2)), text_line("SUMMARY", draw(words))]
        for day in days[cut:]
    ]  # fmt: skip
    return a_text(*lines, starts=starts, ends=ends, overrides=overrides)


def _later(when: When, days: int, *, hours: int = 0) -> When:
    if isinstance(when, AllDay):
        return AllDay(when.day + timedelta(days=days + bool(hours)))
    assert isinstance(when, Zoned)
    local = when.moment.replace(tzinfo=None) + timedelta(days=days, hours=hours)
    return Zoned(local.replace(tzinfo=when.moment.tzinfo))


@given(texts())
def test_every_field_comes_back_as_it_went(text: str) -> None:
    back = there_and_back(text)
    read_object(back.encode())
    assert told(back) == told(text)
    assert read_object(back.encode()).uid == OURS


@given(texts())
def test_what_came_back_goes_out_the_same(text: str) -> None:
    bodies = bodies_of(text)
    again = bodies_of(there_and_back(text))
    assert (again.master, again.overrides, again.excluded) == (bodies.master, bodies.overrides, bodies.excluded)
