"""Access, limits and faults of the Graph simulator, and requests in batches."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.simulators.graph.cases import MONDAY, Desk, a_desk, refusal, told
from tests.simulators.graph.server import graph_server
from tests.simulators.graph.wire import Json


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def batch(desk: Desk, *requests: Json) -> dict[str, Json]:
    answers = told(desk.ask("POST", "/$batch", {"requests": list(requests)}))["responses"]
    return {one["id"]: one for one in answers}


def test_a_token_that_nobody_gave_is_refused(desk: Desk) -> None:
    for header in ("Bearer nonsense", "Bearer", "Basic eDp5"):
        answer = desk.ask("GET", "/me", Authorization=header)
        assert refusal(answer) == (401, "InvalidAuthenticationToken")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_ends_with_its_time(desk: Desk) -> None:
    desk.clock.move(timedelta(hours=1))

    assert refusal(desk.ask("GET", "/me")) == (401, "InvalidAuthenticationToken")
    assert desk.ask("GET", "/me", Authorization=f"Bearer {desk.anna.token()}").status_code == 200


def test_consent_taken_back_ends_every_token(desk: Desk) -> None:
    desk.anna.revoke()

    assert refusal(desk.ask("GET", "/me/calendars")) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("scope", "method", "path", "code"),
    [
        ("Calendars.Read", "GET", "/me/calendars", 200),
        ("Calendars.Read", "POST", "/me/calendars", 403),
        ("User.Read", "GET", "/me/calendars", 403),
        ("https://graph.microsoft.com/User.Read", "GET", "/me", 200),
        ("Calendars.ReadWrite", "GET", "/me", 403),
    ],
)
def test_a_token_opens_what_its_scopes_say(desk: Desk, scope: str, method: str, path: str, code: int) -> None:
    body = {"name": "Other"} if method == "POST" else None

    answer = desk.ask(method, path, body, Authorization=f"Bearer {desk.anna.token(scope)}")

    assert answer.status_code == code
    if code == 403 and path != "/me":
        assert refusal(answer) == (403, "ErrorAccessDenied")


def test_one_mailbox_does_not_see_another(desk: Desk) -> None:
    made = desk.create()
    token = desk.graph.user("ben@example.com").token()

    for path in (desk.calendar, f"/me/events/{made['id']}"):
        assert refusal(desk.ask("GET", path, Authorization=f"Bearer {token}")) == (404, "ErrorItemNotFound")


def test_a_fifth_request_at_once_is_refused(desk: Desk) -> None:
    desk.graph.faults.delay(0.5, times=5, path="/me$")
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: desk.ask("GET", "/me"), range(5)))

    refused = [one for one in answers if one.status_code != 200]
    assert [refusal(one) for one in refused] == [(429, "ApplicationThrottled")]
    assert refused[0].headers["Retry-After"] == "1"
    assert desk.graph.requests.most_at_once(desk.anna.email) == 5


def test_more_requests_than_the_quota_are_refused(desk: Desk) -> None:
    desk.graph.requests.per_ten_minutes = 3

    codes = [desk.ask("GET", "/me").status_code for _ in range(3)]

    assert codes == [200, 200, 429]


def test_scripted_refusals_say_how_long_to_wait(desk: Desk) -> None:
    desk.graph.faults.throttle(7)
    desk.graph.faults.refuse(503, "serviceNotAvailable", retry_after=3)

    answers = [desk.ask("GET", "/me") for _ in range(3)]

    assert [one.status_code for one in answers] == [429, 503, 200]
    assert [one.headers.get("Retry-After") for one in answers] == ["7", "3", None]


def test_a_lost_answer_leaves_the_work_done(desk: Desk) -> None:
    desk.graph.faults.lose_answers(method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        desk.create(transactionId="one")

    desk.create(transactionId="one")

    assert len(desk.anna.events(desk.calendar_id)) == 1


def test_a_failed_answer_leaves_the_work_done(desk: Desk) -> None:
    desk.graph.faults.fail_after(method="POST")

    assert desk.ask("POST", f"{desk.calendar}/events", MONDAY).status_code == 504
    assert len(desk.anna.events(desk.calendar_id)) == 1


def test_a_doubled_request_makes_two(desk: Desk) -> None:
    desk.graph.faults.double(method="POST", times=2)

    desk.create()
    desk.create(transactionId="one")

    assert len(desk.anna.events(desk.calendar_id)) == 3


def test_an_answer_breaks_off_and_another_is_late(desk: Desk) -> None:
    desk.graph.faults.cut()
    with pytest.raises(httpx.RemoteProtocolError):
        desk.ask("GET", "/me")

    desk.graph.faults.delay(0.1)
    began = time.monotonic()
    desk.ask("GET", "/me")

    assert time.monotonic() - began >= 0.1


def test_a_path_that_there_is_not_is_refused(desk: Desk) -> None:
    for path in ("/me/nothing", "/me/events/delta", "/groups"):
        assert desk.ask("GET", path).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {**MONDAY, "organiser": "x"},
        {**MONDAY, "showAs": "Busy"},
        {**MONDAY, "isAllDay": "no"},
        {**MONDAY, "start": "2026-11-23"},
    ],
)
def test_a_body_of_another_type_is_refused_and_noted(body: Json) -> None:
    with graph_server() as graph:
        headers = {"Authorization": f"Bearer {graph.user('anna@example.com').token()}"}
        answer = httpx.post(f"{graph.url}/v1.0/me/events", json=body, headers=headers)

        assert refusal(answer) == (400, "RequestBodyRead")
        assert graph.violations


def test_a_batch_answers_every_part_with_its_own_code(desk: Desk) -> None:
    made = desk.create()
    event_id = made["id"]

    answers = batch(
        desk,
        {"id": "a", "method": "GET", "url": f"/me/events/{event_id}?$select=subject"},
        {"id": "b", "method": "GET", "url": "/me/events/AAMk"},
        {
            "id": "c",
            "method": "PATCH",
            "url": f"/me/events/{event_id}",
            "headers": {"If-Match": made["@odata.etag"], "Content-Type": "application/json"},
            "body": {"subject": "New"},
        },
        {"id": "d", "method": "DELETE", "url": f"/me/events/{event_id}", "dependsOn": ["b"]},
    )

    assert {name: one["status"] for name, one in answers.items()} == {"a": 200, "b": 400, "c": 200, "d": 424}
    assert answers["a"]["body"]["subject"] == "Desk"
    assert answers["c"]["body"]["subject"] == "New"
    assert answers["b"]["body"]["error"]["code"] == "ErrorInvalidIdMalformed"


def test_a_part_of_a_batch_is_throttled_by_itself(desk: Desk) -> None:
    desk.graph.faults.throttle(5, path="/me/calendars$")

    answers = batch(
        desk, {"id": "1", "method": "GET", "url": "/me"}, {"id": "2", "method": "GET", "url": "me/calendars"}
    )

    assert (answers["1"]["status"], answers["2"]["status"]) == (200, 429)
    assert answers["2"]["headers"]["Retry-After"] == "5"


def test_more_than_twenty_parts_are_refused(desk: Desk) -> None:
    parts = [{"id": str(number), "method": "GET", "url": "/me"} for number in range(21)]

    assert refusal(desk.ask("POST", "/$batch", {"requests": parts})) == (400, "BadRequest")


def test_other_processes_see_and_change_what_is_there(desk: Desk) -> None:
    made = desk.create()
    root, user = f"{desk.graph.url}/_simulator", desk.anna.email
    changed = httpx.post(
        f"{root}/change", json={"user": user, "id": made["id"], "fields": {"subject": "From outside"}}
    ).json()
    httpx.post(f"{root}/accept", json={"user": user, "token": "mine", "scopes": ["User.Read"]})

    seen = httpx.get(f"{root}/events", params={"user": user}).json()
    report = httpx.get(f"{root}/report").json()

    assert seen["HX_Harbour"] == [changed]
    assert report["violations"] == []
    assert report["users"][user]["requests"] == 2
    assert desk.ask("GET", "/me", Authorization="Bearer mine").status_code == 200


def test_the_simulator_runs_alone() -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "tests.simulators.graph", "--user", "anna@example.com"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        said = httpx.Response(200, text=running.stdout.readline()).json()
        token = httpx.post(f"{said['url']}/_simulator/token", json={"user": "anna@example.com"}).json()["access_token"]
        answer = httpx.get(f"{said['url']}/v1.0/me", headers={"Authorization": f"Bearer {token}"})
        running.terminate()

    assert answer.json()["mail"] == "anna@example.com"
