"""Connecting a calendar in an account elsewhere, as its user does it: in a terminal and a browser."""

from __future__ import annotations

import html
from collections.abc import Set as AbstractSet

import httpx

from tests.e2e.bridged import NAME, SHOWN, BridgedDemo
from tests.simulators.google.oauth import LIST_READONLY
from tests.waiting import until

EMAIL = "maya@gmail.example"
TOMS_EMAIL = "tom@gmail.example"
OWN_WORDS = {"Supervision", "Lunch with Ana", "Conference"}


def test_a_consent_gives_a_calendar_that_fills_without_telling_google_of_patients(bridged_demo: BridgedDemo) -> None:
    integration = bridged_demo.connect_google("maya", EMAIL)

    google = bridged_demo.google_face(EMAIL)
    until(lambda: len(google.seen()) == SHOWN, what="the demo's appointments in Google")
    assert (integration["name"], integration["account"], integration["state"]) == (NAME, EMAIL, "connected")
    assert set(google.titles()) == OWN_WORDS | {"Appointment"}
    assert {one["visibility"] for one in google.events()} == {"private"}
    assert {"location", "description", "attendees"}.isdisjoint(
        field for one in google.events() if one["summary"] == "Appointment" for field in one
    )


def test_a_consent_that_is_declined_connects_nothing_and_says_so_in_both_places(bridged_demo: BridgedDemo) -> None:
    page, complaint = refused(bridged_demo, denies=True)

    assert "Not connected" in page
    assert "was not allowed to connect" in page
    assert "was not allowed to connect" in complaint
    assert calendars_of_tom(bridged_demo) == [TOMS_EMAIL]


def test_a_box_that_is_not_ticked_is_told_of_in_both_places(bridged_demo: BridgedDemo) -> None:
    page, complaint = refused(bridged_demo, unticked={LIST_READONLY})

    assert "Not connected" in page
    assert "tick" in page
    assert "tick" in complaint
    assert calendars_of_tom(bridged_demo) == [TOMS_EMAIL]


def test_the_password_of_an_apple_account_is_refused_before_anything_is_sent(bridged_demo: BridgedDemo) -> None:
    account = bridged_demo.icloud.add_account("normal@icloud.example")

    said = bridged_demo.server.hxdav(
        *("integrations", "add", "--as", "tom", "--service", "icloud", "--account", account.username),
        *("--password-stdin", "--app-password-stdin"),
        typed=f"{bridged_demo.typed('tom')}{account.password}\n",
        expected_exit=1,
    )

    assert "app-specific password" in " ".join(said.split())
    assert account.requests.total() == 0
    assert account.password not in said


def test_an_app_specific_password_opens_an_apple_account_whose_calendar_fills(bridged_demo: BridgedDemo) -> None:
    account = bridged_demo.icloud.add_account("tom@icloud.example")

    integration = bridged_demo.connect_icloud("tom", account)

    apple = bridged_demo.apple_face(account)
    until(lambda: len(apple.seen()) == SHOWN, what="the demo's appointments on the device")
    assert (integration["name"], integration["account"]) == (NAME, account.username)
    assert set(apple.titles()) == OWN_WORDS | {"Appointment"}


def refused(demo: BridgedDemo, *, denies: bool = False, unticked: AbstractSet[str] = frozenset()) -> tuple[str, str]:
    """What the browser and the terminal say where a consent is not the one that was asked for."""
    consent = demo.google.authority.consent
    consent.denies, consent.unticked = denies, set(unticked)
    try:
        with demo.consenting("tom", TOMS_EMAIL) as command:
            page = command.browse()
            assert page.status_code == httpx.codes.BAD_REQUEST
            return html.unescape(page.text), command.complaint()
    finally:
        consent.denies, consent.unticked = False, set()


def calendars_of_tom(demo: BridgedDemo) -> list[str]:
    return [each.summary for each in demo.google.user(TOMS_EMAIL).calendars()]
