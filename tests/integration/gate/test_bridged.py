"""What the gate makes of edits that come in by a bridge, and of what is dragged between calendars."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hxdav.domain.edit import Applied, Held, Merged
from hxdav.domain.ids import Href, IntegrationId, Uid
from hxdav.domain.integration import IntegrationState, Service
from hxdav.domain.removal import Decision, RemovalState
from hxdav.ical.patch import replace_uid
from hxdav.store.store import Store
from tests.bridges import BridgedWorld
from tests.builders import PracticeWorld, a_practice, an_object


@pytest.fixture
def practice(store: Store) -> PracticeWorld:
    return a_practice(store)


def hrefs(practice: PracticeWorld, integration_id: IntegrationId) -> list[str]:
    return sorted(practice.shown(integration_id))


@pytest.mark.parametrize(("service", "seconds"), [(Service.GOOGLE, 60), (Service.ICLOUD, 120), (Service.CALDAV, 120)])
def test_a_removal_where_it_is_polled_waits_for_two_looks(
    practice: PracticeWorld, service: Service, seconds: int
) -> None:
    bridge = BridgedWorld(practice=practice).connect(service)
    practice.book(an_object("first@practice"))
    (href,) = hrefs(practice, bridge)

    practice.remove(bridge, href)

    (removal,) = practice.removals()
    assert removal.settles_at == practice.clock.now() + timedelta(seconds=seconds)


def test_what_nobody_can_vouch_for_goes_to_review(practice: PracticeWorld) -> None:
    bridge = BridgedWorld(practice=practice).connect()
    practice.book(an_object("first@practice"))
    (href,) = hrefs(practice, bridge)

    outcome = practice.remove(bridge, href, to_review=True)

    assert isinstance(outcome, Held)
    assert [each.state for each in practice.removals()] == [RemovalState.REVIEW]


def test_a_removal_of_what_was_moved_meanwhile_is_kept(practice: PracticeWorld) -> None:
    bridge = BridgedWorld(practice=practice).connect()
    booked = practice.book(an_object("first@practice"))
    (href,) = hrefs(practice, bridge)
    practice.book(
        an_object("first@practice", start="DTSTART:20261201T000000Z", end="DURATION:PT50M"), appointment_id=booked.id
    )

    practice.remove(bridge, href, revision=1)
    practice.clock.advance(seconds=61)
    practice.settle()

    (removal,) = practice.removals()
    assert removal.decision is Decision.CHANGED
    assert hrefs(practice, bridge) == [href]


@pytest.mark.parametrize("order", ["put first", "deleted first"])
def test_dragging_out_of_a_calendar_that_hides_words_keeps_them(practice: PracticeWorld, order: str) -> None:
    native = practice.integration()
    bridge = BridgedWorld(practice=practice).connect()
    booked = practice.book(
        an_object("first@practice", "LOCATION:Room 2", "DESCRIPTION:Bring the form", summary="Jane Roe"),
        patients=("Jane Roe",),
    )
    with practice.store.transaction() as tx:
        tx.integrations.set_state(native, IntegrationState.DISCONNECTED)
    other = practice.integration("hx-two")
    (href,) = hrefs(practice, bridge)
    with practice.store.snapshot() as tx:
        mirror = tx.mirrors.at(bridge, Href(href))
    assert mirror is not None
    masked = replace_uid(an_object("x@x", summary="Appointment"), old=Uid("x@x"), new=mirror.uid)

    if order == "deleted first":
        practice.remove(bridge, href)
    outcome = practice.put(other, "dragged.ics", masked)
    if order == "put first":
        assert isinstance(practice.remove(bridge, href), Merged)

    assert isinstance(outcome, (Applied, Merged))
    kept = practice.appointment(booked.id)
    assert kept.summary == "Jane Roe"
    assert "LOCATION:Room 2" in kept.text
    assert "DESCRIPTION:Bring the form" in kept.text
    practice.clock.advance(seconds=121)
    practice.settle()
    assert practice.appointment(booked.id).removed_at is None
