"""What goes wrong on request at the EWS simulator: refusals, back-off, lost, cut and doubled answers."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from exchangelib import FaultTolerance  # type: ignore[import-untyped]
from exchangelib.errors import (  # type: ignore[import-untyped]
    ErrorExceededConnectionCount,
    ErrorInternalServerError,
    ErrorMailboxStoreUnavailable,
    ErrorServerBusy,
    EWSError,
    TransportError,
)

from tests.simulators.ews.cases import ANNA, NAME, Desk, a_desk
from tests.simulators.ews.clients import account_of
from tests.simulators.ews.schema import light_problems, problems, published_schema
from tests.simulators.ews.server import exchange_server
from tests.simulators.ews.wire import m, t

ANY_FAILURE = (EWSError, TransportError, ConnectionError, OSError)
GET_CALENDAR = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
 xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body><m:GetFolder>
<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>
<m:FolderIds><t:DistinguishedFolderId Id="calendar"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>"""


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def asked(desk: Desk, **headers: str) -> httpx.Response:
    return httpx.post(desk.exchange.address, content=GET_CALENDAR, headers=headers)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_without_credentials_the_answer_is_401_with_what_is_offered(desk: Desk) -> None:
    desk.exchange.schemes = ("Negotiate", "NTLM", "Basic")
    answer = asked(desk)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Negotiate, NTLM, Basic realm="mail.example.com"'
    assert asked(desk, Authorization=basic(ANNA, "wrong")).status_code == 401
    desk.exchange.schemes = ("NTLM",)
    assert asked(desk, Authorization=basic(ANNA, desk.anna.password)).status_code == 401


def test_an_account_signs_in_by_address_domain_or_token(desk: Desk) -> None:
    desk.exchange.tokens["token-1"] = ANNA
    for authorization in (
        basic(ANNA, desk.anna.password),
        basic("PRACTICE\\anna", desk.anna.password),
        "Bearer token-1",
    ):
        assert asked(desk, Authorization=authorization).status_code == 200
    assert asked(desk, Authorization="Bearer other").status_code == 401


def test_every_answer_says_the_servers_version(desk: Desk) -> None:
    answer = asked(desk, Authorization=basic(ANNA, desk.anna.password))
    assert 'MajorVersion="15"' in answer.text
    assert "<t:DisplayName>Calendar</t:DisplayName>" in answer.text
    assert 'MinorVersion="2"' in answer.text


def test_a_busy_server_says_how_long_to_wait(desk: Desk) -> None:
    desk.exchange.faults.busy(1500)
    with pytest.raises(ErrorServerBusy) as caught:
        desk.make()
    assert caught.value.back_off == 1.5
    assert desk.anna.items(NAME) == []


def test_exchangelib_waits_as_long_as_it_is_asked_to(desk: Desk) -> None:
    with account_of(
        desk.exchange, desk.anna, user="PRACTICE\\anna", retry_policy=FaultTolerance(max_wait=5)
    ) as account:
        assert account.calendar.name == "Calendar"
        desk.exchange.faults.busy(300)
        before = time.monotonic()
        account.calendar.refresh()
        assert 0.25 < time.monotonic() - before < 60


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ErrorMailboxStoreUnavailable", ErrorMailboxStoreUnavailable),
        ("ErrorInternalServerError", ErrorInternalServerError),
    ],
)
def test_requests_are_refused_as_scripted(desk: Desk, code: str, error: type[Exception]) -> None:
    desk.exchange.faults.fault(code, operation="CreateItem")
    desk.exchange.faults.refuse(code, operation="CreateItem")
    for _ in range(2):
        with pytest.raises(error):
            desk.make()
    desk.make()


@pytest.mark.parametrize("code", [502, 503])
def test_something_before_exchange_may_answer(desk: Desk, code: int) -> None:
    desk.exchange.faults.http(code)
    with pytest.raises(ANY_FAILURE):
        desk.calendar.refresh()


def test_a_lost_answer_is_lost_after_the_request_was_carried_out(desk: Desk) -> None:
    desk.exchange.faults.lose_answers(operation="CreateItem")
    with pytest.raises(ANY_FAILURE):
        desk.make(simulator_key="key-1")
    (found,) = desk.calendar.filter(simulator_key="key-1").only("subject")
    assert found.id == desk.anna.items(NAME)[0].id


def test_a_doubled_create_makes_two(desk: Desk) -> None:
    desk.exchange.faults.double(operation="CreateItem")
    desk.make(uid="one-uid")
    assert [one.text("UID") for one in desk.anna.items(NAME)] == ["one-uid"] * 2


def test_an_answer_may_break_off(desk: Desk) -> None:
    desk.exchange.faults.cut(operation="GetFolder")
    with pytest.raises(ANY_FAILURE):
        desk.calendar.refresh()
    desk.calendar.refresh()


