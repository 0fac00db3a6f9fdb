"""Retention: what is older than the policy keeps is purged, and no client misses a deletion by that (rules 7, 10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.edit import Applied
from hxdav.domain.ids import AppointmentId, IntegrationId
from hxdav.domain.integration import IntegrationState
from hxdav.domain.policy import Policy
from hxdav.domain.removal import RemovalState
from hxdav.gate import RestoreVersion
from hxdav.services.practice.retention import purge
from hxdav.store.rows import Base
from hxdav.store.store import Store
from tests.builders import BY_PRACTICE, PracticeWorld, a_practice, an_object
from tests.integration.dav.caller import CALENDAR, CS, Caller, D, a_caller

KEPT = Policy().kept_for
MOMENT = timedelta(seconds=1)


def purge_all(practice: PracticeWorld, *, limit: int = 200) -> list[int]:
    """Purge a practice group until there is nothing left to purge; how much went in each turn."""
    with practice.store.snapshot() as tx:
        group = tx.people.practitioner(practice.practitioner_id).practice_group_id
    turns: list[int] = []
    while not turns or turns[-1]:
        with practice.store.transaction() as tx:
            turns.append(purge(tx, practice.clock, practice.policy, practice_group_id=group, limit=limit))
    return turns[:-1]


def rows(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    with store.snapshot() as tx:
        return {
            name: tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in Base.metadata.tables.items()
        }


def rows_of(store: Store, appointment_id: AppointmentId) -> dict[str, int]:
    """How many rows of each table hang on an appointment."""
    found: dict[str, int] = {}
    with store.snapshot() as tx:
        for name, table in Base.metadata.tables.items():
            if "appointment_id" in table.columns:
                query = select(func.count()).where(table.c.appointment_id == appointment_id)
                found[name] = tx.connection.execute(query).scalar_one()
    return {name: count for name, count in found.items() if count}


def put(practice: PracticeWorld, calendar: IntegrationId, href: str, text: str) -> AppointmentId:
    outcome = practice.put(calendar, href, text)
    assert isinstance(outcome, Applied)
    return outcome.appointment_id


def revisions(practice: PracticeWorld, appointment_id: AppointmentId) -> list[int]:
    with practice.store.snapshot() as tx:
        return [each.revision for each in tx.appointments.versions(appointment_id)]


def test_a_version_goes_when_the_one_after_it_is_thirty_days_old(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, "a.ics", an_object())
    practice.put(calendar, "a.ics", an_object(summary="Second"))
    practice.clock.advance(days=10)
    practice.put(calendar, "a.ics", an_object(summary="Third"))
    practice.clock.advance(days=20)
    practice.clock.moment -= MOMENT

    assert purge_all(practice) == []
    practice.clock.moment += MOMENT
    assert purge_all(practice) == [1]
    assert revisions(practice, appointment_id) == [2, 3]
    practice.clock.advance(days=3650)
    assert purge_all(practice) == [1]
    assert revisions(practice, appointment_id) == [3]
    assert purge_all(practice) == []


def test_what_the_purge_leaves_can_be_undone(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, "a.ics", an_object())
    practice.clock.advance(days=50)
    practice.put(calendar, "a.ics", an_object(summary="Spoilt"))
    practice.clock.moment += KEPT - MOMENT
    purge_all(practice)

    outcome = practice.submit(RestoreVersion(appointment_id=appointment_id, revision=1), source=BY_PRACTICE)

    assert isinstance(outcome, Applied)
    assert practice.text_of(calendar, "a.ics") == an_object()


def test_edits_after_a_purge_are_purged_in_their_turn(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, "a.ics", an_object())
    for number in range(4):
        practice.put(calendar, "a.ics", an_object(summary=f"Number {number}"))
        practice.clock.advance(days=16)
        purge_all(practice)

    assert revisions(practice, appointment_id) == [4, 5]


def test_a_tombstone_goes_with_all_that_hangs_on_it_and_leaves_no_reference(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.integration("hx-two")
    series = put(practice, calendar, "a.ics", an_object("a@example", "RRULE:FREQ=DAILY;COUNT=30"))
    kept = put(practice, calendar, "b.ics", an_object("b@example"))
    practice.put(calendar, "a.ics", an_object("other@example"))
    practice.removed(calendar, "a.ics")
    assert rows_of(store, series)["occurrence"] == 30
    practice.clock.moment += KEPT - MOMENT
    purge_all(practice)
    assert rows_of(store, series)["appointment_version"] == 2

    practice.clock.moment += MOMENT
    purge_all(practice)

    assert list(rows_of(store, series)) == ["audit"]
    assert rows(store)["appointment"] == 1
    assert rows_of(store, kept)["mirror"] == 2
    assert len(practice.told()) == 1


def test_a_cancelled_session_keeps_its_record_and_can_take_place_again(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@example", start="DTSTART:20270301T000000Z", end=""), patients=("Jo Doe",))
    practice.cancel(booked.id)
    practice.clock.advance(days=60)
    purge_all(practice)
    assert set(rows_of(store, booked.id)) == {"appointment_patient", "appointment_version", "audit", "occurrence"}

    again = practice.book(
        an_object("p@example", start="DTSTART:20270301T000000Z", end=""), appointment_id=booked.id, patients=("Jo Doe",)
    )

    assert again.practice.patient_ids == booked.practice.patient_ids
    assert len(practice.shown(calendar)) == 1


def test_an_address_that_was_left_is_forgotten_where_the_appointment_has_another(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    put(practice, calendar, "a.ics", an_object())
    practice.move(calendar, "a.ics", "b.ics")
    moved = practice.modseq(calendar)
    practice.clock.moment += KEPT - MOMENT
    assert purge_all(practice) == []
    practice.clock.moment += MOMENT

    purge_all(practice)

    assert practice.changes(calendar) == practice.shown(calendar)
    with store.snapshot() as tx:
        integration = tx.integrations.one(calendar)
    assert (integration.purge_floor, integration.modseq) == (moved, moved)


def test_the_last_trace_of_what_left_a_calendar_stays_while_it_takes_place_elsewhere(store: Store) -> None:
    practice = a_practice(store)
    first, second = practice.integration("hx-one"), practice.integration("hx-two")
    put(practice, first, "a.ics", an_object())
    practice.removed(first, "a.ics")
    with store.transaction() as tx:
        tx.integrations.set_state(first, IntegrationState.DISCONNECTED)
    put(practice, second, "b.ics", an_object())
    with store.transaction() as tx:
        tx.integrations.set_state(first, IntegrationState.CONNECTED)
    practice.clock.moment += KEPT

    purge_all(practice)
    assert practice.changes(first) == {"a.ics": None}

    with store.transaction() as tx:
        tx.integrations.set_state(first, IntegrationState.DISCONNECTED)
    purge_all(practice)
    assert practice.changes(first) == {}


def test_decided_removals_go_and_open_ones_stay(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    for name in ("a", "b"):
        put(practice, calendar, f"{name}.ics", an_object(f"{name}@example"))
    practice.removed(calendar, "a.ics")
    practice.policy = Policy(unreviewed=0, answered_within=timedelta(days=365))
    practice.remove(calendar, "b.ics")
    practice.clock.moment += KEPT

    purge_all(practice)

    assert [each.state for each in practice.removals()] == [RemovalState.REVIEW]


def test_what_was_refused_is_kept_for_thirty_days_and_what_was_told_for_ninety(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.put(calendar, "bad.ics", b"no calendar")
    kept: list[tuple[int, int]] = []
    for wait in (KEPT - MOMENT, MOMENT, timedelta(days=60) - MOMENT, MOMENT):
        practice.clock.moment += wait
        purge_all(practice)
        found = rows(store)
        kept.append((found["refused_body"], found["notification"]))

    assert kept == [(1, 1), (0, 1), (0, 1), (0, 0)]


def test_an_invitation_goes_when_it_has_expired(store: Store) -> None:
    practice = a_practice(store)
    with store.transaction() as tx:
        user = tx.people.user(practice.user_id)
        tx.people.invite(user, digest="0", expires_at=practice.clock.now() + MOMENT)

    purge_all(practice)
    assert rows(store)["invitation"] == 1
    practice.clock.moment += MOMENT
    purge_all(practice)
    assert rows(store)["invitation"] == 0


def test_a_longer_policy_keeps_longer(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, "a.ics", an_object())
    practice.put(calendar, "a.ics", an_object(summary="Second"))
    practice.policy = replace(practice.policy, kept_for=timedelta(days=365))
    practice.clock.advance(days=364)

    assert purge_all(practice) == []
    assert revisions(practice, appointment_id) == [1, 2]


def test_nothing_of_another_practice_group_is_purged(store: Store) -> None:
    mine, theirs = a_practice(store), a_practice(store, key="other", username="tom")
    calendar = theirs.integration()
    put(theirs, calendar, "a.ics", an_object())
    theirs.put(calendar, "bad.ics", b"no calendar")
    theirs.removed(calendar, "a.ics")
    mine.clock.advance(days=365)
    before = rows(store)

    assert purge_all(mine) == []
    assert rows(store) == before


@pytest.mark.parametrize("limit", [1, 7])
def test_a_turn_deletes_no_more_than_it_may_and_all_turns_everything(store: Store, limit: int) -> None:
    practice = a_practice(store)
    practice.policy = Policy(unreviewed=None)
    calendar, _ = practice.integration("hx-one"), practice.integration("hx-two")
    for number in range(6):
        put(practice, calendar, f"{number}.ics", an_object(f"{number}@example"))
        practice.put(calendar, f"{number}.ics", an_object(f"{number}@example", summary="Changed"))
        practice.put(calendar, f"bad{number}.ics", f"no calendar {number}".encode())
        if number:
            practice.removed(calendar, f"{number}.ics")
    practice.clock.advance(days=100)

    turns = purge_all(practice, limit=limit)

    # An appointment goes in one piece, with its last version and its place in the index.
    assert max(turns) <= max(limit, 3)
    left = rows(store)
    assert (left["appointment"], left["appointment_version"], left["occurrence"], left["mirror"]) == (1, 1, 1, 2)
    assert left["refused_body"] == left["removal"] == left["notification"] == 0


def test_the_audit_log_outlives_everything(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    put(practice, calendar, "a.ics", an_object())
    practice.removed(calendar, "a.ics")
    before = rows(store)["audit"]
    practice.clock.advance(days=3650)

    purge_all(practice)

    assert rows(store)["audit"] == before


@pytest.fixture
def maya(store: Store) -> Caller:
    return a_caller(store)


def test_a_token_from_before_a_purged_deletion_is_refused_and_any_later_one_is_not(maya: Caller) -> None:
    practice = maya.world
    for name in ("kept", "gone"):
        maya.put(f"{name}.ics", an_object(f"{name}@example"))
    too_old = maya.sync().sync_token
    practice.removed(maya.integration_id, "gone.ics")
    just_after = maya.sync(too_old).sync_token
    maya.put("late.ics", an_object("late@example"))
    latest = maya.sync(just_after).sync_token
    names = (f"{D}sync-token", f"{CS}getctag")
    before = maya.propfind(CALENDAR, *names), maya.sync(), maya.sync(just_after), maya.sync(latest)
    practice.clock.moment += KEPT

    assert purge_all(practice)

    assert (maya.propfind(CALENDAR, *names), maya.sync(), maya.sync(just_after), maya.sync(latest)) == before
    assert list(before[2].responses) == [f"{CALENDAR}late.ics"]
    refused = maya.sync(too_old)
    assert (refused.status, refused.conditions[0]) == (403, f"{D}valid-sync-token")


def test_a_client_that_starts_over_ends_with_what_is_shown(maya: Caller) -> None:
    practice = maya.world
    for name in ("a", "b", "c"):
        maya.put(f"{name}.ics", an_object(f"{name}@example"))
    practice.removed(maya.integration_id, "b.ics")
    practice.clock.moment += KEPT
    purge_all(practice)

    first = maya.sync(more="<D:limit><D:nresults>1</D:nresults></D:limit>")
    rest = maya.sync(first.sync_token)

    assert (first.status, rest.status) == (207, 207)
    listed = {*first.responses, *rest.responses} - {CALENDAR}
    assert listed == {CALENDAR + href for href in practice.shown(maya.integration_id)}


def test_what_is_purged_of_a_personal_appointment_makes_way_for_a_new_one(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    old = put(practice, calendar, "a.ics", an_object())
    practice.removed(calendar, "a.ics")
    practice.clock.moment += KEPT
    purge_all(practice)

    new = put(practice, calendar, "a.ics", an_object())

    assert new > old
    assert practice.appointment(new).kind is AppointmentKind.PERSONAL
