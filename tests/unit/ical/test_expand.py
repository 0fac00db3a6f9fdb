from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hxdav.ical.expand import expand, limit_recurrence_set
from hxdav.ical.lines import ContentLine
from hxdav.ical.objects import CalendarObject, object_of
from tests.unit.ical.calendars import SYDNEY, a_calendar, a_range, a_vevent, an_object, an_object_of


def expanded(obj: CalendarObject, starts: str = "2026-01-01", ends: str = "2027-01-01") -> str:
    return expand(obj, within=a_range(starts, ends), practice_zone=SYDNEY)


def test_instances_are_events_of_their_own_in_utc() -> None:
    alarm = ("BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM")
    obj = an_object(
        "DTSTART;TZID=Australia/Sydney:20261003T090000",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;COUNT=9",
        "EXDATE;TZID=Australia/Sydney:20261004T090000",
        "SUMMARY:odd\r\n  folding",
        *alarm,
    )
    times = ("DTSTART:20261002T230000Z", "DTEND:20261003T000000Z", "RECURRENCE-ID:20261002T230000Z")
    first = "".join(f"{line}\r\n" for line in ("BEGIN:VEVENT", *times, "UID:one@example.com", "SUMMARY:odd"))
    assert expanded(obj, ends="2026-10-04") == a_calendar(
        first + " " + " folding\r\n" + "".join(f"{line}\r\n" for line in (*alarm, "END:VEVENT"))
    )


def test_a_single_event_has_no_recurrence_id() -> None:
    text = expanded(an_object("DTSTART:20261003T090000"))
    assert "RECURRENCE-ID" not in text
    assert "DTEND" not in text
    assert "DTSTART:20261002T230000Z\r\n" in text


def test_days_stay_days() -> None:
    text = expanded(an_object("DTSTART;VALUE=DATE:20261003", "DURATION:P1D", "RRULE:FREQ=DAILY;COUNT=2"))
    assert "DTSTART;VALUE=DATE:20261004\r\nDTEND;VALUE=DATE:20261005\r\nRECURRENCE-ID;VALUE=DATE:20261004\r\n" in text


def test_a_day_that_ends_within_a_day_is_taken_whole() -> None:
    text = expanded(an_object("DTSTART;VALUE=DATE:20261003", "DURATION:PT10H"))
    assert "DTSTART;VALUE=DATE:20261003\r\nDTEND;VALUE=DATE:20261004\r\n" in text


def test_a_period_shows_its_end() -> None:
    obj = an_object("DTSTART:20261003T090000Z", "RDATE;VALUE=PERIOD:20261004T090000Z/PT1H")
    assert "DTSTART:20261004T090000Z\r\nDTEND:20261004T100000Z\r\n" in expanded(obj)


def test_overrides_stand_in_their_order_and_floating_ids_turn_to_utc() -> None:
    obj = an_object_of(
        a_vevent("DTSTART:20261003T090000", "RRULE:FREQ=DAILY;COUNT=2", "SUMMARY:series"),
        a_vevent("RECURRENCE-ID:20261003T090000", "DTSTART:20261009T090000", "SUMMARY:moved"),
    )
    moved = object_of(expanded(obj)).vevents[-1]
    assert (moved.value("SUMMARY"), moved.value("RECURRENCE-ID")) == ("moved", "20261002T230000Z")


def test_an_override_without_a_master_is_expanded() -> None:
    obj = an_object("RECURRENCE-ID;VALUE=DATE:20261003", "DTSTART:20261003T090000Z")
    assert "RECURRENCE-ID;VALUE=DATE:20261003\r\n" in expanded(obj)


def test_a_range_without_instances_gives_a_calendar_without_events() -> None:
    assert expanded(an_object("DTSTART:20251003T090000Z")) == a_calendar()


MASTER = a_vevent("DTSTART:20261001T090000Z", "RRULE:FREQ=DAILY;COUNT=9")
INSIDE = a_vevent("RECURRENCE-ID:20261002T090000Z", "DTSTART:20261002T100000Z")
MOVED_OUT = a_vevent("RECURRENCE-ID:20261002T090000Z", "DTSTART:20261102T100000Z")
OUTSIDE = a_vevent("RECURRENCE-ID:20261005T090000Z", "DTSTART:20261005T100000Z")
FOLLOWING = a_vevent("RECURRENCE-ID;RANGE=THISANDFUTURE:20261007T090000Z", "DTSTART:20261007T100000Z")


def limited(*components: str) -> str:
    within = a_range("2026-10-02", "2026-10-03")
    return limit_recurrence_set(an_object_of(*components), within=within, practice_zone=SYDNEY)


def test_only_overrides_that_bear_on_the_range_are_shown() -> None:
    assert limited(MASTER, INSIDE, OUTSIDE, FOLLOWING) == a_calendar(MASTER, INSIDE, FOLLOWING)
    assert limited(MASTER, MOVED_OUT) == a_calendar(MASTER, MOVED_OUT)
    assert limited(OUTSIDE, INSIDE) == a_calendar(INSIDE)


class CountedLines(tuple[ContentLine, ...]):  # noqa: SLOT001 - it counts
    """Content lines that count how often somebody walks through them."""

    walks = 0

    def __iter__(self) -> Iterator[ContentLine]:
        type(self).walks += 1
        return super().__iter__()


def walks_for(count: int) -> int:
    obj = an_object("DTSTART:20260103T090000Z", f"RRULE:FREQ=DAILY;COUNT={count}", "SUMMARY:x")
    assert obj.master is not None
    counted = replace(obj.master, properties=CountedLines(obj.master.properties))
    CountedLines.walks = 0
    assert expanded(replace(obj, master=counted)).count("BEGIN:VEVENT") == count
    return CountedLines.walks


def test_the_lines_of_a_series_are_read_once_however_many_instances_it_has() -> None:
    assert walks_for(100) == walks_for(2)
