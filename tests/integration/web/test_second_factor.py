"""What is asked after the web password of whoever has a passkey: that, or a recovery code, each good once."""

from __future__ import annotations

import pytest

from hxdav.services.access import logins, recovery_codes
from tests.builders import a_practice
from tests.integration.web.desk import Desk
from tests.integration.web.passkey_holder import (
    CODES,
    SECOND,
    SECURITY,
    Person,
    a_person,
    codes_in,
    passkeys_of,
    trail,
)
from tests.integration.web.test_signing_in import BY_PRACTICE


@pytest.fixture
def maya(desk: Desk) -> Person:
    return a_person(desk, desk.practice.user_id)


@pytest.fixture
def noor(desk: Desk) -> Person:
    """Somebody of another practice group on the same server, with a passkey of their own."""
    practice = a_practice(desk.store, key="hill", username="noor")
    person = a_person(desk, practice.user_id, "noor")
    person.add()
    return person


def test_whoever_adds_a_passkey_sees_it_and_ten_codes_once(maya: Person, desk: Desk) -> None:
    answer = maya.add("Maya's phone")

    assert answer.status_code == 200
    assert len(set(maya.codes)) == 10
    page = maya.browser.get(SECURITY).text
    assert "Maya&#39;s phone" in page
    assert "10 of them left" in page
    assert not any(code in page for code in maya.codes)
    assert {"passkey_added", "recovery_codes_made"} <= set(trail(desk))


def test_the_web_password_alone_is_not_enough_any_more(maya: Person) -> None:
    maya.add()
    other = maya.elsewhere()

    answer = other.sign_in()

    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, SECOND)
    assert not other.browser.is_in()
    assert "Is it you?" in other.browser.get(SECOND).text


def test_web_password_and_passkey_let_in_and_lead_on(maya: Person) -> None:
    maya.add()
    other = maya.elsewhere()
    second = other.browser.sign_in("maya", following="/app/review").headers["Location"]
    other.browser.get(second)
    other.device.verifies = False
    credential = other.device.get(other.asked(f"{SECOND}/question"))

    answer = other.browser.post(SECOND, credential=credential)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/app/review")
    assert other.browser.is_in()


@pytest.mark.parametrize("typed", ["{}", " {} ", "as letters"])
def test_web_password_and_a_code_let_in_however_it_is_typed(maya: Person, typed: str) -> None:
    maya.add()
    other = maya.elsewhere()
    other.sign_in()
    code = maya.codes[3]

    other.type_code(code.replace("-", "").upper() if typed == "as letters" else typed.format(code))

    assert other.browser.is_in()
    assert "9 of them left" in other.browser.get(SECURITY).text


def test_a_code_is_good_once(maya: Person, desk: Desk) -> None:
    maya.add()
    first, second = maya.elsewhere(), maya.elsewhere()
    first.sign_in()
    first.type_code(maya.codes[0])
    second.sign_in()

    answer = second.type_code(maya.codes[0])

    assert answer.status_code == 403
    assert not second.browser.is_in()
    assert trail(desk).count("recovery_code_used") == 1


def test_new_codes_void_the_old(maya: Person) -> None:
    maya.add()
    old = maya.codes[0]
    maya.browser.get(CODES)
    new = codes_in(maya.browser.post(CODES))
    other = maya.elsewhere()
    other.sign_in()

    assert other.type_code(old).status_code == 403
    assert other.type_code(new[0]).status_code == 302
    assert other.browser.is_in()


def test_a_code_of_somebody_else_lets_nobody_in(maya: Person, noor: Person) -> None:
    maya.add()
    other = maya.elsewhere()
    other.sign_in()

    assert other.type_code(noor.codes[0]).status_code == 403


def test_after_ten_wrong_codes_one_waits(maya: Person, desk: Desk) -> None:
    maya.add()
    other = maya.elsewhere()
    other.sign_in()
    for _ in range(10):
        assert other.type_code("aaaa-bbbb-cccc").status_code == 403

    assert other.type_code("aaaa-bbbb-cccc").status_code == 429
    assert other.type_code(maya.codes[0]).status_code == 429, "nor is the right one found by going on"
    desk.practice.clock.advance(minutes=5)
    assert other.type_code(maya.codes[0]).status_code == 302


def test_whoever_takes_too_long_over_the_second_factor_begins_again(maya: Person, desk: Desk) -> None:
    maya.add()
    other = maya.elsewhere()
    other.sign_in()
    other.browser.get(SECOND)
    desk.practice.clock.advance(minutes=10)

    answer = other.browser.post(SECOND, code=maya.codes[0])

    assert (answer.status_code, answer.headers["Location"]) == (302, "/app/sign-in")
    assert not other.browser.is_in()


def test_the_second_factor_is_asked_of_nobody_who_gave_no_password(maya: Person) -> None:
    maya.add()
    other = maya.elsewhere()

    assert other.browser.get(SECOND).headers["Location"] == "/app/sign-in"
    other.browser.get("/app/sign-in")
    assert other.browser.post(SECOND, code=maya.codes[0]).headers["Location"] == "/app/sign-in"
    assert other.browser.post(f"{SECOND}/question").headers["Location"] == "/app/sign-in"
    assert not other.browser.is_in()


