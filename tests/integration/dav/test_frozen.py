"""A calendar that is frozen because a device was lost, over CalDAV: read and current, and nothing is taken in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hxdav.domain.edit import Authority, Source
from hxdav.domain.refusal import SENTENCES, Reason
from hxdav.services.integrations import control
from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, SPACES, C, Caller, D, Got

OBJECT = CALENDAR + "a.ics"
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


@pytest.fixture
def maya(maya: Caller) -> Caller:
    """Maya with an appointment in her calendar, which is frozen since."""
    assert maya.put().status == 201
    world = maya.world
    source = Source(authority=Authority.PRACTICE, user_id=world.user_id)
    with world.store.transaction() as tx:
        (integration,) = tx.integrations.of(world.practitioner_id)
        control.freeze(tx, world.clock, world.policy, integration=integration, source=source)
    return maya


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_whatever_would_change_a_frozen_calendar_is_refused_with_a_privilege_and_a_sentence(
    maya: Caller, write: Callable[[Caller], Got]
) -> None:
    got = write(maya)

    assert got.status == 403
    assert got.conditions == [f"{D}need-privileges", "{urn:hxdav}message"]
    assert got.sentence == SENTENCES[Reason.FROZEN]


def test_a_frozen_calendar_says_that_it_can_only_be_read(maya: Caller) -> None:
    got = maya.propfind(CALENDAR, "D:current-user-privilege-set", depth="1")

    said = {url: set(each.names(f"{D}current-user-privilege-set", "*/*")) for url, each in got.responses.items()}
    assert said == {CALENDAR: {f"{D}read", f"{C}read-free-busy"}, OBJECT: {f"{D}read"}}


def test_a_frozen_calendar_is_current_and_gives_back_what_it_refused(maya: Caller) -> None:
    token = maya.sync().sync_token
    WRITES["put"](maya)
    maya.world.book(an_object("p@example", summary="Session"))

    changed = maya.sync(token).responses

    assert OBJECT in changed
    assert len(changed) == 2
    assert b"SUMMARY:Supervision" in maya.request("GET", OBJECT).body
