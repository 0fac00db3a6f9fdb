"""Every address of the pages, whichever will be added: for whom it is, and whose things it reaches.

A new address with an id in it fails here until it says whose ids it takes.
"""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text
from werkzeug.routing import Rule

from hxdav.domain.passkey import MadePasskey
from hxdav.services.access import apple_profiles
from hxdav.services.access.logins import PractitionerLogin
from tests.builders import an_object
from tests.integration.web.administration import an_administrator, other_practice, signed_in
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import Desk

OPEN = {
    *("files", "signing_in.sign_in", "signing_in.invitation", "feed.read", "operations.healthy", "operations.ready"),
    *("consents.google", "consents.microsoft", "consents.exchange", "profiles.opened"),
}
"""What is shown without signing in: what proves by itself who asks, and what says nothing of anybody."""

PROVED_OTHERWISE = {"hooks.google", "hooks.microsoft"}
"""What takes words without a form's token: providers, by the secret of the channel."""

OWNERS = {
    "/app/appointments/": "appointment",
    "/app/practice/people/calendars/": "integration",
    "/app/practice/people/logins/": "user",
    "/app/practice/people/": "practitioner",
    "/app/settings/integrations/devices/": "app_password",
    "/app/settings/integrations/profiles/": "profile",
    "/app/settings/integrations/": "integration",
    "/app/settings/security/passkeys/": "passkey",
}
"""What the first number in an address is of, by what is before it."""


def rules_of(desk: Desk, method: str) -> list[Rule]:
    return [each for each in desk.application.url_map.iter_rules() if method in (each.methods or ())]


def filled(rule: Rule, number: int | str = 1) -> list[str]:
    """The addresses of a rule, one for each word that it knows."""
    words = re.search(r"<any\(([^)]*)\):", rule.rule)
    numbered = re.sub(r"<int[^:]*:\w+>", str(number), rule.rule)
    return [re.sub(r"<.*?>", word.strip(), numbered) for word in (words[1].split(",") if words else ["x"])]


@pytest.fixture
def numbers(desk: Desk) -> dict[str, int]:
    """What another practice group on this server has, by kind; none of it is anybody's here."""
    other, integration_id = other_practice(desk)
    other.app_password("Noor's phone")
    booked = other.book(an_object("x@x", summary="Anna Berg"))
    with desk.store.transaction() as tx:
        (device,) = tx.app_passwords.of_user(other.user_id)
        made = MadePasskey(credential_id=b"c", public_key=b"k", counter=0)
        passkey = tx.passkeys.add(tx.people.user(other.user_id), made=made, name="Anna Berg", now=other.clock.now())
        login = PractitionerLogin(
            user=tx.people.user(other.user_id), practitioner=tx.people.practitioner(other.practitioner_id)
        )
        ticket = apple_profiles.offer(
            tx,
            other.clock,
            other.keyring,
            login=login,
            integration=tx.integrations.one(integration_id),
            label="Noor's tablet",
        )
    return {
        "appointment": booked.id,
        "integration": integration_id,
        "app_password": device.id,
        "passkey": passkey,
        "profile": ticket,
        "practitioner": other.practitioner_id,
        "user": other.user_id,
    }


@pytest.fixture
def visitors(desk: Desk) -> list[Browser]:
    """A practitioner, and an administrator."""
    give_password(desk.store, desk.practice.user_id)
    an_administrator(desk, desk.practice)
    return [signed_in(desk, "maya"), signed_in(desk, "robin")]


def with_number(desk: Desk, method: str) -> list[tuple[Rule, str]]:
    found = []
    for rule in rules_of(desk, method):
        before, number, _ = rule.rule.partition("<int")
        if number:
            assert before in OWNERS, f"say in OWNERS what the number in {rule.rule} is of"
            found.append((rule, OWNERS[before]))
    return found


def written(desk: Desk) -> list[object]:
    with desk.store.snapshot() as tx:
        return list(tx.connection.execute(text("SELECT id FROM audit ORDER BY id")).scalars())


def test_nothing_is_shown_to_whom_has_not_signed_in(desk: Desk) -> None:
    browser = Browser(desk.application)
    for rule in rules_of(desk, "GET"):
        if rule.endpoint not in OPEN:
            for path in filled(rule):
                answer = browser.get(path)
                assert answer.status_code in {302, 401}, path
                assert answer.status_code == 401 or "/app/sign-in" in answer.headers["Location"], path


def test_nothing_is_taken_without_the_forms_token(desk: Desk, visitors: list[Browser]) -> None:
    for browser in visitors:
        browser.hidden.clear()
        for rule in rules_of(desk, "POST"):
            if rule.endpoint not in PROVED_OTHERWISE:
                for path in filled(rule):
                    assert browser.post(path).status_code == 400, path


def test_nothing_of_another_practice_group_is_shown(
    desk: Desk, visitors: list[Browser], numbers: dict[str, int]
) -> None:
    for browser in visitors:
        for rule, owner in with_number(desk, "GET"):
            for path in filled(rule, numbers[owner]):
                answer = browser.get(path)
                assert answer.status_code in {302, 403, 404}, path
                assert "Anna Berg" not in answer.text


def test_nothing_of_another_practice_group_is_changed(
    desk: Desk, visitors: list[Browser], numbers: dict[str, int]
) -> None:
    before = written(desk)

    for browser in visitors:
        assert browser.get("/app/prove").status_code == 200
        for rule, owner in with_number(desk, "POST"):
            for path in filled(rule, numbers[owner]):
                assert browser.post(path, privacy="busy", name="Mine").status_code in {302, 403, 404}, path

    assert written(desk) == before
