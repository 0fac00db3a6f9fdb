"""How an account is proved to an Exchange server: NTLM that is tied to TLS, and what each refusal tells to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from spnego.channel_bindings import GssChannelBindings

from hxdav.net.reach import Reach
from hxdav.remote import AccessLost, Remote, TryLater
from hxdav.remotes.exchange import Auth, ExchangeAccount, open_exchange
from tests.integration.remotes.exchange_desk import LOOPBACK, account_of
from tests.integration.remotes.exchange_fronts import Answered, answering, certificate_of_its_own, ntlm_before
from tests.simulators.ews.clients import faithful_exchange
from tests.simulators.ews.people import Person
from tests.simulators.ews.simulator import ExchangeSimulator

LOCALHOST = Reach(allowed=("127.0.0.0/8", "::1"), hosts=("localhost",))


@pytest.fixture
def exchange() -> Iterator[ExchangeSimulator]:
    with faithful_exchange() as exchange:
        yield exchange


@pytest.fixture
def kim(exchange: ExchangeSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Kim, whom NTLM knows by a domain, too."""
    kim = exchange.user("kim@practice.example")
    known = tmp_path / "users"
    known.write_text(f"PRACTICE:kim:{kim.password}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(known))
    return kim


def opened(account: ExchangeAccount, reach: Reach = LOOPBACK) -> contextlib.closing[Remote]:
    return contextlib.closing(open_exchange(account, reach=reach))


def refusal_of(account: ExchangeAccount, reach: Reach = LOOPBACK) -> str:
    with opened(account, reach) as remote, pytest.raises((AccessLost, TryLater)) as caught:
        remote.identify()
    assert isinstance(caught.value, AccessLost | TryLater)
    assert account.password not in str(caught.value)
    return caught.value.code


def by_ntlm(exchange: ExchangeSimulator, kim: Person, url: str, *, authorities: str = "") -> ExchangeAccount:
    account = account_of(exchange, kim)
    return replace(account, endpoint=url, username="PRACTICE\\kim", auth=Auth.NTLM, authorities=authorities)


def test_a_proof_is_tied_to_the_certificate_where_the_server_wants_that(
    exchange: ExchangeSimulator, kim: Person
) -> None:
    certificate = certificate_of_its_own()
    with ntlm_before(exchange, kim, certificate=certificate) as url:
        account = by_ntlm(exchange, kim, url, authorities=certificate.authorities)

        with opened(account, LOCALHOST) as remote:
            assert remote.identify().label == kim.email


def test_a_proof_that_is_passed_on_to_another_server_is_worth_nothing(exchange: ExchangeSimulator, kim: Person) -> None:
    certificate, another = certificate_of_its_own(), certificate_of_its_own()
    with ntlm_before(exchange, kim, certificate=certificate, binding=another.binding) as url:
        account = by_ntlm(exchange, kim, url, authorities=certificate.authorities)

        assert refusal_of(account, LOCALHOST) == "access_lost"

    assert exchange.requests.made(kim.email) == 0


def test_without_tls_there_is_nothing_to_tie_a_proof_to(exchange: ExchangeSimulator, kim: Person) -> None:
    wanted = GssChannelBindings(application_data=b"tls-server-end-point:" + bytes(32))
    with ntlm_before(exchange, kim, binding=wanted) as url:
        assert refusal_of(by_ntlm(exchange, kim, url)) == "access_lost"


def test_a_server_that_wants_ntlm_says_so_to_who_brings_a_password(exchange: ExchangeSimulator, kim: Person) -> None:
    with ntlm_before(exchange, kim) as url:
        assert refusal_of(replace(account_of(exchange, kim), endpoint=url)) == "ntlm_wanted"


def test_a_server_that_wants_the_password_says_so_to_who_speaks_ntlm(exchange: ExchangeSimulator, kim: Person) -> None:
    assert refusal_of(replace(account_of(exchange, kim), auth=Auth.NTLM)) == "basic_wanted"


@pytest.mark.parametrize(
    ("code", "headers", "expected"),
    [
        (401, {"WWW-Authenticate": 'Basic realm="mail, and more"'}, "access_lost"),
        (401, {}, "access_lost"),
        (401, {"WWW-Authenticate": "Negotiate"}, "ntlm_wanted"),
        (401, {"WWW-Authenticate": 'Bearer client_id="0", trusted_issuers="a@b"'}, "oauth_wanted"),
        (401, {"WWW-Authenticate": 'Digest realm="x"'}, "unknown_scheme"),
        (403, {}, "forbidden"),
        (404, {}, "no_ews"),
        (500, {}, "server_error"),
        (503, {"Retry-After": "120"}, "quota"),
    ],
)
def test_each_refusal_is_told_apart(code: int, headers: dict[str, str], expected: str) -> None:
    def refused(_: bytes) -> Answered:
        return code, headers, b"<html>No.</html>"

    with answering(refused) as url:
        account = ExchangeAccount(address="kim@practice.example", username="kim", password="secret-1", endpoint=url)

        assert refusal_of(account) == expected


def test_the_server_is_left_alone_for_as_long_as_it_asks(exchange: ExchangeSimulator, kim: Person) -> None:
    exchange.faults.busy(90_000)

    with opened(account_of(exchange, kim)) as remote, pytest.raises(TryLater) as caught:
        remote.identify()

    assert (caught.value.after, caught.value.code) == (timedelta(seconds=90), "quota")
    assert exchange.requests.made(kim.email) == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ErrorServerBusy", "quota"),
        ("ErrorExceededConnectionCount", "quota"),
        ("ErrorInternalServerTransientError", "server_error"),
    ],
)
def test_a_server_that_names_no_time_is_asked_once(
    exchange: ExchangeSimulator, kim: Person, code: str, expected: str
) -> None:
    exchange.faults.fault(code)

    with opened(account_of(exchange, kim)) as remote, pytest.raises(TryLater) as caught:
        remote.identify()

    assert (caught.value.after, caught.value.code) == (None, expected)
    assert exchange.requests.made(kim.email) == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ErrorPasswordExpired", "locked"),
        ("ErrorAccountDisabled", "locked"),
        ("ErrorNonExistentMailbox", "no_mailbox"),
        ("ErrorAccessDenied", "forbidden"),
    ],
)
def test_what_exchange_says_of_an_account_is_told_apart(
    exchange: ExchangeSimulator, kim: Person, code: str, expected: str
) -> None:
    exchange.faults.refuse(code)

    assert refusal_of(account_of(exchange, kim)) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [((14, 3, 123, 4), "too_old"), ((8, 1, 240, 0), "too_old"), ((15, 20, 9, 1), "exchange_online")],
)
def test_a_server_that_is_too_old_or_microsofts_own_is_refused(
    exchange: ExchangeSimulator, kim: Person, number: tuple[int, ...], expected: str
) -> None:
    says_that_it_is(exchange, *number)

    assert refusal_of(account_of(exchange, kim)) == expected


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ((15, 0, 1497, 2), "Exchange Server 2013 (15.0.1497.2)"),
        ((15, 1, 2507, 6), "Exchange Server 2016 (15.1.2507.6)"),
        ((15, 2, 1748, 10), "Exchange Server 2019 (15.2.1748.10)"),
        ((15, 2, 2562, 17), "Exchange Server SE (15.2.2562.17)"),
        ((15, 3, 1, 0), "Exchange Server SE (15.3.1.0)"),
    ],
)
def test_a_server_is_called_what_people_call_it(
    exchange: ExchangeSimulator, kim: Person, number: tuple[int, ...], name: str
) -> None:
    says_that_it_is(exchange, *number)

    with opened(account_of(exchange, kim)) as remote:
        assert remote.identify().about == name


@pytest.mark.parametrize("endpoint", ["https://", "https://[oops", "mail practice", "https://mail.practice.example:x"])
def test_what_is_no_address_of_a_server_is_told_before_anything_is_sent(endpoint: str) -> None:
    account = ExchangeAccount(address="kim@practice.example", username="kim", password="secret-1", endpoint=endpoint)

    with pytest.raises(AccessLost) as caught:
        open_exchange(account)

    assert caught.value.code == "no_server"


def says_that_it_is(exchange: ExchangeSimulator, *number: int) -> None:
    names = ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")
    exchange.version |= dict(zip(names, map(str, number), strict=True))
