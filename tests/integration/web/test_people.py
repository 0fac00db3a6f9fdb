"""What an administrator sees of the practice, and does for others and to them."""

from __future__ import annotations

import pytest
from markupsafe import escape

from hxdav.domain.ids import UserId
from hxdav.domain.integration import IntegrationState
from hxdav.domain.subscription import CreditEntry, CreditKind
from tests.integration.web.administration import an_administrator, other_practice, signed_in
from tests.integration.web.browsing import PASSWORD, Browser, give_password
from tests.integration.web.desk import Desk

PEOPLE = "/app/practice/people"


@pytest.fixture
def robin_id(desk: Desk) -> UserId:
    return an_administrator(desk, desk.practice)


@pytest.fixture
def robin(desk: Desk, robin_id: UserId) -> Browser:
    assert robin_id
    return signed_in(desk)


def forget_subscriptions(desk: Desk) -> None:
    with desk.store.transaction() as tx:
        tx.connection.exec_driver_sql("DELETE FROM subscription")


def give_credits(desk: Desk, number: int) -> None:
    with desk.store.transaction() as tx:
        group = tx.people.user(desk.practice.user_id).practice_group_id
        tx.credits.append(
            CreditEntry(practice_group_id=group, kind=CreditKind.PURCHASE, credits=number, at=desk.practice.clock.now())
        )


def balance(desk: Desk) -> int:
    with desk.store.snapshot() as tx:
        return tx.credits.balance(tx.people.user(desk.practice.user_id).practice_group_id)


def state_of_calendar(desk: Desk) -> IntegrationState:
    with desk.store.snapshot() as tx:
        return tx.integrations.of(desk.practice.practitioner_id)[0].state


def is_suspended(desk: Desk, user_id: UserId) -> bool:
    with desk.store.snapshot() as tx:
        return tx.people.user(user_id).suspended_at is not None


@pytest.mark.parametrize(
    "path", ["/app/", "/app/nobody", "/app/settings/integrations", "/app/settings/integrations/add"]
)
def test_an_administrator_without_calendars_arrives_at_the_practice(robin: Browser, path: str) -> None:
    answer = robin.cookies.get(path, base_url=robin.base, follow_redirects=True)

    assert answer.request.path == PEOPLE
    assert "You are signed in as robin" in answer.text
    assert "Add Calendar Integration" in answer.text


def test_each_practitioner_is_listed_with_subscription_and_calendars(robin: Browser, desk: Desk) -> None:
    desk.practice.integration()

    page = robin.get(PEOPLE).text

    assert "Maya Lin" in page
    assert "Synchronisation runs until 1 January 2100, then renews itself for 25 credits." in page
    assert "HX_Harbour Street Psychology" in page
    assert "It is served here" in page


def test_an_administrator_who_is_a_practitioner_has_both(desk: Desk) -> None:
    give_password(desk.store, desk.practice.user_id)
    with desk.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE user_account SET administrator = 1")
    maya = signed_in(desk, "maya")

    assert f'href="{PEOPLE}"' in maya.get("/app/settings/integrations").text
    assert "so you connect your own calendars only" in maya.get(PEOPLE).text


def test_what_is_paused_says_since_when_and_what_it_waits_for(robin: Browser, desk: Desk) -> None:
    with desk.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE subscription SET state = 'paused', paid_until = '2026-11-20'")

    page = robin.get(PEOPLE).text

    assert "Synchronisation is paused since 20 November 2026: the practice has too few credits." in page
    assert "It goes on by itself once there are 25." in page


def test_nothing_of_another_practice_group_is_listed(robin: Browser, desk: Desk) -> None:
    other_practice(desk)

    page = robin.get(PEOPLE).text

    assert "noor" not in page
    assert page.count("Maya Lin</h2>") == 1


