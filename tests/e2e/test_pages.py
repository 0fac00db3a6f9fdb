"""The pages in a real browser, at a desk and on a phone, by mouse and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Response, expect

from tests.e2e.browsing import DESK, PHONE, a_browser, a_page, barriers, sign_in
from tests.e2e.events import an_event
from tests.e2e.serving import DemoServer

DEVICES = [
    pytest.param({**DESK, "color_scheme": "light"}, id="desk"),
    pytest.param({**DESK, "color_scheme": "dark"}, id="desk in the dark"),
    pytest.param({**PHONE, "color_scheme": "light"}, id="phone"),
    pytest.param({**PHONE, "color_scheme": "dark"}, id="phone in the dark"),
]
PAGES = ("/app/settings/integrations", "/app/settings/integrations/buy", "/app/notifications", "/app/review")
HEAVIEST_PAGE = 300_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.mark.parametrize("device", DEVICES)
def test_no_page_keeps_anybody_out(browser: Browser, demo_server: DemoServer, device: dict[str, Any]) -> None:
    # The pages' own rules forbid scripts of others, of which the one that checks them is one.
    with a_page(browser, demo_server, bypass_csp=True, **device) as page:
        page.goto("/app/sign-in")
        found = barriers(page)
        sign_in(page, demo_server.user)
        for path in PAGES:
            page.goto(path)
            found += barriers(page)

    assert found == []


@pytest.mark.parametrize("device", DEVICES[:1])
def test_a_page_weighs_little(browser: Browser, demo_server: DemoServer, device: dict[str, Any]) -> None:
    weights: list[int] = []

    def weigh(answer: Response) -> None:
        weights.append(len(answer.body()))

    with a_page(browser, demo_server, **device) as page:
        sign_in(page, demo_server.user)
        page.on("response", weigh)
        page.reload(wait_until="networkidle")

    assert 0 < sum(weights) < HEAVIEST_PAGE


def test_one_signs_in_and_out_by_keyboard_alone(browser: Browser, demo_server: DemoServer) -> None:
    user = demo_server.user
    with a_page(browser, demo_server, **DESK) as page:
        page.goto("/app/")
        page.keyboard.type(user.username)
        page.keyboard.press("Tab")
        page.keyboard.type(user.web_password)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Integrations", exact=True)).to_be_visible()

        page.get_by_text("Maya Lin").press("Enter")
        page.get_by_role("button", name="Sign out", exact=True).press("Enter")

        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_wrong_password_says_so_and_keeps_the_name(browser: Browser, demo_server: DemoServer) -> None:
    with a_page(browser, demo_server, **PHONE) as page:
        page.goto("/app/")
        page.get_by_label("User name").fill("maya")
        page.get_by_label("Web password").fill("wrong")
        with page.expect_response("**/app/sign-in"):
            page.get_by_role("button", name="Sign in").click()

        expect(page.get_by_role("alert")).to_contain_text("do not belong together")
        expect(page.get_by_label("User name")).to_have_value("maya")


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_many_deletions_are_reviewed_in_the_browser(
    browser: Browser, fresh_demo_server: DemoServer, device: dict[str, Any]
) -> None:
    server = fresh_demo_server
    with server.http() as http:
        names = [f"review-{number}" for number in range(5)]
        addresses = [f"{server.user.calendar_path}{name}.ics" for name in names]
        for name, address in zip(names, addresses, strict=True):
            http.put(address, content=an_event(f"{name}@example", days=3, summary=name)).raise_for_status()
        for address in addresses:
            http.delete(address).raise_for_status()

    with a_page(browser, server, **device) as page:
        sign_in(page, server.user)
        page.get_by_role("link", name=re.compile("^Review")).click()
        expect(page.get_by_role("checkbox")).to_have_count(5)
        page.get_by_role("checkbox").first.uncheck()
        page.get_by_role("button", name="Keep").click()
        expect(page.get_by_role("status")).to_contain_text("4 appointments kept.")
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("status")).to_contain_text("1 appointment deleted.")

    kept = {each["title"] for each in server.appointments()} & set(names)
    assert len(kept) == 4
