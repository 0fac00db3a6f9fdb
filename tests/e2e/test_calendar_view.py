"""The calendar in a real browser: its views, adding, moving by dragging, what is refused, and the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.builders import SYDNEY
from tests.e2e.browsing import DESK, LOOKS, PHONE, a_browser, a_page, barriers, sign_in
from tests.e2e.events import a_day, an_event
from tests.e2e.hands import HANDS, Hands, Thumb, at_hand, named
from tests.e2e.serving import DemoServer

APPOINTMENTS = "/app/appointments"
LATER = re.compile("Later")
DEVICES = [pytest.param(DESK, id="desk"), pytest.param(PHONE, id="phone")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


def put(server: DemoServer, name: str, *, days: int, summary: str = "") -> None:
    """Have an appointment of fifty minutes, at nine, that a calendar program made."""
    with server.http() as http:
        text = an_event(f"{name}@example", days=days, hour=9, summary=summary or name).replace("T100000", "T095000")
        http.put(f"{server.user.calendar_path}{name}.ics", content=text).raise_for_status()


def opened(page: Page, server: DemoServer, *, day: date, view: str = "day") -> None:
    sign_in(page, server.user)
    page.goto(f"{APPOINTMENTS}?view={view}&day={day.isoformat()}")
    expect(page.locator("#grid .fc-view")).to_be_visible()


def shown(page: Page, title: str) -> Locator:
    return page.locator("#grid a.fc-event:not(.fc-event-mirror)").filter(has_text=title)


def starts_of(server: DemoServer, title: str) -> list[str]:
    return [each["start"] for each in server.appointments() if each["title"] == title]


def drag_down(page: Page, appointment: Locator, *, hours: int) -> None:
    """Take an appointment by the mouse and let it go that much later on its day."""
    appointment.evaluate("each => each.scrollIntoView({block: 'center'})")
    quarter = page.locator(".fc-timegrid-slot-lane").first.bounding_box()
    box = appointment.bounding_box()
    assert box is not None
    assert quarter is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 8
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 20, steps=3)
    page.mouse.move(x, y + 4 * hours * quarter["height"], steps=8)
    page.mouse.up()


@pytest.mark.parametrize("kind", HANDS, ids=named)
def test_a_desk_begins_with_a_week_and_a_phone_with_a_day(
    browser: Browser, demo_server: DemoServer, kind: type[Hands]
) -> None:
    with at_hand(kind, browser, demo_server) as hands:
        page = hands.page
        hands.sign_in(demo_server.user)
        hands.press("Appointments", role="link")

        first = "Day" if kind is Thumb else "Week"
        expect(page.get_by_role("button", name=first, exact=True)).to_have_attribute("aria-pressed", "true")
        for name in ("Month", "Week", "Day"):
            hands.press(name)
            expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")
        hands.press(LATER)
        hands.press(LATER)
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_contain_text(f"{a_day(2).day} {a_day(2):%B %Y}")
        expect(shown(page, "Lunch with Ana")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        hands.press("Agenda", role="link")
        expect(page.get_by_role("heading", level=2)).to_have_count(7)


@pytest.mark.parametrize("device", LOOKS)
def test_no_view_keeps_anybody_out(browser: Browser, demo_server: DemoServer, device: dict[str, Any]) -> None:
    found = []
    with a_page(browser, demo_server, bypass_csp=True, **device) as page:
        opened(page, demo_server, day=a_day(1))
        for name in ("day", "week", "month", "agenda"):
            page.goto(f"{APPOINTMENTS}?view={name}&day={a_day(1).isoformat()}")
            expect(page.get_by_role("link", name=re.compile("Demo Patient")).first).to_be_visible()
            found += barriers(page)

    assert found == []


def test_the_kind_and_the_marks_of_an_appointment_are_told_in_words(browser: Browser, demo_server: DemoServer) -> None:
    with a_page(browser, demo_server, **DESK) as page:
        opened(page, demo_server, day=a_day(1))

        expect(shown(page, "with a patient")).to_have_count(2)
        expect(shown(page, "with a patient").first).to_contain_text("note")
        expect(shown(page, "Supervision")).to_contain_text("personal, repeats")


def test_a_time_of_day_is_the_practices_wherever_the_browser_is(browser: Browser, demo_server: DemoServer) -> None:
    with a_page(browser, demo_server, timezone_id="America/New_York", **DESK) as page:
        opened(page, demo_server, day=a_day(2))

        expect(shown(page, "Lunch with Ana")).to_contain_text("12:00")


def test_dragging_an_appointment_moves_it_in_the_store(browser: Browser, demo_server: DemoServer) -> None:
    put(demo_server, "dragged", days=20)
    with a_page(browser, demo_server, **DESK) as page:
        opened(page, demo_server, day=a_day(20))
        expect(shown(page, "dragged")).to_contain_text("09:00")

        drag_down(page, shown(page, "dragged"), hours=2)

        expect(page.get_by_role("status")).to_contain_text("Moved to")
        expect(shown(page, "dragged")).to_contain_text("11:00")
        drag_down(page, shown(page, "dragged"), hours=1)
        expect(page.get_by_role("status")).to_contain_text("12:00–12:50")

    (starts,) = starts_of(demo_server, "dragged")
    assert datetime.fromisoformat(starts).astimezone(ZoneInfo(SYDNEY)).hour == 12


def test_pulling_its_end_makes_an_appointment_longer(browser: Browser, demo_server: DemoServer) -> None:
    put(demo_server, "pulled", days=24)
    with a_page(browser, demo_server, **DESK) as page:
        opened(page, demo_server, day=a_day(24))
        shown(page, "pulled").hover()
        box = shown(page, "pulled").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + 40, steps=4)
        page.mouse.up()

        expect(page.get_by_role("status")).to_contain_text(re.compile("Moved to .*, 09:00–10:"))


def test_a_finger_that_rests_on_an_appointment_takes_it_along(browser: Browser, demo_server: DemoServer) -> None:
    put(demo_server, "carried", days=25)
    with a_page(browser, demo_server, **PHONE) as page:
        opened(page, demo_server, day=a_day(25))
        appointment = shown(page, "carried")
        appointment.evaluate("each => each.scrollIntoView({block: 'center'})")
        box = appointment.bounding_box()
        assert box is not None
        finger = page.context.new_cdp_session(page)

        def touch(kind: str, down: float) -> None:
            point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 10 + down}
            points = [] if kind == "touchEnd" else [point]
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", 0)
        expect(page.locator(".fc-event-mirror")).to_be_visible()
        for down in range(10, 160, 10):
            touch("touchMove", down)
        touch("touchEnd", 0)

        expect(page.get_by_role("status")).to_contain_text("Moved to")


def test_a_refused_move_snaps_back_and_says_why(browser: Browser, demo_server: DemoServer) -> None:
    put(demo_server, "refused", days=21)
    with a_page(browser, demo_server, **DESK) as page:
        opened(page, demo_server, day=a_day(21))
        expect(shown(page, "refused")).to_contain_text("09:00")
        put(demo_server, "refused", days=21, summary="refused, as it is now")

        drag_down(page, shown(page, "refused"), hours=2)

        expect(page.get_by_role("alert")).to_contain_text("It was not moved. It was changed in the meantime.")
        expect(shown(page, "refused, as it is now")).to_contain_text("09:00")


def test_a_move_by_somebody_signed_out_snaps_back_and_says_so(browser: Browser, demo_server: DemoServer) -> None:
    put(demo_server, "unsent", days=22)
    with a_page(browser, demo_server, **DESK) as page:
        opened(page, demo_server, day=a_day(22))
        expect(shown(page, "unsent")).to_be_visible()
        page.context.clear_cookies()

        drag_down(page, shown(page, "unsent"), hours=2)

        expect(page.get_by_role("alert")).to_contain_text("You were signed out.")
        expect(shown(page, "unsent")).to_contain_text("09:00")


def test_a_series_is_not_moved_but_its_form_says_where_it_is(browser: Browser, demo_server: DemoServer) -> None:
    with a_page(browser, demo_server, **DESK) as page:
        opened(page, demo_server, day=a_day(1))

        drag_down(page, shown(page, "Supervision"), hours=1)

        expect(page.get_by_text("It repeats, so it is changed in your calendar program")).to_be_visible()


@pytest.mark.parametrize("device", DEVICES)
def test_a_free_time_leads_to_the_form_with_it_filled_in(
    browser: Browser, demo_server: DemoServer, device: dict[str, Any]
) -> None:
    with a_page(browser, demo_server, **device) as page:
        opened(page, demo_server, day=a_day(30))
        slot = page.locator('.fc-timegrid-slot-lane[data-time="10:30:00"]')
        if device is PHONE:
            slot.tap()
        else:
            slot.click()

        expect(page.get_by_label("Day", exact=True)).to_have_value(a_day(30).isoformat())
        expect(page.get_by_label("From")).to_have_value("10:30")
        expect(page.get_by_label("Until")).to_have_value("11:20")


@pytest.mark.parametrize("kind", HANDS, ids=named)
def test_an_appointment_is_reached_opened_and_left(
    browser: Browser, demo_server: DemoServer, kind: type[Hands]
) -> None:
    with at_hand(kind, browser, demo_server) as hands:
        page = hands.page
        opened(page, demo_server, day=a_day(2))

        hands.press(re.compile("Lunch with Ana"), role="link")

        hands.arrives("Lunch with Ana")
        page.go_back()
        expect(page.get_by_role("button", name="Day", exact=True)).to_have_attribute("aria-pressed", "true")
        expect(shown(page, "Lunch with Ana")).to_be_visible()


def test_what_is_written_in_an_appointment_is_shown_as_text(browser: Browser, demo_server: DemoServer) -> None:
    hostile = '<img src=x onerror="document.title=1">'
    put(demo_server, "hostile", days=23, summary=hostile)
    with a_page(browser, demo_server, **DESK) as page:
        opened(page, demo_server, day=a_day(23))

        expect(shown(page, hostile)).to_be_visible()
        assert page.locator("#grid img").count() == 0


def test_without_scripts_the_week_is_a_list(browser: Browser, demo_server: DemoServer) -> None:
    with a_page(browser, demo_server, java_script_enabled=False, **PHONE) as page:
        sign_in(page, demo_server.user)
        page.goto(APPOINTMENTS)

        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        expect(page.locator("#calendar")).to_be_hidden()
