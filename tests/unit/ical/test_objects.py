from __future__ import annotations

from time import thread_time

import pytest

from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.ical.objects import object_of, read_object
from tests.unit.ical.calendars import a_calendar, a_vevent, an_object, an_object_of

START = "DTSTART:20261123T000000Z"


def refusal_of(text: str) -> CalendarDataError:
    with pytest.raises(CalendarDataError) as refusal:
        read_object(text.encode())
    return refusal.value


def test_an_object_says_what_it_is_about() -> None:
    obj = an_object(START, "SUMMARY:Größe\\, 50%\\nnext", "STATUS:Confirmed", "TRANSP:transparent")
    assert (obj.uid, obj.summary, obj.status) == ("one@example.com", "Größe, 50%\nnext", "CONFIRMED")
    assert obj.transparent
    assert not obj.is_recurring
    assert not obj.is_cancelled


def test_an_object_without_a_title_has_an_empty_one() -> None:
    assert an_object(START).summary == ""


def test_an_event_that_starts_in_a_skipped_hour_may_end_right_behind_it() -> None:
    # Vienna's clocks go from 02:00 to 03:00, so it starts at 03:30 in fact.
    lines = ("DTSTART;TZID=Europe/Vienna:20260329T023000", "DTEND;TZID=Europe/Vienna:20260329T031500")
    assert an_object(*lines).uid == "one@example.com"


def test_a_cancelled_master_cancels_the_object_and_a_cancelled_override_does_not() -> None:
    assert an_object(START, "STATUS:CANCELLED").is_cancelled
    assert not an_object(START, "RECURRENCE-ID:20261123T000000Z", "STATUS:CANCELLED").is_cancelled


@pytest.mark.parametrize("line", ["RRULE:FREQ=DAILY", "RDATE:20261124T000000Z", "RECURRENCE-ID:20261124T000000Z"])
def test_rules_dates_and_overrides_make_an_object_recurring(line: str) -> None:
    assert an_object(START, line).is_recurring


def test_a_master_may_stand_behind_its_overrides() -> None:
    override = a_vevent("RECURRENCE-ID:20261123T000000Z", START, "SUMMARY:Override")
    obj = an_object_of(override, a_vevent(START, "SUMMARY:Master", "RRULE:FREQ=DAILY"))
    assert obj.summary == "Master"
    assert obj.is_recurring
    assert len(obj.vevents) == 2


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_the_text_is_the_body(mark: str, newline: str) -> None:
    text = mark + a_calendar(a_vevent(START, "SUMMARY:x")).replace("\r\n", newline)
    assert read_object(text.encode()).text == text
    assert object_of(text).summary == "x"


def test_a_character_that_a_fold_tears_apart_is_made_whole() -> None:
    text = a_calendar(a_vevent(START, "SUMMARY:über"))
    body = text.encode().replace("ü".encode(), b"\xc3\r\n \xbc")
    assert read_object(body).text == text


def test_what_is_not_utf_8_is_not_read() -> None:
    with pytest.raises(CalendarDataError) as refusal:
        read_object(a_calendar(a_vevent(START, "SUMMARY:Größe")).encode("latin-1"))
    assert refusal.value.reason is Reason.NOT_CALENDAR_DATA
    assert "UTF-8" in refusal.value.detail


