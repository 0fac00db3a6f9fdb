"""A newcomer's first minutes: from a clone to the first appointment on a phone, each step with its time.

``python -m bench.first_minutes FOLDER`` runs ``make demo`` in that clone, in which nothing needs to have been made yet,
and then does in a browser what ``docs/first-minutes.md`` says; the phone is what iOS is known to ask for
(``tests/e2e/replay.py``). A person is slower than that: each tap counts as two seconds, each character as a third.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.table import Table

from tests.e2e.browsing import DESK, PHONE, a_browser
from tests.e2e.replay import AppleReplay
from tests.e2e.test_connecting_apple import IPHONE, account_in, an_iphone, ask_for_a_code, found_calendar

TAP_SECONDS = 2.0
KEY_SECONDS = 1 / 3
_PORT = "5298"


@dataclass(slots=True)
class Watch:
    """What was done, and how long it took the machine and takes a person."""

    steps: list[tuple[str, float, int, int]] = field(default_factory=list)

    @contextmanager
    def step(self, what: str, *, taps: int = 0, keys: int = 0) -> Iterator[None]:
        """Time a step."""
        began = time.perf_counter()
        yield
        self.steps.append((what, time.perf_counter() - began, taps, keys))

    def show(self) -> None:
        """Print the steps, and what they come to."""
        table = Table("step", "machine s", "taps", "characters", "with a person's hands s")
        total = 0.0
        for what, seconds, taps, keys in self.steps:
            human = seconds + taps * TAP_SECONDS + keys * KEY_SECONDS
            total += human
            table.add_row(what, f"{seconds:.1f}", str(taps), str(keys), f"{human:.0f}")
        table.add_row("all", "", "", "", f"{total:.0f}")
        Console().print(table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What ``make demo`` prints for a practitioner."""

    pages: str
    username: str
    web_password: str


@contextmanager
def a_demo(clone: Path) -> Iterator[Printed]:
    """``make demo`` in a clone, until it is not needed any more."""
    command = ["make", "demo", f"PORT={_PORT}"]
    with subprocess.Popen(command, cwd=clone, stdout=subprocess.PIPE, text=True) as demo:
        try:
            printed = ""
            for line in demo.stdout or ():
                printed += line
                if "until Ctrl+C" in line:
                    break
            (pages,) = re.findall(r"pages are at (\S+):", printed)
            username, web_password = re.findall(r"User name +(\w+).*?Web password +(\w+)", printed, re.DOTALL)[1]
            yield Printed(pages=pages, username=username, web_password=web_password)
        finally:
            demo.terminate()
            with suppress(subprocess.TimeoutExpired):
                demo.wait(10)


def connect(watch: Watch, browser: Browser, printed: Printed) -> None:
    """Sign in at the desk, and have the phone's camera see the code."""
    desk, phone = _page(browser, DESK), _page(browser, {**PHONE, "user_agent": IPHONE})
    # The name is typed; the password is pasted from what make demo prints.
    with watch.step("follow the printed link, and sign in", taps=4, keys=len(printed.username)):
        desk.goto(printed.pages)
        desk.get_by_label("User name").fill(printed.username)
        desk.get_by_label("Web password").fill(printed.web_password)
        desk.get_by_role("button", name="Sign in").click()
        desk.wait_for_url("**/app/settings/integrations")
    with watch.step("Add Calendar Integration, iPhone, a name for it, show a code", taps=4, keys=len("iPhone")):
        address = ask_for_a_code(desk, "iPhone")
    with watch.step("point the camera at the code, get the profile, install it", taps=6):
        phone.goto(address)
        account = account_in(phone, "Get the profile")
    with watch.step("the first appointments are on the phone", taps=1), an_iphone(account) as http:
        replay = AppleReplay(http, found_calendar(http, account))
        replay.sync()
        assert replay.objects
    with watch.step("the desk says so"):
        desk.get_by_text("Your iPhone is connected.").wait_for()


def _page(browser: Browser, device: dict[str, Any]) -> Page:
    return browser.new_context(locale="en-AU", **device).new_page()


def main() -> None:
    """Do it all, and print the times."""
    watch = Watch()
    began = time.perf_counter()
    with a_demo(Path(sys.argv[1])) as printed:
        made = time.perf_counter() - began
        watch.steps.append(("make demo", made, 0, len("make demo")))
        with a_browser() as browser:
            connect(watch, browser, printed)
    watch.show()


if __name__ == "__main__":
    main()
