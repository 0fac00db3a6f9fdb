"""Answers of EWS read strictly, what its codes mean, and which servers are not spoken with."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.domain.ids import Uid
from hxdav.remote import (
    AccessLost,
    CalendarUnavailable,
    Changed,
    CursorExpired,
    Forbidden,
    NotTaken,
    RemoteError,
    TryLater,
)
from hxdav.remotes.exchange import ExchangeAccount, open_exchange
from hxdav.remotes.exchange.account import ews_url
from hxdav.remotes.exchange.elements import InvalidEwsAnswer, m, parsed, t, text_at
from hxdav.remotes.exchange.items_out import key_value
from hxdav.remotes.exchange.refusal import ExchangeRefusal, error_of
from hxdav.remotes.exchange.wire import granted


def an_account(address: str = "kim@practice.example", endpoint: str = "") -> ExchangeAccount:
    return ExchangeAccount(address=address, username=address, password="secret-1", endpoint=endpoint)


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_makes_no_sense(content: bytes) -> None:
    with suppress(InvalidEwsAnswer):
        parsed(content)


@pytest.mark.parametrize("cut", range(1, 40))
def test_an_answer_that_is_cut_short_makes_no_sense(cut: int) -> None:
    whole = b'<?xml version="1.0"?><a xmlns="urn:b"><c>d &amp; e</c><f g="h"/></a>'

    with pytest.raises(InvalidEwsAnswer):
        parsed(whole[:-cut])


def test_characters_that_xml_has_no_place_for_are_left_out() -> None:
    root = parsed(b"<a><b>one&#x0B;&#11;&#xFFFF;&#99999999; two\x0b</b><c>&#x9;&#233;</c></a>")

    assert [child.text for child in root] == ["one two", "\té"]


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "http://practice.example/a.dtd"><a/>',
    ],
)
def test_a_document_type_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidEwsAnswer):
        parsed(content)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ErrorFolderNotFound", CalendarUnavailable),
        ("ErrorIrresolvableConflict", Changed),
        ("ErrorAccessDenied", Forbidden),
        ("ErrorInvalidSyncStateData", CursorExpired),
        ("ErrorQuotaExceeded", TryLater),
        ("ErrorCalendarDurationIsTooLong", NotTaken),
        ("ErrorOccurrenceCrossingBoundary", NotTaken),
        ("ErrorInternalServerError", TryLater),
        ("ErrorThatNobodyKnows", TryLater),
    ],
)
def test_a_code_is_named_for_what_is_to_be_done(code: str, kind: type[RemoteError]) -> None:
    error = error_of(code)

    assert type(error) is kind
    assert str(error).endswith(".")
    assert code not in str(error)


def test_a_message_that_grants_is_handed_on() -> None:
    message = m("GetItemResponseMessage", m("ResponseCode", text="NoError"), ResponseClass="Success")

    assert text_at(granted(message), "m:ResponseCode") == "NoError"


def test_a_message_that_asks_to_wait_says_how_long() -> None:
    told = m("MessageXml", t("Value", text="1500", Name="BackOffMilliseconds"))
    message = m("GetItemResponseMessage", m("ResponseCode", text="ErrorServerBusy"), told, ResponseClass="Error")

    with pytest.raises(TryLater) as caught:
        granted(message)

    assert caught.value.after == timedelta(seconds=1.5)


def test_a_message_that_refuses_says_why() -> None:
    message = m("GetItemResponseMessage", m("ResponseCode", text="ErrorItemNotFound"), ResponseClass="Error")

    with pytest.raises(ExchangeRefusal) as caught:
        granted(message)

    assert caught.value.code == "ErrorItemNotFound"


@pytest.mark.parametrize("kind", ["Error", "Warning", ""])
def test_a_message_that_refuses_nothing_and_grants_nothing_makes_no_sense(kind: str) -> None:
    with pytest.raises(TryLater):
        granted(m("GetItemResponseMessage", ResponseClass=kind))


@pytest.mark.parametrize(
    ("told", "url"),
    [
        ("mail.practice.example", "https://mail.practice.example/EWS/Exchange.asmx"),
        (" https://mail.practice.example/ ", "https://mail.practice.example/EWS/Exchange.asmx"),
        ("https://mail.practice.example:8443", "https://mail.practice.example:8443/EWS/Exchange.asmx"),
        ("https://mail.practice.example/ews/exchange.asmx?a#b", "https://mail.practice.example/ews/exchange.asmx"),
        ("http://127.0.0.1:8080/EWS/Exchange.asmx", "http://127.0.0.1:8080/EWS/Exchange.asmx"),
    ],
)
def test_a_server_may_be_told_by_its_name_or_by_the_url_of_ews(told: str, url: str) -> None:
    assert ews_url(told) == url


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("kim@practice.example", "outlook.office365.com"),
        ("kim@practice.example", "https://outlook.office.com/EWS/Exchange.asmx"),
        ("kim@practice.example", "https://OUTLOOK.office365.com/EWS/Exchange.asmx"),
        ("kim@outlook.com", ""),
        ("kim@practice.onmicrosoft.com", ""),
    ],
)
def test_mailboxes_at_microsoft_are_pointed_to_the_other_bridge(address: str, endpoint: str) -> None:
    with pytest.raises(AccessLost, match="Office 365") as caught:
        open_exchange(an_account(address, endpoint))

    assert caught.value.code == "exchange_online"


@pytest.mark.parametrize("address", ["", "kim", "kim@"])
def test_what_is_no_address_is_no_account(address: str) -> None:
    with pytest.raises(AccessLost):
        open_exchange(an_account(address))


def test_an_account_does_not_show_its_password() -> None:
    assert "secret-1" not in repr(an_account())


def test_a_key_is_a_uid_as_far_as_that_can_be_searched_for() -> None:
    assert key_value(Uid("short@hxdav")) == "short@hxdav"
