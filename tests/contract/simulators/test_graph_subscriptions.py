"""Subscriptions of the Graph simulator: the handshake, real notifications to a real listener, and their troubles."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.simulators.graph.cases import MONDAY, WEEKLY, Desk, a_desk, refusal, told
from tests.simulators.graph.times import offset_stamp
from tests.simulators.graph.wire import Json
from tests.waiting import PATIENCE_SECONDS

"""Seconds in which a notification arrives, on a machine that does much else."""


@dataclass
class Hook:
    """A listener; it gives the handshake unless told otherwise, and answers with the codes given, then with 202."""

    url: str = ""
    shakes: bool = True
    codes: list[int] = field(default_factory=list)
    bodies: list[list[Json]] = field(default_factory=list)
    shaken: int = 0

    def heard(self, count: int) -> list[Json]:
        """What it has heard, once it is as much as that."""
        wait_until(lambda: sum(map(len, self.bodies)) >= count)
        found = [one for body in self.bodies for one in body]
        assert len(found) == count
        return found


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@contextmanager
def a_hook() -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = parse_qs(urlsplit(self.path).query).get("validationToken")
            if token:
                found.shaken += 1
                self.answer(200, token[0] if found.shakes else "what?")
            else:
                found.bodies.append(json.loads(body)["value"])
                self.answer(found.codes.pop(0) if found.codes else 202)

        def answer(self, code: int, text: str = "") -> None:
            self.send_response(code)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False
        found.url = f"http://127.0.0.1:{server.server_port}/hooks/microsoft"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    with a_hook() as found:
        yield found


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def wanted(desk: Desk, hook: Hook, *, days: float = 6, **more: Any) -> Json:
    return {
        "changeType": "created,updated,deleted",
        "notificationUrl": hook.url,
        "lifecycleNotificationUrl": f"{hook.url}?lifecycle=1",
        "resource": f"me/calendars/{desk.calendar_id}/events",
        "expirationDateTime": offset_stamp(desk.clock() + timedelta(days=days)),
        "clientState": "secret",
    } | more


def subscribed(desk: Desk, hook: Hook, **more: Any) -> Json:
    return told(desk.ask("POST", "/subscriptions", wanted(desk, hook, **more)), 201)


def test_both_addresses_are_validated(desk: Desk, hook: Hook) -> None:
    made = subscribed(desk, hook)

    assert hook.shaken == 2
    assert made["expirationDateTime"] == "2026-11-28T01:00:00Z"
    read = told(desk.ask("GET", f"/subscriptions/{made['id']}"))
    assert "clientState" not in read
    assert [one["id"] for one in told(desk.ask("GET", "/subscriptions"))["value"]] == [made["id"]]


def test_an_address_that_does_not_give_the_token_is_refused(desk: Desk, hook: Hook) -> None:
    hook.shakes = False

    assert refusal(desk.ask("POST", "/subscriptions", wanted(desk, hook))) == (400, "ValidationError")


@pytest.mark.parametrize("more", [{"days": 7.1}, {"days": -1}, {"resource": "me/messages"}, {"clientState": "x" * 129}])
def test_what_exceeds_the_limits_is_refused(desk: Desk, hook: Hook, more: Json) -> None:
    answer = desk.ask("POST", "/subscriptions", wanted(desk, hook, **more))

    assert refusal(answer) == (400, "InvalidRequest")


def test_a_short_life_is_made_longer(desk: Desk, hook: Hook) -> None:
    made = subscribed(desk, hook, days=0.001)

    assert made["expirationDateTime"] == "2026-11-22T01:45:00Z"


def test_a_calendar_that_is_not_there_cannot_be_subscribed_to(desk: Desk, hook: Hook) -> None:
    answer = desk.ask("POST", "/subscriptions", wanted(desk, hook, resource="me/calendars/none/events"))

    assert refusal(answer) == (404, "ErrorItemNotFound")


def test_every_change_is_notified_with_the_client_state(desk: Desk, hook: Hook) -> None:
    subscription = subscribed(desk, hook)

    made = desk.create()
    hook.heard(1)
    desk.patch(made["id"], subject="New")
    desk.delete(made["id"])

    heard = hook.heard(3)
    assert [one["changeType"] for one in heard] == ["created", "updated", "deleted"]
    assert {one["resourceData"]["id"] for one in heard} == {made["id"]}
    assert {one["clientState"] for one in heard} == {"secret"}
    assert {one["subscriptionId"] for one in heard} == {subscription["id"]}


def test_notifications_that_come_together_go_in_one_body(desk: Desk, hook: Hook) -> None:
    desk.graph.subscriptions.troubles.gather_seconds = 0.3
    subscribed(desk, hook)

    for _ in range(3):
        desk.create()

    hook.heard(3)
    assert len(hook.bodies) == 1


def test_ids_are_ordinary_where_immutable_ones_were_not_asked_for(desk: Desk, hook: Hook) -> None:
    told(desk.ask("POST", "/subscriptions", wanted(desk, hook), Prefer=""), 201)

    made = desk.create()

    (heard,) = hook.heard(1)
    assert heard["resourceData"]["id"] == desk.get(made["id"], Prefer="")["id"] != made["id"]


def test_a_deleted_occurrence_is_an_update_of_its_master(desk: Desk, hook: Hook) -> None:
    made = desk.create(WEEKLY)
    subscribed(desk, hook)

    desk.delete(desk.occurrences(made["id"])[1]["id"])

    (heard,) = hook.heard(1)
    assert (heard["changeType"], heard["resourceData"]["id"]) == ("updated", made["id"])


def test_another_calendar_and_an_unwanted_change_are_not_notified(desk: Desk, hook: Hook) -> None:
    subscribed(desk, hook, changeType="deleted")
    made = desk.create()
    desk.ask("POST", "/me/events", MONDAY)

    desk.delete(made["id"])

    assert [one["changeType"] for one in hook.heard(1)] == ["deleted"]


def test_a_renewed_subscription_lives_on_and_an_expired_one_is_gone(desk: Desk, hook: Hook) -> None:
    made = subscribed(desk, hook, days=1)
    path = f"/subscriptions/{made['id']}"
    later = {"expirationDateTime": offset_stamp(desk.clock() + timedelta(days=6))}
    assert told(desk.ask("PATCH", path, later))["expirationDateTime"] == later["expirationDateTime"]

    desk.clock.move(timedelta(days=6))
    desk.graph.tokens.accept("late", user=desk.anna.email)

    assert refusal(desk.ask("PATCH", path, later, Authorization="Bearer late")) == (404, "ResourceNotFound")


def test_an_address_cannot_be_changed(desk: Desk, hook: Hook) -> None:
    made = subscribed(desk, hook)

    answer = desk.ask("PATCH", f"/subscriptions/{made['id']}", {"lifecycleNotificationUrl": hook.url})

    assert refusal(answer) == (400, "InvalidRequest")


def test_a_deleted_subscription_is_silent(desk: Desk, hook: Hook) -> None:
    made = subscribed(desk, hook)

    assert desk.ask("DELETE", f"/subscriptions/{made['id']}").status_code == 204
    assert desk.ask("DELETE", f"/subscriptions/{made['id']}").status_code == 404
    desk.create()

    assert desk.graph.subscriptions.post.is_idle
    assert hook.bodies == []


def test_a_second_subscription_may_be_refused_with_409(desk: Desk, hook: Hook) -> None:
    desk.graph.quirks.one_subscription_each = True
    subscribed(desk, hook)

    assert desk.ask("POST", "/subscriptions", wanted(desk, hook)).status_code == 409


def test_reauthorisation_is_asked_for_and_given_by_renewing(desk: Desk, hook: Hook) -> None:
    made = subscribed(desk, hook)
    desk.graph.subscriptions.lifecycle("reauthorizationRequired")
    (asked,) = hook.heard(1)
    desk.create()
    later = {"expirationDateTime": made["expirationDateTime"]}

    told(desk.ask("PATCH", f"/subscriptions/{made['id']}", later))
    desk.create()

    assert asked["lifecycleEvent"] == "reauthorizationRequired"
    assert [one.get("changeType") for one in hook.heard(2)] == [None, "created"]


def test_a_removed_subscription_says_so_and_is_gone(desk: Desk, hook: Hook) -> None:
    made = subscribed(desk, hook)

    desk.graph.subscriptions.lifecycle("subscriptionRemoved", subscription_id=made["id"])

    (heard,) = hook.heard(1)
    assert (heard["lifecycleEvent"], heard["clientState"]) == ("subscriptionRemoved", "secret")
    assert desk.ask("GET", f"/subscriptions/{made['id']}").status_code == 404


def test_notifications_are_dropped_doubled_and_tried_again(desk: Desk, hook: Hook) -> None:
    subscribed(desk, hook)
    troubles = desk.graph.subscriptions.troubles
    troubles.drop_rate, troubles.retry_seconds = 1.0, 0.01
    desk.create()
    troubles.drop_rate, troubles.doubles = 0.0, True
    desk.create()
    hook.heard(2)
    troubles.doubles, hook.codes = False, [503]

    desk.create()

    assert len(hook.heard(4)) == 4


def test_consent_taken_back_ends_the_subscriptions(desk: Desk, hook: Hook) -> None:
    subscribed(desk, hook)

    desk.anna.revoke()

    assert desk.graph.subscriptions.open == {}
