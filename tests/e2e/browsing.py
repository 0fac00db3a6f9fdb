"""Debian's chromium on the pages, as a person at a desk or with a phone has it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.e2e.serving import DemoServer, DemoUser
from tests.waiting import PATIENCE_SECONDS

AXE = Path(__file__).parents[1] / "npm" / "node_modules" / "axe-core" / "axe.min.js"

DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LOOKS = [
    pytest.param({**DESK, "color_scheme": "light"}, id="desk"),
    pytest.param({**PHONE, "color_scheme": "dark"}, id="phone in the dark"),
]
"""Each width and each colour scheme once: no colour depends on the width."""


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Start it; without its sandbox, which root has not."""
    chromium = shutil.which("chromium")
    assert chromium, "tools/chromium installs it"
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def a_page(browser: Browser, server: DemoServer, **device: Any) -> Iterator[Page]:
    """A page of a browser of its own, at the server's front door; what goes wrong in it fails the test."""
    context = browser.new_context(base_url=server.base_url, locale="en-AU", **device)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    wrong: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda told: wrong.append(told.text) if _is_wrong(told) else None)
    try:
        yield page
    finally:
        context.close()
    assert wrong == []


def _is_wrong(told: ConsoleMessage) -> bool:
    # That a form was refused is an answer like others.
    return told.type == "error" and "the server responded with a status of 4" not in told.text


def sign_in(page: Page, user: DemoUser, *, at: str = "/app/") -> None:
    """Sign in with the web password."""
    page.goto(at)
    page.get_by_label("User name").fill(user.username)
    page.get_by_label("Web password").fill(user.web_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/app/settings/integrations")


def barriers(page: Page) -> list[str]:
    """What axe-core finds that keeps people out (WCAG 2.2, A and AA, and its good practice)."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
