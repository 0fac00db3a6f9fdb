"""What a practitioner sees and does on the pages: the subscription, the bell, the review."""

from __future__ import annotations

import pytest
from markupsafe import escape

from hxdav.domain.notification import NotificationKind
from hxdav.domain.removal import RemovalState
from hxdav.store.trail import Subject
from tests.builders import an_object
from tests.integration.web.browsing import Browser
from tests.integration.web.desk import Desk

INTEGRATIONS = "/app/settings/integrations"


def tell(desk: Desk, kind: NotificationKind) -> None:
    with desk.store.transaction() as tx:
        group = tx.people.user(desk.practice.user_id).practice_group_id
        subject = Subject(practice_group_id=group, practitioner_id=desk.practice.practitioner_id)
        tx.notifications.tell(subject, kind=kind, at=desk.practice.clock.now())


def test_each_calendar_is_listed_with_how_it_stands(maya: Browser, desk: Desk) -> None:
    desk.practice.integration()

    page = maya.get(INTEGRATIONS).text

    assert "HX_Harbour Street Psychology" in page
    assert "It is served here" in page


def test_what_was_cancelled_is_bought_again(maya: Browser) -> None:
    maya.get(INTEGRATIONS)
    maya.post(f"{INTEGRATIONS}/cancel")
    assert "and ends then" in maya.get(INTEGRATIONS).text

    offer = maya.get(f"{INTEGRATIONS}/buy").text
    maya.post(f"{INTEGRATIONS}/buy")

    assert "nothing: it is paid for already" in offer
    assert "then it renews itself" in maya.get(INTEGRATIONS).text


def test_nothing_is_bought_at_another_price_than_was_shown(maya: Browser, desk: Desk) -> None:
    with desk.store.transaction() as tx:
        tx.connection.exec_driver_sql("DELETE FROM subscription")
    maya.get(f"{INTEGRATIONS}/buy")

    maya.post(f"{INTEGRATIONS}/buy", price="1000")

    assert "Nothing was bought" in maya.get(INTEGRATIONS).text


def test_with_too_few_credits_it_says_so_instead_of_selling(maya: Browser, desk: Desk) -> None:
    with desk.store.transaction() as tx:
        tx.connection.exec_driver_sql("DELETE FROM subscription")
        tx.connection.exec_driver_sql("DELETE FROM credit_entry")

    page = maya.get(f"{INTEGRATIONS}/buy").text

    assert "too few credits" in page
    assert "disabled>Purchase" in page


def test_the_bell_counts_what_was_not_seen_yet(maya: Browser, desk: Desk) -> None:
    tell(desk, NotificationKind.BEFORE_WINDOW)
    tell(desk, NotificationKind.CALENDAR_DISCONNECTED)
    assert "Notifications, 2 new" in maya.get(INTEGRATIONS).text

    assert maya.get("/app/notifications").text.count("· new") == 2

    assert "Notifications, " not in maya.get(INTEGRATIONS).text
    assert "· new" not in maya.get("/app/notifications").text


def deleted(desk: Desk, number: int) -> None:
    """So many appointments, deleted in a calendar program, which wait for review."""
    calendar = desk.practice.integration()
    for each in range(number):
        day = f"20261124T{8 + each:02}"
        text = an_object(f"{each}@x", start=f"DTSTART:{day}0000", end=f"DTEND:{day}3000", summary=f"Session {each}")
        desk.practice.put(calendar, f"{each}.ics", text)
    for each in range(number):
        desk.practice.remove(calendar, f"{each}.ics")


def test_many_deletions_wait_with_a_box_for_each(maya: Browser, desk: Desk) -> None:
    deleted(desk, 5)

    page = maya.get("/app/review").text

    assert page.count('name="removal"') == 5
    assert "Session 4" in page
    assert "Tue 24 Nov 2026, 08:00" in page


@pytest.mark.parametrize(("said", "state"), [("apply", RemovalState.APPLIED), ("keep", RemovalState.KEPT)])
def test_what_is_ticked_is_answered_and_the_rest_waits(
    maya: Browser, desk: Desk, said: str, state: RemovalState
) -> None:
    deleted(desk, 5)
    maya.get("/app/review")
    first, *others = [each.id for each in desk.practice.removals()]

    maya.hidden.pop("removal", None)
    maya.post("/app/review", removal=str(first), answer=said)

    states = {each.id: each.state for each in desk.practice.removals()}
    assert states.pop(first) is state
    assert set(states.values()) == {RemovalState.REVIEW}
    assert set(states) == set(others)


def test_another_practitioners_removals_are_answered_by_nobody_else(maya: Browser, desk: Desk) -> None:
    maya.get("/app/review")

    answer = maya.post("/app/review", removal="77", answer="apply")

    assert answer.status_code == 302
    assert "Look again" in maya.get("/app/review").text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}"])
def test_what_clients_write_is_shown_as_text(maya: Browser, desk: Desk, hostile: str) -> None:
    calendar = desk.practice.integration()
    for each in range(5):
        desk.practice.put(calendar, f"{each}.ics", an_object(f"{each}@x", summary=hostile))
    for each in range(5):
        desk.practice.remove(calendar, f"{each}.ics")

    page = maya.get("/app/review").text

    assert page.count(str(escape(hostile))) == 5
    assert "<script>" not in page
    assert "<img" not in page