def test_an_answer_may_be_half_of_its_xml(desk: Desk) -> None:
    desk.exchange.faults.truncate()
    answer = asked(desk, Authorization=basic(ANNA, desk.anna.password))
    with pytest.raises(ET.ParseError):
        ET.fromstring(answer.content)


def test_exchangelib_reads_half_of_a_listing_as_if_it_were_whole(desk: Desk) -> None:
    for _ in range(6):
        desk.make()
    desk.exchange.faults.truncate(operation="SyncFolderItems")
    told, state = desk.synced(None)
    assert len(told) < 6
    # And so the rest of it is never told: whoever uses exchangelib has to look at the answer's end themselves.
    assert desk.synced(state)[0] == []


def test_a_delayed_request_is_carried_out_later(desk: Desk) -> None:
    desk.exchange.faults.delay(0.1)
    before = time.monotonic()
    desk.calendar.refresh()
    assert time.monotonic() - before >= 0.1


def test_everything_fails_for_a_while(desk: Desk) -> None:
    with desk.exchange.faults.always("ErrorMailboxStoreUnavailable"):
        for _ in range(2):
            with pytest.raises(ErrorMailboxStoreUnavailable):
                desk.calendar.refresh()
    desk.calendar.refresh()


def test_what_a_write_says_of_mail_is_noted() -> None:
    with exchange_server() as exchange:
        anna = exchange.user(ANNA)
        with account_of(exchange, anna) as account:
            from exchangelib import CalendarItem, EWSDateTime  # noqa: PLC0415

            times = {name: EWSDateTime(2026, 11, 23, 9, tzinfo=account.default_timezone) for name in ("start", "end")}
            made = CalendarItem(folder=account.calendar, account=account, subject="x", **times)
            made.save(send_meeting_invitations="SendToAllAndSaveCopy")
            made.delete(send_meeting_cancellations="SendToNone")
        assert [(one.operation, one.choice) for one in exchange.send_choices] == [
            ("CreateItem", "SendToAllAndSaveCopy"),
            ("DeleteItem", "SendToNone"),
        ]


def test_the_light_check_sees_what_is_out_of_order() -> None:
    item = t("CalendarItem", t("Location", text="x"), t("Subject", text="y"))
    assert light_problems(m("CreateItem", m("Items", item))) == [
        "CreateItem: the fields of CalendarItem are out of order"
    ]
    assert light_problems(m("GetItem", m("ItemIds", t("ItemId")))) == ["GetItem: ItemId has no Id"]
    assert light_problems(t("GetItem"))


def test_the_published_schema_sees_more() -> None:
    if published_schema() is None:
        pytest.skip("needs Microsoft's messages.xsd in ../shared/schemas/ews, which is not part of the repository")
    found = problems(m("GetFolder", m("FolderIds", t("DistinguishedFolderId", Id="Anna's secret"))))
    assert found
    assert "Anna" not in " ".join(found)


def test_it_serves_over_tls_where_it_is_given_a_certificate() -> None:
    authority = trustme.CA()
    served, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(served)
    authority.configure_trust(trusted)
    with exchange_server(certificate=served) as exchange:
        anna = exchange.user(ANNA)
        headers = {"Authorization": basic(ANNA, anna.password)}
        assert httpx.post(exchange.address, content=GET_CALENDAR, headers=headers, verify=trusted).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.post(exchange.address, content=GET_CALENDAR, headers=headers)
        assert exchange.violations == []


def test_too_many_requests_at_the_same_time_are_refused(desk: Desk) -> None:
    desk.exchange.quirks.concurrent_requests = 0
    with pytest.raises(ErrorExceededConnectionCount):
        desk.calendar.refresh()
    desk.exchange.quirks.concurrent_requests = 1
    desk.calendar.refresh()
    assert desk.exchange.requests.most_at_once(ANNA) == 1


def test_a_server_that_ends_hangs_up() -> None:
    with exchange_server() as other, httpx.Client(base_url=other.url) as browser:
        assert browser.get("/").status_code == 404
        url = other.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_it_runs_alone_and_says_where_it_listens() -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "tests.simulators.ews", "--port", "0", "--user", ANNA, "--zone", "Europe/Berlin"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told: dict[str, Any] = json.loads(process.stdout.readline())
            credentials = basic(ANNA, told["accounts"][ANNA])
            answer = httpx.post(told["ews"], content=GET_CALENDAR, headers={"Authorization": credentials})
            assert answer.status_code == 200
            base = told["ews"].removesuffix("/EWS/Exchange.asmx")
            report = httpx.get(f"{base}/_simulator/report").json()
            assert httpx.get(f"{base}/_simulator/items", params={"user": ANNA}).json() == {"Calendar": []}
        finally:
            process.terminate()
    assert report == {"violations": [], "users": {ANNA: {"requests": 1, "most_at_once": 1}}, "mailed": []}
    assert process.returncode == 0
