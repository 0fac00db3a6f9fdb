"""Times and series: what hxdav writes comes back, and what the person does to one instance is seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hxdav.domain.field import Field
from hxdav.domain.times import Floating, When, Zoned
from hxdav.ical.objects import object_of
from hxdav.remote import CalendarId, RemoteObject
from tests.contract.remotes.place import Person, RemotePlace
from tests.contract.remotes.texts import (
    DAY,
    HOUR,
    MONDAY,
    SYDNEY,
    WEEK,
    a_series,
    an_event,
    day,
    meaning,
    pulled,
    uid_of,
    with_exception,
    without_instance,
)

THIRD = MONDAY + 2 * WEEK
THIRD_KEY = THIRD.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")

BEFORE_THE_GAP = datetime(2026, 10, 3, 23, 30, tzinfo=SYDNEY)
"""Two and a half hours before the clock goes forward in Sydney."""

CASES: dict[str, tuple[When, When]] = {
    "zoned": (Zoned(MONDAY), Zoned(MONDAY + timedelta(minutes=50))),
    "utc": (Zoned(MONDAY.astimezone(UTC)), Zoned(MONDAY.astimezone(UTC) + HOUR)),
    "all day": (day(2026, 11, 23), day(2026, 11, 24)),
    "three days": (day(2026, 12, 24), day(2026, 12, 27)),
    "over a change of the clock": (Zoned(BEFORE_THE_GAP), Zoned(BEFORE_THE_GAP + 8 * HOUR)),
    "over midnight": (Zoned(MONDAY.replace(hour=23)), Zoned(MONDAY.replace(hour=23) + 2 * HOUR)),
}


@pytest.fixture
def series(place: RemotePlace, calendar_id: CalendarId) -> RemoteObject:
    """Six Mondays at the provider, where it can express them."""
    text = a_series()
    if not place.remote.can_express(text):
        pytest.skip("the provider cannot express a series")
    return place.remote.create(calendar_id, text)


def the_text(place: RemotePlace, calendar_id: CalendarId, known: RemoteObject) -> str:
    """An object's text as it is now."""
    sighting = place.remote.read(calendar_id, known.remote_id)
    assert isinstance(sighting, RemoteObject)
    return sighting.text


@pytest.mark.parametrize("case", CASES)
def test_a_time_comes_back(place: RemotePlace, calendar_id: CalendarId, case: str) -> None:
    starts, ends = CASES[case]
    text = an_event(starts=starts, ends=ends)

    created = place.remote.create(calendar_id, text)

    assert meaning(place.remote, the_text(place, calendar_id, created)) == meaning(place.remote, text)


def test_a_floating_time_comes_back(place: RemotePlace, calendar_id: CalendarId) -> None:
    if not place.remote.capabilities.floating:
        pytest.skip("the provider keeps no floating times")
    local = MONDAY.replace(tzinfo=None)
    text = an_event(starts=Floating(local), ends=Floating(local + HOUR))

    created = place.remote.create(calendar_id, text)

    assert meaning(place.remote, the_text(place, calendar_id, created)) == meaning(place.remote, text)


def test_a_moved_event_comes_back_at_its_new_time(place: RemotePlace, calendar_id: CalendarId) -> None:
    uid = uid_of(an_event())
    created = place.remote.create(calendar_id, an_event(uid=uid))
    moved = an_event(uid=uid, starts=day(2026, 11, 25))

    place.remote.update(calendar_id, created, moved)

    assert meaning(place.remote, the_text(place, calendar_id, created)) == meaning(place.remote, moved)


def test_a_series_comes_back_as_one_object(
    place: RemotePlace, calendar_id: CalendarId, series: RemoteObject, person: Person
) -> None:
    shown = pulled(place.remote, calendar_id)

    assert list(shown.seen) == [series.remote_id]
    assert meaning(place.remote, shown.texts[uid_of(series.text)]) == meaning(place.remote, series.text)
    assert len(person.uids()) == 1


def test_a_series_over_changes_of_the_clock_keeps_its_time_of_day(
    place: RemotePlace, calendar_id: CalendarId, series: RemoteObject
) -> None:
    text = an_event(starts=Zoned(MONDAY.replace(month=9)), rrule="FREQ=WEEKLY;COUNT=30")

    created = place.remote.create(calendar_id, text)

    assert meaning(place.remote, the_text(place, calendar_id, created)) == meaning(place.remote, text)


