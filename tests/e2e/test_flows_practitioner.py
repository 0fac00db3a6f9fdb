"""What a practitioner does about their own login, money, devices and news: by mouse, by thumb, by keyboard alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from hxdav.domain.practice import Band
from tests.e2e.browsing import a_browser
from tests.e2e.events import OUTSIDE, a_day, an_event
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
    synchronising = ("ada", "ben", "cleo", "fay", "gus")
    settle(
        demo_server,
        *(
            Neighbours(
                key=each.name,
                synchronising=synchronising,
                others=("dora", "emil", "hal"),
                band=Band.NONE,
                credits=PRICE * len(synchronising) + CREDITS,
            )
            for each in HANDS
        ),
    )
    return demo_server


@pytest.fixture(params=HANDS, ids=named)
def hands(request: pytest.FixtureRequest, browser: Browser, server: DemoServer) -> Iterator[Hands]:
    with at_hand(request.param, browser, server) as hands:
        yield hands


def somebody(server: DemoServer, hands: Hands, name: str) -> DemoUser:
    """The one of that name in the practice of these hands."""
    return server.users[f"{name}-{hands.name}"]


def test_an_invitation_is_taken_up_and_whoever_did_is_signed_in(hands: Hands, server: DemoServer) -> None:
    emil = somebody(server, hands, "emil")
    link = json.loads(server.hxdav("accounts", "invite", emil.username, "--json"))["link"]
    hands.page.goto(link)
    hands.fill("Web password", "letters of my own")
    hands.fill("The same again", "letters of mine")
    hands.press("Save and sign in")
    hands.is_refused("The two passwords are not the same.")

    hands.fill("Web password", "letters of my own")
    hands.fill("The same again", "letters of my own")
    hands.press("Save and sign in")

    hands.arrives("Integrations")
    hands.page.context.clear_cookies()
    hands.page.goto(link)
    hands.fill("Web password", "somebody else's")
    hands.fill("The same again", "somebody else's")
    hands.press("Save and sign in")
    hands.is_refused(re.compile("."))
    chosen = DemoUser(username=emil.username, web_password="letters of my own", app_password="", calendar_url="")
    hands.sign_in(chosen)


def test_who_types_a_wrong_password_is_told_so_tries_again_and_signs_out(hands: Hands, server: DemoServer) -> None:
    ada = somebody(server, hands, "ada")
    hands.page.goto("/app/")
    hands.fill("User name", ada.username)
    hands.fill("Web password", "wrong")
    hands.press("Sign in")
    hands.is_refused("do not belong together")
    expect(hands.page.get_by_label("User name")).to_have_value(ada.username)

    hands.fill("Web password", ada.web_password)
    hands.press("Sign in")
    hands.arrives("Integrations")
    hands.press(f"Ada {hands.name.title()}", role="summary")
    hands.press("Sign out")

    hands.arrives("Sign in")
    hands.page.goto("/app/settings/integrations")
    hands.arrives("Sign in")


def test_who_signs_out_everywhere_is_signed_out_of_another_browser(
    hands: Hands, browser: Browser, server: DemoServer
) -> None:
    hal = somebody(server, hands, "hal")
    with at_hand(type(hands), browser, server) as elsewhere:
        elsewhere.sign_in(hal)
        hands.sign_in(hal)

        hands.press(f"Hal {hands.name.title()}", role="summary")
        hands.press("Sign out everywhere")

        hands.arrives("Sign in")
        elsewhere.press("Review", role="link")
        elsewhere.arrives("Sign in")


def test_synchronisation_is_bought_at_the_price_that_was_shown_and_cancelled(hands: Hands, server: DemoServer) -> None:
    dora, ends = somebody(server, hands, "dora"), f"{a_day(30).day} {a_day(30):%B %Y}"
    hands.come_in(dora)
    hands.sees("Not running: nothing is synchronised until it is bought.")
    hands.press("Buy Calendar Synchronisation", role="link")
    hands.arrives("Buy Calendar Synchronisation")
    assert told_in_pairs(hands) == {
        "Price": f"{PRICE} credits for 30 days; it renews itself until you cancel",
        "Balance now": f"{CREDITS} credits",
        "Balance after it": f"{CREDITS - PRICE} credits",
        "Runs until": ends,
    }

    hands.press("Purchase")

    hands.is_told(f"Calendar Synchronisation runs until {ends}.")
    assert told_in_pairs(hands)["Balance of the practice"] == f"{CREDITS - PRICE} credits"
    hands.press("Cancel")
    hands.is_told(f"Cancelled. It runs until {ends}.")
    hands.sees(f"Running until {ends}, and ends then.")
    entries = json.loads(server.hxdav("credits", "show", "--practice-group", hands.name, "--json"))
    assert entries["balance"] == CREDITS - PRICE


def test_a_device_gets_a_password_of_its_own_which_is_revoked(hands: Hands, server: DemoServer) -> None:
    ben = somebody(server, hands, "ben")
    hands.come_in(ben)
    hands.press("Add Calendar Integration", role="link")
    hands.press(re.compile("^Thunderbird, Android"), role="link")
    hands.fill("What is the device called?", "Laptop")
    hands.press("Connect")
    hands.arrives("Now copy this into your device")
    device = DemoUser(
        username=ben.username,
        web_password="",
        app_password=hands.page.locator("#copied-password").inner_text(),
        calendar_url=hands.page.locator("#copied-address").inner_text(),
    )
    assert answer_to(server, device) == httpx.codes.MULTI_STATUS
    hands.press("Done", role="link")
    hands.arrives("Integrations")

    hands.press(re.compile("^HX_"), role="link")
    hands.press("Revoke Laptop")

    hands.is_told("That device is shut out.")
    assert (answer_to(server, device), answer_to(server, ben)) == (
        httpx.codes.UNAUTHORIZED,
        httpx.codes.MULTI_STATUS,
    )


def test_a_lost_phone_is_shut_out_and_what_it_did_is_listed(hands: Hands, server: DemoServer) -> None:
    fay = somebody(server, hands, "fay")
    put(server, fay, "by-the-phone", days=3)
    hands.come_in(fay)
    hands.press(re.compile("^HX_"), role="link")
    hands.press("Lost phone: Tablet", role="link")
    hands.arrives("Lost: Tablet")

    hands.press("It is lost: shut it out")

    hands.sees("Tablet is shut out.")
    expect(hands.page.get_by_role("link", name="by-the-phone")).to_be_visible()
    assert answer_to(server, fay) == httpx.codes.UNAUTHORIZED
    hands.press("Let edits in again")
    hands.is_told("Edits are let in again.")


def test_a_calendar_is_renamed_and_disconnected_and_is_only_read_from_then_on(hands: Hands, server: DemoServer) -> None:
    cleo = somebody(server, hands, "cleo")
    put(server, cleo, "kept", days=3)
    hands.come_in(cleo)
    hands.press(re.compile("^HX_"), role="link")
    hands.fill("What hxdav calls it", "My practice")
    hands.press("Rename")
    hands.arrives("My practice")
    with server.http(cleo) as http:
        assert "My practice" in http.request("PROPFIND", cleo.calendar_path, headers={"Depth": "0"}).text
    hands.sees("Devices can still read it, and change nothing.")

    hands.press("Disconnect")

    hands.is_told("My practice is disconnected.")
    hands.press("Disconnected (1)", role="summary")
    hands.press("My practice", role="link")
    hands.arrives("My practice")
    expect(hands.page.get_by_role("button", name="Disconnect")).to_have_count(0)
    with server.http(cleo) as http:
        address = f"{cleo.calendar_path}kept.ics"
        assert (http.get(address).status_code, http.delete(address).status_code) == (200, 403)


def test_the_private_address_is_read_by_whoever_knows_it_until_it_is_revoked(hands: Hands, server: DemoServer) -> None:
    ada = somebody(server, hands, "ada")
    put(server, ada, "seminar", days=4)
    hands.come_in(ada)
    hands.press("Private address", role="link")
    hands.press("Make a private address")
    hands.is_told("This is shown once.")
    address = hands.page.locator("main code").inner_text()
    assert "SUMMARY:seminar" in httpx.get(address, trust_env=False).text
    hands.tick("Only that you are busy.")
    hands.press("Keep this")
    hands.is_told("Kept.")

    hands.press("Revoke")

    hands.is_told("The private address leads nowhere any more.")
    hands.sees("There is none.")
    assert httpx.get(address, trust_env=False).status_code == httpx.codes.NOT_FOUND


def test_the_bell_counts_what_is_new_and_says_what_to_do_about_it(hands: Hands, server: DemoServer) -> None:
    gus = somebody(server, hands, "gus")
    with server.http(gus) as http:
        late = an_event("late@example", days=OUTSIDE, summary="Too far ahead")
        assert http.put(f"{gus.calendar_path}late.ics", content=late).status_code == httpx.codes.FORBIDDEN
    hands.come_in(gus)

    hands.press("Notifications, 1 new", role="link")

    hands.arrives("Notifications")
    hands.sees("· new")
    hands.press("Enter it here", role="link")
    hands.arrives("New appointment")
    hands.press("Notifications", role="link")
    hands.arrives("Notifications")
    expect(hands.page.get_by_text("· new")).to_have_count(0)


def test_of_many_deletions_some_are_carried_out_and_some_are_not(hands: Hands, server: DemoServer) -> None:
    ada, names = somebody(server, hands, "ada"), [f"review-{number}" for number in range(5)]
    for days, name in enumerate(names):
        put(server, ada, name, days=days + 3)
    with server.http(ada) as http:
        for name in names:
            http.delete(f"{ada.calendar_path}{name}.ics").raise_for_status()
    hands.come_in(ada)
    hands.press("Review 5 waiting", role="link")
    hands.arrives("Review appointments")
    for name in names[:2]:
        hands.untick(re.compile(name))
    hands.press("Delete")
    hands.is_told("3 appointments deleted.")

    hands.press("Keep")

    hands.is_told("2 appointments kept.")
    hands.sees("Nothing waits for you.")
    with server.http(ada) as http:
        assert [http.get(f"{ada.calendar_path}{name}.ics").status_code for name in names] == [200] * 2 + [404] * 3


def told_in_pairs(hands: Hands) -> dict[str, str]:
    """What the page tells in terms and what they stand at."""
    pairs = hands.page.locator("main dl > div")
    return {each.locator("dt").inner_text(): each.locator("dd").inner_text() for each in pairs.all()}


def put(server: DemoServer, user: DemoUser, name: str, *, days: int) -> None:
    """Have an appointment that the user's own device made."""
    with server.http(user) as http:
        text = an_event(f"{name}@example", days=days, summary=name)
        http.put(f"{user.calendar_path}{name}.ics", content=text).raise_for_status()


def answer_to(server: DemoServer, user: DemoUser) -> int:
    """The code by which a device is answered that asks for the calendar."""
    with server.http(user) as http:
        return http.request("PROPFIND", user.calendar_path, headers={"Depth": "0"}).status_code
