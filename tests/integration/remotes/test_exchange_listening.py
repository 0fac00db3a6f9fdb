"""Listening to Exchange: what its streams do that other providers' do not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hxdav.net.reach import Reach
from hxdav.remote import AccessLost, CalendarId, CalendarUnavailable, Remote, TryLater
from hxdav.remotes.exchange import Auth, open_exchange
from hxdav.remotes.exchange.elements import InvalidEwsAnswer
from hxdav.remotes.exchange.listening import _documents
from tests.contract.remotes.ears import Ears, listening
from tests.integration.remotes.exchange_desk import LOOPBACK, MONDAY, Desk, a_desk, account_of
from tests.integration.remotes.exchange_fronts import certificate_of_its_own, ntlm_before
from tests.waiting import PATIENCE_SECONDS

LOCALHOST = Reach(allowed=("127.0.0.0/8", "::1"), hosts=("localhost",))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


def opened_by(desk: Desk) -> Callable[[], Remote]:
    return lambda: open_exchange(account_of(desk.exchange, desk.kim), reach=LOOPBACK)


@contextlib.contextmanager
def ears_at(desk: Desk) -> Iterator[Ears]:
    """Somebody who listens to the calendar, and has heard that they do."""
    with listening(opened_by(desk), [desk.calendar_id]) as ears:
        assert ears.quiet() == [desk.calendar_id]
        yield ears


def add(desk: Desk, title: str = "Supervision") -> str:
    return desk.kim.add(desk.calendar_id, MONDAY, MONDAY.replace(hour=10), Subject=title).id


def requests(desk: Desk, operation: str) -> int:
    return desk.exchange.requests.made(desk.kim.email, operation)


@pytest.mark.parametrize("code", ["ErrorInvalidSubscription", "ErrorSubscriptionNotFound", "ErrorExpiredSubscription"])
def test_a_subscription_that_is_lost_is_made_anew_and_everything_is_looked_at(desk: Desk, code: str) -> None:
    desk.exchange.subscriptions.lost_as = code
    with ears_at(desk) as ears:
        desk.exchange.subscriptions.lose()
        again = ears.quiet()
        add(desk)
        heard = ears.next()

    assert (again, heard) == ([desk.calendar_id], desk.calendar_id)
    assert ears.error is None
    assert requests(desk, "Subscribe") == 2


def test_subscriptions_that_are_lost_again_and_again_are_left_alone_for_a_while(desk: Desk) -> None:
    desk.exchange.faults.refuse("ErrorSubscriptionNotFound", times=9, operation="GetStreamingEvents")
    with listening(opened_by(desk), [desk.calendar_id]) as ears:
        assert ears.ended.wait(PATIENCE_SECONDS)

    assert isinstance(ears.error, TryLater)
    assert requests(desk, "Subscribe") == 3


def test_a_stream_that_exchange_ends_is_no_failure(desk: Desk) -> None:
    with ears_at(desk) as ears:
        desk.exchange.subscriptions.end_streams()
        assert ears.ended.wait(PATIENCE_SECONDS)

    assert ears.error is None


def test_a_stream_that_breaks_off_is_to_be_tried_again(desk: Desk) -> None:
    with ears_at(desk) as ears:
        desk.exchange.hang_up()
        assert ears.ended.wait(PATIENCE_SECONDS)

    assert isinstance(ears.error, TryLater)


def test_a_half_of_a_message_is_to_be_tried_again(desk: Desk) -> None:
    desk.exchange.faults.cut(operation="GetStreamingEvents")
    with listening(opened_by(desk), [desk.calendar_id]) as ears:
        assert ears.ended.wait(PATIENCE_SECONDS)

    assert isinstance(ears.error, TryLater)
    assert ears.quiet() == []


@pytest.mark.parametrize("code", [401, 403, 404, 502, 503])
def test_what_stands_before_exchange_is_understood(desk: Desk, code: int) -> None:
    desk.exchange.faults.http(code, operation="GetStreamingEvents")
    with listening(opened_by(desk), [desk.calendar_id]) as ears:
        assert ears.ended.wait(PATIENCE_SECONDS)

    assert isinstance(ears.error, AccessLost if code == 401 else TryLater)
    assert "://" not in str(ears.error)


def test_too_many_connections_at_once_are_to_be_tried_again(desk: Desk) -> None:
    desk.exchange.quirks.hanging_connections = 0
    with listening(opened_by(desk), [desk.calendar_id]) as ears:
        assert ears.ended.wait(PATIENCE_SECONDS)

    assert isinstance(ears.error, TryLater)
    assert ears.error.code == "quota"


def test_a_server_that_is_busy_says_for_how_long(desk: Desk) -> None:
    desk.exchange.faults.busy(90_000, operation="GetStreamingEvents")
    with listening(opened_by(desk), [desk.calendar_id]) as ears:
        assert ears.ended.wait(PATIENCE_SECONDS)

    assert isinstance(ears.error, TryLater)
    assert ears.error.after is not None
    assert ears.error.after.total_seconds() == 90


def test_heartbeats_and_the_folders_own_changes_are_not_heard(desk: Desk) -> None:
    desk.exchange.subscriptions.heartbeat = 0.05
    with ears_at(desk) as ears:
        heard = ears.quiet()

    assert heard == []


def test_who_stops_listening_takes_their_subscription_back(desk: Desk) -> None:
    with ears_at(desk):
        assert len(desk.exchange.subscriptions.by_id) == 1

    assert desk.exchange.subscriptions.by_id == {}


def test_a_calendar_that_is_gone_for_good_cannot_be_listened_to(desk: Desk) -> None:
    gone = CalendarId(desk.calendar_id[:-4] + "AAAA")
    with listening(opened_by(desk), [desk.calendar_id, gone]) as ears:
        assert ears.ended.wait(PATIENCE_SECONDS)

    assert isinstance(ears.error, CalendarUnavailable)


def test_streams_come_through_ntlm_and_tls(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = tmp_path / "users"
    known.write_text(f"PRACTICE:kim:{desk.kim.password}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(known))
    certificate = certificate_of_its_own()
    with ntlm_before(desk.exchange, desk.kim, certificate=certificate) as url:
        account = replace(
            account_of(desk.exchange, desk.kim),
            endpoint=url,
            username="PRACTICE\\kim",
            auth=Auth.NTLM,
            authorities=certificate.authorities,
        )
        with listening(lambda: open_exchange(account, reach=LOCALHOST), [desk.calendar_id]) as ears:
            first = ears.quiet()
            add(desk)
            heard = ears.next()

    assert (first, heard, ears.error) == ([desk.calendar_id], desk.calendar_id, None)


def test_documents_come_as_soon_as_their_end_has() -> None:
    parts = [
        b"<?xml version='1.0'?><s:Env",
        b"elope>1</s:Envelope",
        b" >\r\n<Envelope>2</Envelope><a:Envelope>3",
        b"</a:Envelope>",
    ]
    came = _documents(iter(parts))

    assert next(came) == b"<?xml version='1.0'?><s:Envelope>1</s:Envelope >"
    assert list(came) == [b"<Envelope>2</Envelope>", b"<a:Envelope>3</a:Envelope>"]


@pytest.mark.parametrize(
    "parts", [[b"<s:Envelope>"], [b"<s:Envelope>" + b"x" * 1024 * 1024] + [b"x" * 1024 * 1024] * 4]
)
def test_what_has_no_end_makes_no_sense(parts: list[bytes]) -> None:
    with pytest.raises(InvalidEwsAnswer):
        list(_documents(iter(parts)))
