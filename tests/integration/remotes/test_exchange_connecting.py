"""How hxdav comes to an Exchange server, where it does not go, and what it tells nobody."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hxdav.net.reach import Reach
from hxdav.net.session import http_session
from hxdav.remote import AccessLost, Forbidden, Remote, RemoteError, TryLater
from hxdav.remotes.exchange import Auth, ExchangeAccount, open_exchange
from hxdav.remotes.exchange.autodiscover import discovered
from tests.contract.remotes.texts import an_event, pulled
from tests.integration.remotes.exchange_desk import LOOPBACK, Desk, a_desk, account_of
from tests.integration.remotes.exchange_fronts import (
    Answered,
    Handler,
    answering,
    certificate_of_its_own,
    listening,
    ntlm_before,
)
from tests.simulators.ews.clients import faithful_exchange
from tests.simulators.ews.server import exchange_server

LOCALHOST = Reach(allowed=("127.0.0.0/8", "::1"), hosts=("localhost",))
SCHEMA = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
TOLD = f"""<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="{SCHEMA}"><Account>
    <Protocol><Type>WEB</Type></Protocol>
    <Protocol><Type>EXCH</Type><EwsUrl>https://inside.practice.example/EWS/Exchange.asmx</EwsUrl></Protocol>
    <Protocol><Type>EXPR</Type><EwsUrl>https://mail.practice.example/EWS/Exchange.asmx</EwsUrl></Protocol>
  </Account></Response></Autodiscover>"""


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


def opened(account: ExchangeAccount, reach: Reach = LOOPBACK) -> contextlib.closing[Remote]:
    return contextlib.closing(open_exchange(account, reach=reach))


def test_the_version_of_the_server_is_told_once_it_has_answered(desk: Desk) -> None:
    with contextlib.closing(open_exchange(account_of(desk.exchange, desk.kim), reach=LOOPBACK)) as remote:
        before = remote.server_version
        remote.identify()

        assert (before, remote.server_version) == ("", "Exchange Server SE (15.2.2562.17)")


def test_opening_asks_nothing(desk: Desk) -> None:
    with opened(account_of(desk.exchange, desk.kim)) as remote:
        assert remote.requests == 0


def test_a_server_whose_certificate_its_own_authority_vouches_for_is_trusted_with_that() -> None:
    certificate = certificate_of_its_own()
    with exchange_server(certificate=certificate.context) as exchange:
        kim = exchange.user("kim@practice.example")
        account = replace(account_of(exchange, kim), authorities=certificate.authorities)

        with opened(account, LOCALHOST) as remote:
            assert remote.identify().label == kim.email


def test_a_server_whose_certificate_nobody_vouches_for_is_told_no_password() -> None:
    with exchange_server(certificate=certificate_of_its_own().context) as exchange:
        kim = exchange.user("kim@practice.example")

        with opened(account_of(exchange, kim), LOCALHOST) as remote, pytest.raises(TryLater, match="certificate"):
            remote.identify()

        assert exchange.requests.made(kim.email) == 0


def test_a_server_inside_is_not_called_unless_it_is_allowed(desk: Desk) -> None:
    account = account_of(desk.exchange, desk.kim)

    with opened(account, Reach()) as remote, pytest.raises(Forbidden):
        remote.identify()


def test_a_server_that_sends_hxdav_elsewhere_is_not_spoken_with(desk: Desk) -> None:
    def moved(_: bytes) -> Answered:
        return 302, {"Location": desk.exchange.address}, b""

    with answering(moved) as url:
        account = replace(account_of(desk.exchange, desk.kim), endpoint=f"{url}/EWS/Exchange.asmx")

        with opened(account) as remote, pytest.raises(Forbidden) as caught:
            remote.identify()

    assert caught.value.code in {"redirected", "not_reachable"}


@pytest.mark.parametrize("content", [b"", b"<html>Sign in</html>", b"<a", b'<?xml version="1.0"?><x/>', b"\xff" * 100])
@pytest.mark.parametrize("code", [200, 404, 500])
def test_what_is_no_exchange_server_makes_no_sense(code: int, content: bytes) -> None:
    with answering(lambda _: (code, {}, content)) as url:
        account = ExchangeAccount(address="kim@practice.example", username="kim", password="secret-1", endpoint=url)

        with opened(account) as remote, pytest.raises(TryLater):
            remote.identify()


def test_an_endless_answer_is_given_up(desk: Desk) -> None:
    with answering(lambda _: (200, {}, b" " * (11 * 1024 * 1024))) as url:
        account = replace(account_of(desk.exchange, desk.kim), endpoint=url)

        with opened(account) as remote, pytest.raises(TryLater):
            remote.identify()


def test_a_mailbox_of_somebody_else_is_not_open(desk: Desk) -> None:
    desk.exchange.user("lee@practice.example")
    account = replace(account_of(desk.exchange, desk.kim), address="lee@practice.example")

    with opened(account) as remote, pytest.raises(Forbidden):
        remote.identify()


def test_an_account_is_the_same_under_another_name(desk: Desk) -> None:
    account = replace(account_of(desk.exchange, desk.kim), username="PRACTICE\\kim")

    with opened(account) as remote:
        assert remote.identify() == desk.remote.identify()


@pytest.mark.parametrize("username", ["PRACTICE\\kim", "kim"])
def test_ntlm_lets_a_connection_in(desk: Desk, username: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = tmp_path / "users"
    known.write_text(f"PRACTICE:kim:{desk.kim.password}\n:kim:{desk.kim.password}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(known))
    with ntlm_before(desk.exchange, desk.kim) as url:
        account = replace(account_of(desk.exchange, desk.kim), endpoint=url, username=username, auth=Auth.NTLM)

        with opened(account) as remote:
            remote.create(desk.calendar_id, an_event("Supervision"))

            assert len(pulled(remote, desk.calendar_id).texts) == 1


def test_a_wrong_password_is_access_lost_by_ntlm_too(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tmp_path / "users"
    known.write_text(f"PRACTICE:kim:{desk.kim.password}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(known))
    with ntlm_before(desk.exchange, desk.kim) as url:
        account = replace(
            account_of(desk.exchange, desk.kim),
            endpoint=url,
            username="PRACTICE\\kim",
            password="never-right-7",
            auth=Auth.NTLM,
        )

        with opened(account) as remote, pytest.raises(AccessLost):
            remote.identify()


def test_a_password_is_not_sent_where_ntlm_is_wanted_and_basic_is_offered(desk: Desk) -> None:
    account = replace(account_of(desk.exchange, desk.kim), auth=Auth.NTLM)

    with opened(account) as remote, pytest.raises(AccessLost):
        remote.identify()


def asked(url: str, reach: Reach = LOOPBACK) -> str:
    account = ExchangeAccount(address="kim@practice.example", username="kim", password="secret-1")
    with contextlib.closing(http_session(reach, auth=("kim", "secret-1"))) as session:
        return discovered(account, session, url=url)


def test_autodiscover_tells_the_server_as_it_is_called_from_outside() -> None:
    heard: list[bytes] = []

    def told(body: bytes) -> Answered:
        heard.append(body)
        return 200, {"Content-Type": "text/xml"}, TOLD.encode()

    with answering(told) as url:
        assert asked(url) == "https://mail.practice.example/EWS/Exchange.asmx"

    assert b"<EMailAddress>kim@practice.example</EMailAddress>" in heard[0]


@pytest.mark.parametrize(
    ("code", "content", "expected"),
    [(401, b"", "access_lost"), (404, b"", "no_autodiscover"), (200, b"<x/>", "no_autodiscover")],
)
def test_autodiscover_that_tells_nothing_says_what_to_do(code: int, content: bytes, expected: str) -> None:
    with answering(lambda _: (code, {}, content)) as url, pytest.raises((AccessLost, Forbidden)) as caught:
        asked(url)

    assert isinstance(caught.value, AccessLost | Forbidden)
    assert caught.value.code == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [("kim@practice.onmicrosoft.com", "exchange_online"), ("kim@other.example", "no_autodiscover")],
)
def test_autodiscover_that_says_where_the_mailbox_has_moved_is_understood(address: str, expected: str) -> None:
    moved = (
        TOLD[: TOLD.index("<Protocol>")] + f"<RedirectAddr>{address}</RedirectAddr></Account></Response></Autodiscover>"
    )
    with answering(lambda _: (200, {}, moved.encode())) as url, pytest.raises((AccessLost, Forbidden)) as caught:
        asked(url)

    assert isinstance(caught.value, AccessLost | Forbidden)
    assert caught.value.code == expected


def test_autodiscover_that_wants_ntlm_says_so() -> None:
    headers = {"WWW-Authenticate": "Negotiate, NTLM"}
    with answering(lambda _: (401, headers, b"")) as url, pytest.raises(AccessLost) as caught:
        asked(url)

    assert caught.value.code == "ntlm_wanted"


def test_autodiscover_inside_is_not_called_unless_it_is_allowed() -> None:
    with answering(lambda _: (200, {}, TOLD.encode())) as url, pytest.raises(Forbidden) as caught:
        asked(url.replace("http:", "https:"), Reach())

    assert caught.value.code == "not_reachable"


def test_autodiscover_with_a_certificate_that_nobody_vouches_for_is_told_no_password() -> None:
    heard: list[bytes] = []

    class Hearing(Handler):
        def respond(self, body: bytes) -> Answered:
            heard.append(body)
            return 200, {}, TOLD.encode()

    with listening(Hearing, certificate_of_its_own()) as url, pytest.raises(TryLater) as caught:
        asked(url, LOCALHOST)

    assert (caught.value.code, heard) == ("certificate", [])


@pytest.mark.parametrize("code", [429, 500, 503])
def test_autodiscover_in_trouble_is_asked_later(code: int) -> None:
    with answering(lambda _: (code, {}, b"")) as url, pytest.raises(TryLater):
        asked(url)


def test_nothing_of_what_is_said_comes_into_a_log_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    with faithful_exchange() as exchange:
        kim = exchange.user("kim@practice.example", password="autumn-Leaf-7")
        with opened(account_of(exchange, kim)) as remote:
            calendar_id = remote.make_calendar("HX_Harbour Street", marker="hxdav-0001", zone="Australia/Sydney")
            for fail in (exchange.faults.truncate, exchange.faults.cut, exchange.faults.lose_answers):
                fail(operation="CreateItem|GetItem")
                with pytest.raises(RemoteError) as caught:
                    remote.create(calendar_id, an_event("Kowalski, private"))
                told.append(f"{caught.value} {caught.value.args} {caught.value.__cause__}")
            remote.create(calendar_id, an_event("Kowalski, private"))

    said = " ".join([*told, *(record.getMessage() for record in caplog.records)])
    assert not any(secret in said for secret in ("Kowalski", "autumn-Leaf-7", "YXV0dW1u"))
