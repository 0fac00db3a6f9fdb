"""Each notification has one button, which leads to where something is done about it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hxdav.domain.ids import IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.store.trail import Subject
from tests.builders import an_object
from tests.integration.web.browsing import Browser
from tests.integration.web.desk import Desk

INTEGRATIONS = "/app/settings/integrations"


@pytest.fixture
def subject(desk: Desk) -> Subject:
    """All that is told is at least about somebody."""
    with desk.store.snapshot() as tx:
        group = tx.people.user(desk.practice.user_id).practice_group_id
    return Subject(practice_group_id=group, practitioner_id=desk.practice.practitioner_id)


def tell(desk: Desk, subject: Subject, *kinds: NotificationKind) -> None:
    with desk.store.transaction() as tx:
        for kind in kinds:
            tx.notifications.tell(subject, kind=kind, at=desk.practice.clock.now())


def buttons(maya: Browser) -> list[tuple[str, str]]:
    """Where the buttons of the list lead, and what they say: the latest first."""
    return re.findall(r'<a class="button" href="([^"]+)">([^<]+)</a>', maya.get("/app/notifications").text)


@pytest.mark.parametrize("about", ["nothing", "a calendar", "an appointment"])
def test_whatever_was_told_has_one_button_that_leads_somewhere(
    maya: Browser, desk: Desk, google: IntegrationId, subject: Subject, about: str
) -> None:
    booked = desk.practice.book(an_object("told@example"))
    if about != "nothing":
        subject = replace(subject, integration_id=google)
    if about == "an appointment":
        subject = replace(subject, appointment_id=booked.id)
    tell(desk, subject, *NotificationKind)

    found = buttons(maya)

    # A calendar that was just connected has told so itself.
    assert len(found) == len(NotificationKind) + 1
    assert {maya.get(address).status_code for address in {address for address, _ in found}} == {200}


@pytest.mark.parametrize(
    ("kind", "leads_to"),
    [
        (NotificationKind.REVIEW_WAITING, ("/app/review", "Review appointments")),
        (NotificationKind.ACCESS_LOST, (f"{INTEGRATIONS}/add/google", "Connect it again")),
        (NotificationKind.RENEWAL_FAILED, (INTEGRATIONS, "See calendar synchronisation")),
        (NotificationKind.AFTER_WINDOW, ("/app/appointments/new", "Enter it here")),
        (NotificationKind.CALENDAR_DISCONNECTED, (f"{INTEGRATIONS}/add", "Connect a calendar")),
    ],
)
def test_the_button_leads_to_where_it_is_put_right(
    maya: Browser,
    desk: Desk,
    google: IntegrationId,
    subject: Subject,
    kind: NotificationKind,
    leads_to: tuple[str, str],
) -> None:
    tell(desk, replace(subject, integration_id=google), kind)

    assert buttons(maya)[0] == leads_to


def test_what_is_about_an_appointment_leads_to_it_and_a_frozen_calendar_to_its_page(
    maya: Browser, desk: Desk, google: IntegrationId, subject: Subject
) -> None:
    booked = desk.practice.book(an_object("told@example"))
    subject = replace(subject, integration_id=google, appointment_id=booked.id)
    tell(desk, subject, NotificationKind.NOTE_PROTECTS, NotificationKind.FROZEN)

    frozen, protected, _ = buttons(maya)

    assert frozen == (f"{INTEGRATIONS}/{google}", "See the calendar")
    assert protected == (f"/app/appointments/{booked.id}", "See the appointment")
