"""Every page in a real browser, at a desk and on a phone: whom it keeps out, and what it weighs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response

from tests.e2e.browsing import LOOKS, a_browser, a_page, barriers, sign_in
from tests.e2e.serving import DemoServer

PAGES = (
    "/app/appointments",
    "/app/appointments/new",
    "/app/appointments/1",
    "/app/appointments/1/edit",
    "/app/appointments/1/patients?find=a",
    "/app/appointments/1/cancel",
    "/app/settings/integrations/private-address",
    "/app/settings/security",
    "/app/settings/integrations",
    "/app/settings/integrations/buy",
    "/app/notifications",
    "/app/review",
)
PRACTICE_PAGES = (
    "/app/practice/people",
    "/app/practice/people/1/cancel",
    "/app/practice/people/calendars/1/suspend",
    "/app/practice/people/logins/2/suspend",
    "/app/practice/credits",
    "/app/practice/trail",
    "/app/practice/privacy",
    "/app/prove",
)
HEAVIEST_PAGE = 300_000


def sign_in_administrator(page: Page, server: DemoServer) -> None:
    """Sign in as the demo's administrator, who is no practitioner."""
    passwords = json.loads((server.data / "credentials.json").read_text())["robin"]
    page.goto("/app/")
    page.get_by_label("User name").fill("robin")
    page.get_by_label("Web password").fill(passwords["web_password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/app/practice/people")


def is_as_wide_as_the_screen(page: Page) -> bool:
    """Whether nothing but a table of its own scrolls sideways (WCAG 2.2, 1.4.10)."""
    fits: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return fits


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.mark.parametrize("device", LOOKS)
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


@pytest.mark.parametrize("device", LOOKS)
def test_no_page_of_an_administrator_keeps_anybody_out(
    browser: Browser, demo_server: DemoServer, device: dict[str, Any]
) -> None:
    with a_page(browser, demo_server, bypass_csp=True, **device) as page:
        sign_in_administrator(page, demo_server)
        found = []
        for path in PRACTICE_PAGES:
            answer = page.goto(path)
            assert answer is not None
            assert (path, answer.status, page.url) == (path, 200, f"{demo_server.base_url}{path}")
            found += barriers(page)
            assert is_as_wide_as_the_screen(page), path

    assert found == []


def test_whatever_watches_over_the_server_is_answered(demo_server: DemoServer) -> None:
    answers = [httpx.get(f"{demo_server.base_url}{path}", trust_env=False) for path in ("/healthz", "/readyz")]

    assert [(answer.status_code, "Set-Cookie" in answer.headers) for answer in answers] == [(200, False)] * 2


@pytest.mark.parametrize("device", LOOKS[:1])
def test_a_page_weighs_little(browser: Browser, demo_server: DemoServer, device: dict[str, Any]) -> None:
    weights: dict[str, int] = {}

    def weigh(answer: Response) -> None:
        # What travels, which is less than what the page works with.
        weights[answer.url] = int(answer.headers.get("content-length", 0)) or len(answer.body())

    with a_page(browser, demo_server, **device) as page:
        sign_in(page, demo_server.user)
        page.wait_for_load_state("networkidle")
        page.on("response", weigh)
        page.goto("/app/appointments", wait_until="networkidle")

    assert f"{demo_server.base_url}/app/files/vendor/fullcalendar.js" in weights, "the calendar is the heaviest page"
    assert 0 < sum(weights.values()) < HEAVIEST_PAGE
