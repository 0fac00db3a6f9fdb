"""Desks for the tests of pages and hooks, and who sits at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hxdav.domain.ids import IntegrationId
from hxdav.store.store import Store
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import Desk, a_desk
from tests.integration.web.microsoft_desk import MicrosoftDesk, a_microsoft_desk


@pytest.fixture
def desk(sqlite_store: Store, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(sqlite_store, tmp_path) as desk:
        yield desk


@pytest.fixture
def microsoft_desk(sqlite_store: Store, tmp_path: Path) -> Iterator[MicrosoftDesk]:
    with a_microsoft_desk(sqlite_store, tmp_path) as desk:
        yield desk


@pytest.fixture
def maya(desk: Desk) -> Browser:
    """The browser of the practitioner, who has signed in."""
    give_password(desk.store, desk.practice.user_id)
    browser = Browser(desk.application)
    browser.sign_in()
    return browser


@pytest.fixture
def google(desk: Desk) -> IntegrationId:
    """A calendar in the practitioner's Google account."""
    desk.pages.get(desk.consented(desk.ask()))
    with desk.store.snapshot() as tx:
        (integration,) = tx.integrations.of(desk.practice.practitioner_id)
    return integration.id
