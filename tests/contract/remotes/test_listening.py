"""Listening: a provider that streams tells of changes at once, and of nothing else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from hxdav.remote import AccessLost, CalendarId, RemoteError, RemoteObject, TryLater
from tests.contract.remotes.ears import Ears, listening
from tests.contract.remotes.place import Person, RemotePlace
from tests.contract.remotes.texts import ZONE, an_event
from tests.waiting import PATIENCE_SECONDS

PAUSE = 7

EDITS: dict[str, Callable[[Person, str], object]] = {
    "an added event": lambda person, uid: person.add(an_event("Added")),
    "another title": lambda person, uid: person.retitle(uid, "Another title"),
    "a deletion": lambda person, uid: person.remove(uid),
}


@pytest.fixture
def streaming(place: RemotePlace) -> RemotePlace:
    if not place.remote.capabilities.streams:
        pytest.skip("the provider does not stream")
    return place


def test_a_provider_that_does_not_stream_says_so(place: RemotePlace, calendar_id: CalendarId) -> None:
    if place.remote.capabilities.streams:
        pytest.skip("the provider streams")

    with pytest.raises(RemoteError):
        place.remote.listen([calendar_id], lambda _: None, is_over=lambda: True)


def test_every_calendar_is_heard_once_as_soon_as_one_listens(streaming: RemotePlace, calendar_id: CalendarId) -> None:
    other = streaming.remote.make_calendar("HX_Other", marker=f"hxdav-{uuid4().hex}", zone=ZONE)

    with listening(streaming.reopen, [calendar_id, other]) as ears:
        heard = ears.quiet()

    assert sorted(heard) == sorted([calendar_id, other])
    assert ears.error is None


@pytest.mark.parametrize("edit", EDITS)
def test_what_the_person_does_is_heard(
    streaming: RemotePlace, calendar_id: CalendarId, person: Person, edit: str
) -> None:
    uid = person.add(an_event("There before"))
    with listening(streaming.reopen, [calendar_id]) as ears:
        ears.quiet()
        EDITS[edit](person, uid)
        heard = ears.next()

    assert heard == calendar_id


def test_what_we_do_is_heard_or_not_and_nothing_else(streaming: RemotePlace, calendar_id: CalendarId) -> None:
    with listening(streaming.reopen, [calendar_id]) as ears:
        ears.quiet()
        made = streaming.remote.create(calendar_id, an_event("Ours"))
        assert isinstance(made, RemoteObject)
        heard = ears.quiet()

    assert set(heard) <= {calendar_id}
    assert ears.error is None


def test_a_calendar_that_was_not_asked_for_is_not_heard(
    streaming: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    other = streaming.remote.make_calendar("HX_Other", marker=f"hxdav-{uuid4().hex}", zone=ZONE)
    with listening(streaming.reopen, [other]) as ears:
        ears.quiet()
        person.add(an_event("Elsewhere"))
        heard = ears.quiet()

    assert heard == []


def test_of_two_calendars_the_one_is_heard_in_which_something_changed(
    streaming: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    other = streaming.remote.make_calendar("HX_Other", marker=f"hxdav-{uuid4().hex}", zone=ZONE)
    with listening(streaming.reopen, [calendar_id, other]) as ears:
        ears.quiet()
        person.add(an_event("Here"))
        heard = ears.quiet()

    assert set(heard) == {calendar_id}


def test_it_ends_soon_after_it_is_told_to(streaming: RemotePlace, calendar_id: CalendarId) -> None:
    with listening(streaming.reopen, [calendar_id]) as ears:
        ears.quiet()
        ears.over.set()
        told_at = time.monotonic()
        assert ears.ended.wait(PATIENCE_SECONDS)

    assert ears.error is None
    assert time.monotonic() - told_at < 60


def ended(ears: Ears) -> RemoteError | None:
    assert ears.ended.wait(PATIENCE_SECONDS)
    return ears.error


def test_wrong_credentials_hear_nothing(streaming: RemotePlace, calendar_id: CalendarId) -> None:
    with contextlib.closing(streaming.open_wrong()) as wrong, listening(lambda: wrong, [calendar_id]) as ears:
        error = ended(ears)

    assert isinstance(error, AccessLost)
    assert not any(secret in str(error) for secret in streaming.secrets)


def test_an_overloaded_provider_is_listened_to_again_when_it_says(
    streaming: RemotePlace, calendar_id: CalendarId
) -> None:
    streaming.overload(PAUSE)
    with listening(streaming.reopen, [calendar_id]) as ears:
        error = ended(ears)

    assert isinstance(error, TryLater)
    assert error.after == timedelta(seconds=PAUSE)
