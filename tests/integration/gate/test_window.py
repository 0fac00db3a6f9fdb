"""Rule 4 at its boundaries: what enters, what is refused, and what stays wherever it is moved."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.edit import Applied, Refused
from hxdav.domain.policy import Policy
from hxdav.domain.refusal import Reason
from hxdav.store.store import Store
from tests.builders import a_practice, an_object

TODAY = date(2026, 11, 22)


def _on(day: date, *lines: str, at: str = "090000", uid: str = "one@example", zone: str = "Australia/Sydney") -> str:
    stamp = f"{day:%Y%m%d}T{at}"
    start = f"DTSTART;TZID={zone}:{stamp}" if zone else f"DTSTART:{stamp}"
    return an_object(uid, *lines, "DURATION:PT1M", start=start, end="")


def _all_day(day: date, *lines: str) -> str:
    return an_object("one@example", *lines, start=f"DTSTART;VALUE=DATE:{day:%Y%m%d}", end="")


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (_on(TODAY + timedelta(days=201), at="235900"), None),
        (_on(TODAY + timedelta(days=202), at="000000"), Reason.AFTER_WINDOW),
        (_on(TODAY, at="000000"), None),
        (_on(TODAY - timedelta(days=1), at="235959"), Reason.BEFORE_WINDOW),
        (_all_day(TODAY + timedelta(days=201)), None),
        (_all_day(TODAY + timedelta(days=202)), Reason.AFTER_WINDOW),
        (_all_day(TODAY), None),
        (_all_day(TODAY - timedelta(days=1)), Reason.BEFORE_WINDOW),
        # A floating time is read in the practice's zone.
        (_on(TODAY, at="000000", zone=""), None),
        (_on(TODAY - timedelta(days=1), at="235959", zone=""), Reason.BEFORE_WINDOW),
        # Elsewhere's evening of the day before is the practice's morning.
        (_on(TODAY - timedelta(days=1), at="140000", zone="Europe/Berlin"), None),
        (_on(TODAY - timedelta(days=1), at="135900", zone="Europe/Berlin"), Reason.BEFORE_WINDOW),
    ],
)
def test_a_new_single_enters_from_the_connection_day_to_day_201(
    sqlite_store: Store, text: str, refusal: Reason | None
) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration(connected_on=TODAY)

    outcome = practice.put(calendar, "a.ics", text)

    assert outcome == Refused(reason=refusal) if refusal else isinstance(outcome, Applied)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (_on(date(2020, 1, 6), "RRULE:FREQ=WEEKLY"), None),
        # The last of these Sundays is the connection day; or the week before it.
        (_on(date(2020, 1, 5), "RRULE:FREQ=WEEKLY;UNTIL=20261121T220000Z"), None),
        (_on(date(2020, 1, 5), "RRULE:FREQ=WEEKLY;UNTIL=20261121T215959Z"), Reason.BEFORE_WINDOW),
        (_on(date(2020, 1, 6), "RRULE:FREQ=WEEKLY;COUNT=10"), Reason.BEFORE_WINDOW),
        (_on(TODAY + timedelta(days=202), "RRULE:FREQ=WEEKLY"), Reason.AFTER_WINDOW),
        (_on(TODAY + timedelta(days=201), "RRULE:FREQ=WEEKLY"), None),
        # Every occurrence in the window is an exception: none is inside.
        (_on(date(2026, 11, 21), "RRULE:FREQ=DAILY;COUNT=2", "EXDATE;TZID=Australia/Sydney:20261122T090000"),
         Reason.BEFORE_WINDOW),
        # Before and after, but not inside.
        (_on(date(2025, 7, 1), "RRULE:FREQ=YEARLY"), Reason.AFTER_WINDOW),
    ],
)  # fmt: skip
def test_a_new_series_enters_with_an_occurrence_inside(sqlite_store: Store, text: str, refusal: Reason | None) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration(connected_on=TODAY)

    outcome = practice.put(calendar, "a.ics", text)

    assert outcome == Refused(reason=refusal) if refusal else isinstance(outcome, Applied)


def test_the_practice_may_move_what_is_shown_anywhere_and_it_stays(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration(connected_on=TODAY)
    booked = practice.book(_on(TODAY + timedelta(days=3)))
    (href,) = practice.shown(calendar)

    practice.book(_on(TODAY + timedelta(days=400)), appointment_id=booked.id)

    assert set(practice.shown(calendar)) == {href}


def test_what_the_practice_books_beyond_the_horizon_is_not_shown(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration(connected_on=TODAY)

    practice.book(_on(TODAY + timedelta(days=202)), kind=AppointmentKind.PERSONAL)
    practice.book(_on(TODAY - timedelta(days=1), uid="two@example"), kind=AppointmentKind.PERSONAL)

    assert practice.shown(calendar) == {}


def test_an_edit_that_moves_the_start_outside_is_refused_and_ours_comes_back(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration(connected_on=TODAY)
    practice.put(calendar, "a.ics", _on(TODAY))
    etag = practice.shown(calendar)["a.ics"]

    outcome = practice.put(calendar, "a.ics", _on(TODAY + timedelta(days=202)))

    assert outcome == Refused(reason=Reason.AFTER_WINDOW)
    assert practice.text_of(calendar, "a.ics") == _on(TODAY)
    assert practice.shown(calendar)["a.ics"] != etag


def test_an_edit_that_leaves_the_start_where_it_is_is_taken_even_outside(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration(connected_on=TODAY)
    booked = practice.book(_on(TODAY, uid="p@practice"))
    practice.book(_on(TODAY + timedelta(days=900), uid="p@practice"), appointment_id=booked.id)
    (href,) = practice.shown(calendar)
    with store.snapshot() as tx:
        uid = tx.feed.objects(calendar, [href])[href].shown_uid

    outcome = practice.put(calendar, href, _on(TODAY + timedelta(days=900), "LOCATION:Room 2", uid=uid))

    assert isinstance(outcome, Applied)


def test_an_open_window_admits_any_time(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    practice.policy = Policy(window_days=None)
    calendar = practice.integration(connected_on=TODAY)

    for number, day in enumerate((date(1970, 1, 1), date(2026, 1, 1), date(2199, 1, 1))):
        assert isinstance(practice.put(calendar, f"{number}.ics", _on(day, uid=f"{number}@example")), Applied)


def test_the_horizon_moves_with_the_practices_midnight(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = practice.integration(connected_on=TODAY)
    tomorrow_201 = _on(TODAY + timedelta(days=202))

    practice.clock.advance(hours=11, minutes=59, seconds=59)
    assert isinstance(practice.put(calendar, "a.ics", tomorrow_201), Refused)
    practice.clock.advance(seconds=1)
    assert isinstance(practice.put(calendar, "a.ics", tomorrow_201), Applied)
