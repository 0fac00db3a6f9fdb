"""How often web passwords and recovery codes may be wrong, at all serving processes together, and who still gets in."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from hxdav.secrets.turns import HashingTurns
from hxdav.services.access import sign_in_limits
from hxdav.services.access.sign_in_limits import WRONG_FOR_ADDRESS, WRONG_FOR_BROWSER, WRONG_FOR_USER, Origin
from hxdav.store.store import Store
from tests.builders import a_practice
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import Desk, a_desk, pages_of
from tests.integration.web.passkey_holder import Person, a_person


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Desk]:
    """A desk on either database, whose practitioner has a web password."""
    with a_desk(store, tmp_path) as desk:
        give_password(store, desk.practice.user_id)
        yield desk


def browser_at(desk: Desk, address: str, *, process: Flask | None = None) -> Browser:
    """A new browser at an address, which reaches the desk's serving process or another one."""
    browser = Browser(process or desk.application)
    browser.cookies.environ_base["REMOTE_ADDR"] = address
    return browser


def attacked(desk: Desk) -> None:
    """Have strangers type wrong passwords, one at each address, until the user name is locked for them."""
    other_process = pages_of(desk.practice, desk.connector)
    for number in range(WRONG_FOR_USER):
        process = other_process if number % 2 else desk.application
        stranger = browser_at(desk, f"198.51.100.{number}", process=process)
        assert stranger.sign_in(password="wrong").status_code == 403


def sign_out(browser: Browser) -> None:
    assert browser.is_in()
    assert browser.post("/app/sign-out").status_code == 302


def test_wrong_passwords_for_a_user_count_at_all_addresses_and_processes_together(desk: Desk) -> None:
    attacked(desk)

    assert browser_at(desk, "192.0.2.1").sign_in().status_code == 429
    desk.practice.clock.advance(minutes=5)
    assert browser_at(desk, "192.0.2.1").sign_in().status_code == 302


@pytest.mark.parametrize(
    ("attackers", "neighbour", "other"),
    [
        ("203.0.113.7", "::ffff:203.0.113.7", "203.0.113.8"),
        ("2001:db8:1:2::7", "2001:db8:1:2:3:4:5:6", "2001:db8:1:3::7"),
    ],
)
def test_wrong_passwords_from_an_address_count_for_all_users_together(
    desk: Desk, attackers: str, neighbour: str, other: str
) -> None:
    practice = desk.practice
    with desk.store.transaction() as tx:
        for number in range(WRONG_FOR_ADDRESS - 1):
            origin = Origin(username=f"user{number}", address=attackers, mark="")
            assert sign_in_limits.count(tx, practice.clock, practice.keyring, origin=origin) is None
    assert browser_at(desk, attackers).sign_in("somebody", "wrong").status_code == 403

    assert browser_at(desk, neighbour).sign_in().status_code == 429
    assert browser_at(desk, other).sign_in().status_code == 302


def test_right_passwords_do_not_count(desk: Desk) -> None:
    for _ in range(WRONG_FOR_USER + 1):
        assert browser_at(desk, "192.0.2.1").sign_in().status_code == 302


def test_who_has_to_wait_takes_no_turn_at_hashing(desk: Desk) -> None:
    attacked(desk)
    turns = HashingTurns(at_once=1, waiting=0)
    browser = Browser(pages_of(desk.practice, desk.connector, hashing=turns))

    with turns.turn():
        assert browser.sign_in().status_code == 429


def test_strangers_do_not_lock_a_user_out_of_a_browser_in_which_they_have_signed_in(desk: Desk) -> None:
    mine = browser_at(desk, "192.0.2.1")
    mine.sign_in()
    sign_out(mine)
    attacked(desk)

    assert mine.sign_in().status_code == 302


def test_wrong_passwords_in_a_known_browser_count_for_that_browser_alone(desk: Desk) -> None:
    mine, other = browser_at(desk, "192.0.2.1"), browser_at(desk, "192.0.2.1")
    mine.sign_in()
    sign_out(mine)
    for _ in range(WRONG_FOR_BROWSER):
        assert mine.sign_in(password="wrong").status_code == 403

    assert mine.sign_in().status_code == 429
    assert other.sign_in().status_code == 302


def test_a_browser_is_not_known_any_more_after_the_password_has_changed(desk: Desk) -> None:
    mine = browser_at(desk, "192.0.2.1")
    mine.sign_in()
    sign_out(mine)
    give_password(desk.store, desk.practice.user_id)
    attacked(desk)

    assert mine.sign_in().status_code == 429


def test_the_mark_of_one_user_is_worth_nothing_for_another(desk: Desk) -> None:
    practice, other = desk.practice, a_practice(desk.store, key="hill", username="noor")
    attacked(desk)

    with desk.store.snapshot() as tx:
        waits = {}
        for user in map(tx.people.user, (practice.user_id, other.user_id)):
            mark = sign_in_limits.new_mark(tx, practice.keyring, user=user)
            origin = Origin(username="maya", address="192.0.2.1", mark=mark)
            waits[user.username] = sign_in_limits.wait(tx, practice.clock, practice.keyring, origin=origin)

    assert waits == {"maya": None, "noor": sign_in_limits.WITHIN}


def test_a_passkey_lets_in_whoever_has_to_wait(desk: Desk) -> None:
    maya = a_person(desk, desk.practice.user_id)
    maya.add()
    attacked(desk)

    assert maya.elsewhere().use_alone().status_code == 302


def at_second_step(desk: Desk) -> tuple[Person, Person, Person]:
    """Somebody with a passkey, the same person at a new browser after the password, and in one that is known."""
    maya = a_person(desk, desk.practice.user_id)
    maya.add()
    new, known = maya.elsewhere(), maya.elsewhere()
    known.sign_in()
    known.type_code(maya.codes[0])
    sign_out(known.browser)
    for person in (new, known):
        person.sign_in()
    return maya, new, known


def test_recovery_codes_have_the_same_limits(desk: Desk) -> None:
    maya, new, known = at_second_step(desk)
    for number in range(WRONG_FOR_USER):
        new.browser.cookies.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
        assert new.type_code("aaaa-bbbb-cccc").status_code == 403

    assert new.type_code(maya.codes[1]).status_code == 429
    assert known.type_code(maya.codes[1]).status_code == 302


def test_tries_at_one_moment_do_not_pass_the_limit_together(desk: Desk) -> None:
    practice = desk.practice
    origin = Origin(username="maya", address="192.0.2.1", mark="")

    def try_one(_: int) -> bool:
        with desk.store.transaction() as tx:
            return sign_in_limits.count(tx, practice.clock, practice.keyring, origin=origin) is None

    with ThreadPoolExecutor(8) as threads:
        passed = list(threads.map(try_one, range(WRONG_FOR_USER * 3)))

    assert passed.count(True) == WRONG_FOR_USER


def test_counts_hold_neither_names_nor_addresses_and_go_after_five_minutes(desk: Desk) -> None:
    browser_at(desk, "192.0.2.77").sign_in("my-password-by-mistake", "wrong")
    with desk.store.snapshot() as tx:
        kept = str(tx.connection.exec_driver_sql("SELECT * FROM sign_in_tries").all())
    assert "mistake" not in kept
    assert "192.0.2" not in kept
    desk.practice.clock.advance(minutes=5)

    browser_at(desk, "192.0.2.1").sign_in(password="wrong")

    with desk.store.snapshot() as tx:
        began = tx.connection.exec_driver_sql("SELECT count(*) FROM sign_in_tries").scalar_one()
    assert began == 2
