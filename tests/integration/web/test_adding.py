"""Add Calendar Integration: each way into a service, and what is said where it leads nowhere."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel
from hxdav.web.practitioner.service_cards import CARDS
from tests.builders import an_object
from tests.integration.web.browsing import Browser
from tests.integration.web.desk import Desk

ADD = "/app/settings/integrations/add"


def test_there_is_a_card_for_each_service_with_a_page_behind_it(maya: Browser) -> None:
    page = maya.get(ADD).text

    for card in CARDS:
        assert f'href="{ADD}/{card.key}"' in page
        assert card.title in maya.get(f"{ADD}/{card.key}").text
    assert {card.service for card in CARDS} == set(Service)


@pytest.mark.parametrize("service", ["nothing", "..", "native'"])
def test_a_service_without_a_card_is_not_there(maya: Browser, service: str) -> None:
    assert maya.get(f"{ADD}/{service}").status_code == 404


def test_a_device_gets_an_address_and_a_password_of_its_own(maya: Browser, desk: Desk) -> None:
    maya.get(f"{ADD}/native")

    page = maya.post(f"{ADD}/native", label="iPhone").text

    (password,) = re.findall(r">(\w{4}-\w{4}-\w{4}-\w{4})</code>", page)
    with desk.store.snapshot() as tx:
        (integration,) = tx.integrations.of(desk.practice.practitioner_id)
        digest = desk.practice.keyring.app_password_digest(password)
        assert tx.app_passwords.login("maya", digest, now=desk.practice.clock.now()) is not None
    assert f">https://hx.example/maya/{integration.slug}/</code>" in page
    assert password not in maya.get("/app/settings/integrations").text


def test_a_device_without_a_name_is_not_connected(maya: Browser, desk: Desk) -> None:
    maya.get(f"{ADD}/native")

    answer = maya.post(f"{ADD}/native", label=" ")

    assert answer.status_code == 400
    assert "which device it is for" in answer.text
    with desk.store.snapshot() as tx:
        assert tx.integrations.of(desk.practice.practitioner_id) == []


def test_a_consent_is_begun_and_leads_back_to_a_calendar(maya: Browser, desk: Desk) -> None:
    maya.get(f"{ADD}/google")

    page = maya.post(f"{ADD}/google", privacy="busy").text
    (address,) = re.findall(r'href="(http[^"]+)"', page)
    back = maya.get(desk.browsed(address.replace("&amp;", "&")))

    assert "Connected" in back.text
    with desk.store.snapshot() as tx:
        (integration,) = tx.integrations.of(desk.practice.practitioner_id)
        assert integration.service is Service.GOOGLE
        assert tx.bridges.one(integration.id).privacy is PrivacyLevel.BUSY


def test_nothing_is_offered_that_the_practice_does_not_allow(maya: Browser) -> None:
    page = maya.get(f"{ADD}/google").text

    assert re.findall(r'name="privacy" value="(\w+)"', page) == ["busy", "appointment"]


def test_a_service_that_is_not_set_up_says_who_can_do_that(maya: Browser) -> None:
    maya.get(f"{ADD}/outlook")

    answer = maya.post(f"{ADD}/outlook")

    assert answer.status_code == 400
    assert "An administrator has to set client_id" in answer.text


def test_a_password_of_the_wrong_kind_says_what_apple_wants(maya: Browser) -> None:
    maya.get(f"{ADD}/icloud")

    answer = maya.post(f"{ADD}/icloud", account="maya@icloud.example", secret="not-app-specific")

    assert answer.status_code == 400
    assert "app-specific" in answer.text
    assert "maya@icloud.example" in answer.text
    assert "not-app-specific" not in answer.text


def test_an_address_that_must_not_be_called_is_refused(maya: Browser) -> None:
    maya.get(f"{ADD}/caldav")

    answer = maya.post(f"{ADD}/caldav", address="https://127.0.0.1/", account="maya", secret="x")

    assert answer.status_code == 400
    assert "hxdav does not call 127.0.0.1" in answer.text


def test_a_second_device_shows_the_calendar_that_is_there(maya: Browser, desk: Desk) -> None:
    number = desk.practice.integration()
    maya.get(f"{ADD}/native")

    page = maya.post(f"{ADD}/native", label="Tablet").text

    assert "/maya/hx-one/</code>" in page
    with desk.store.snapshot() as tx:
        assert [each.id for each in tx.integrations.of(desk.practice.practitioner_id)] == [number]


def test_what_is_to_be_copied_can_be_selected_without_a_script(maya: Browser) -> None:
    maya.get(f"{ADD}/native")

    page = maya.post(f"{ADD}/native", label="Tablet").text

    assert len(re.findall(r"data-copies=\"[\w-]+\" aria-label=\"Copy: [^\"]+\" hidden>", page)) == 4
    assert "<script src=" in page


def test_it_is_shown_first_what_would_be_sent_at_each_level(maya: Browser, desk: Desk) -> None:
    desk.practice.book(an_object("one@practice", summary="Jane Roe, first session"), patients=("Jane Roe",))
    desk.practice.book(an_object("two@practice", summary="Supervision"), kind=AppointmentKind.PERSONAL)

    page = maya.get(f"{ADD}/google").text

    sent = re.findall(r"quiet.>([\w ]+):</span> “([^”]+)”", page)
    assert sent == [("Busy", "Busy"), ("No names", "Appointment")]
    assert "2 appointments until 11 June 2027" in page
    assert "“Supervision”, which is personal" in page
    assert "Jane Roe" not in page


def test_where_everything_is_allowed_that_is_shown_too(maya: Browser, desk: Desk) -> None:
    with desk.store.transaction() as tx:
        group = tx.people.practice_group(tx.people.user(desk.practice.user_id).practice_group_id)
        tx.people.change_practice_group(replace(group, privacy={Service.CALDAV: PrivacyLevel.FULL}))
    desk.practice.book(an_object("one@practice", summary="Jane <b>Roe</b>"), patients=("Jane Roe",))

    page = maya.get(f"{ADD}/caldav").text

    assert re.findall(r"quiet.>(?:Initials|Everything):</span> “([^”]+)”", page) == [
        "J. R.",
        "Jane &lt;b&gt;Roe&lt;/b&gt;",
    ]


def test_where_nothing_would_be_sent_it_says_so(maya: Browser) -> None:
    assert "0 appointments until" in maya.get(f"{ADD}/icloud").text
