"""Add Calendar Integration, Exchange: all that is entered is tried at once, and each failure says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hxdav.bootstrap.providers import ConfiguredProviders
from hxdav.config import Settings
from hxdav.config.parts import BridgesPart
from hxdav.connect.connector import Connector
from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel
from hxdav.store.store import Store
from tests.builders import PracticeWorld, a_practice
from tests.integration.remotes.exchange_fronts import answering, certificate_of_its_own, ntlm_before
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import a_vault, pages_of
from tests.simulators.ews.clients import faithful_exchange
from tests.simulators.ews.server import exchange_server
from tests.simulators.ews.simulator import ExchangeSimulator

PAGE = "/app/settings/integrations/add/exchange"
KIM = "kim@practice.example"
PASSWORD = "autumn-Leaf-7"


@pytest.fixture
def practice(sqlite_store: Store) -> PracticeWorld:
    practice = a_practice(sqlite_store)
    give_password(practice.store, practice.user_id)
    return practice


def browsed(practice: PracticeWorld, folder: Path, *, allowed: tuple[str, ...]) -> Browser:
    """Maya at the form, where servers at the ``allowed`` addresses may be called."""
    providers = ConfiguredProviders(Settings(bridges=BridgesPart(allowed_addresses=allowed)))
    connector = Connector(
        store=practice.store,
        clock=practice.clock,
        policy=practice.policy,
        keyring=practice.keyring,
        vault=a_vault(practice.store, folder),
        providers=providers,
    )
    browser = Browser(pages_of(practice, connector))
    browser.sign_in()
    browser.get(PAGE)
    return browser


@pytest.fixture
def maya(practice: PracticeWorld, tmp_path: Path) -> Browser:
    return browsed(practice, tmp_path, allowed=("127.0.0.1", "localhost"))


@pytest.fixture
def exchange() -> Iterator[ExchangeSimulator]:
    with faithful_exchange() as exchange:
        exchange.user(KIM)
        yield exchange


def refusal(maya: Browser, **typed: str) -> str:
    """What it says, which connects nothing and repeats no password."""
    answer = maya.post(PAGE, **{"account": KIM, "secret": PASSWORD, **typed})
    assert answer.status_code == 400
    assert typed.get("secret", PASSWORD) not in answer.text
    return answer.text


def test_a_mailbox_is_connected_at_the_level_that_was_chosen(
    maya: Browser, practice: PracticeWorld, exchange: ExchangeSimulator
) -> None:
    answer = maya.post(PAGE, account=KIM, secret=PASSWORD, address=exchange.address, privacy="busy")

    assert answer.status_code == 302
    assert f"appears in {KIM}" in maya.get(answer.headers["Location"]).text
    with practice.store.snapshot() as tx:
        (integration,) = tx.integrations.of(practice.practitioner_id)
        assert integration.service is Service.EXCHANGE
        assert tx.bridges.one(integration.id).privacy is PrivacyLevel.BUSY


def test_ntlm_is_spoken_where_the_server_wants_it(
    maya: Browser, exchange: ExchangeSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim = exchange.user(KIM)
    known = tmp_path / "users"
    known.write_text(f"PRACTICE:kim:{kim.password}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(known))

    with ntlm_before(exchange, kim) as url:
        answer = maya.post(PAGE, account=KIM, username="PRACTICE\\kim", secret=PASSWORD, address=url)

    assert answer.status_code == 302, answer.text


def test_an_authority_of_the_practices_own_is_pasted(maya: Browser) -> None:
    certificate = certificate_of_its_own()
    with exchange_server(certificate=certificate.context) as exchange:
        exchange.user(KIM)
        without = refusal(maya, address=exchange.address)
        answer = maya.post(
            PAGE, account=KIM, secret=PASSWORD, address=exchange.address, authorities=certificate.authorities
        )

    assert "a certificate that is not trusted" in without
    assert "paste its certificate below" in without
    assert answer.status_code == 302, answer.text


@pytest.mark.parametrize("pasted", ["nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "é"])
def test_what_is_no_certificate_is_told(maya: Browser, exchange: ExchangeSimulator, pasted: str) -> None:
    assert "holds no certificate that can be read" in refusal(maya, address=exchange.address, authorities=pasted)


def test_a_wrong_password_says_what_it_may_be_and_keeps_the_rest(maya: Browser, exchange: ExchangeSimulator) -> None:
    told = refusal(maya, address=exchange.address, secret="spring-Bud-3")

    assert "does not take this user name and password" in told
    assert "say it as user name" in told
    assert KIM in told
    assert exchange.address in told


@pytest.mark.parametrize("address", ["outlook.office365.com", "https://outlook.office.com/EWS/Exchange.asmx"])
def test_exchange_online_is_sent_to_office_365(maya: Browser, address: str) -> None:
    assert "choose Office 365 or Outlook.com" in refusal(maya, address=address)


def test_a_mailbox_of_outlook_com_is_refused_without_being_asked_for(maya: Browser) -> None:
    assert "choose Office 365 or Outlook.com" in refusal(maya, account="kim@outlook.com")


def test_a_server_that_is_not_public_is_called_only_where_it_is_allowed(
    practice: PracticeWorld, tmp_path: Path, exchange: ExchangeSimulator
) -> None:
    maya = browsed(practice, tmp_path, allowed=())

    told = refusal(maya, address=exchange.address.replace("http:", "https:"))

    assert "Your administrator can allow that" in told
    assert exchange.requests.made(KIM) == 0


def test_a_server_that_nobody_can_find_is_to_be_named(maya: Browser) -> None:
    told = refusal(maya, account="kim@practice.invalid")

    assert "could not find the Exchange server" in told
    assert "Say below where the server is" in told


def too_old(exchange: ExchangeSimulator) -> None:
    exchange.version |= {"MajorVersion": "14", "MinorVersion": "3"}


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (too_old, "Exchange Server 2010"),
        (lambda exchange: exchange.faults.refuse("ErrorPasswordExpired"), "its password has run out"),
        (lambda exchange: exchange.faults.refuse("ErrorNonExistentMailbox"), "no mailbox of this address"),
    ],
)
def test_what_the_server_has_against_it_is_told(
    maya: Browser,
    practice: PracticeWorld,
    exchange: ExchangeSimulator,
    trouble: Callable[[ExchangeSimulator], None],
    sentence: str,
) -> None:
    trouble(exchange)

    assert sentence in refusal(maya, address=exchange.address)
    with practice.store.snapshot() as tx:
        assert tx.integrations.of(practice.practitioner_id) == []


def test_what_is_no_exchange_server_is_told(maya: Browser) -> None:
    with answering(lambda _: (200, {}, b"<html>Welcome</html>")) as url:
        assert "Is it an Exchange server?" in refusal(maya, address=url)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"account": "kim"}, "named by its e-mail address"),
        ({"address": "https://["}, "An Exchange server is named as in"),
    ],
)
def test_what_is_missing_is_told(maya: Browser, typed: dict[str, str], sentence: str) -> None:
    assert sentence in refusal(maya, **typed)