def test_synchronisation_is_bought_for_a_practitioner_at_the_price_that_was_shown(robin: Browser, desk: Desk) -> None:
    forget_subscriptions(desk)
    give_credits(desk, 40)
    buy = f"{PEOPLE}/{desk.practice.practitioner_id}/buy"

    page = robin.get(buy).text
    assert "25 credits for 30 days" in page
    assert "15 credits" in page
    assert balance(desk) == 40
    robin.post(buy)

    assert balance(desk) == 15
    assert "Calendar Synchronisation of Maya Lin runs until 22 December 2026." in robin.get(PEOPLE).text


def test_nothing_is_bought_at_another_price(robin: Browser, desk: Desk) -> None:
    forget_subscriptions(desk)
    give_credits(desk, 40)
    buy = f"{PEOPLE}/{desk.practice.practitioner_id}/buy"
    robin.get(buy)

    robin.post(buy, price="24")

    assert "Nothing was bought" in robin.get(PEOPLE).text
    assert balance(desk) == 40


def test_what_cannot_be_bought_says_why(robin: Browser, desk: Desk) -> None:
    forget_subscriptions(desk)

    robin.get(f"{PEOPLE}/{desk.practice.practitioner_id}/buy")

    assert "30 days cost 25 credits, and harbour has 0." in robin.get(PEOPLE).text


def test_what_was_cancelled_goes_on_at_no_price(robin: Browser, desk: Desk) -> None:
    own = f"{PEOPLE}/{desk.practice.practitioner_id}"
    robin.get(f"{own}/cancel")
    robin.post(f"{own}/cancel")
    assert "and ends then" in robin.get(PEOPLE).text

    assert "<dd>nothing</dd>" in robin.get(f"{own}/buy").text
    robin.post(f"{own}/buy")

    assert "then renews itself" in robin.get(PEOPLE).text


def test_a_calendar_is_suspended_and_opened_again(robin: Browser, desk: Desk) -> None:
    own = f"{PEOPLE}/calendars/{desk.practice.integration()}"

    assert "Suspend HX_Harbour Street Psychology?" in robin.get(f"{own}/suspend").text
    robin.post(f"{own}/suspend")
    assert state_of_calendar(desk) is IntegrationState.SUSPENDED

    robin.get(f"{own}/unsuspend")
    robin.post(f"{own}/unsuspend")
    assert state_of_calendar(desk) is IntegrationState.CONNECTED


def test_a_login_is_suspended_and_let_in_again(robin: Browser, desk: Desk) -> None:
    maya = desk.practice.user_id
    give_password(desk.store, maya)
    browser = signed_in(desk, "maya")

    robin.get(f"{PEOPLE}/logins/{maya}/suspend")
    robin.post(f"{PEOPLE}/logins/{maya}/suspend")
    assert is_suspended(desk, maya)
    assert not browser.is_in()

    robin.get(f"{PEOPLE}/logins/{maya}/unsuspend")
    robin.post(f"{PEOPLE}/logins/{maya}/unsuspend")
    assert not is_suspended(desk, maya)


def test_nobody_suspends_themselves(robin: Browser, desk: Desk, robin_id: UserId) -> None:
    own = f"{PEOPLE}/logins/{robin_id}/suspend"
    assert own not in robin.get(PEOPLE).text
    robin.get(own)

    robin.post(own)

    assert not is_suspended(desk, robin_id)
    assert "Nobody suspends themselves" in robin.get(PEOPLE).text


