"""``hxdav integrations add --service exchange``: all that is entered is tried, and each failure says what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from hxdav.bootstrap.installation import Installation
from hxdav.bootstrap.serving import Serving
from hxdav.config import CONFIG_VARIABLE, load_settings
from tests.commands import Done
from tests.integration.cli.command_line import WEB_PASSWORD, CommandLine
from tests.integration.remotes.exchange_fronts import Answered, answering, certificate_of_its_own, ntlm_before
from tests.integration.remotes.exchange_tokens import KIM, browsed, token_authority
from tests.simulators.ews.clients import faithful_exchange
from tests.simulators.ews.people import Person
from tests.simulators.ews.server import exchange_server
from tests.simulators.ews.simulator import ExchangeSimulator
from tests.simulators.graph.authority import CLIENT_ID, CLIENT_SECRET
from tests.waiting import PATIENCE_SECONDS

PUBLIC_URL = "https://hx.example"


@pytest.fixture
def maya(practice: CommandLine) -> CommandLine:
    """An installation in which maya logs in, and servers on this machine may be called."""
    practice.set_password("maya")
    practice.config.write_text('[bridges]\nallowed_addresses = ["127.0.0.1", "localhost"]\n', encoding="utf-8")
    return practice


@pytest.fixture
def exchange() -> Iterator[ExchangeSimulator]:
    with faithful_exchange() as exchange:
        exchange.user(KIM)
        yield exchange


@pytest.fixture
def kim(exchange: ExchangeSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Kim, whom NTLM knows as well."""
    kim = exchange.user(KIM)
    known = tmp_path / "users"
    known.write_text(f"PRACTICE:kim:{kim.password}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(known))
    return kim


def add(hxdav: CommandLine, *arguments: str, password: str = "autumn-Leaf-7", account: str = KIM) -> Done:
    """Connect with the password typed after maya's own."""
    command = ("integrations", "add", "--as", "maya", "--service", "exchange", "--account", account)
    typed = f"{WEB_PASSWORD}\n{password}\n"
    done = hxdav.run(*command, "--password-stdin", "--app-password-stdin", *arguments, typed=typed)
    assert password not in done.out + done.err
    return done


def refusal(hxdav: CommandLine, *arguments: str, password: str = "autumn-Leaf-7", account: str = KIM) -> str:
    """What it says, which connects nothing."""
    done = add(hxdav, *arguments, password=password, account=account)
    assert done.code == 1, done.err
    assert hxdav.listed("integrations", "list") == []
    assert not (hxdav.folder / "hxdav.vault").exists()
    return " ".join(done.err.split())


def kept(hxdav: CommandLine) -> Any:
    """The account as it is kept."""
    with closing(Installation(load_settings(hxdav.config))) as here, here.store.snapshot() as tx:
        (account,) = tx.external_accounts.all()
        return account


def test_a_mailbox_is_connected_with_its_password(maya: CommandLine, exchange: ExchangeSimulator) -> None:
    done = add(maya, "--url", exchange.address)
    (row,) = maya.listed("integrations", "list")

    assert done.code == 0, done.err
    assert f"Connected HX_Harbour Street Psychology in {KIM}" in done.err
    assert (row["service"], row["state"], row["bridge"]) == ("exchange", "connected", "making")
    assert (row["account"], kept(maya).address) == (KIM, exchange.address)


def test_the_servers_version_is_shown(maya: CommandLine, exchange: ExchangeSimulator) -> None:
    add(maya, "--url", exchange.address)

    assert maya.listed("integrations", "status")[0]["server"] == "Exchange Server SE (15.2.2562.17)"
    assert "on Exchange Server SE (15.2.2562.17)." in maya.must("integrations", "status").out


def test_ntlm_is_spoken_where_the_server_wants_it(maya: CommandLine, exchange: ExchangeSimulator, kim: Person) -> None:
    with ntlm_before(exchange, kim) as url:
        unsaid = add(maya, "--url", url, "--username", "PRACTICE\\kim")
        again = add(maya, "--url", url, "--username", "PRACTICE\\kim", "--auth", "ntlm")

    assert unsaid.code == 0, unsaid.err
    assert "is in the account kim@practice.example already" in again.err


def test_a_server_with_an_authority_of_its_own_is_told_apart_by_it(maya: CommandLine, tmp_path: Path) -> None:
    certificate = certificate_of_its_own()
    (tmp_path / "ca.pem").write_text(certificate.authorities)
    with exchange_server(certificate=certificate.context) as exchange:
        exchange.user(KIM)
        without = refusal(maya, "--url", exchange.address)
        done = add(maya, "--url", exchange.address, "--ca-file", str(tmp_path / "ca.pem"))

    assert "a certificate that is not trusted" in without
    assert "--ca-file" in without
    assert done.code == 0, done.err


def test_the_installations_own_authorities_do_as_well(maya: CommandLine, tmp_path: Path) -> None:
    certificate = certificate_of_its_own()
    (maya.folder / "ca.pem").write_text(certificate.authorities)
    maya.config.write_text(f'{maya.config.read_text()}ca_file = "{maya.folder / "ca.pem"}"\n')
    with exchange_server(certificate=certificate.context) as exchange:
        exchange.user(KIM)

        assert add(maya, "--url", exchange.address).code == 0


def test_a_wrong_password_says_what_it_may_be(maya: CommandLine, exchange: ExchangeSimulator) -> None:
    told = refusal(maya, "--url", exchange.address, password="spring-Bud-3")

    assert "does not take this user name and password" in told
    assert "locked" in told
    assert "--username" in told


def test_the_way_to_sign_in_that_is_said_is_the_only_one(
    maya: CommandLine, exchange: ExchangeSimulator, kim: Person
) -> None:
    with ntlm_before(exchange, kim) as url:
        by_basic = refusal(maya, "--url", url, "--auth", "basic")
    by_ntlm = refusal(maya, "--url", exchange.address, "--auth", "ntlm")

    assert "--auth ntlm" in by_basic
    assert "--auth basic" in by_ntlm


def test_a_server_that_is_not_public_is_called_only_where_it_is_allowed(
    maya: CommandLine, exchange: ExchangeSimulator
) -> None:
    maya.config.write_text("", encoding="utf-8")

    told = refusal(maya, "--url", exchange.address.replace("http:", "https:"))

    assert "allowed_addresses" in told
    assert exchange.requests.made(KIM) == 0


@pytest.mark.parametrize("where", ["outlook.office365.com", "https://outlook.office.com/EWS/Exchange.asmx"])
def test_exchange_online_is_refused_with_the_reason(maya: CommandLine, where: str) -> None:
    told = refusal(maya, "--url", where)

    assert "Microsoft is switching off" in told
    assert "--service office365" in told


def test_a_mailbox_of_outlook_com_is_refused_without_being_asked_for(maya: CommandLine) -> None:
    assert "--service outlook" in refusal(maya, account="kim@outlook.com")


def test_a_server_that_nobody_can_find_is_to_be_named(maya: CommandLine) -> None:
    told = refusal(maya, account="kim@practice.invalid")

    assert "could not find the Exchange server" in told
    assert "--url" in told


def too_old(exchange: ExchangeSimulator) -> None:
    exchange.version |= {"MajorVersion": "14", "MinorVersion": "3"}


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (too_old, "Exchange Server 2010"),
        (lambda exchange: exchange.faults.refuse("ErrorPasswordExpired"), "its password has run out"),
        (lambda exchange: exchange.faults.refuse("ErrorNonExistentMailbox"), "no mailbox of this address"),
        (lambda exchange: exchange.faults.http(403), "allow EWS"),
        (lambda exchange: exchange.faults.busy(1000), "try again later"),
    ],
)
def test_what_the_server_has_against_it_is_told(
    maya: CommandLine, exchange: ExchangeSimulator, trouble: Callable[[ExchangeSimulator], None], sentence: str
) -> None:
    trouble(exchange)

    assert sentence in refusal(maya, "--url", exchange.address, "--auth", "basic")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((404, {}, b""), "no EWS at this address"),
        ((200, {}, b"<html>Welcome</html>"), "Is it an Exchange server?"),
        ((302, {"Location": "https://login.practice.example/"}, b""), "--url"),
    ],
)
def test_what_is_no_exchange_server_is_told(maya: CommandLine, answer: Answered, sentence: str) -> None:
    with answering(lambda _: answer) as url:
        assert sentence in refusal(maya, "--url", url, "--auth", "basic")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--service", "icloud", "--account", "a@icloud.example", "--auth", "ntlm"), "leave them out"),
        (("--service", "exchange"), "say it with --account"),
        (("--service", "exchange", "--account", "kim"), "named by its e-mail address"),
        (("--service", "exchange", "--account", KIM, "--url", "https://["), "An Exchange server is named as in"),
        (("--service", "exchange", "--account", KIM, "--ca-file", "{config}"), "holds no certificates"),
    ],
)
def test_what_is_missing_is_told(maya: CommandLine, arguments: tuple[str, ...], sentence: str) -> None:
    written = [each.format(config=maya.config) for each in arguments]
    command = ("integrations", "add", "--as", "maya", "--password-stdin", "--app-password-stdin", *written)

    done = maya.run(*command, typed=f"{WEB_PASSWORD}\np\n")

    assert done.code == 1
    assert sentence in done.err