TODO = "BEGIN:VTODO\r\nUID:t\r\nEND:VTODO\r\n"


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("", Reason.NOT_CALENDAR_DATA, "no VCALENDAR"),
        ("<html></html>", Reason.NOT_CALENDAR_DATA, "no VCALENDAR"),
        (a_vevent(START), Reason.NOT_CALENDAR_DATA, "no VCALENDAR"),
        (a_calendar(a_vevent(START, "SUMMARY:a\0b")), Reason.NOT_CALENDAR_DATA, "Line 6 holds a control"),
        (a_calendar(a_vevent(START, "SUMMARY:a\rb")), Reason.NOT_CALENDAR_DATA, "Line 6 holds a control"),
        (a_calendar(a_vevent(START, "SUMMARY")), Reason.NOT_CALENDAR_DATA, "Line 6: a line without"),
        (
            a_calendar(a_vevent(START)).removesuffix("END:VCALENDAR\r\n"),
            Reason.NOT_CALENDAR_DATA,
            "VCALENDAR has no END",
        ),
        (a_calendar("END:VEVENT\r\n"), Reason.NOT_CALENDAR_DATA, "Line 3: an END that does not end VCALENDAR"),
        (a_calendar() + "END:VCALENDAR\r\n", Reason.NOT_CALENDAR_DATA, "an END without its BEGIN"),
        (a_calendar() + "X-NOTE:behind\r\n", Reason.NOT_CALENDAR_DATA, "outside of any component"),
        (a_calendar("BEGIN:X-A\r\n" * 99, "END:X-A\r\n" * 99), Reason.NOT_CALENDAR_DATA, "too deep"),
        (a_calendar(a_vevent(START)) + a_vevent(START), Reason.NOT_CALENDAR_DATA, "more in it than"),
        (a_calendar(a_vevent(START)) * 2, Reason.NOT_ONE_OBJECT, "several calendars"),
        (a_calendar(), Reason.WRONG_COMPONENT, "no event"),
        (a_calendar(TODO), Reason.WRONG_COMPONENT, "events only"),
        (a_calendar(TODO, a_vevent(START)), Reason.NOT_ONE_OBJECT, "more than one type"),
        (a_calendar(a_vevent(START), head="METHOD:REQUEST\r\n"), Reason.NOT_ONE_OBJECT, "METHOD"),
        (a_calendar(a_vevent(START, uid="")), Reason.NOT_CALENDAR_DATA, "no UID"),
        (a_calendar(a_vevent(START), a_vevent(START, uid="two")), Reason.NOT_ONE_OBJECT, "different UIDs"),
        (a_calendar(a_vevent(START), a_vevent(START)), Reason.NOT_ONE_OBJECT, "without RECURRENCE-ID"),
        (
            a_calendar(*[a_vevent(START, "RECURRENCE-ID:20261123T000000Z")] * 2),
            Reason.NOT_ONE_OBJECT,
            "with one RECURRENCE-ID",
        ),
        (
            a_calendar(
                a_vevent("DTSTART;TZID=Australia/Sydney:20261123T090000", "RRULE:FREQ=DAILY"),
                a_vevent(START, "RECURRENCE-ID:20261122T220000Z"),
                a_vevent(START, "RECURRENCE-ID;VALUE=DATE:20261123"),
            ),
            Reason.NOT_ONE_OBJECT,
            "with one RECURRENCE-ID",
        ),
        (a_calendar(a_vevent("SUMMARY:x")), Reason.NOT_CALENDAR_DATA, "no DTSTART"),
        (a_calendar(a_vevent(START, START)), Reason.NOT_CALENDAR_DATA, "Line 6: DTSTART occurs twice"),
        (a_calendar(a_vevent("DTSTART:tomorrow")), Reason.NOT_CALENDAR_DATA, "Line 5: DTSTART is not a date"),
        (a_calendar(a_vevent("DTSTART:99991231")), Reason.NOT_CALENDAR_DATA, "Line 5: DTSTART is out of range"),
        (a_calendar(a_vevent(START, "DTEND:20261122T000000Z")), Reason.NOT_CALENDAR_DATA, "DTEND is before DTSTART"),
        (a_calendar(a_vevent(START, "DTEND;VALUE=DATE:20260101")), Reason.NOT_CALENDAR_DATA, "DTEND is before"),
        (a_calendar(a_vevent(START, "DTEND:2026")), Reason.NOT_CALENDAR_DATA, "DTEND is not a date"),
        (
            a_calendar(a_vevent(START, "DTEND:20261124T000000Z", "DURATION:PT1H")),
            Reason.NOT_CALENDAR_DATA,
            "both DTEND and DURATION",
        ),
        (a_calendar(a_vevent(START, "DURATION:-PT1H")), Reason.NOT_CALENDAR_DATA, "DURATION is not a positive"),
        (a_calendar(a_vevent(START, "RRULE:FREQ=SOMETIMES")), Reason.NOT_CALENDAR_DATA, "RRULE is not a recurrence"),
        (a_calendar(a_vevent(START, "RRULE:RSCALE=HEBREW;FREQ=YEARLY")), Reason.UNSUPPORTED_RSCALE, "Line 6: RRULE"),
        (a_calendar(a_vevent(START, "RRULE:FREQ=DAILY;UNTIL=x")), Reason.NOT_CALENDAR_DATA, "RRULE is not"),
        (a_calendar(a_vevent(START, "EXDATE:20261123T000000Z,x")), Reason.NOT_CALENDAR_DATA, "EXDATE is not"),
        (a_calendar(a_vevent(START, "RDATE:20261123T000000Z/-PT1H")), Reason.NOT_CALENDAR_DATA, "RDATE is not"),
        (a_calendar(a_vevent(START, "RDATE:20261123/20261122")), Reason.NOT_CALENDAR_DATA, "RDATE is not"),
        (a_calendar(a_vevent(START, "RECURRENCE-ID:x")), Reason.NOT_CALENDAR_DATA, "RECURRENCE-ID is not"),
    ],
)
def test_what_is_not_one_event_is_refused_with_a_sentence(text: str, reason: Reason, says: str) -> None:
    refusal = refusal_of(text)
    assert refusal.reason is reason
    assert says in refusal.detail


def test_a_refusal_never_repeats_a_value() -> None:
    assert "secret" not in refusal_of(a_calendar(a_vevent("DTSTART:secret"))).detail


def test_a_refusal_of_a_task_says_what_belongs_here() -> None:
    assert "tasks" in refusal_of(a_calendar(TODO)).detail


@pytest.mark.parametrize(
    "line",
    [
        "DTEND:20261123T000000Z",
        "DTEND;VALUE=DATE:20261122",
        "RDATE:",
        "RDATE;VALUE=PERIOD:20261124/20261125",
        "EXDATE;VALUE=DATE:",
        "RRULE:",
        "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z",
        "X-ODD;;A;B=:1",
        "CREATED:00001231T000000Z",
    ],
)
def test_what_clients_write_is_read(line: str) -> None:
    assert an_object(START, line).uid == "one@example.com"


def test_an_object_is_read_within_a_millisecond() -> None:
    body = a_calendar(
        a_vevent(START, "DTEND:20261123T010000Z", *[f"X-LINE-{n}:{'x' * 40}" for n in range(20)])
    ).encode()
    assert len(body) > 1_000
    best = min(_seconds(body) for _ in range(20))
    assert best < 0.001


def _seconds(body: bytes) -> float:
    began = thread_time()
    read_object(body)
    return thread_time() - began


def test_a_uid_is_looked_up_by_an_index_and_cannot_be_of_any_length() -> None:
    longest = a_calendar(a_vevent(START, uid="u" * 1000))
    assert read_object(longest.encode()).uid == "u" * 1000
    assert refusal_of(longest.replace("u" * 60, "u" * 61, 1)).reason is Reason.TOO_LARGE
