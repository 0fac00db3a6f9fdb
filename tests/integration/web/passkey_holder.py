"""Somebody at the pages who has a device with passkeys, and writes recovery codes down."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from werkzeug.test import TestResponse

from hxdav.domain.ids import UserId
from hxdav.domain.passkey import Passkey
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import Desk
from tests.simulators.authenticator import SoftAuthenticator

SECURITY = "/app/settings/security"
NEW = f"{SECURITY}/passkeys/new"
CODES = f"{SECURITY}/recovery-codes"
SECOND = "/app/sign-in/second"


@dataclass
class Person:
    """Somebody with a browser and a device; ``codes`` are what the pages have shown them."""

    desk: Desk
    username: str = "maya"
    device: SoftAuthenticator = field(default_factory=SoftAuthenticator)
    codes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.browser = Browser(self.desk.application)

    def sign_in(self) -> TestResponse:
        """Sign in with the web password."""
        return self.browser.sign_in(self.username)

    def asked(self, path: str) -> str:
        """What the page that was opened last asks the device."""
        answer = self.browser.post(path)
        assert answer.status_code == 200, answer.headers.get("Location")
        return answer.text

    def add(self, name: str = "Phone") -> TestResponse:
        """Add a passkey, by a device of its own; whatever codes are shown then are written down."""
        self.browser.get(NEW)
        credential = self.device.create(self.asked(f"{NEW}/question"))
        answer = self.browser.post(NEW, credential=credential, name=name)
        self.codes = codes_in(answer) or self.codes
        return answer

    def use_alone(self) -> TestResponse:
        """Sign in with nothing but the passkey."""
        self.browser.get("/app/sign-in")
        credential = self.device.get(self.asked("/app/sign-in/passkey/question"))
        return self.browser.post("/app/sign-in/passkey", credential=credential)

    def use_second(self) -> TestResponse:
        """Use it after the web password."""
        self.browser.get(SECOND)
        credential = self.device.get(self.asked(f"{SECOND}/question"))
        return self.browser.post(SECOND, credential=credential)

    def type_code(self, code: str) -> TestResponse:
        """Type a recovery code after the web password."""
        self.browser.get(SECOND)
        return self.browser.post(SECOND, code=code)

    def elsewhere(self) -> Person:
        """The same person and device, at another browser."""
        return Person(self.desk, self.username, self.device, self.codes)


def codes_in(answer: TestResponse) -> list[str]:
    return re.findall(r"<code>([a-z]{4}-[a-z]{4}-[a-z]{4})</code>", answer.text)


def passkeys_of(desk: Desk, user_id: UserId) -> list[Passkey]:
    with desk.store.snapshot() as tx:
        return tx.passkeys.of(user_id)


def trail(desk: Desk) -> list[str]:
    with desk.store.snapshot() as tx:
        return [each.action for each in tx.trail.audit_entries()]


def a_person(desk: Desk, user_id: UserId, username: str = "maya") -> Person:
    """Somebody who is signed in with the web password."""
    give_password(desk.store, user_id)
    person = Person(desk, username)
    person.sign_in()
    return person
