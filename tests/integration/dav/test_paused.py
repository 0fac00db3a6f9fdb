"""A pause over CalDAV (rule 1): readable and current, and nothing can be changed; the home stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hxdav.domain.refusal import SENTENCES, Reason
from hxdav.domain.subscription import SubscriptionState
from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, CS, HOME, SPACES, C, Caller, D, Got

OBJECT = CALENDAR + "a.ics"
PRIVILEGES = f"{D}current-user-privilege-set"
RENAMING = (
    f"<D:propertyupdate {SPACES}><D:set><D:prop><D:displayname>Work</D:displayname></D:prop></D:set></D:propertyupdate>"
)
WRITES: dict[str, Callable[[Caller], Got]] = {
    "put": lambda maya: maya.put(text=an_object(summary="Later")),
    "new": lambda maya: maya.put("b.ics", an_object("two@example")),
    "delete": lambda maya: maya.request("DELETE", OBJECT),
    "move": lambda maya: maya.request("MOVE", OBJECT, destination=f"http://calendar.example{CALENDAR}c.ics"),
    "proppatch": lambda maya: maya.request("PROPPATCH", CALENDAR, RENAMING),
}
CLOSED = [
    (SubscriptionState.PAUSED, Reason.SYNC_PAUSED),
    (SubscriptionState.ENDED, Reason.SYNC_ENDED),
]


@pytest.fixture
def maya(maya: Caller) -> Caller:
    """Maya with an appointment in her calendar."""
    assert maya.put().status == 201
    return maya


def subscribe(maya: Caller, state: SubscriptionState) -> None:
    """Bring Maya's subscription into a state."""
    with maya.world.store.transaction() as tx:
        known = tx.subscriptions.of(maya.world.practitioner_id)
        assert known is not None
        tx.subscriptions.change(replace(known, state=state))


def privileges(maya: Caller, path: str, *, listed_from: str | None = None) -> set[str]:
    """What Maya may do at a path, asked of it or found in the listing of another."""
    got = maya.propfind(listed_from or path, "D:current-user-privilege-set", depth="1" if listed_from else "0")
    return set(got.responses[path].names(PRIVILEGES, "*/*"))


READ_ONLY = {f"{D}read", f"{C}read-free-busy"}


@pytest.mark.parametrize(("state", "_reason"), CLOSED)
def test_the_calendar_and_its_objects_say_that_they_can_only_be_read(
    maya: Caller, state: SubscriptionState, _reason: Reason
) -> None:
    subscribe(maya, state)

    assert privileges(maya, CALENDAR) == READ_ONLY
    assert privileges(maya, CALENDAR, listed_from=HOME) == READ_ONLY
    assert privileges(maya, CALENDAR, listed_from=CALENDAR) == READ_ONLY
    assert privileges(maya, OBJECT) == {f"{D}read"}
    assert privileges(maya, OBJECT, listed_from=CALENDAR) == {f"{D}read"}


def test_a_report_says_it_of_objects_too(maya: Caller) -> None:
    subscribe(maya, SubscriptionState.PAUSED)

    got = maya.multiget(OBJECT, props="<D:current-user-privilege-set/>")

    assert got.responses[OBJECT].names(PRIVILEGES, "*/*") == [f"{D}read"]


def test_the_home_stays_writable(maya: Caller) -> None:
    before = privileges(maya, HOME)

    subscribe(maya, SubscriptionState.PAUSED)

    assert privileges(maya, HOME) == before
    assert {f"{D}write", f"{D}bind"} <= before
    assert maya.request("PROPPATCH", HOME, RENAMING.replace("D:displayname", "C:calendar-order")).status == 207


@pytest.mark.parametrize(("state", "reason"), CLOSED)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_whatever_would_change_it_is_refused_with_a_privilege_and_a_sentence(
    maya: Caller, write: Callable[[Caller], Got], state: SubscriptionState, reason: Reason
) -> None:
    subscribe(maya, state)

    got = write(maya)

    assert got.status == 403
    assert got.conditions == [f"{D}need-privileges", "{urn:hxdav}message"]
    assert got.sentence == SENTENCES[reason]


def test_it_goes_on_being_read_and_is_current(maya: Caller) -> None:
    token = maya.sync().sync_token
    subscribe(maya, SubscriptionState.PAUSED)

    booked = maya.world.book(an_object("p@example", summary="Session"))

    assert booked.id
    polled = maya.propfind(CALENDAR, f"{CS}getctag").responses[CALENDAR]
    assert polled.text(f"{CS}getctag") != token
    changed = maya.sync(token).responses
    assert len(changed) == 1
    (url,) = changed
    assert maya.request("GET", url).status == 200
    assert b"Session" in maya.multiget(url).body
    assert maya.request("GET", CALENDAR).status == 200


def test_what_was_refused_comes_back_with_the_next_sync(maya: Caller) -> None:
    token = maya.sync().sync_token
    subscribe(maya, SubscriptionState.PAUSED)

    WRITES["put"](maya)

    assert list(maya.sync(token).responses) == [OBJECT]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_when_it_resumes_it_can_be_changed_again(maya: Caller, write: Callable[[Caller], Got]) -> None:
    before = privileges(maya, CALENDAR), privileges(maya, OBJECT)
    subscribe(maya, SubscriptionState.PAUSED)
    subscribe(maya, SubscriptionState.RUNNING)

    assert (privileges(maya, CALENDAR), privileges(maya, OBJECT)) == before
    assert write(maya).status in {201, 204, 207}


def test_a_calendar_without_any_subscription_can_only_be_read(maya: Caller) -> None:
    with maya.world.store.transaction() as tx:
        tx.connection.exec_driver_sql("DELETE FROM subscription")

    assert privileges(maya, CALENDAR) == READ_ONLY
    assert maya.put(text=an_object(summary="Later")).sentence == SENTENCES[Reason.SYNC_ENDED]
