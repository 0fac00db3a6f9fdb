"""What goes wrong on request: refusals, lost answers, doubled requests, cut and partial answers, quotas."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httplib2  # type: ignore[import-untyped]
import httpx
import pytest

from tests.simulators.google.cases import ANNA, Desk, a_desk, refused
from tests.simulators.google.clients import calendar_service
from tests.simulators.google.oauth import APP_CREATED
from tests.simulators.google.server import google_server

ID = "abcde"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


@pytest.mark.parametrize(
    ("code", "reason", "domain"),
    [
        (503, "backendError", "global"),
        (500, "backendError", "global"),
        (403, "rateLimitExceeded", "usageLimits"),
        (429, "rateLimitExceeded", "usageLimits"),
        (403, "quotaExceeded", "usageLimits"),
    ],
)
def test_the_next_requests_are_refused_as_scripted(desk: Desk, code: int, reason: str, domain: str) -> None:
    desk.google.faults.refuse(code, reason, times=2, method="POST", path="/events$")
    assert desk.ids() == []
    for _ in range(2):
        with refused(code, reason):
            desk.insert(id=ID)
    desk.google.faults.refuse(code, reason)
    answer = httpx.get(f"{desk.google.url}/calendar/v3/users/me/calendarList")
    assert answer.json()["error"]["errors"][0]["domain"] == domain
    assert answer.json()["error"]["code"] == code
    assert desk.insert(id=ID)["id"] == ID


def test_googles_client_gets_over_a_few_refusals_by_itself(desk: Desk) -> None:
    desk.google.faults.refuse(403, "rateLimitExceeded")
    request = desk.events.list(calendarId=desk.calendar_id)
    request._rand, request._sleep = (lambda: 0.0), (lambda _: None)
    assert request.execute(num_retries=1)["items"] == []


def test_a_lost_answer_is_lost_after_the_request_was_carried_out(desk: Desk) -> None:
    desk.google.faults.lose_answers(method="POST")
    url = f"{desk.google.url}/calendar/v3/calendars"
    headers = {"Authorization": f"Bearer {desk.anna.token()}"}
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(url, json={"summary": "HX_Lost"}, headers=headers)
    assert desk.anna.calendar("HX_Lost").maker == desk.google.application.client_id


def test_googles_client_sends_a_create_again_whose_answer_was_lost(desk: Desk) -> None:
    desk.google.faults.lose_answers(method="POST")
    # httplib2 repeats what it sent over a connection that was closed before an answer came.
    with refused(409, "duplicate"):
        desk.insert(id=ID)
    assert [one["id"] for one in desk.anna.events(desk.calendar_id)] == [ID]


def test_googles_client_makes_a_second_calendar_where_the_answer_to_the_first_was_lost(desk: Desk) -> None:
    desk.google.faults.lose_answers(method="POST", path="/calendars$")
    desk.service.calendars().insert(body={"summary": "HX_Twice"}).execute()
    assert [one.summary for one in desk.anna.calendars()].count("HX_Twice") == 2


def test_a_doubled_request_is_carried_out_twice_and_answered_once(desk: Desk) -> None:
    desk.google.faults.double(method="POST")
    with refused(409, "duplicate"):
        desk.insert(id=ID)
    desk.google.faults.double(method="POST")
    desk.insert()
    assert len(desk.anna.events(desk.calendar_id)) == 3


def test_a_delayed_request_is_carried_out_later(desk: Desk) -> None:
    desk.google.faults.delay(0.1)
    before = time.monotonic()
    desk.list()
    assert time.monotonic() - before >= 0.1


def test_a_cut_answer_breaks_off(desk: Desk) -> None:
    desk.insert(id=ID)
    desk.google.faults.cut()
    url = f"{desk.google.url}/calendar/v3/calendars/{desk.calendar_id}/events"
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url, headers={"Authorization": f"Bearer {desk.anna.token()}"})


def test_a_listing_may_be_empty_or_partial_and_say_that_it_is_whole(desk: Desk) -> None:
    for number in range(4):
        desk.insert(id=f"aaaa{number}")
    desk.google.faults.empty_listings()
    desk.google.faults.partial_listings()
    for ids in ([], ["aaaa0", "aaaa1"], ["aaaa0", "aaaa1", "aaaa2", "aaaa3"]):
        page = desk.list()
        assert [one["id"] for one in page["items"]] == ids
        assert "nextSyncToken" in page


def test_faults_reach_the_token_endpoint_where_they_name_it(desk: Desk) -> None:
    desk.google.faults.refuse(503, "backendError", path="^/token$")
    assert desk.ids() == []
    assert httpx.post(f"{desk.google.url}/token").status_code == 503
    assert httpx.post(f"{desk.google.url}/token").json()["error"] == "invalid_client"


def test_everything_fails_for_a_while(desk: Desk) -> None:
    with desk.google.faults.always(503, "backendError"):
        for _ in range(3):
            with refused(503, "backendError"):
                desk.list()
    assert desk.ids() == []


@pytest.mark.parametrize(("code", "reason"), [(403, "userRateLimitExceeded"), (429, "rateLimitExceeded")])
def test_the_quota_counts_the_requests_of_a_minute_by_user(desk: Desk, code: int, reason: str) -> None:
    meter = desk.google.requests
    before = meter.made(ANNA)
    meter.per_minute, meter.code, meter.reason = before + 2, code, reason
    for _ in range(2):
        desk.list()
    for _ in range(2):
        with refused(code, reason):
            desk.list()
    assert (meter.made(ANNA), meter.refused(ANNA), meter.busiest_minute(ANNA)) == (before + 4, 2, before + 4)
    assert meter.by_minute(ANNA) == [before + 4]
    with calendar_service(desk.google, desk.google.user("ben@example.com").token(APP_CREATED)) as service:
        service.calendars().insert(body={"summary": "HX"}).execute()


def test_no_answer_holds_a_token_of_the_request(desk: Desk) -> None:
    token = desk.anna.token()
    for path in ("calendars/x", "calendars/primary/events?pageToken=x"):
        answer = httpx.get(f"{desk.google.url}/calendar/v3/{path}", headers={"Authorization": f"Bearer {token}"})
        assert token not in answer.text


def test_a_server_that_ends_hangs_up(desk: Desk) -> None:
    with google_server() as other, httpx.Client(base_url=other.url) as browser:
        assert browser.get("/o/oauth2/v2/auth").status_code == 401
        url = other.url
    with pytest.raises((ConnectionError, httplib2.HttpLib2Error)):
        httplib2.Http(timeout=1).request(url)


def test_it_runs_alone_and_says_where_it_listens() -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "tests.simulators.google", "--port", "0", "--user", ANNA, "--quota", "600"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            token = httpx.post(f"{url}/_simulator/token", data={"user": ANNA, "scope": APP_CREATED}).json()
            headers = {"Authorization": f"Bearer {token['access_token']}"}
            made = httpx.post(f"{url}/calendar/v3/calendars", json={"summary": "HX"}, headers=headers)
            assert made.status_code == 200
            report = httpx.get(f"{url}/_simulator/report").json()
        finally:
            process.terminate()
    assert report == {
        "violations": [],
        "users": {ANNA: {"requests": 1, "refused": 0, "busiest_minute": 1}},
        "mailed": [],
    }
    assert process.returncode == 0
