"""Further practice groups on a demo server: people whom a flow has to itself, where the server is one for many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote

from hxdav.clock import SystemClock
from hxdav.config import load_settings
from hxdav.domain.edit import Authority, Source
from hxdav.domain.practice import Band, User
from hxdav.domain.subscription import CreditKind
from hxdav.secrets.keyring import Keyring, load_key
from hxdav.secrets.passwords import web_password_hash
from hxdav.services.access import app_passwords, logins
from hxdav.services.billing import subscriptions
from hxdav.services.billing.renewal import add_credits
from hxdav.services.integrations import connection
from hxdav.services.practice import apply_accounts
from hxdav.services.practice.apply_accounts import WantedPracticeGroup, WantedPractitioner, WantedUser
from hxdav.services.practice.demo import PRACTICE_GROUP, book_demo
from hxdav.store.store import Store, Tx
from tests.e2e.serving import DemoServer, DemoUser

WEB_PASSWORD = "three plain words"
"""Everybody's here: to hash one takes a while, and is meant to."""

BY_PRACTICE = Source(authority=Authority.PRACTICE, agent="whoever looks after the server")
CLOCK = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """A practice group: ``synchronising`` have a subscription, a calendar and a device, ``others`` a login alone.

    Who is ``booked`` has the demo's appointments. The login of Ada is called ``ada-key``.
    """

    key: str
    synchronising: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    administrators: tuple[str, ...] = ()
    booked: tuple[str, ...] = ()
    band: Band = Band.SILVER
    credits: int = 0

    @property
    def name(self) -> str:
        """What the practice is called."""
        return f"{self.key.title()} Street Practice"

    @property
    def wanted(self) -> WantedPracticeGroup:
        """The same, as an accounts file has it."""
        names = (*self.synchronising, *self.others)
        return WantedPracticeGroup(
            key=self.key,
            name=self.name,
            zone=PRACTICE_GROUP.zone,
            band=self.band,
            users=tuple(
                WantedUser(
                    username=self.username(each), name=self.full_name(each), administrator=each in self.administrators
                )
                for each in (*names, *self.administrators)
            ),
            practitioners=tuple(
                WantedPractitioner(key=self.username(each), name=self.full_name(each), username=self.username(each))
                for each in names
            ),
        )

    def username(self, name: str) -> str:
        """The login of one of them."""
        return f"{name}-{self.key}"

    def full_name(self, name: str) -> str:
        """What one of them is called."""
        return f"{name} {self.key}".title()


def settle(server: DemoServer, *neighbours: Neighbours) -> None:
    """Have them on the server, whose ``users`` knows them by their logins from then on."""
    settings = load_settings(server.config)
    keyring, web_password = load_key(settings.key_file), web_password_hash(WEB_PASSWORD)
    with closing(Store(settings.database.url)) as store, store.transaction() as tx:
        apply_accounts.apply(
            tx, CLOCK, wanted=[PRACTICE_GROUP, *(each.wanted for each in neighbours)], source=BY_PRACTICE
        )
        for group in neighbours:
            _give_credits(tx, group)
            for user in _users(tx, group):
                tx.people.keep_web_password(user.id, web_password)
                is_subscribed = user.username in map(group.username, group.synchronising)
                calendars = f"{server.base_url}{settings.dav.prefix}"
                known = _equipped(tx, keyring, calendars, user) if is_subscribed else _by_login(user)
                server.users[user.username] = known
            for name in group.booked:
                login = logins.practitioner_login(tx, user=logins.known_user(tx, group.username(name)))
                book_demo(tx, CLOCK, settings.rules.policy(), practitioner=login.practitioner)


def _users(tx: Tx, group: Neighbours) -> Iterator[User]:
    for each in group.wanted.users:
        yield logins.known_user(tx, each.username)


def _give_credits(tx: Tx, group: Neighbours) -> None:
    if group.credits:
        (known,) = [each for each in tx.people.practice_groups() if each.key == group.key]
        add_credits(
            tx,
            CLOCK,
            practice_group_id=known.id,
            kind=CreditKind.PURCHASE,
            credits=group.credits,
            remark="To begin with",
            source=BY_PRACTICE,
        )


def _by_login(user: User) -> DemoUser:
    return DemoUser(username=user.username, web_password=WEB_PASSWORD, app_password="", calendar_url="")


def _equipped(tx: Tx, keyring: Keyring, calendars: str, user: User) -> DemoUser:
    login = logins.practitioner_login(tx, user=user)
    subscriptions.buy(tx, CLOCK, practitioner=login.practitioner, source=BY_PRACTICE)
    integration = connection.connect_native(tx, CLOCK, practitioner=login.practitioner, source=BY_PRACTICE)
    device = app_passwords.create_app_password(tx, CLOCK, keyring, login=login, label="Tablet", expires_at=None)
    return DemoUser(
        username=user.username,
        web_password=WEB_PASSWORD,
        app_password=device.password,
        calendar_url=f"{calendars}/{quote(user.username)}/{integration.slug}/",
    )
