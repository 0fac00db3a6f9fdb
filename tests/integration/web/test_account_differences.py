"""What an administrator is told where accounts.toml says otherwise than the store, and what of it is not theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from hxdav.domain.practice import Band
from hxdav.errors import ConfigurationError
from hxdav.services.practice.apply_accounts import WantedClinic, WantedPracticeGroup, WantedPractitioner, WantedUser
from hxdav.store.store import Store
from hxdav.web.application import make_web
from hxdav.web.settings import WebBackend
from tests.integration.web.administration import an_administrator, other_practice
from tests.integration.web.browsing import Browser
from tests.integration.web.desk import PUBLIC_URL, Desk

PEOPLE = "/app/practice/people"
Wanted = Sequence[WantedPracticeGroup]


def as_it_is(store: Store) -> list[WantedPracticeGroup]:
    """What the accounts file would have to say for nothing to differ."""
    with store.snapshot() as tx:
        names = {each.id: each.username for each in tx.people.users()}
        return [
            WantedPracticeGroup(
                key=group.key,
                name=group.name,
                zone=group.zone,
                band=group.band,
                privacy=group.privacy,
                clinics=tuple(
                    WantedClinic(key=each.key, name=each.name, zone=each.zone) for each in tx.people.clinics(group.id)
                ),
                users=tuple(
                    WantedUser(
                        username=each.username, name=each.name, administrator=each.administrator, email=each.email
                    )
                    for each in tx.people.users(group.id)
                    if each.enabled
                ),
                practitioners=tuple(
                    WantedPractitioner(
                        key=each.key, name=each.name, username=names[each.user_id] if each.user_id else None
                    )
                    for each in tx.people.practitioners(group.id)
                    if each.enabled
                ),
            )
            for group in tx.people.practice_groups()
        ]


def page_with(desk: Desk, wanted_accounts: Callable[[], Wanted | None]) -> str:
    """The page about people, of a server with this accounts file."""
    practice = desk.practice
    backend = WebBackend(
        store=practice.store,
        clock=practice.clock,
        policy=practice.policy,
        keyring=practice.keyring,
        connector=desk.connector,
        channel_digest=practice.keyring.channel_token_digest,
        public_url=PUBLIC_URL,
        calendars_url=PUBLIC_URL,
        wanted_accounts=wanted_accounts,
    )
    browser = Browser(make_web(backend))
    assert browser.sign_in("robin").status_code == 302
    return " ".join(browser.get(PEOPLE).text.split())


@pytest.fixture
def wanted(desk: Desk) -> list[WantedPracticeGroup]:
    """The accounts file of the practice that robin administers."""
    an_administrator(desk, desk.practice)
    return as_it_is(desk.store)


def test_where_nothing_differs_it_says_so(desk: Desk, wanted: list[WantedPracticeGroup]) -> None:
    assert "The practice is as accounts.toml says." in page_with(desk, lambda: wanted)


def test_a_person_who_is_otherwise_there_is_told_with_the_person(desk: Desk, wanted: list[WantedPracticeGroup]) -> None:
    (group,) = wanted
    users = tuple(replace(each, administrator=not each.administrator) for each in group.users)
    practitioners = tuple(replace(each, name="Maya Linden") for each in group.practitioners)

    page = page_with(desk, lambda: [replace(group, users=users, practitioners=practitioners)])

    assert "3 things are not as accounts.toml says. What concerns people is shown with them below." in page
    assert "<li>Name is Maya Lin here, and Maya Linden in accounts.toml.</li>" in page
    assert "<li>Administrator is no here, and yes in accounts.toml.</li>" in page
    assert "<li>Administrator is yes here, and no in accounts.toml.</li>" in page
    assert "<code>hxdav accounts apply accounts.toml</code>" in page


def test_who_is_missing_on_one_side_is_told(desk: Desk, wanted: list[WantedPracticeGroup]) -> None:
    (group,) = wanted
    noor = WantedUser(username="noor", name="Noor Haddad")

    page = page_with(desk, lambda: [replace(group, users=(*group.users, noor), practitioners=())])

    assert "<li>User noor: in accounts.toml, and not here yet (Noor Haddad).</li>" in page
    assert "<li>Not in accounts.toml any more; applying it disables them.</li>" in page


def test_the_practice_itself_is_compared_too(desk: Desk, wanted: list[WantedPracticeGroup]) -> None:
    (group,) = wanted
    changed = replace(group, zone="Australia/Perth", band=Band.GOLD if group.band is not Band.GOLD else Band.NONE)

    page = page_with(desk, lambda: [changed])

    assert "Practice group" in page
    assert "zone is Australia/Sydney here, and Australia/Perth in accounts.toml." in page


def test_nothing_is_changed_by_looking(desk: Desk, wanted: list[WantedPracticeGroup]) -> None:
    (group,) = wanted

    page_with(desk, lambda: [replace(group, name="Another name", practitioners=())])

    assert as_it_is(desk.store) == wanted
    with desk.store.snapshot() as tx:
        assert "accounts_applied" not in {each.action for each in tx.trail.audit_entries()}


def test_of_another_practice_group_nothing_is_told(desk: Desk, wanted: list[WantedPracticeGroup]) -> None:
    other_practice(desk)
    renamed = [replace(each, name=f"Secret {each.key}") for each in as_it_is(desk.store) if each.key != wanted[0].key]

    page = page_with(desk, lambda: [*wanted, *renamed])

    assert "The practice is as accounts.toml says." in page
    assert "Secret" not in page


def test_without_a_file_nothing_is_compared(desk: Desk, wanted: list[WantedPracticeGroup]) -> None:
    assert wanted
    assert "no accounts file beside its settings" in page_with(desk, lambda: None)


def test_of_a_file_that_is_wrong_neither_places_nor_names_are_told(
    desk: Desk, wanted: list[WantedPracticeGroup]
) -> None:
    def unreadable() -> Wanted:
        raise ConfigurationError("/etc/hxdav/accounts.toml is not valid TOML: Hill Street.")

    (group,) = wanted
    page = page_with(desk, unreadable)
    told = page_with(desk, lambda: [replace(group, zone="Mars/Olympus")])

    for each in (page, told):
        assert "<code>hxdav accounts apply accounts.toml --dry-run</code> says where, and why." in each
        assert "Hill Street" not in each
        assert "Olympus" not in each
