"""Who may see the pages: sign-in, its end, the one-time link, and what others cannot do with any of it."""

from __future__ import annotations

import pytest

from hxdav.domain.edit import Authority, Source
from hxdav.secrets.turns import HashingTurns
from hxdav.services.access import logins
from tests.integration.web.browsing import PASSWORD, Browser, give_password
from tests.integration.web.desk import Desk, pages_of
from tests.passwords import QUICK

BY_PRACTICE = Source(authority=Authority.PRACTICE)


@pytest.fixture
def maya(desk: Desk) -> Browser:
    give_password(desk.store, desk.practice.user_id)
    return Browser(desk.application)


def invited(desk: Desk) -> str:
    with desk.store.transaction() as tx:
        user = tx.people.user(desk.practice.user_id)
        return logins.invite(tx, desk.practice.clock, desk.practice.keyring, user=user, source=BY_PRACTICE)


def test_nothing_is_shown_before_sign_in(maya: Browser) -> None:
    for path in ("/app/", "/app/settings/integrations", "/app/notifications", "/app/review"):
        answer = maya.get(path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/app/sign-in")


def test_the_right_password_lets_in_and_leads_on(maya: Browser) -> None:
    answer = maya.sign_in(following="/app/notifications")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/app/notifications")
    assert maya.is_in()


@pytest.mark.parametrize(("username", "password"), [("maya", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(maya: Browser, username: str, password: str) -> None:
    answer = maya.sign_in(username, password)

    assert answer.status_code == 403
    assert "This user name and web password do not belong together." in answer.text
    assert not maya.is_in()


def test_a_newer_link_takes_the_place_of_an_older_one(desk: Desk) -> None:
    old, new = invited(desk), invited(desk)
    browser = Browser(desk.application)

    statuses = []
    for link in (old, new):
        browser.get(f"/invitation/{link}")
        statuses.append(browser.post(f"/invitation/{link}", password=PASSWORD, again=PASSWORD).status_code)

    assert statuses == [400, 302]


def test_a_password_that_is_set_anywhere_ends_what_was_signed_in(maya: Browser, desk: Desk) -> None:
    maya.sign_in()
    secret, practice = invited(desk), desk.practice

    with desk.store.transaction() as tx:
        user = tx.people.user(practice.user_id)
        logins.take_up_invitation(
            tx, practice.clock, practice.keyring, user=user, secret=secret, password_hash=QUICK.hash("four-other-words")
        )

    assert not maya.is_in()


def test_more_sign_ins_than_can_be_looked_at_are_told_to_try_again(desk: Desk) -> None:
    give_password(desk.store, desk.practice.user_id)
    turns = HashingTurns(at_once=1, waiting=0)
    browser = Browser(pages_of(desk.practice, desk.connector, hashing=turns))

    with turns.turn():
        answer = browser.sign_in()

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert browser.sign_in().status_code == 302


def test_after_ten_wrong_passwords_one_waits(maya: Browser, desk: Desk) -> None:
    for _ in range(10):
        assert maya.sign_in(password="wrong").status_code == 403

    assert maya.sign_in(password="wrong").status_code == 429
    assert maya.sign_in().status_code == 429, "nor is the right one found by going on"
    desk.practice.clock.advance(minutes=5)
    assert maya.sign_in().status_code == 302


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/app/\\..\\evil",
        "javascript:alert(1)",
        "/hooks/x",
    ],
)
def test_sign_in_leads_nowhere_else(maya: Browser, elsewhere: str) -> None:
    assert maya.sign_in(following=elsewhere).headers["Location"] == "/app/"


def test_the_cookies_are_for_this_server_over_tls_and_for_no_script(maya: Browser) -> None:
    cookies = maya.sign_in().headers.getlist("Set-Cookie")

    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-hxdav")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_a_cookie_from_before_sign_in_is_worth_nothing_after_it(maya: Browser, desk: Desk) -> None:
    maya.get("/app/sign-in")
    planted = maya.cookies.get_cookie("__Host-hxdav", domain="hx.example")
    assert planted is not None
    maya.sign_in()

    other = Browser(desk.application)
    other.cookies.set_cookie("__Host-hxdav", planted.value, domain="hx.example", secure=True)

    assert not other.is_in()


def test_a_form_without_its_token_does_nothing(maya: Browser) -> None:
    maya.sign_in()
    maya.get("/app/settings/integrations")
    maya.hidden = {}

    assert maya.post("/app/settings/integrations/cancel").status_code == 400
    assert maya.post("/app/sign-out").status_code == 400
    assert maya.is_in()


def test_whoever_is_idle_for_an_hour_signs_in_again(maya: Browser, desk: Desk) -> None:
    maya.sign_in()
    desk.practice.clock.advance(minutes=59)
    assert maya.is_in()
    desk.practice.clock.advance(minutes=59)
    assert maya.is_in()

    desk.practice.clock.advance(minutes=60)
    assert not maya.is_in()


def test_after_twelve_hours_everybody_signs_in_again(maya: Browser, desk: Desk) -> None:
    maya.sign_in()
    for _ in range(23):
        desk.practice.clock.advance(minutes=30)
        assert maya.is_in()

    desk.practice.clock.advance(minutes=30)
    assert not maya.is_in()


def test_who_signs_out_is_out_and_stays_in_elsewhere(maya: Browser, desk: Desk) -> None:
    phone = Browser(desk.application)
    phone.sign_in()
    maya.sign_in()
    kept = maya.cookies.get_cookie("__Host-hxdav", domain="hx.example")
    assert kept is not None
    maya.get("/app/settings/integrations")

    maya.post("/app/sign-out")

    assert not maya.is_in()
    assert phone.is_in()
    maya.cookies.set_cookie("__Host-hxdav", kept.value, domain="hx.example", secure=True)
    assert not maya.is_in(), "a cookie that somebody has kept lets nobody in"


def test_who_signs_out_everywhere_is_out_everywhere(maya: Browser, desk: Desk) -> None:
    phone = Browser(desk.application)
    phone.sign_in()
    maya.sign_in()
    maya.get("/app/settings/integrations")

    maya.post("/app/sign-out", everywhere="yes")

    assert not phone.is_in()


def test_whoever_is_suspended_is_out_at_once(maya: Browser, desk: Desk) -> None:
    maya.sign_in()
    with desk.store.transaction() as tx:
        tx.people.suspend_user(desk.practice.user_id, at=desk.practice.clock.now())

    assert not maya.is_in()


def test_a_one_time_link_sets_the_password_once(desk: Desk) -> None:
    link, browser = f"/invitation/{invited(desk)}", Browser(desk.application)
    browser.get(link)

    answer = browser.post(link, password=PASSWORD, again=PASSWORD)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/app/")
    assert browser.is_in()
    browser.get(link)
    assert "was used already" in browser.post(link, password="another-password", again="another-password").text


def test_a_link_that_is_not_valid_takes_no_turn_at_hashing(desk: Desk) -> None:
    turns = HashingTurns(at_once=1, waiting=0)
    browser = Browser(pages_of(desk.practice, desk.connector, hashing=turns))
    browser.get("/invitation/guessed")

    with turns.turn():
        answer = browser.post("/invitation/guessed", password=PASSWORD, again=PASSWORD)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("password", "again", "told"),
    [("short", "short", "at least 10"), (PASSWORD, "another-password", "not the same")],
)
def test_a_link_is_not_used_up_by_a_password_that_is_not_taken(
    desk: Desk, password: str, again: str, told: str
) -> None:
    link, browser = f"/invitation/{invited(desk)}", Browser(desk.application)
    browser.get(link)

    answer = browser.post(link, password=password, again=again)

    assert answer.status_code == 400
    assert told in answer.text
    assert browser.post(link, password=PASSWORD, again=PASSWORD).status_code == 302


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(maya: Browser, desk: Desk) -> None:
    maya.sign_in()
    link, other = f"/invitation/{invited(desk)}", Browser(desk.application)
    other.get(link)

    other.post(link, password="quite-another-one", again="quite-another-one")

    assert not maya.is_in()
