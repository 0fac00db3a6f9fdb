"""Passkeys in a real browser, whose device is a virtual one: added, signed in with, and what stands in for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import DESK, LOOKS, PHONE, a_browser, a_page, barriers
from tests.e2e.hands import HANDS, Hands, at_hand, named
from tests.e2e.neighbours import Neighbours, settle
from tests.e2e.serving import DemoServer, DemoUser
from tests.ports import free_port

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


PEOPLE = [Neighbours(key=f"number{number}", synchronising=("ada",)) for number in range(7)]
"""A practice for each test: a passkey is its user's from then on."""


@pytest.fixture(scope="module")
def named_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The demo, reached by a name: there are no passkeys for a bare address."""
    port = free_port()
    environment = {"HXDAV_SERVER__PUBLIC_URL": f"http://localhost:{port}"}
    server = DemoServer(tmp_path_factory.mktemp("named-demo"), port=port, environment=environment)
    try:
        server.start()
        settle(server, *PEOPLE)
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def unmet(named_server: DemoServer) -> Iterator[DemoUser]:
    """Those whom no test has met yet."""
    return (named_server.users[group.username("ada")] for group in PEOPLE)


@pytest.fixture
def ada(unmet: Iterator[DemoUser]) -> DemoUser:
    """A practitioner without a passkey, whom no other test meets."""
    return next(unmet)


def with_device(page: Page) -> None:
    """Have the page's browser keep passkeys as a phone or a laptop does."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


def type_password(page: Page, user: DemoUser) -> None:
    page.goto("/app/sign-in")
    page.get_by_label("User name").fill(user.username)
    page.get_by_label("Web password").fill(user.web_password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.locator("summary").filter(has_text="Ada").first.press("Enter")
    page.get_by_role("button", name="Sign out", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def add_passkey(page: Page) -> list[str]:
    """Add one on the page that is there for it; the recovery codes that are shown then."""
    page.goto("/app/settings/security")
    page.get_by_role("link", name="Add a passkey").press("Enter")
    page.get_by_label("What to call it").fill("Ada's laptop")
    page.get_by_role("button", name="Add a passkey").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Ada's laptop is added.")
    return page.locator(".codes code").all_inner_texts()


@pytest.mark.parametrize("kind", HANDS, ids=named)
def test_a_passkey_is_added_and_signs_in_by_itself(
    browser: Browser, named_server: DemoServer, ada: DemoUser, kind: type[Hands]
) -> None:
    with at_hand(kind, browser, named_server) as hands:
        with_device(hands.page)
        hands.sign_in(ada)
        hands.press(re.compile("^Ada"), role="summary")
        hands.press("Security: passkeys and browsers", role="link")
        hands.press("Add a passkey", role="link")
        hands.fill("What to call it", "Ada's laptop")
        hands.press("Add a passkey")
        hands.is_told("Ada's laptop is added.")
        expect(hands.page.locator(".codes code")).to_have_count(10)
        hands.press("I have them", role="link")
        hands.arrives("Ada's laptop")
        hands.press(re.compile("^Ada"), role="summary")
        hands.press("Sign out")
        hands.arrives("Sign in")

        hands.press("Sign in with a passkey")

        hands.arrives("Integrations")


def test_after_the_password_a_passkey_or_a_code_is_asked_for(
    browser: Browser, named_server: DemoServer, ada: DemoUser
) -> None:
    with a_page(browser, named_server, **PHONE) as page:
        with_device(page)
        type_password(page, ada)
        codes = add_passkey(page)
        sign_out(page)
        type_password(page, ada)
        page.get_by_role("button", name="Use your passkey").click()
        expect(page.get_by_role("heading", name="Integrations", exact=True)).to_be_visible()

    # Another browser, where the passkey is not, and scripts are off.
    with a_page(browser, named_server, **DESK, java_script_enabled=False) as page:
        type_password(page, ada)
        expect(page.get_by_role("button", name="Use your passkey")).to_be_hidden()
        page.get_by_label("Recovery code").fill(codes[0])
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("status")).to_contain_text("9 left")


def test_a_passkey_proves_again_who_it_is(browser: Browser, named_server: DemoServer, ada: DemoUser) -> None:
    with a_page(browser, named_server, **DESK) as page:
        with_device(page)
        type_password(page, ada)
        add_passkey(page)
        page.goto("/app/prove?next=/app/settings/security/recovery-codes")

        page.get_by_role("button", name="Use your passkey instead").click()

        expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


def test_whoever_stops_the_device_is_told_and_tries_again(browser: Browser, named_server: DemoServer) -> None:
    with a_page(browser, named_server, **DESK) as page:
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        # It has no passkey for anybody.
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        page.goto("/app/sign-in")

        page.get_by_role("button", name="Sign in with a passkey").click()

        expect(page.get_by_role("alert")).to_contain_text("Try again.")
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_enabled()


@pytest.mark.parametrize("device", LOOKS)
def test_no_page_about_passkeys_keeps_anybody_out(
    browser: Browser, named_server: DemoServer, ada: DemoUser, device: dict[str, Any]
) -> None:
    with a_page(browser, named_server, bypass_csp=True, **device) as page:
        with_device(page)
        page.goto("/app/sign-in")
        found = barriers(page)
        type_password(page, ada)
        page.goto("/app/settings/security/passkeys/new")
        found += barriers(page)
        add_passkey(page)
        found += barriers(page)
        page.goto("/app/settings/security")
        (number,) = set(re.findall(r"/passkeys/(\d+)", page.content()))
        for path in ("", f"/passkeys/{number}", f"/passkeys/{number}/remove", "/recovery-codes"):
            page.goto(f"/app/settings/security{path}")
            assert re.search(r"Security|Rename|Remove|Recovery", page.content())
            found += barriers(page)
        page.goto("/app/prove")
        found += barriers(page)
        sign_out(page)
        type_password(page, ada)
        found += barriers(page)

    assert found == []
