"""Push channels: real messages to a real listener, and what may go wrong on their way."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
import trustme

from tests.simulators.google.cases import ANNA, Desk, a_desk, refused
from tests.simulators.google.clients import calendar_service, faithful_google
from tests.simulators.google.oauth import APP_CREATED
from tests.simulators.google.wire import Json
from tests.waiting import PATIENCE_SECONDS

"""Seconds in which a message arrives, on a machine that does much else."""


@dataclass
class Hook:
    """A listener for messages; it answers with the codes given, then with 200."""

    url: str = ""
    codes: list[int] = field(default_factory=list)
    heard: list[dict[str, str]] = field(default_factory=list)

    def states(self) -> list[str]:
        return [message["x-goog-resource-state"] for message in self.heard]

    def hears(self, *states: str) -> None:
        """Wait until it has heard just this."""
        wait_until(lambda: len(self.heard) >= len(states))
        assert self.states() == list(states)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@contextmanager
def a_hook(context: ssl.SSLContext | None = None) -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.heard.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(found.codes.pop(0) if found.codes else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        found.url = f"{'https' if context else 'http'}://localhost:{server.server_port}/hooks/google"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


@pytest.fixture
def hook() -> Iterator[Hook]:
    with a_hook() as found:
        yield found


def watch(desk: Desk, hook: Hook, **body: Any) -> Json:
    whole = {"id": "channel-1", "type": "web_hook", "address": hook.url, "token": "s3cret", **body}
    answer: Json = desk.events.watch(calendarId=desk.calendar_id, body=whole).execute()
    return answer


def test_a_new_channel_is_greeted_and_then_told_of_changes(desk: Desk, hook: Hook) -> None:
    answer = watch(desk, hook)
    desk.insert(id="aaaaa")
    desk.anna.delete_event(desk.calendar_id, "aaaaa")
    hook.hears("sync", "exists", "exists")
    message = hook.heard[1]
    assert message["x-goog-channel-id"] == answer["id"] == "channel-1"
    assert message["x-goog-channel-token"] == "s3cret"
    assert message["x-goog-resource-id"] == answer["resourceId"]
    assert message["x-goog-resource-uri"] == answer["resourceUri"]
    assert message["content-length"] == "0"
    assert [one["x-goog-message-number"] for one in hook.heard] == ["1", "2", "3"]
    expiration = parsedate_to_datetime(message["x-goog-channel-expiration"])
    assert int(answer["expiration"]) == int(expiration.timestamp() * 1000)


def test_a_channel_hears_nothing_of_other_calendars(desk: Desk, hook: Hook) -> None:
    watch(desk, hook)
    other = desk.anna.add_calendar("Other")
    desk.anna.add_event(other.id, desk.clock.moment, desk.clock.moment + timedelta(hours=1))
    desk.insert()
    hook.hears("sync", "exists")


def test_a_channel_lives_a_week_unless_it_asks_for_less(desk: Desk, hook: Hook) -> None:
    for number, (params, life) in enumerate([({}, timedelta(days=7)), ({"ttl": "60"}, timedelta(minutes=1))]):
        answer = watch(desk, hook, id=f"channel-{number}", params=params)
        assert int(answer["expiration"]) == int((desk.clock.moment + life).timestamp() * 1000)


def test_an_expired_channel_is_silent(desk: Desk, hook: Hook) -> None:
    watch(desk, hook, params={"ttl": "60"})
    watch(desk, hook, id="channel-2")
    desk.clock.move(timedelta(minutes=2))
    desk.insert()
    hook.hears("sync", "sync", "exists")
    assert hook.heard[-1]["x-goog-channel-id"] == "channel-2"


def test_a_stopped_channel_is_silent(desk: Desk, hook: Hook) -> None:
    answer = watch(desk, hook)
    with refused(404, "notFound"):
        desk.service.channels().stop(body={"id": "channel-1", "resourceId": "another"}).execute()
    desk.service.channels().stop(body={"id": answer["id"], "resourceId": answer["resourceId"]}).execute()
    desk.insert()
    watch(desk, hook, id="channel-2")
    hook.hears("sync", "sync")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"id": "x" * 65}, "channelIdInvalid"),
        ({"type": "web-hook"}, "channelUnknown"),
        ({"address": ""}, "required"),
        ({"address": "ftp://localhost/"}, "push.webhookUrlNotHttps"),
        ({"params": {"ttl": "long"}}, "invalid"),
    ],
)
def test_a_channel_that_cannot_be_is_refused(desk: Desk, hook: Hook, body: Json, reason: str) -> None:
    with refused(400, reason):
        watch(desk, hook, **body)


def test_the_id_of_a_channel_is_taken_once(desk: Desk, hook: Hook) -> None:
    watch(desk, hook)
    with refused(400, "channelIdNotUnique"):
        watch(desk, hook)


def test_google_may_refuse_an_address(desk: Desk, hook: Hook) -> None:
    desk.google.quirks.webhooks_unauthorized = True
    # Google's own client takes a 401 for an old access token and looks for a newer one first.
    answer = httpx.post(
        f"{desk.google.url}/calendar/v3/calendars/{desk.calendar_id}/events/watch",
        json={"id": "channel-1", "type": "web_hook", "address": hook.url},
        headers={"Authorization": f"Bearer {desk.anna.token()}"},
    )
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (401, "webhookUrlUnauthorized")


def test_a_message_answered_with_5xx_is_sent_again(desk: Desk, hook: Hook) -> None:
    desk.google.channels.troubles.retry_seconds = 0.01
    hook.codes = [503]
    watch(desk, hook)
    hook.hears("sync", "sync")
    wait_until(lambda: len(desk.google.channels.deliveries) == 2)
    assert [one.code for one in desk.google.channels.deliveries] == [503, 200]


def test_messages_may_be_dropped_doubled_and_late(desk: Desk, hook: Hook) -> None:
    troubles = desk.google.channels.troubles
    troubles.drop_rate = 1.0
    watch(desk, hook)
    troubles.drop_rate, troubles.doubles, troubles.delay_seconds = 0.0, True, 0.1
    desk.insert()
    assert hook.heard == []
    hook.hears("exists", "exists")
    assert [one["x-goog-message-number"] for one in hook.heard] == ["2", "2"]


def test_a_hook_under_tls_is_reached_where_its_certificate_is_trusted() -> None:
    authority = trustme.CA()
    context, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(trust)
    with a_hook(context) as hook, faithful_google(trust=trust) as google:
        anna = google.user(ANNA)
        with calendar_service(google, anna.token(APP_CREATED)) as service:
            calendar_id = service.calendars().insert(body={"summary": "HX"}).execute()["id"]
            body = {"id": "channel-1", "type": "web_hook", "address": hook.url}
            service.events().watch(calendarId=calendar_id, body=body).execute()
        hook.hears("sync")
        assert "x-goog-channel-token" not in hook.heard[0]
