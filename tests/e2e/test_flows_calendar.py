"""What a practitioner does with an appointment on its pages: by mouse, by thumb, by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from caldav.davclient import DAVClient
from playwright.sync_api import Browser, expect

from tests.e2e.bridged import a_moment
from tests.e2e.browsing import a_browser
from tests.e2e.events import a_day, an_event
from tests.e2e.faces import NativeFace
from tests.e2e.hands import HANDS, Hands, at_hand, named
from tests.e2e.neighbours import Neighbours, settle
from tests.e2e.serving import DemoServer, DemoUser

APPOINTMENTS = "/app/appointments"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(demo_server: DemoServer) -> DemoServer:
    """The demo, and for each kind of hands a practice of its own."""
    settle(demo_server, *(Neighbours(key=each.name, synchronising=("ada",)) for each in HANDS))
    return demo_server


@pytest.fixture(params=HANDS, ids=named)
def hands(request: pytest.FixtureRequest, browser: Browser, server: DemoServer) -> Iterator[Hands]:
    with at_hand(request.param, browser, server) as hands:
        hands.come_in(ada(server, hands))
        yield hands


def ada(server: DemoServer, hands: Hands) -> DemoUser:
    """The practitioner whom these hands belong to."""
    return server.users[f"ada-{hands.name}"]


@pytest.fixture
def program(server: DemoServer, hands: Hands) -> Iterator[NativeFace]:
    """The same calendar in a program of theirs."""
    user = ada(server, hands)
    with DAVClient(url=server.base_url, username=user.username, password=user.app_password) as client:
        yield NativeFace(client.calendar(url=user.calendar_url))


def add(hands: Hands, title: str, *, days: int) -> None:
    """Add an appointment at half past ten, from the calendar on."""
    hands.press("Appointments", role="link")
    # Until it is there, the list that it stands for can still be pressed.
    expect(hands.page.locator("#grid .fc-view")).to_be_visible()
    hands.press("Add", role="link")
    hands.arrives("New appointment")
    hands.fill("Title", title)
    hands.fill("Day", a_day(days).isoformat())
    hands.fill("From", "10:30")
    hands.fill("Until", "11:30")


def test_a_personal_appointment_is_added_changed_cancelled_and_brought_back(hands: Hands, program: NativeFace) -> None:
    add(hands, "Dentist", days=3)
    hands.fill("Place", "Harbour Street 1")
    hands.press("Add")
    hands.is_told("Added.")
    hands.arrives("Dentist")
    assert program.titles_at(a_moment(3, 10, 30)) == ["Dentist"]

    hands.press("Change", role="link")
    hands.arrives("Change appointment")
    hands.fill("Title", "Dentist, at last")
    hands.fill("From", "14:15")
    hands.fill("Until", "15:00")
    hands.press("Keep this")
    hands.is_told("Changed.")
    assert program.titles_at(a_moment(3, 14, 15)) == ["Dentist, at last"]

    hands.press("Cancel appointment", role="link")
    hands.arrives("Cancel this appointment?")
    hands.press("Cancel appointment")
    hands.is_told("Cancelled: it leaves every calendar.")
    assert not program.at(a_moment(3, 14, 15))

    hands.press("Undo", role="link")
    hands.press("Bring it back")
    hands.is_told("It is as it was then.")
    assert program.titles_at(a_moment(3, 14, 15)) == ["Dentist, at last"]


def test_what_cannot_be_is_said_and_what_was_typed_stays(hands: Hands, program: NativeFace) -> None:
    add(hands, "Backwards", days=4)
    hands.fill("Until", "09:30")

    hands.press("Add")

    hands.is_refused(re.compile("."))
    expect(hands.page.get_by_label("Title", exact=True)).to_have_value("Backwards")
    hands.fill("Until", "11:15")
    hands.press("Add")
    hands.is_told("Added.")
    assert program.titles_at(a_moment(4, 10, 30)) == ["Backwards"]


def test_whole_days_are_added(hands: Hands, program: NativeFace) -> None:
    add(hands, "Conference", days=5)
    hands.fill("Last day, where it is another", a_day(6).isoformat())
    hands.tick("All day")

    hands.press("Add")

    hands.is_told("Added.")
    assert program.called("Conference").starts == a_day(5)


def test_a_session_is_booked_with_a_patient_whom_the_practice_does_not_have_yet(
    hands: Hands, program: NativeFace
) -> None:
    add(hands, "First session", days=6)
    hands.tick("With a patient")
    hands.fill("Name of the patient", f"New Patient of {hands.name}")

    hands.press("Add")

    hands.is_told("Added.")
    hands.sees(f"New Patient of {hands.name}")
    assert len(program.at(a_moment(6, 10, 30))) == 1


def test_a_personal_appointment_is_turned_into_one_with_somebody_new_and_one_with_a_patient_who_is_found(
    hands: Hands, server: DemoServer
) -> None:
    name = f"Kim of {hands.name}"
    for number, title in enumerate(("Somebody called", "Called again")):
        put(server, hands, f"turn-{number}", days=7 + number, summary=title)
    turn_the_one_called(hands, "Somebody called", days=7)
    hands.fill("Somebody new", name)
    hands.press("Turn into a patient appointment")
    hands.is_told("It is now with a patient.")
    hands.sees(name)

    turn_the_one_called(hands, "Called again", days=8)
    hands.fill("Part of the name", "Nobody")
    hands.press("Find")
    hands.is_told("Nobody's name has")
    hands.fill("Part of the name", "kim")
    hands.press("Find")
    hands.tick(name)
    hands.fill("Title", "Session")
    hands.press("Turn into a patient appointment")

    hands.is_told("It is now with a patient.")
    hands.arrives("Session")
    hands.sees(name)


def test_the_story_of_an_appointment_is_read_and_what_a_program_did_is_undone(
    hands: Hands, server: DemoServer, program: NativeFace
) -> None:
    put(server, hands, "story", days=9, summary="Supervision")
    program.retitle(program.called("Supervision"), "Something else")
    open_agenda(hands, days=9)
    hands.press(re.compile("Something else"), role="link")
    hands.arrives("Something else")
    expect(hands.page.get_by_role("region", name="In your calendars").get_by_role("listitem")).to_have_count(1)
    story = hands.page.get_by_role("region", name="What happened to it")
    expect(story).to_contain_text("before: Supervision")
    hands.press(re.compile("^As it was then"), role="link")
    hands.sees("Bringing that back changes it like this.")
    hands.press("Leave it", role="link")
    hands.arrives("Something else")

    hands.press("Undo", role="link")
    hands.press("Bring it back")

    hands.is_told("It is as it was then.")
    hands.arrives("Supervision")
    assert program.titles_at(a_moment(9, 12)) == ["Supervision"]


def turn_the_one_called(hands: Hands, title: str, *, days: int) -> None:
    """From the agenda to the form that asks with whom it is."""
    open_agenda(hands, days=days)
    hands.press(re.compile(title), role="link")
    hands.arrives(title)
    hands.press("Turn into a patient appointment", role="link")
    hands.arrives("Turn into a patient appointment")


def open_agenda(hands: Hands, *, days: int) -> None:
    """See the week as a list, in which that day is."""
    hands.page.goto(f"{APPOINTMENTS}?view=agenda&day={a_day(days).isoformat()}")
    hands.sees(f"{a_day(days):%A} {a_day(days).day}")


def put(server: DemoServer, hands: Hands, name: str, *, days: int, summary: str) -> None:
    """Have an appointment at noon that a program of theirs made."""
    user = ada(server, hands)
    with server.http(user) as http:
        text = an_event(f"{name}@example", days=days, summary=summary)
        http.put(f"{user.calendar_path}{name}.ics", content=text).raise_for_status()