def test_the_second_factor_is_not_given_twice(maya: Person, desk: Desk) -> None:
    maya.add()
    other = maya.elsewhere()
    other.sign_in()
    kept = other.browser.cookies.get_cookie("__Host-hxdav", domain="hx.example")
    assert kept is not None
    other.type_code(maya.codes[0])
    thief = Person(desk)
    thief.browser.cookies.set_cookie("__Host-hxdav", kept.value, domain="hx.example", secure=True)

    assert thief.browser.get(SECOND).headers["Location"] == "/app/sign-in"


def test_a_one_time_link_does_not_go_round_the_passkey(maya: Person, desk: Desk) -> None:
    maya.add()
    with desk.store.transaction() as tx:
        user = tx.people.user(desk.practice.user_id)
        secret = logins.invite(tx, desk.practice.clock, desk.practice.keyring, user=user, source=BY_PRACTICE)
    other = maya.elsewhere()
    other.browser.get(f"/invitation/{secret}")

    answer = other.browser.post(f"/invitation/{secret}", password="quite-another-one", again="quite-another-one")

    assert answer.headers["Location"].partition("?")[0] == SECOND
    assert not other.browser.is_in()


def test_a_new_password_ends_what_awaits_a_second_factor(maya: Person, desk: Desk) -> None:
    maya.add()
    other = maya.elsewhere()
    other.sign_in()
    with desk.store.transaction() as tx:
        user = tx.people.user(desk.practice.user_id)
        secret = logins.invite(tx, desk.practice.clock, desk.practice.keyring, user=user, source=BY_PRACTICE)
    third = maya.elsewhere()
    third.browser.get(f"/invitation/{secret}")
    third.browser.post(f"/invitation/{secret}", password="quite-another-one", again="quite-another-one")

    assert other.browser.get(SECOND).headers["Location"] == "/app/sign-in"


def test_a_passkey_of_somebody_else_is_no_second_factor(maya: Person, noor: Person) -> None:
    maya.add()
    other = maya.elsewhere()
    other.sign_in()
    other.browser.get(SECOND)
    asked = other.asked(f"{SECOND}/question")
    credential = noor.device.get(asked, credential=noor.device.credentials[0])

    assert other.browser.post(SECOND, credential=credential).status_code == 403
    assert not other.browser.is_in()


def test_a_removed_passkey_opens_nothing_and_with_the_last_one_the_password_is_enough(maya: Person, desk: Desk) -> None:
    maya.add()
    (passkey,) = passkeys_of(desk, desk.practice.user_id)
    page = f"{SECURITY}/passkeys/{passkey.id}/remove"
    assert "It is your last one" in maya.browser.get(page).text

    maya.browser.post(page)

    assert maya.elsewhere().use_alone().status_code == 403
    other = maya.elsewhere()
    assert other.sign_in().headers["Location"] == "/app/"
    assert other.browser.is_in()
    with desk.store.snapshot() as tx:
        assert tx.recovery_codes.unused(desk.practice.user_id) == 0


def test_codes_are_made_for_nobody_without_a_passkey(maya: Person) -> None:
    maya.browser.get(CODES)

    maya.browser.post(CODES)

    assert "Add a passkey first" in maya.browser.get(SECURITY).text


def test_neither_codes_nor_passwords_are_kept(maya: Person, desk: Desk) -> None:
    maya.add()

    with desk.store.snapshot() as tx:
        kept = str(tx.connection.exec_driver_sql("SELECT * FROM recovery_code").all())
        told = str([each.detail for each in tx.trail.audit_entries()])

    for code in maya.codes:
        assert code not in kept + told
        assert code.replace("-", "") not in kept + told


def test_whoever_has_lost_all_is_let_in_by_the_password_once_passkeys_are_taken_away(maya: Person, desk: Desk) -> None:
    maya.add()
    with desk.store.transaction() as tx:
        user = tx.people.user(desk.practice.user_id)
        recovery_codes.take_away_passkeys(tx, desk.practice.clock, user=user, source=BY_PRACTICE)

    assert not maya.browser.is_in(), "whoever has the lost phone is out"
    other = maya.elsewhere()
    other.sign_in()
    assert other.browser.is_in()
    assert maya.elsewhere().use_alone().status_code == 403
    assert "passkeys_taken_away" in trail(desk)


def test_neither_way_in_leads_elsewhere(maya: Person) -> None:
    maya.add()
    one, two = maya.elsewhere(), maya.elsewhere()
    one.sign_in()
    one.browser.get(f"{SECOND}?next=https://evil.example/")
    two.browser.get("/app/sign-in?next=//evil.example")
    credential = two.device.get(two.asked("/app/sign-in/passkey/question"))

    answers = [
        one.browser.post(SECOND, code=maya.codes[0]),
        two.browser.post("/app/sign-in/passkey", credential=credential),
    ]

    assert [each.headers["Location"] for each in answers] == ["/app/"] * 2
