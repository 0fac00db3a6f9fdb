"""Pictures of the main pages, as docs/pages.md shows them.

They are made of the demo's people, who are invented, and kept only where HXDAV_SCREENSHOTS names a folder, as
``make screenshots`` does.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from hxdav.domain.ids import IntegrationId
from hxdav.store.latencies import Way
from hxdav.store.store import Store
from tests.e2e.bridged import BridgedDemo
from tests.e2e.browsing import a_browser, a_page, barriers, sign_in
from tests.e2e.events import an_event
from tests.e2e.serving import DemoServer
from tests.waiting import until

ROOT = Path(__file__).parents[2]
HEAVIEST = 120_000
DESK: dict[str, Any] = {"viewport": {"width": 1200, "height": 860}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LIGHT, DARK = {"color_scheme": "light"}, {"color_scheme": "dark"}
PICTURE = "img.lag"
DELETED = ("Supervision", "Team meeting", "Dentist", "School concert", "Call the accountant")

# Tom is called otherwise here, and Noor is not there yet.
ACCOUNTS = """\
[[practice_groups]]
key = "harbour"
name = "Harbour Street Psychology"
zone = "Australia/Sydney"
band = "silver"
clinics = [
  { key = "harbour-street", name = "Harbour Street", zone = "Australia/Sydney" },
  { key = "glenelg", name = "Glenelg", zone = "Australia/Adelaide" },
]
users = [
  { username = "robin", name = "Robin Hale", administrator = true },
  { username = "maya", name = "Maya Lin" },
  { username = "tom", name = "Thomas Okafor" },
  { username = "noor", name = "Noor Haddad" },
]
practitioners = [
  { key = "maya", name = "Maya Lin", user = "maya" },
  { key = "tom", name = "Tom Okafor", user = "tom" },
]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture: ``ready`` is what has to be seen before it is taken."""

    name: str
    path: str
    device: dict[str, Any]
    ready: str = "h1"
    username: str = "maya"


SHOTS = (
    Shot(name="sign-in-phone", path="/app/sign-in", device={**PHONE, **LIGHT}, username=""),
    Shot(name="integrations-desk", path="/app/settings/integrations", device={**DESK, **LIGHT}),
    Shot(name="integrations-phone-dark", path="/app/settings/integrations", device={**PHONE, **DARK}),
    Shot(name="add-phone", path="/app/settings/integrations/add", device={**PHONE, **LIGHT}),
    Shot(
        name="integration-desk-dark",
        path="/app/settings/integrations/{bridge}",
        device={**DESK, **DARK},
        ready=PICTURE,
    ),
    Shot(name="review-phone", path="/app/review", device={**PHONE, **LIGHT}, ready="input[type=checkbox]"),
    Shot(name="practice-desk", path="/app/practice/people", device={**DESK, **LIGHT}, username="robin"),
    Shot(name="calendar-desk", path="/app/appointments", device={**DESK, **LIGHT}, ready="#grid a.fc-event"),
    Shot(name="calendar-phone-dark", path="/app/appointments", device={**PHONE, **DARK}, ready="#grid .fc-view"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def bridge(bridged_demo: BridgedDemo) -> int:
    """A calendar at Google with a day behind it, and deletions that wait: what there is to see."""
    number = int(bridged_demo.connect_google("maya", "maya@mail.example")["id"])
    _remember_a_day(bridged_demo.server, IntegrationId(number))
    _delete_many(bridged_demo.server)
    (bridged_demo.server.data / "accounts.toml").write_text(ACCOUNTS, encoding="utf-8")
    until(lambda: "on the way" not in bridged_demo.server.hxdav("integrations", "status"), what="a calendar in sync")
    return number


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_page_is_pictured(
    browser: Browser, bridged_demo: BridgedDemo, bridge: int, shot: Shot, tmp_path: Path
) -> None:
    folder = Path(os.environ.get("HXDAV_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"{shot.name}.png"

    with a_page(browser, bridged_demo.server, reduced_motion="reduce", **shot.device) as page:
        _enter(page, bridged_demo.server, shot.username)
        page.goto(shot.path.format(bridge=bridge))
        expect(page.locator(shot.ready).first).to_be_visible()
        if shot.ready == PICTURE:
            page.locator(PICTURE).scroll_into_view_if_needed()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=picture, animations="disabled")

    assert picture.read_bytes().startswith(b"\x89PNG")
    assert 5_000 < picture.stat().st_size < HEAVIEST


@pytest.mark.parametrize("device", [{**DESK, **LIGHT}, {**PHONE, **DARK}], ids=["desk", "phone in the dark"])
@pytest.mark.parametrize(
    ("path", "username", "told"),
    [
        ("/app/settings/integrations/{bridge}", "maya", "From here to the calendar"),
        ("/app/practice/people", "robin", "Name is Tom Okafor here, and Thomas Okafor in accounts.toml."),
    ],
    ids=["a day of lag", "accounts.toml"],
)
def test_what_is_only_shown_at_times_keeps_nobody_out(
    browser: Browser,
    bridged_demo: BridgedDemo,
    bridge: int,
    device: dict[str, Any],
    path: str,
    username: str,
    told: str,
) -> None:
    # The pages' own rules forbid scripts of others, of which the one that checks them is one.
    with a_page(browser, bridged_demo.server, bypass_csp=True, **device) as page:
        _enter(page, bridged_demo.server, username)
        page.goto(path.format(bridge=bridge))

        expect(page.get_by_text(told).first).to_be_visible()
        assert barriers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_pages_guide_shows_just_these() -> None:
    shown = re.findall(r"\]\(images/([\w-]+)\.png\)", (ROOT / "docs" / "pages.md").read_text(encoding="utf-8"))

    assert sorted(shown) == sorted(each.name for each in SHOTS)
    assert {each.stem for each in (ROOT / "docs" / "images").glob("*.png")} == set(shown)


def _enter(page: Page, server: DemoServer, username: str) -> None:
    """Sign in, where the page asks for it."""
    if username == server.user.username:
        sign_in(page, server.user)
    elif username:
        passwords = json.loads((server.data / "credentials.json").read_text(encoding="utf-8"))
        page.goto("/app/sign-in")
        page.get_by_label("User name").fill(username)
        page.get_by_label("Web password").fill(passwords[username]["web_password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/app/practice/people")


def _remember_a_day(server: DemoServer, number: IntegrationId) -> None:
    """Have changes gone both ways all day, as quickly as they do, with a slow half an hour in it."""
    chance = random.Random(7)
    now = datetime.now(UTC)
    slow = now - timedelta(hours=9)
    with closing(Store(f"sqlite:///{server.data / 'hxdav.db'}")) as store, store.transaction() as tx:
        group = tx.integrations.one(number).practice_group_id
        for minutes in range(10, 24 * 60 - 10, 11):
            at = now - timedelta(minutes=minutes)
            way = chance.choice((Way.OUT, Way.OUT, Way.IN))
            seconds = chance.lognormvariate(1.2, 0.6) * (60 if abs(at - slow) < timedelta(minutes=20) else 1)
            taken = timedelta(seconds=seconds)
            tx.lags.note(number, practice_group_id=group, way=way, at=at, taken=taken)


def _delete_many(server: DemoServer) -> None:
    """Have more deleted on a phone than goes without a question (rule 7)."""
    with server.http() as http:
        addresses = [f"{server.user.calendar_path}shot-{number}.ics" for number in range(len(DELETED))]
        for number, (address, summary) in enumerate(zip(addresses, DELETED, strict=True)):
            text = an_event(f"shot-{number}@example", days=3 + number, hour=12, summary=summary)
            http.put(address, content=text).raise_for_status()
        for address in addresses:
            http.delete(address).raise_for_status()