@contextmanager
def waiting_for_consent(hxdav: CommandLine) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, as it waits for the person to come back."""
    command = ("integrations", "add", "--as", "maya", "--service", "exchange", "--auth", "oauth", "--json")
    with subprocess.Popen(
        [sys.executable, "-m", "hxdav", *command, "--password-stdin"],
        env={**os.environ, CONFIG_VARIABLE: str(hxdav.config)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        assert waiting.stdin
        waiting.stdin.write(f"{WEB_PASSWORD}\n")
        waiting.stdin.flush()
        try:
            yield waiting
        finally:
            waiting.kill()


def test_where_the_server_wants_tokens_the_person_consents_at_its_sign_in_service(
    maya: CommandLine, exchange: ExchangeSimulator
) -> None:
    with token_authority(exchange) as authority:
        told = refusal(maya, "--url", exchange.address)
        (maya.folder / "ca.pem").write_text(authority.authorities)
        maya.config.write_text(f"""\
[server]
public_url = "{PUBLIC_URL}"
[bridges]
allowed_addresses = ["127.0.0.1"]
ca_file = "{maya.folder / "ca.pem"}"
[exchange]
client_id = "{CLIENT_ID}"
client_secret = "{CLIENT_SECRET}"
authority_url = "{authority.url}/practice.example"
server_url = "{exchange.address}"
""")
        with waiting_for_consent(maya) as waiting, closing(Serving(load_settings(maya.config))) as serving:
            assert waiting.stderr
            page = next(line.strip() for line in waiting.stderr if line.startswith("http"))
            answer = browsed(page, authority)
            shown = Client(serving.application()).get("/connect/exchange/callback", query_string=answer)
            out, err = waiting.communicate(timeout=PATIENCE_SECONDS)

    assert "--auth oauth" in told
    assert (shown.status_code, waiting.returncode) == (200, 0), err
    (row,) = json.loads(out)
    assert (row["service"], row["account"], row["state"]) == ("exchange", KIM, "connected")
    assert kept(maya).about == "Exchange Server SE (15.2.2562.17)"


def test_tokens_have_to_be_set_up(maya: CommandLine) -> None:
    maya.config.write_text(f'[server]\npublic_url = "{PUBLIC_URL}"\n')
    command = ("integrations", "add", "--service", "exchange", "--auth", "oauth")

    assert "[exchange] of the settings" in maya.as_user("maya", *command).err
    assert "leave --account" in maya.as_user("maya", *command, "--account", KIM).err


def test_half_of_what_tokens_need_is_a_mistake_in_the_settings(maya: CommandLine) -> None:
    maya.config.write_text(f'[exchange]\nclient_id = "{CLIENT_ID}"\n')

    assert "belong together" in maya.run("integrations", "list").err


def test_a_mailbox_that_was_shut_out_goes_on_with_its_new_password(
    maya: CommandLine, exchange: ExchangeSimulator
) -> None:
    add(maya, "--url", exchange.address)
    with closing(Installation(load_settings(maya.config))) as here, here.store.transaction() as tx:
        (account,) = tx.external_accounts.all()
        tx.external_accounts.shut_out(account.id, trouble="access_lost")
    exchange.user(KIM).change_password("winter-Frost-9")

    done = add(maya, "--url", exchange.address, password="winter-Frost-9")

    assert done.code == 0, done.err
    assert "goes on where it stopped" in done.err
    assert [row["state"] for row in maya.listed("integrations", "list")] == ["connected"]
