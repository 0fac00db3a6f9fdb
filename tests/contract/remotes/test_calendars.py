"""Calendars: made once, found by their marker, and what becomes of them."""

from __future__ import annotations

import contextlib
from uuid import uuid4

import pytest

from hxdav.remote import (
    CalendarId,
    CalendarState,
    CalendarUnavailable,
    TryLater,
)
from tests.contract.remotes.place import Person, RemotePlace, Write
from tests.contract.remotes.texts import ZONE, an_event

NAME = "HX_Größe & Frieden 静か"


def test_an_account_is_told_by_the_same_subject_each_time(place: RemotePlace) -> None:
    with contextlib.closing(place.reopen()) as again:
        assert again.identify() == place.remote.identify()


def test_an_account_is_labelled_by_what_its_person_knows(place: RemotePlace) -> None:
    assert place.remote.identify().label


def test_a_calendar_that_was_not_made_is_not_found(place: RemotePlace, marker: str) -> None:
    assert place.remote.find_calendar(marker) is None


def test_a_calendar_is_found_by_its_marker(place: RemotePlace, marker: str) -> None:
    made = place.remote.make_calendar(NAME, marker=marker, zone=ZONE)

    with contextlib.closing(place.reopen()) as again:
        assert again.find_calendar(marker) == made


def test_a_calendar_is_not_found_by_another_marker(place: RemotePlace, calendar_id: CalendarId) -> None:
    assert place.remote.find_calendar(f"hxdav-{uuid4().hex}") is None


def test_a_new_calendar_is_visible_and_called_as_it_was_asked(place: RemotePlace, marker: str) -> None:
    made = place.remote.make_calendar(NAME, marker=marker, zone=ZONE)

    assert place.remote.calendar_state(made) is CalendarState.VISIBLE
    assert NAME in place.remote.calendar_names()


def test_a_calendar_whose_making_was_not_answered_is_found_by_its_marker(place: RemotePlace, marker: str) -> None:
    before = list(place.remote.calendar_names()).count(NAME)
    place.lose_answer(Write.MAKE)
    with pytest.raises(TryLater):
        place.remote.make_calendar(NAME, marker=marker, zone=ZONE)

    found = place.remote.find_calendar(marker)

    assert found is not None
    assert place.remote.calendar_state(found) is CalendarState.VISIBLE
    assert list(place.remote.calendar_names()).count(NAME) == before + 1


def test_two_calendars_of_one_account_are_two(place: RemotePlace, calendar_id: CalendarId) -> None:
    other = place.remote.make_calendar("HX_Harbour Street", marker=f"hxdav-{uuid4().hex}", zone=ZONE)

    place.remote.create(other, an_event())

    assert other != calendar_id
    assert place.remote.pull(calendar_id, None).sightings == ()


def test_a_deleted_calendar_is_gone(place: RemotePlace, calendar_id: CalendarId, person: Person) -> None:
    person.delete_calendar()

    assert place.remote.calendar_state(calendar_id) is CalendarState.GONE


def test_a_deleted_calendar_is_not_found_any_more(
    place: RemotePlace, calendar_id: CalendarId, marker: str, person: Person
) -> None:
    person.delete_calendar()

    assert place.remote.find_calendar(marker) is None


def test_nothing_in_a_deleted_calendar_is_told_to_be_gone(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    known = place.remote.create(calendar_id, an_event())
    cursor = place.remote.pull(calendar_id, None).cursor
    person.delete_calendar()

    with pytest.raises(CalendarUnavailable):
        place.remote.read(calendar_id, known.remote_id)
    with pytest.raises(CalendarUnavailable):
        place.remote.pull(calendar_id, cursor)
    with pytest.raises(CalendarUnavailable):
        place.remote.pull(calendar_id, None)


def test_nothing_is_written_into_a_deleted_calendar(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    known = place.remote.create(calendar_id, an_event())
    person.delete_calendar()

    with pytest.raises(CalendarUnavailable):
        place.remote.create(calendar_id, an_event())
    with pytest.raises(CalendarUnavailable):
        place.remote.update(calendar_id, known, known.text)
    with pytest.raises(CalendarUnavailable):
        place.remote.remove(calendar_id, known)


def test_a_hidden_calendar_is_hidden_until_it_is_shown_again(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    if not place.remote.capabilities.hides:
        pytest.skip("the provider does not show that a calendar is hidden")

    person.hide_calendar(hidden=True)
    hidden = place.remote.calendar_state(calendar_id)
    person.hide_calendar(hidden=False)

    assert hidden is CalendarState.HIDDEN
    assert place.remote.calendar_state(calendar_id) is CalendarState.VISIBLE


def test_a_hidden_calendar_is_found_by_its_marker(
    place: RemotePlace, calendar_id: CalendarId, marker: str, person: Person
) -> None:
    if not place.remote.capabilities.hides:
        pytest.skip("the provider does not show that a calendar is hidden")

    person.hide_calendar(hidden=True)

    assert place.remote.find_calendar(marker) == calendar_id
