"""Streaming and pull notifications of the EWS simulator, through unmodified exchangelib."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from threading import Timer

import httpx
import pytest
from exchangelib.errors import (  # type: ignore[import-untyped]
    ErrorExceededConnectionCount,
    ErrorExpiredSubscription,
    ErrorInvalidSubscription,
    ErrorSubscriptionNotFound,
)
from exchangelib.services import GetStreamingEvents  # type: ignore[import-untyped]

from tests.simulators.ews.cases import Desk, a_desk, berlin

ASKED = """\
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
    xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body><m:GetStreamingEvents>
<m:SubscriptionIds><t:SubscriptionId>{subscription}</t:SubscriptionId></m:SubscriptionIds>
<m:ConnectionTimeout>1</m:ConnectionTimeout></m:GetStreamingEvents></s:Body></s:Envelope>"""


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        found.exchange.quirks.streaming_minute = 0.4
        yield found


def streamed(desk: Desk, subscription: str, most: int | None = None) -> list[object]:
    told = desk.calendar.get_streaming_events(subscription, connection_timeout=1, max_notifications_returned=most)
    return [one for notification in told for one in notification.events]


def test_what_happened_since_the_subscription_is_streamed_at_once(desk: Desk) -> None:
    subscription = desk.calendar.subscribe_to_streaming()
    made = desk.make()
    (told,) = streamed(desk, subscription, 1)
    assert (type(told).__name__, told.item_id.id) == ("CreatedEvent", made.id)  # type: ignore[attr-defined]


def test_an_edit_in_outlook_is_streamed_as_it_happens(desk: Desk) -> None:
    desk.exchange.quirks.streaming_minute = 600
    made = desk.make()
    subscription = desk.calendar.subscribe_to_streaming()
    Timer(0.1, lambda: desk.anna.change(made.id, Subject="Outlook's")).start()
    before = time.monotonic()
    (told,) = streamed(desk, subscription, 1)
    assert type(told).__name__ == "ModifiedEvent"
    assert time.monotonic() - before < 300


def test_a_deletion_in_outlook_is_told_as_moved(desk: Desk) -> None:
    made = desk.make()
    every = desk.calendar.subscribe_to_streaming()
    some = desk.calendar.subscribe_to_streaming(event_types=["DeletedEvent"])
    desk.anna.delete(made.id)
    (told,) = streamed(desk, every, 1)
    assert (type(told).__name__, told.old_item_id.id) == ("MovedEvent", made.id)  # type: ignore[attr-defined]
    assert streamed(desk, some) == []


def test_a_stream_ends_with_its_time(desk: Desk) -> None:
    subscription = desk.calendar.subscribe_to_streaming()
    service = GetStreamingEvents(account=desk.account)
    assert list(service.call(subscription_ids=[subscription], connection_timeout=1)) == []
    assert service.connection_status == "Closed"


def test_other_folders_are_not_told_of(desk: Desk) -> None:
    subscription = desk.calendar.subscribe_to_streaming()
    desk.anna.add("Calendar", berlin(2026, 11, 23, 9), berlin(2026, 11, 23, 10))
    assert streamed(desk, subscription) == []


def test_a_subscription_that_is_lost_is_refused(desk: Desk) -> None:
    subscription = desk.calendar.subscribe_to_streaming()
    desk.exchange.subscriptions.lose()
    with pytest.raises(ErrorInvalidSubscription):
        streamed(desk, subscription)


def test_a_subscription_lost_in_its_stream_ends_the_stream(desk: Desk) -> None:
    desk.exchange.quirks.streaming_minute = 10
    subscription = desk.calendar.subscribe_to_streaming()
    Timer(0.1, desk.exchange.subscriptions.lose).start()
    with pytest.raises(ErrorInvalidSubscription):
        streamed(desk, subscription)


def test_a_stream_whose_connection_breaks_can_be_opened_again(desk: Desk) -> None:
    subscription = desk.calendar.subscribe_to_streaming()
    desk.exchange.quirks.streaming_minute = 10
    Timer(0.1, desk.exchange.hang_up).start()
    with pytest.raises(Exception, match=r"[Cc]onnection|IncompleteRead|Response ended"):
        streamed(desk, subscription)
    desk.make()
    assert len(streamed(desk, subscription, 1)) == 1


def test_notifications_may_be_dropped(desk: Desk) -> None:
    subscription = desk.calendar.subscribe_to_streaming()
    desk.exchange.subscriptions.are_dropped = True
    desk.make()
    assert streamed(desk, subscription) == []


def test_notifications_may_be_noisy(desk: Desk) -> None:
    desk.exchange.quirks.noisy = True
    subscription = desk.calendar.subscribe_to_streaming()
    desk.make()
    (told,) = desk.calendar.get_streaming_events(subscription, connection_timeout=1, max_notifications_returned=1)
    assert [type(one).__name__ for one in told.events] == ["CreatedEvent", "ModifiedEvent"] * 2


def test_only_so_many_connections_hang_at_once(desk: Desk) -> None:
    desk.exchange.quirks.hanging_connections = 0
    subscription = desk.calendar.subscribe_to_streaming()
    with pytest.raises(ErrorExceededConnectionCount):
        streamed(desk, subscription)


def test_a_subscription_is_ended(desk: Desk) -> None:
    subscription = desk.calendar.subscribe_to_streaming()
    desk.calendar.unsubscribe(subscription)
    with pytest.raises(ErrorSubscriptionNotFound):
        desk.calendar.unsubscribe(subscription)


def test_changes_are_pulled_from_a_watermark(desk: Desk) -> None:
    subscription, watermark = desk.calendar.subscribe_to_pull()
    (quiet,) = desk.calendar.get_events(subscription, watermark)
    assert [type(one).__name__ for one in quiet.events] == ["StatusEvent"]
    made = desk.make()
    (told,) = desk.calendar.get_events(subscription, watermark)
    (event_told,) = told.events
    assert (type(event_told).__name__, event_told.item_id.id) == ("CreatedEvent", made.id)
    (after,) = desk.calendar.get_events(subscription, event_told.watermark)
    assert [type(one).__name__ for one in after.events] == ["StatusEvent"]
    (again,) = desk.calendar.get_events(subscription, watermark)
    assert [type(one).__name__ for one in again.events] == ["CreatedEvent"]


def test_streams_end_on_command_and_their_subscriptions_stay(desk: Desk) -> None:
    desk.exchange.quirks.streaming_minute = 20
    subscription = desk.calendar.subscribe_to_streaming()
    Timer(0.1, desk.exchange.subscriptions.end_streams).start()
    service = GetStreamingEvents(account=desk.account)
    assert list(service.call(subscription_ids=[subscription], connection_timeout=1)) == []
    assert service.connection_status == "Closed"
    desk.make()
    assert len(streamed(desk, subscription, 1)) == 1


def test_a_lost_subscription_is_refused_by_the_code_that_was_asked_for(desk: Desk) -> None:
    subscription = desk.calendar.subscribe_to_streaming()
    desk.exchange.subscriptions.lost_as = "ErrorExpiredSubscription"
    desk.exchange.subscriptions.lose()
    with pytest.raises(ErrorExpiredSubscription):
        streamed(desk, subscription)


def test_a_silent_stream_says_that_it_is_still_there(desk: Desk) -> None:
    desk.exchange.subscriptions.heartbeat = 0.1
    asked = ASKED.format(subscription=desk.calendar.subscribe_to_streaming())
    told = httpx.post(desk.exchange.address, content=asked, auth=(desk.anna.email, desk.anna.password)).text
    statuses = re.findall("<m:ConnectionStatus>([^<]*)", told)
    assert len(statuses) > 3
    assert (set(statuses[:-1]), statuses[-1]) == ({"OK"}, "Closed")
