"""Connecting an Apple device without typing: the desk shows a code, the phone fetches its profile and its calendar."""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import DESK, LOOKS, a_browser, a_page, barriers, sign_in
from tests.e2e.events import an_event
from tests.e2e.hands import Hands, Keyboard, Mouse, Thumb, at_hand
from tests.e2e.replay import AppleReplay
from tests.e2e.serving import DemoServer
from tests.waiting import PATIENCE_SECONDS

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


def ask_for_a_code(page: Page, label: str, *, kind: type[Hands] = Mouse) -> str:
    """From the integrations to the code; the address that it leads to."""
    hands = kind(page)
    hands.press("Add Calendar Integration", role="link")
    hands.press(re.compile("^iPhone, iPad, Mac"), role="link")
    hands.fill("What is the device called?", label)
    hands.press(re.compile("show a code"))
    page.wait_for_url("**/profiles/*")
    return page.locator("#address").inner_text()


def account_in(page: Page, button: str, *, kind: type[Hands] = Mouse) -> dict[str, Any]:
    """The account in the profile that the button hands out."""
    with page.expect_download() as taken:
        kind(page).press(re.compile(button))
    assert taken.value.suggested_filename == "hxdav.mobileconfig"
    (account,) = plistlib.loads(taken.value.path().read_bytes())["PayloadContent"]
    found: dict[str, Any] = account
    return found


@contextmanager
def an_iphone(account: dict[str, Any]) -> Iterator[httpx.Client]:
    """What the device is after the profile was installed: an account, and nothing else that it knows."""
    scheme = "https" if account["CalDAVUseSSL"] else "http"
    with httpx.Client(
        base_url=f"{scheme}://{account['CalDAVHostName']}:{account['CalDAVPort']}",
        auth=(account["CalDAVUsername"], account["CalDAVPassword"]),
        headers={"User-Agent": "iOS/18.1.1 (22B91) dataaccessd/1.0"},
        trust_env=False,
        timeout=PATIENCE_SECONDS,
    ) as http:
        yield http


def found_calendar(http: httpx.Client, account: dict[str, Any]) -> str:
    """The path of the one calendar in the home, as a device finds it from the principal."""
    principal = http.request(
        "PROPFIND",
        account["CalDAVPrincipalURL"],
        headers={"Depth": "0", "Content-Type": "text/xml"},
        content='<A:propfind xmlns:A="DAV:"><A:prop><B:calendar-home-set xmlns:B="urn:ietf:params:xml:ns:caldav"/>'
        "</A:prop></A:propfind>",
    )
    assert principal.status_code == httpx.codes.MULTI_STATUS
    (home,) = re.findall(r"calendar-home-set>\s*<[^>]*href>([^<]+)<", principal.text)
    listed = http.request(
        "PROPFIND",
        home,
        headers={"Depth": "1", "Content-Type": "text/xml"},
        content='<A:propfind xmlns:A="DAV:"><A:prop><A:resourcetype/></A:prop></A:propfind>',
    )
    (calendar,) = {each for each in re.findall(r"href>([^<]+)<", listed.text) if each.startswith(home) and each != home}
    return calendar


def test_a_phone_is_connected_by_the_code_on_the_desk(browser: Browser, demo_server: DemoServer) -> None:
    server = demo_server
    with at_hand(Keyboard, browser, server) as hands, at_hand(Thumb, browser, server, user_agent=IPHONE) as phone:
        hands.sign_in(server.user)
        desk = hands.page
        address = ask_for_a_code(desk, "iPhone", kind=Keyboard)
        picture = desk.get_by_role("img", name="QR code of the address below")
        expect(picture).to_be_visible()
        assert desk.evaluate("document.querySelector('.qr').naturalWidth") > 0
        expect(desk.get_by_role("status")).to_contain_text("Waiting for iPhone.")

        phone.page.goto(address)
        account = account_in(phone.page, "Get the profile", kind=Thumb)
        # Nobody looks at the desk's page again: it says so by itself.
        expect(desk.get_by_role("status")).to_contain_text("iPhone has fetched its profile.")
        expect(picture).to_be_hidden()

        with an_iphone(account) as http:
            replay = AppleReplay(http, found_calendar(http, account))
            replay.sync()
            assert replay.objects
            replay.add("first.ics", an_event("first@phone.example", days=2, summary="First from the phone"))
            replay.sync()
            assert replay.refused == []

        expect(desk.get_by_role("status")).to_contain_text("Your iPhone is connected.")

    assert "First from the phone" in {each["title"] for each in server.appointments()}


def test_the_device_itself_needs_one_tap(browser: Browser, demo_server: DemoServer) -> None:
    server = demo_server
    with at_hand(Thumb, browser, server, user_agent=IPHONE) as phone:
        phone.sign_in(server.user)
        phone.page.goto("/app/settings/integrations/add/apple")
        expect(phone.page.get_by_label("What is the device called?")).to_have_value("iPhone")

        account = account_in(phone.page, "get the profile", kind=Thumb)

    with an_iphone(account) as http:
        replay = AppleReplay(http, found_calendar(http, account))
        replay.sync()
        assert replay.objects


@pytest.mark.parametrize("device", LOOKS)
def test_nothing_on_these_pages_keeps_anybody_out(
    browser: Browser, demo_server: DemoServer, device: dict[str, Any]
) -> None:
    with a_page(browser, demo_server, bypass_csp=True, **device) as page:
        sign_in(page, demo_server.user)
        found = []
        for path in ("add", "add/apple", "add/native", "add/exchange", "1", "1/lost", "1/lost?device=1"):
            page.goto(f"/app/settings/integrations/{path}")
            found += barriers(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        page.goto("/app/settings/integrations")
        address = ask_for_a_code(page, "iPad")
        found += barriers(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.goto(address)
        found += barriers(page)

    assert found == []


def test_what_has_to_be_typed_elsewhere_is_copied(browser: Browser, demo_server: DemoServer) -> None:
    with a_page(browser, demo_server, **DESK, permissions=["clipboard-read", "clipboard-write"]) as page:
        sign_in(page, demo_server.user)
        page.goto("/app/settings/integrations/add/native")
        page.get_by_label("What is the device called?").fill("Tablet")
        page.get_by_role("button", name="Connect").click()
        page.get_by_role("button", name="Copy: Password").click()
        expect(page.locator("#copied")).to_have_text("Copied.")

        copied = page.evaluate("navigator.clipboard.readText()")

    assert re.fullmatch(r"\w{4}-\w{4}-\w{4}-\w{4}", copied)
