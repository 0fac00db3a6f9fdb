"""What an administrator sees of the practice, and does for others: by mouse, by thumb, by keyboard alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from hxdav.domain.practice import Band
from tests.e2e.browsing import a_browser
from tests.e2e.events import a_day
from tests.e2e.hands import HANDS, Hands, at_hand, named
from tests.e2e.neighbours import Neighbours, settle
from tests.e2e.serving import DemoServer, DemoUser

PRICE, CREDITS = 25, 60


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(demo_server: DemoServer) -> DemoServer:
    """The demo, and for each kind of hands a practice of its own, in a band that pays."""
    practices = (
        Neighbours(
            key=each.name,
            synchronising=("ada", "ben"),
            others=("dora",),
            administrators=("robin",),
            band=Band.NONE,
            credits=2 * PRICE + CREDITS,
        )
        for each in HANDS
    )
    settle(demo_server, *practices)
    return demo_server


@pytest.fixture(params=HANDS, ids=named)
def hands(request: pytest.FixtureRequest, browser: Browser, server: DemoServer) -> Iterator[Hands]:
    with at_hand(request.param, browser, server) as hands:
        hands.come_in(server.users[f"robin-{hands.name}"], heading=practice_of(hands))
        yield hands


def practice_of(hands: Hands) -> str:
    return f"{hands.name.title()} Street Practice"


def full_name(hands: Hands, name: str) -> str:
    return f"{name} {hands.name}".title()


def user_of(server: DemoServer, hands: Hands, name: str) -> DemoUser:
    return server.users[f"{name}-{hands.name}"]


def answer_to(server: DemoServer, user: DemoUser) -> int:
    """The code by which a device is answered that asks for the calendar."""
    with server.http(user) as http:
        return http.request("PROPFIND", user.calendar_path, headers={"Depth": "0"}).status_code


def prove(hands: Hands, server: DemoServer) -> None:
    """Type the web password again, where what comes next asks for it and it is not a short time ago."""
    hands.arrives(re.compile("^(Your web password, please|Suspend )"))
    if "/app/prove" in hands.page.url:
        hands.fill("Web password", "wrong")
        hands.press("Go on")
        hands.is_refused("This is not your web password.")
        hands.fill("Web password", user_of(server, hands, "robin").web_password)
        hands.press("Go on")


def test_synchronisation_is_bought_for_a_practitioner_and_cancelled(hands: Hands, server: DemoServer) -> None:
    dora, ends = full_name(hands, "dora"), f"{a_day(30).day} {a_day(30):%B %Y}"
    hands.sees("Synchronisation is not bought. 30 days cost 25 credits.")
    hands.press(f"Buy Calendar Synchronisation for {dora}", role="link")
    hands.arrives(f"Buy Calendar Synchronisation for {dora}")
    hands.sees("25 credits for 30 days")
    hands.sees(f"{CREDITS - PRICE} credits")

    hands.press("Purchase")

    hands.is_told(f"Calendar Synchronisation of {dora} runs until {ends}.")
    hands.press("Credits", role="link")
    hands.arrives("Credits")
    ledger = hands.page.get_by_role("region", name="Ledger").get_by_role("row")
    expect(ledger.filter(has_text=dora)).to_contain_text(re.compile(rf"by {full_name(hands, 'robin')}\s*-25\s*35"))
    hands.press("People", role="link")
    hands.press(f"Cancel Synchronisation of {dora}", role="link")
    hands.press("Cancel it")
    hands.is_told(f"Calendar Synchronisation of {dora} is cancelled.")
    hands.sees(f"Synchronisation runs until {ends}, and ends then.")
    hands.page.context.clear_cookies()
    hands.sign_in(user_of(server, hands, "dora"))
    hands.sees(f"Running until {ends}, and ends then.")


def test_an_administrator_is_told_why_there_is_no_calendar_to_add(hands: Hands) -> None:
    told = hands.page.get_by_text(f"You are signed in as robin-{hands.name}, which is no practitioner's login")
    expect(told).to_contain_text("so there is no Add Calendar Integration here.")

    expect(hands.page.get_by_role("link", name="Add Calendar Integration")).to_have_count(0)
    hands.press("Appointments", role="link")
    hands.arrives(practice_of(hands))


def test_a_calendar_is_suspended_and_opened_again(hands: Hands, server: DemoServer) -> None:
    ada, whose = user_of(server, hands, "ada"), f"of {full_name(hands, 'ada')}"
    hands.press(re.compile(f"^Suspend HX_.* {whose}$"), role="link")
    prove(hands, server)
    hands.arrives(re.compile("^Suspend HX_"))
    hands.press("Suspend it")
    hands.is_told("is suspended.")
    assert answer_to(server, ada) == httpx.codes.FORBIDDEN

    hands.press(re.compile(f"^Open again HX_.* {whose}$"), role="link")
    hands.press("Open it again")

    hands.is_told("is open again.")
    assert answer_to(server, ada) == httpx.codes.MULTI_STATUS


def test_a_login_is_suspended_and_let_in_again(hands: Hands, server: DemoServer) -> None:
    ben, name = user_of(server, hands, "ben"), full_name(hands, "ben")
    hands.press(f"Suspend login of {name}", role="link")
    prove(hands, server)
    hands.arrives(f"Suspend {name}?")
    hands.press("Leave it", role="link")
    hands.arrives(practice_of(hands))
    hands.press(f"Suspend login of {name}", role="link")
    hands.press("Suspend the login")
    hands.is_told(f"{name} is suspended.")
    assert answer_to(server, ben) == httpx.codes.FORBIDDEN

    hands.press(f"Let in again {name}", role="link")
    hands.press("Let in again")

    hands.is_told(f"{name} is let in again.")
    assert answer_to(server, ben) == httpx.codes.MULTI_STATUS


def test_the_audit_trail_is_searched_and_taken_along(hands: Hands) -> None:
    hands.press("Audit trail", role="link")
    hands.arrives("Audit trail")
    hands.fill("What was done", "signed in")
    hands.choose("By whom", f"{full_name(hands, 'robin')} (robin-{hands.name})")
    hands.fill("From", a_day(-1).isoformat())
    hands.fill("To, that day included", a_day(0).isoformat())

    hands.press("Search")

    hands.page.wait_for_url("**what=signed+in**")
    rows = hands.page.get_by_role("region", name="Entries").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("signed in")
    assert all(f"robin-{hands.name}" in row for row in rows.all_inner_texts()[1:])
    with hands.page.expect_download() as taken:
        hands.press("Save as CSV", role="link")
    with taken.value.path().open(newline="") as file:
        assert {row["action"] for row in csv.DictReader(file)} == {"signed_in"}
    hands.fill("What was done", "flown away")
    hands.press("Search")
    hands.sees("Nothing was found.")


def test_every_room_of_the_practice_is_entered(hands: Hands) -> None:
    # How their calendars stand is told with the people.
    person = hands.page.get_by_role("region", name=full_name(hands, "ada"))
    expect(person.locator(".state").last).to_have_text(re.compile(r"\w"))
    expect(hands.page.get_by_role("region", name="accounts.toml")).to_be_visible()
    hands.press("Privacy", role="link")
    hands.arrives("Privacy")
    for service in ("Google", "iCloud"):
        hands.arrives(service)
    hands.press("Credits", role="link")
    hands.arrives("Credits")
    hands.sees("Credits bought: To begin with")
    hands.press("Audit trail", role="link")
    hands.arrives("Audit trail")
    hands.press("People", role="link")
    hands.arrives(practice_of(hands))
