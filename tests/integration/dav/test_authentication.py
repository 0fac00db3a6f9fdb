"""Who comes in: app passwords only, looked up anew each time, and wrong ones counted without harm to right ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hxdav.domain.integration import IntegrationState
from hxdav.secrets.throttle import Throttle
from hxdav.store.app_passwords import AppPassword
from hxdav.store.store import Store
from tests.builders import NOON, an_object
from tests.integration.dav.caller import CALENDAR, CS, HOME, C, Caller, D, Got, basic
from tests.waiting import at_once

POLL = ("CS:getctag", "D:sync-token")


def password_of(maya: Caller) -> AppPassword:
    with maya.world.store.snapshot() as tx:
        return tx.app_passwords.of_user(maya.world.user_id)[0]


@pytest.mark.parametrize("path", [HOME, CALENDAR])
def test_a_revoked_password_opens_nothing_from_the_next_request_on(maya: Caller, path: str) -> None:
    assert maya.propfind(path, *POLL).status == 207

    with maya.world.store.transaction() as tx:
        tx.app_passwords.revoke(maya.world.user_id, password_of(maya).id, now=maya.world.clock.now())

    assert maya.propfind(path, *POLL).status == 401


@pytest.mark.parametrize("path", [HOME, CALENDAR])
def test_an_expired_password_opens_nothing(maya: Caller, path: str) -> None:
    with maya.world.store.transaction() as tx:
        tx.app_passwords.add(
            practice_group_id=tx.people.user(maya.world.user_id).practice_group_id,
            user_id=maya.world.user_id,
            label="old",
            digest=maya.world.keyring.app_password_digest("oldx"),
            created_at=NOON,
            expires_at=NOON + timedelta(days=1),
        )
    maya.password = "oldx"
    assert maya.propfind(path, *POLL).status == 207

    maya.world.clock.advance(days=1)

    assert maya.propfind(path, *POLL).status == 401


def test_dashes_spaces_and_capitals_in_a_password_mean_nothing(maya: Caller) -> None:
    maya.password = maya.password.replace("-", " ").upper()

    assert maya.propfind(CALENDAR, *POLL).status == 207


@pytest.mark.parametrize("path", [HOME, CALENDAR, CALENDAR + "a.ics"])
def test_a_disabled_user_with_a_right_password_is_told_why(maya: Caller, path: str) -> None:
    with maya.world.store.transaction() as tx:
        tx.people.change_user(replace(tx.people.user(maya.world.user_id), enabled=False))

    got = maya.propfind(path, *POLL)

    assert got.status == 403
    assert b"suspended this login" in got.body


def test_after_ten_wrong_passwords_further_wrong_ones_have_to_wait(maya: Caller) -> None:
    statuses = [wrong(maya).status for _ in range(12)]

    assert statuses == [401] * 10 + [429] * 2
    assert 0 < int(wrong(maya).headers["Retry-After"]) <= 600


def test_a_right_password_is_never_refused_for_another_devices_wrong_ones(maya: Caller) -> None:
    for _ in range(15):
        wrong(maya)

    assert maya.propfind(CALENDAR, *POLL).status == 207
    assert maya.put().status == 201


def test_wrong_passwords_from_elsewhere_or_for_others_are_counted_apart(maya: Caller) -> None:
    for _ in range(15):
        wrong(maya)

    assert maya.request("PROPFIND", HOME, authorization=basic("other", "wrong")).status == 401
    maya.environ["REMOTE_ADDR"] = "192.0.2.8"
    assert wrong(maya).status == 401


def test_wrong_passwords_are_forgotten_after_ten_minutes(maya: Caller) -> None:
    for _ in range(15):
        wrong(maya)

    maya.world.clock.advance(minutes=10)

    assert wrong(maya).status == 401


def test_a_wrong_password_is_answered_without_any_delay(maya: Caller) -> None:
    with at_once(processor_seconds=1):
        for _ in range(20):
            wrong(maya)


def test_the_memory_of_wrong_passwords_is_bounded() -> None:
    throttle = Throttle(allowed=1, within=timedelta(minutes=1))

    for number in range(10_001):
        throttle.failed("maya", str(number), now=NOON)

    assert throttle.failed("maya", "10000", now=NOON) is not None
    assert throttle.failed("maya", "0", now=NOON) is None


def test_the_web_password_opens_nothing(maya: Caller) -> None:
    with maya.world.store.transaction() as tx:
        tx.people.keep_web_password(maya.world.user_id, "hash")
    maya.password = "hash"

    assert maya.propfind(HOME, "D:displayname").status == 401


def test_when_from_where_and_with_what_a_device_came_is_noted_every_five_minutes(maya: Caller) -> None:
    maya.environ["HTTP_USER_AGENT"] = "x" * 300
    maya.propfind(CALENDAR, *POLL)
    first = password_of(maya)
    maya.world.clock.advance(minutes=4)
    maya.environ["REMOTE_ADDR"] = "192.0.2.99"
    maya.propfind(CALENDAR, *POLL)
    second = password_of(maya)
    maya.world.clock.advance(minutes=1)
    maya.propfind(CALENDAR, *POLL)

    assert (first.last_used_at, first.last_used_agent, first.last_used_address) == (NOON, "x" * 200, "192.0.2.7")
    assert second == first
    assert password_of(maya).last_used_address == "192.0.2.99"


def test_a_read_does_not_wait_for_a_writer_to_note_that_it_was_made(maya: Caller) -> None:
    with maya.world.store.transaction():
        got = maya.propfind(CALENDAR, *POLL)

    assert got.status == 207
    assert password_of(maya).last_used_at is None


def test_a_suspended_calendar_stays_listed_and_says_that_it_is_suspended(maya: Caller) -> None:
    maya.put()
    with maya.world.store.transaction() as tx:
        tx.integrations.set_state(maya.integration_id, IntegrationState.SUSPENDED)

    assert CALENDAR in maya.propfind(HOME, "D:displayname", depth="1").responses
    answers = [
        maya.propfind(CALENDAR, *POLL),
        maya.sync(),
        maya.request("GET", CALENDAR + "a.ics"),
        maya.put("b.ics", an_object("b@example")),
        maya.request("DELETE", CALENDAR + "a.ics"),
        maya.request("PROPPATCH", CALENDAR, '<D:propertyupdate xmlns:D="DAV:"><D:set/></D:propertyupdate>'),
    ]
    assert {got.status for got in answers} == {403}
    assert all("suspended" in got.sentence for got in answers)
    assert all(got.conditions[0] == f"{D}need-privileges" for got in answers)


def test_a_disconnected_calendar_can_be_read_and_says_that_it_is_read_only(maya: Caller) -> None:
    maya.put()
    with maya.world.store.transaction() as tx:
        tx.integrations.set_state(maya.integration_id, IntegrationState.DISCONNECTED)

    privileges = maya.propfind(CALENDAR, "D:current-user-privilege-set").responses[CALENDAR]
    assert privileges.names(f"{D}current-user-privilege-set", "*/*") == [f"{D}read", f"{C}read-free-busy"]
    assert maya.request("GET", CALENDAR + "a.ics").status == 200
    assert len(maya.sync().responses) == 1
    assert maya.request("DELETE", CALENDAR + "a.ics").status == 403
    assert maya.put("b.ics", an_object("b@example")).conditions[0] == f"{D}need-privileges"
    home = maya.propfind(HOME, "D:current-user-privilege-set").responses[HOME]
    assert {f"{D}write", f"{D}bind"} <= set(home.names(f"{D}current-user-privilege-set", "*/*"))


def wrong(maya: Caller) -> Got:
    return maya.request("PROPFIND", CALENDAR, authorization=basic("maya", "wrong"))


def test_a_poll_is_answered_with_the_token(maya: Caller) -> None:
    calendar = maya.propfind(CALENDAR, *POLL).responses[CALENDAR]

    assert calendar.text(f"{CS}getctag") == calendar.text(f"{D}sync-token") == maya.sync().sync_token


def test_a_practitioner_who_has_left_reaches_the_home_and_no_calendar(maya: Caller) -> None:
    with maya.world.store.transaction() as tx:
        practitioner = tx.people.practitioner(maya.world.practitioner_id)
        tx.people.change_practitioner(replace(practitioner, enabled=False))

    assert maya.propfind(HOME, *POLL).status == 207
    refused = maya.propfind(CALENDAR, *POLL)
    assert refused.status == 403
    assert "suspended" in refused.body.decode()


def test_a_store_that_is_busy_is_told_as_something_that_passes(maya: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hxdav.store.engine.BUSY_TIMEOUT_SECONDS", 0.05)
    another_process = Store(str(maya.world.store.engine.url))

    with another_process.transaction():
        # The connections that are open wait as long as they were told to when they were made.
        maya.world.store.close()
        refused = maya.put("a.ics")

    assert refused.status == 503
    assert refused.headers["Retry-After"] == "5"
    assert maya.put("a.ics").status == 201
    another_process.close()