def test_a_series_of_whole_days_comes_back(place: RemotePlace, calendar_id: CalendarId, series: RemoteObject) -> None:
    text = an_event(starts=day(2026, 11, 23), rrule="FREQ=WEEKLY;UNTIL=20270131")

    created = place.remote.create(calendar_id, text)

    assert meaning(place.remote, the_text(place, calendar_id, created)) == meaning(place.remote, text)


def test_a_series_with_an_exception_and_a_left_out_instance_comes_back(
    place: RemotePlace, calendar_id: CalendarId, series: RemoteObject
) -> None:
    text = without_instance(a_series("Rounds"), MONDAY + WEEK)
    text = with_exception(text, THIRD, title="Rounds, late", moved_to=THIRD + DAY)

    created = place.remote.create(calendar_id, text)

    assert meaning(place.remote, created.text) == meaning(place.remote, text)
    assert meaning(place.remote, the_text(place, calendar_id, created)) == meaning(place.remote, text)


def test_an_exception_is_added_to_a_series_by_an_update(
    place: RemotePlace, calendar_id: CalendarId, series: RemoteObject
) -> None:
    text = with_exception(series.text, THIRD, title="Team meeting, late", moved_to=THIRD + HOUR)

    updated = place.remote.update(calendar_id, series, text)

    assert updated.tag != series.tag
    assert meaning(place.remote, the_text(place, calendar_id, series)) == meaning(place.remote, text)


def test_an_exception_is_taken_out_of_a_series_by_an_update(
    place: RemotePlace, calendar_id: CalendarId, series: RemoteObject
) -> None:
    plain = a_series("Rounds")
    text = with_exception(plain, THIRD, title="Rounds, late", moved_to=THIRD + HOUR)
    created = place.remote.create(calendar_id, text)

    place.remote.update(calendar_id, created, plain)

    assert meaning(place.remote, the_text(place, calendar_id, created)) == meaning(place.remote, plain)


def test_a_persons_edit_of_one_instance_shows_in_the_series(
    place: RemotePlace, calendar_id: CalendarId, series: RemoteObject, person: Person
) -> None:
    cursor = pulled(place.remote, calendar_id).cursor

    person.retitle_instance(uid_of(series.text), THIRD, "Christmas lunch")

    (text,) = pulled(place.remote, calendar_id, cursor).texts.values()
    parts = meaning(place.remote, text)
    assert parts.keys() == {"", THIRD_KEY}
    assert parts[THIRD_KEY][Field.TITLE] == "Christmas lunch"
    assert parts[""] == meaning(place.remote, series.text)[""]


def test_a_persons_deletion_of_one_instance_shows_in_the_series(
    place: RemotePlace, calendar_id: CalendarId, series: RemoteObject, person: Person
) -> None:
    cursor = pulled(place.remote, calendar_id).cursor

    person.remove_instance(uid_of(series.text), THIRD)

    (text,) = pulled(place.remote, calendar_id, cursor).texts.values()
    assert meaning(place.remote, text) == meaning(place.remote, without_instance(series.text, THIRD))


def test_a_persons_edit_of_one_instance_makes_the_known_version_old(
    place: RemotePlace, calendar_id: CalendarId, series: RemoteObject, person: Person
) -> None:
    person.retitle_instance(uid_of(series.text), THIRD, "Christmas lunch")

    sighting = place.remote.read(calendar_id, series.remote_id)

    assert isinstance(sighting, RemoteObject)
    assert sighting.tag != series.tag


def test_a_persons_edit_of_the_whole_series_shows(
    place: RemotePlace, calendar_id: CalendarId, series: RemoteObject, person: Person
) -> None:
    cursor = pulled(place.remote, calendar_id).cursor

    person.retitle(uid_of(series.text), "Team lunch")

    (text,) = pulled(place.remote, calendar_id, cursor).texts.values()
    assert object_of(text).summary == "Team lunch"
    assert object_of(text).is_recurring


def test_a_removed_series_is_gone_as_one_object(
    place: RemotePlace, calendar_id: CalendarId, series: RemoteObject, person: Person
) -> None:
    cursor = pulled(place.remote, calendar_id).cursor

    person.remove(uid_of(series.text))

    changes = pulled(place.remote, calendar_id, cursor)
    assert changes.gone == {series.remote_id}
    assert changes.texts == {}
