"""One calendar's page: what is done there comes about, and for nobody else's."""

from __future__ import annotations

import re

import pytest
from markupsafe import escape

from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import IntegrationState
from hxdav.domain.privacy import PrivacyLevel
from tests.builders import a_practice, an_object
from tests.integration.web.browsing import Browser
from tests.integration.web.desk import Desk

INTEGRATIONS = "/app/settings/integrations"


def test_it_says_how_the_calendar_stands_and_where_it_is(maya: Browser, google: IntegrationId) -> None:
    page = maya.get(f"{INTEGRATIONS}/{google}").text

    assert "The calendar is being made." in page
    assert "Google, maya@mail.example" in page


def test_a_calendar_is_paused_and_resumed(maya: Browser, google: IntegrationId) -> None:
    maya.get(f"{INTEGRATIONS}/{google}")

    maya.post(f"{INTEGRATIONS}/{google}/pause")
    assert "Paused by you" in maya.get(f"{INTEGRATIONS}/{google}").text

    maya.post(f"{INTEGRATIONS}/{google}/resume")
    assert "Paused by you" not in maya.get(f"{INTEGRATIONS}/{google}").text


def test_what_cannot_be_done_is_told_on_the_next_page(maya: Browser, google: IntegrationId) -> None:
    maya.get(f"{INTEGRATIONS}/{google}")

    maya.post(f"{INTEGRATIONS}/{google}/resume")

    assert "is not paused" in maya.get(f"{INTEGRATIONS}/{google}").text


def test_a_practitioner_tightens_what_a_calendar_is_told(maya: Browser, desk: Desk, google: IntegrationId) -> None:
    maya.get(f"{INTEGRATIONS}/{google}")

    maya.post(f"{INTEGRATIONS}/{google}/privacy", privacy="busy")

    with desk.store.snapshot() as tx:
        assert tx.bridges.one(google).privacy is PrivacyLevel.BUSY


@pytest.mark.parametrize("level", ["everything", ""])
def test_a_level_that_is_none_is_refused(maya: Browser, google: IntegrationId, level: str) -> None:
    maya.get(f"{INTEGRATIONS}/{google}")

    assert maya.post(f"{INTEGRATIONS}/{google}/privacy", privacy=level).status_code == 400


def test_a_calendar_is_renamed(maya: Browser, desk: Desk) -> None:
    number = desk.practice.integration()
    maya.get(f"{INTEGRATIONS}/{number}")

    maya.post(f"{INTEGRATIONS}/{number}/name", name="Sessions")

    assert "<h1>Sessions</h1>" in maya.get(f"{INTEGRATIONS}/{number}").text


def test_a_disconnected_calendar_stays_listed(maya: Browser, desk: Desk) -> None:
    number = desk.practice.integration()
    maya.get(f"{INTEGRATIONS}/{number}")

    maya.post(f"{INTEGRATIONS}/{number}/disconnect")

    assert "Disconnected (1)" in maya.get(INTEGRATIONS).text
    with desk.store.snapshot() as tx:
        assert tx.integrations.one(number).state is IntegrationState.DISCONNECTED


def test_a_lost_device_is_shut_out(maya: Browser, desk: Desk) -> None:
    number = desk.practice.integration()
    password = desk.practice.app_password("Lost phone")
    page = maya.get(f"{INTEGRATIONS}/{number}").text
    assert "Lost phone" in page
    (path,) = re.findall(r'action="([^"]+/revoke)"', page)

    maya.post(path)

    assert "Lost phone" not in maya.get(f"{INTEGRATIONS}/{number}").text
    digest = desk.practice.keyring.app_password_digest(password)
    with desk.store.snapshot() as tx:
        assert tx.app_passwords.login("maya", digest, now=desk.practice.clock.now()) is None


@pytest.mark.parametrize("change", ["look", "pause", "resume", "name", "privacy", "disconnect"])
def test_nobody_reaches_the_calendar_of_another_practice(maya: Browser, desk: Desk, change: str) -> None:
    other = a_practice(desk.store, key="elsewhere", username="noa").integration("hx-other")
    maya.get("/app/notifications")
    assert maya.get(f"{INTEGRATIONS}/{other}").status_code == 404
    maya.get(INTEGRATIONS)

    assert maya.post(f"{INTEGRATIONS}/{other}/{change}", privacy="busy", name="Mine").status_code == 404


def test_nobody_shuts_out_the_device_of_another_practice(maya: Browser, desk: Desk) -> None:
    noa = a_practice(desk.store, key="elsewhere", username="noa")
    noa.app_password("Noa's phone")
    with desk.store.snapshot() as tx:
        (device,) = tx.app_passwords.of_user(noa.user_id)
    maya.get(INTEGRATIONS)

    assert maya.post(f"{INTEGRATIONS}/devices/{device.id}/revoke").status_code == 404


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 70003 * 7 }}"])
def test_whatever_a_calendar_is_called_is_shown_as_text(
    maya: Browser, desk: Desk, google: IntegrationId, hostile: str
) -> None:
    with desk.store.transaction() as tx:
        tx.integrations.rename(google, hostile)
    booked = desk.practice.book(an_object("shown@example"))

    for path in (INTEGRATIONS, f"{INTEGRATIONS}/{google}", f"{INTEGRATIONS}/{google}/lost"):
        page = maya.get(path).text
        assert str(escape(hostile)) in page
        assert "490021" not in page if "{{" in hostile else hostile not in page
    assert hostile.startswith("{{") or hostile not in maya.get(f"/app/appointments/{booked.id}").text
