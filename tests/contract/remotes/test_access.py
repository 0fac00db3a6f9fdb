"""Access, overload and calls: what a remote raises, and that it tells no secret."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from hxdav.remote import AccessLost, CalendarId, Remote, RemoteError, TryLater
from tests.contract.remotes.place import Person, RemotePlace
from tests.contract.remotes.texts import an_event, pulled
from tests.waiting import PATIENCE_SECONDS

PAUSE = 7

CALLS: dict[str, Callable[[Remote, CalendarId], object]] = {
    "identify": lambda remote, calendar_id: remote.identify(),
    "names": lambda remote, calendar_id: remote.calendar_names(),
    "state": lambda remote, calendar_id: remote.calendar_state(calendar_id),
    "pull": lambda remote, calendar_id: remote.pull(calendar_id, None),
    "create": lambda remote, calendar_id: remote.create(calendar_id, an_event("Confidential")),
}


def require_no_secret(place: RemotePlace, error: RemoteError) -> None:
    """Its text is a sentence for the person, and names nothing that only they may know."""
    told = f"{error} {error.args} {error.__cause__}"
    assert not any(secret in told for secret in (*place.secrets, "Confidential", "://"))
    assert str(error).endswith(".")


def test_wrong_credentials_are_access_lost(place: RemotePlace) -> None:
    with pytest.raises(AccessLost) as caught, contextlib.closing(place.open_wrong()) as remote:
        remote.identify()

    require_no_secret(place, caught.value)


@pytest.mark.parametrize("call", CALLS)
def test_revoked_credentials_are_access_lost_at_every_call(
    place: RemotePlace, calendar_id: CalendarId, call: str
) -> None:
    place.revoke()

    with pytest.raises(AccessLost) as caught:
        CALLS[call](place.remote, calendar_id)

    require_no_secret(place, caught.value)


@pytest.mark.parametrize("call", CALLS)
def test_an_overloaded_provider_is_asked_again_when_it_says(
    place: RemotePlace, calendar_id: CalendarId, call: str
) -> None:
    place.overload(PAUSE)

    with pytest.raises(TryLater) as caught:
        CALLS[call](place.remote, calendar_id)

    assert caught.value.after == timedelta(seconds=PAUSE)
    require_no_secret(place, caught.value)


def test_an_overload_passes(place: RemotePlace, calendar_id: CalendarId) -> None:
    place.overload(PAUSE)
    with pytest.raises(TryLater):
        place.remote.create(calendar_id, an_event())

    place.remote.create(calendar_id, an_event())

    assert len(pulled(place.remote, calendar_id).texts) == 1


def test_requests_are_counted(place: RemotePlace, calendar_id: CalendarId) -> None:
    before = place.remote.requests

    place.remote.create(calendar_id, an_event())

    assert place.remote.requests > before


def test_an_unchanged_calendar_costs_one_request(place: RemotePlace, calendar_id: CalendarId) -> None:
    place.remote.create(calendar_id, an_event())
    cursor = pulled(place.remote, calendar_id).cursor
    before = place.remote.requests

    place.remote.pull(calendar_id, cursor)

    assert place.remote.requests == before + 1


def test_a_channel_is_called_on_a_change_until_it_is_closed(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    if place.hook is None:
        pytest.skip("the provider calls nobody")
    with place.hook() as hook:
        channel = place.remote.open_channel(calendar_id, channel_id="c1", token="opaque", address=hook.address)
        person.add(an_event("Swimming"))
        called = hook.called_with("opaque", within=PATIENCE_SECONDS)
        place.remote.close_channel(channel.channel_id, channel.ticket)
        person.add(an_event("Sailing"))

        assert called
        assert not hook.called_with("opaque", within=0.3)
        place.remote.close_channel(channel.channel_id, channel.ticket)


def test_a_place_that_notifies_can_be_called_from(place: RemotePlace) -> None:
    assert place.remote.capabilities.notifies == (place.hook is not None)


def test_a_remote_that_does_not_notify_opens_no_channel(place: RemotePlace, calendar_id: CalendarId) -> None:
    if place.remote.capabilities.notifies:
        pytest.skip("the provider calls us")

    with pytest.raises(RemoteError):
        place.remote.open_channel(calendar_id, channel_id="c1", token="opaque", address="https://hxdav.example/")
