"""A place at each provider in turn; the providers are started once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from hxdav.remote import CalendarId
from tests.contract.remotes.place import PROVIDERS, NewPlace, Person, RemotePlace, provider_named
from tests.contract.remotes.texts import ZONE


@pytest.fixture(scope="session")
def providers() -> Iterator[Callable[[str], NewPlace]]:
    """Providers by name: each is started when it is first asked for, and runs until the end."""
    running: dict[str, NewPlace] = {}
    with ExitStack() as stack:

        def running_provider(name: str) -> NewPlace:
            if name not in running:
                running[name] = stack.enter_context(provider_named(name))
            return running[name]

        yield running_provider


@pytest.fixture(params=sorted(PROVIDERS))
def place(request: pytest.FixtureRequest, providers: Callable[[str], NewPlace]) -> Iterator[RemotePlace]:
    """An account at a provider that no other test sees."""
    with providers(request.param)() as place:
        yield place


@pytest.fixture
def marker() -> str:
    """What marks the calendar of this test."""
    return f"hxdav-{uuid4().hex}"


@pytest.fixture
def calendar_id(place: RemotePlace, marker: str) -> CalendarId:
    """An empty calendar that hxdav has made."""
    return place.remote.make_calendar("HX_Harbour Street", marker=marker, zone=ZONE)


@pytest.fixture
def person(place: RemotePlace, calendar_id: CalendarId) -> Person:
    """The person, with that calendar before them."""
    return place.person(calendar_id)
