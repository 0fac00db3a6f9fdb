"""The way to Microsoft's consent page and back: which accounts are let in, and what the person reads otherwise."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hxdav.bootstrap.microsoft import MicrosoftDoor
from hxdav.bootstrap.providers import ConfiguredProviders
from hxdav.config import Settings
from hxdav.config.parts import MicrosoftPart
from hxdav.domain.bridge import AccountState, BridgeState
from hxdav.domain.integration import Service
from hxdav.domain.notification import NotificationKind
from hxdav.errors import UseCaseError
from hxdav.store.sealed import credentials_place
from hxdav.store.store import Store
from tests.integration.web.desk import PUBLIC_URL
from tests.integration.web.microsoft_desk import AT_WORK, EMAILS, PERSONAL, MicrosoftDesk, a_microsoft_desk
from tests.simulators.graph.authority import CLIENT_SECRET

BOTH = pytest.mark.parametrize("service", [Service.OUTLOOK, Service.OFFICE365])
DECLINED = {
    "error": "access_denied",
    "error_subcode": "cancel",
    "error_description": "AADSTS65004: User declined to consent to access the app. Trace ID: 1-2-3",
}
LINK = re.compile(r'<a href="([^"]+)" rel="noreferrer">([^<]+)</a>')


@BOTH
def test_who_consents_is_connected_and_reads_so(store: Store, tmp_path: Path, service: Service) -> None:
    with a_microsoft_desk(store, tmp_path) as desk:
        asked = desk.ask(service)

        answer = desk.pages.get(desk.browsed(asked.url))

        consent = desk.consent(asked.consent_id)
        assert consent.integration_id is not None
        with store.snapshot() as tx:
            bridge = tx.bridges.one(consent.integration_id)
            account = tx.external_accounts.one(bridge.account_id)
        assert answer.status_code == 200
        assert f"HX_Harbour Street Psychology appears in the account {EMAILS[service]}" in answer.text
        assert (account.service, account.label, bridge.state) == (service, EMAILS[service], BridgeState.MAKING)
        credentials = desk.connector.vault.open(account.credentials, place=credentials_place(account.id))
        (token,) = json.loads(credentials)["RefreshToken"].values()
        assert token["secret"] not in account.credentials


@pytest.mark.parametrize(
    ("service", "authority"), [(Service.OUTLOOK, "/consumers/"), (Service.OFFICE365, "/organizations/")]
)
def test_microsoft_offers_only_accounts_of_the_kind(
    microsoft_desk: MicrosoftDesk, service: Service, authority: str
) -> None:
    asked = microsoft_desk.ask(service)

    assert urlsplit(asked.url).path.startswith(authority)
    assert CLIENT_SECRET not in asked.url


@pytest.mark.parametrize(
    ("service", "user", "words"),
    [(Service.OUTLOOK, AT_WORK, "as Office 365"), (Service.OFFICE365, PERSONAL, "as Outlook.com")],
)
def test_an_account_of_the_other_kind_is_told_what_it_is(
    microsoft_desk: MicrosoftDesk, service: Service, user: str, words: str
) -> None:
    asked = microsoft_desk.ask(service, user=user)

    answer = microsoft_desk.pages.get(microsoft_desk.browsed(asked.url))

    assert answer.status_code == 400
    assert words in answer.text
    assert words in (microsoft_desk.consent(asked.consent_id).refused or "")


def test_an_approval_that_is_needed_is_shown_with_a_link_here_and_to_the_waiting_command(
    microsoft_desk: MicrosoftDesk,
) -> None:
    desk = microsoft_desk
    desk.authority.needs_approval = True
    asked = desk.ask(Service.OFFICE365)

    answer = desk.pages.get(desk.browsed(asked.url))

    assert answer.status_code == 400
    target, shown = map(html.unescape, LINK.findall(answer.text)[0])
    assert target == shown == desk.door.approval_link(PUBLIC_URL)
    assert "only an administrator allow hxdav" in answer.text
    refused = desk.consent(asked.consent_id).refused
    assert refused is not None
    assert refused.splitlines()[1:] == [target]
    assert "AADSTS" not in answer.text + refused


def test_who_approves_is_thanked_and_then_the_practitioner_can_connect(microsoft_desk: MicrosoftDesk) -> None:
    desk = microsoft_desk
    desk.authority.needs_approval = True

    answer = desk.pages.get(desk.browsed(desk.door.approval_link(PUBLIC_URL)))

    assert (answer.status_code, "<h1>Approved</h1>" in answer.text) == (200, True)
    (approved,) = desk.authority.approved
    assert {scope.rpartition("/")[2] for scope in approved.split()} == {
        "Calendars.ReadWrite",
        "User.Read",
        "offline_access",
        "openid",
        "profile",
    }
    desk.connect(Service.OFFICE365)


@pytest.mark.parametrize("more", [{}, {"admin_consent": "True"}])
def test_an_approval_that_was_not_given_says_how_to_give_it(
    microsoft_desk: MicrosoftDesk, more: dict[str, str]
) -> None:
    said_no = {**DECLINED, **more}

    answer = microsoft_desk.pages.get("/connect/microsoft/callback", query_string=said_no)

    assert answer.status_code == 400
    assert "Not approved" in answer.text
    assert "Trace" not in answer.text


def test_an_approval_stands_for_nobodys_consent(microsoft_desk: MicrosoftDesk) -> None:
    query = {"admin_consent": "True", "state": "wrong", "code": "stolen"}

    answer = microsoft_desk.pages.get("/connect/microsoft/callback", query_string=query)

    assert answer.status_code == 400
    assert "does not belong to a connection" in answer.text


@pytest.mark.parametrize(("service", "links"), [(Service.OUTLOOK, 0), (Service.OFFICE365, 1)])
def test_who_says_no_is_told_how_to_say_yes_and_at_work_whom_to_ask(
    microsoft_desk: MicrosoftDesk, service: Service, links: int
) -> None:
    microsoft_desk.authority.page_refusal = DECLINED
    asked = microsoft_desk.ask(service)

    answer = microsoft_desk.pages.get(microsoft_desk.browsed(asked.url))

    assert answer.status_code == 400
    assert "choose Accept" in answer.text
    assert "choose Accept" in (microsoft_desk.consent(asked.consent_id).refused or "")
    assert len(LINK.findall(answer.text)) == links


def test_a_permission_that_was_not_given_is_named(microsoft_desk: MicrosoftDesk) -> None:
    microsoft_desk.authority.granted = "User.Read openid profile offline_access"
    asked = microsoft_desk.ask()

    answer = microsoft_desk.pages.get(microsoft_desk.browsed(asked.url))

    assert answer.status_code == 400
    assert "Have full access to your calendars" in (microsoft_desk.consent(asked.consent_id).refused or "")


def test_an_account_that_was_lost_goes_on_with_a_new_consent(microsoft_desk: MicrosoftDesk) -> None:
    desk = microsoft_desk
    desk.connect()
    with desk.store.transaction() as tx:
        (account,) = tx.external_accounts.all()
        tx.external_accounts.shut_out(account.id, trouble="access_lost")

    answer = desk.pages.get(desk.browsed(desk.ask().url))

    with desk.store.snapshot() as tx:
        (account,) = tx.external_accounts.all()
    assert "goes on where it stopped" in answer.text
    assert account.state is AccountState.CONNECTED
    assert desk.practice.told()[-1] is NotificationKind.BRIDGE_RESUMED


def test_one_person_may_connect_both_of_their_accounts(microsoft_desk: MicrosoftDesk) -> None:
    first, second = microsoft_desk.connect(Service.OUTLOOK), microsoft_desk.connect(Service.OFFICE365)

    assert first != second
    with microsoft_desk.store.snapshot() as tx:
        assert {each.label for each in tx.external_accounts.all()} == {PERSONAL, AT_WORK}


def test_an_address_that_a_programme_only_looks_at_is_not_used_up(microsoft_desk: MicrosoftDesk) -> None:
    path = microsoft_desk.browsed(microsoft_desk.ask().url)

    looked = microsoft_desk.pages.head(path)

    assert (looked.status_code, microsoft_desk.pages.get(path).status_code) == (405, 200)


@pytest.mark.parametrize(
    ("tenant", "service", "words"),
    [
        ("harbour.example", Service.OUTLOOK, "as Office 365"),
        ("organizations", Service.OUTLOOK, "as Office 365"),
        ("consumers", Service.OFFICE365, "as Outlook.com"),
    ],
)
def test_accounts_that_the_administrator_does_not_let_in_are_not_asked_for(
    tenant: str, service: Service, words: str
) -> None:
    part = MicrosoftPart(client_id="id", client_secret="secret", tenant=tenant)
    providers = ConfiguredProviders(Settings(microsoft=part))

    with pytest.raises(UseCaseError, match=words):
        providers.consent_flow(service)


@pytest.mark.parametrize(
    ("tenant", "service", "asked"),
    [
        ("common", Service.OUTLOOK, "consumers"),
        ("common", Service.OFFICE365, "organizations"),
        ("consumers", Service.OUTLOOK, "consumers"),
        ("organizations", Service.OFFICE365, "organizations"),
        ("harbour.example", Service.OFFICE365, "harbour.example"),
    ],
)
def test_accounts_are_asked_for_where_the_administrator_lets_them_in(tenant: str, service: Service, asked: str) -> None:
    part = MicrosoftPart(client_id="id", client_secret="secret", tenant=tenant)

    assert MicrosoftDoor(Settings(microsoft=part)).app(service).tenant == asked


@BOTH
def test_microsoft_has_to_be_set_up(service: Service) -> None:
    with pytest.raises(UseCaseError, match=rf"{service.label} is not set up here"):
        ConfiguredProviders(Settings()).consent_flow(service)