def test_after_ten_minutes_the_password_is_asked_for_and_leads_on(robin: Browser, desk: Desk) -> None:
    suspend = f"{PEOPLE}/calendars/{desk.practice.integration()}/suspend"
    robin.get(suspend)
    desk.practice.clock.advance(minutes=10)

    answer = robin.post(suspend)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/app/prove?next={suspend}")
    assert state_of_calendar(desk) is IntegrationState.CONNECTED

    robin.get(answer.headers["Location"])
    answer = robin.post("/app/prove", password=PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (302, suspend)
    robin.get(suspend)
    robin.post(suspend)
    assert state_of_calendar(desk) is IntegrationState.SUSPENDED


def test_a_wrong_password_proves_nothing(robin: Browser, desk: Desk) -> None:
    suspend = f"{PEOPLE}/calendars/{desk.practice.integration()}/suspend"
    desk.practice.clock.advance(minutes=10)
    robin.get(f"/app/prove?next={suspend}")

    answer = robin.post("/app/prove", password="wrong")

    assert answer.status_code == 403
    assert "This is not your web password." in answer.text
    assert robin.get(suspend).status_code == 302


def test_after_ten_wrong_passwords_one_waits(robin: Browser) -> None:
    robin.get("/app/prove")
    for _ in range(10):
        assert robin.post("/app/prove", password="wrong").status_code == 403

    assert robin.post("/app/prove", password="wrong").status_code == 429


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/app/", "/app/\\evil", "javascript:alert(1)"]
)
def test_proving_leads_nowhere_else(robin: Browser, elsewhere: str) -> None:
    robin.get("/app/prove")

    answer = robin.post("/app/prove", password=PASSWORD, next=elsewhere)

    assert answer.headers["Location"] == "/app/"


def paths_of(desk: Desk, practitioner: int, calendar: int, user: int) -> list[str]:
    assert desk
    return [
        f"{PEOPLE}/{practitioner}/buy",
        f"{PEOPLE}/{practitioner}/cancel",
        f"{PEOPLE}/calendars/{calendar}/suspend",
        f"{PEOPLE}/calendars/{calendar}/unsuspend",
        f"{PEOPLE}/logins/{user}/suspend",
        f"{PEOPLE}/logins/{user}/unsuspend",
    ]


def test_nobody_of_another_practice_group_can_be_reached(robin: Browser, desk: Desk) -> None:
    other, calendar = other_practice(desk)
    paths = paths_of(desk, other.practitioner_id, calendar, other.user_id)
    robin.get("/app/prove")

    found = [(robin.get(path).status_code, robin.post(path).status_code) for path in paths]

    assert found == [(404, 404)] * len(paths)
    assert not is_suspended(desk, other.user_id)


def test_practitioners_see_nothing_of_it(robin: Browser, desk: Desk) -> None:
    assert robin
    give_password(desk.store, desk.practice.user_id)
    maya = signed_in(desk, "maya")
    paths = paths_of(desk, desk.practice.practitioner_id, desk.practice.integration(), desk.practice.user_id)
    maya.get("/app/settings/integrations")

    assert [maya.get(path).status_code for path in [PEOPLE, *paths]] == [404] * 7
    maya.get("/app/settings/integrations")
    assert [maya.post(path).status_code for path in paths] == [404] * 6
    assert PEOPLE not in maya.get("/app/settings/integrations").text


def test_nothing_is_done_without_the_forms_token(robin: Browser, desk: Desk) -> None:
    robin.hidden = {}
    paths = paths_of(desk, desk.practice.practitioner_id, desk.practice.integration(), desk.practice.user_id)

    assert [robin.post(path).status_code for path in [*paths, "/app/prove"]] == [400] * 7


def test_names_are_shown_as_text(robin: Browser, desk: Desk) -> None:
    hostile = '<script>alert(1)</script>"'
    calendar = desk.practice.integration()
    with desk.store.transaction() as tx:
        tx.integrations.rename(calendar, hostile)
        tx.connection.exec_driver_sql("UPDATE practitioner SET name = ?", (hostile,))
        tx.connection.exec_driver_sql("UPDATE user_account SET name = ? WHERE username = 'maya'", (hostile,))
    own = paths_of(desk, desk.practice.practitioner_id, calendar, desk.practice.user_id)

    for path in (PEOPLE, *own[1:]):
        page = robin.get(path).text
        assert str(escape(hostile)) in page
        assert "<script>" not in page
