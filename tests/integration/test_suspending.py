"""Suspending calendars and users: access stops, nothing is deleted, and an administrator lifts it (rule 2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import UserId, Username
from hxdav.domain.integration import Integration, IntegrationState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.practice import Band, User
from hxdav.errors import NotPermitted, UseCaseError
from hxdav.secrets.passwords import web_password_hash
from hxdav.services.access import suspension
from hxdav.services.access.logins import authenticate
from hxdav.services.practice import apply_accounts
from hxdav.services.practice.apply_accounts import WantedPracticeGroup, WantedPractitioner, WantedUser
from hxdav.store.store import Store, Tx
from tests.builders import BY_PRACTICE, SYDNEY, MovableClock, a_practice, an_object
from tests.integration.dav.caller import CALENDAR, HOME, C, Caller, D, a_caller

Change = Callable[..., None]


@pytest.fixture
def maya(sqlite_store: Store) -> Caller:
    """Maya with one connected calendar."""
    return a_caller(sqlite_store)


def an_administrator(store: Store, *, key: str = "harbour", username: str = "robin") -> Source:
    """An administrator of a practice group of that key, which is made if there is none."""
    with store.transaction() as tx:
        groups = {each.key: each.id for each in tx.people.practice_groups()}
        group = groups.get(key) or tx.people.add_practice_group(key=key, name=key, zone=SYDNEY, band=Band.NONE)
        user_id = tx.people.add_user(
            practice_group_id=group, username=Username(username), name=username, administrator=True
        )
    return Source(authority=Authority.PRACTICE, user_id=user_id)


def on_calendar(maya: Caller, change: Change, source: Source = BY_PRACTICE) -> None:
    with maya.world.store.transaction() as tx:
        change(tx, maya.world.clock, integration=integration_of(tx, maya), source=source)


def on_user(maya: Caller, change: Change, source: Source = BY_PRACTICE, *, user_id: UserId | None = None) -> None:
    with maya.world.store.transaction() as tx:
        change(tx, maya.world.clock, user=tx.people.user(user_id or maya.world.user_id), source=source)


def integration_of(tx: Tx, maya: Caller) -> Integration:
    return tx.integrations.one(maya.integration_id)


def told(maya: Caller) -> list[NotificationKind]:
    with maya.world.store.snapshot() as tx:
        return [each.kind for each in tx.notifications.of(maya.world.practitioner_id)]


def group_key(maya: Caller) -> str:
    with maya.world.store.snapshot() as tx:
        (group,) = tx.people.practice_groups()
    return group.key


def test_a_suspended_calendar_is_listed_and_answers_403_with_a_sentence(maya: Caller) -> None:
    maya.put()

    on_calendar(maya, suspension.suspend_integration)

    got = maya.request("GET", CALENDAR + "a.ics")
    assert CALENDAR in maya.propfind(HOME, "D:displayname", depth="1").responses
    assert (got.status, got.sentence) == (403, "The practice's administrator has suspended this calendar.")
    assert maya.put("b.ics", an_object("b@example")).status == 403
    assert len(maya.world.shown(maya.integration_id)) == 1
    assert told(maya)[0] is NotificationKind.CALENDAR_SUSPENDED


def test_what_was_cancelled_and_brought_back_meanwhile_is_where_it_was(maya: Caller) -> None:
    booked = maya.world.book(an_object("p@practice"))
    (href,) = maya.world.shown(maya.integration_id)
    on_calendar(maya, suspension.suspend_integration)
    maya.world.cancel(booked.id)

    maya.world.book(booked.text, appointment_id=booked.id)
    on_calendar(maya, suspension.unsuspend_integration)

    assert set(maya.world.shown(maya.integration_id)) == {href}


def test_an_unsuspended_calendar_has_what_entered_meanwhile(maya: Caller) -> None:
    on_calendar(maya, suspension.suspend_integration)
    maya.world.book(an_object("meanwhile"))

    on_calendar(maya, suspension.unsuspend_integration)

    listed = maya.propfind(CALENDAR, "D:getetag", depth="1").responses
    assert len(listed.keys() - {CALENDAR}) == 1
    assert told(maya) == [NotificationKind.CALENDAR_SUSPENDED, NotificationKind.CALENDAR_UNSUSPENDED]


@pytest.mark.parametrize("state", set(IntegrationState) - {IntegrationState.CONNECTED})
def test_only_a_connected_calendar_is_suspended(maya: Caller, state: IntegrationState) -> None:
    with maya.world.store.transaction() as tx:
        tx.integrations.set_state(maya.integration_id, state)

    with pytest.raises(UseCaseError, match=f"is {state}"):
        on_calendar(maya, suspension.suspend_integration)


def test_only_a_suspended_calendar_or_user_is_unsuspended(maya: Caller) -> None:
    with pytest.raises(UseCaseError, match="is not suspended"):
        on_calendar(maya, suspension.unsuspend_integration)
    with pytest.raises(UseCaseError, match="is not suspended"):
        on_user(maya, suspension.unsuspend_user)


def test_a_suspended_user_gets_403_everywhere_until_that_is_lifted(maya: Caller) -> None:
    maya.put()
    on_user(maya, suspension.suspend_user)

    during = [
        maya.propfind(HOME, "D:displayname", depth="1"),
        maya.propfind(CALENDAR, "D:sync-token"),
        maya.request("GET", CALENDAR + "a.ics"),
        maya.put("b.ics", an_object("b@example")),
    ]
    on_user(maya, suspension.unsuspend_user)

    assert {got.status for got in during} == {403}
    assert all(b"administrator has suspended this login" in got.body for got in during)
    assert maya.request("GET", CALENDAR + "a.ics").status == 200
    assert told(maya) == [NotificationKind.CALENDAR_SUSPENDED, NotificationKind.CALENDAR_UNSUSPENDED]


def test_a_wrong_password_of_a_suspended_user_tells_nothing(maya: Caller) -> None:
    on_user(maya, suspension.suspend_user)
    maya.password = "wrong"

    assert maya.propfind(HOME, "D:displayname").status == 401


def test_a_suspended_users_web_password_opens_nothing(maya: Caller) -> None:
    store = maya.world.store
    with store.transaction() as tx:
        tx.people.keep_web_password(maya.world.user_id, web_password_hash("correct horse"))
    on_user(maya, suspension.suspend_user)

    with store.snapshot() as tx, pytest.raises(NotPermitted, match="has suspended the user maya"):
        authenticate(tx, username="maya", web_password="correct horse")


def test_a_user_is_suspended_once(maya: Caller) -> None:
    on_user(maya, suspension.suspend_user)

    with pytest.raises(UseCaseError, match="suspended already"):
        on_user(maya, suspension.suspend_user)


def test_an_administrator_of_the_practice_group_suspends_and_lifts_it(maya: Caller) -> None:
    robin = an_administrator(maya.world.store, key=group_key(maya))

    on_calendar(maya, suspension.suspend_integration, robin)
    on_calendar(maya, suspension.unsuspend_integration, robin)
    on_user(maya, suspension.suspend_user, robin)
    on_user(maya, suspension.unsuspend_user, robin)

    assert maya.propfind(CALENDAR, "D:sync-token").status == 207


def test_nobody_else_does(maya: Caller) -> None:
    practitioner = Source(authority=Authority.PRACTICE, user_id=maya.world.user_id)
    of_another_group = an_administrator(maya.world.store, key="elsewhere")

    for source in (practitioner, of_another_group):
        with pytest.raises(NotPermitted, match="is no administrator of this practice group"):
            on_calendar(maya, suspension.suspend_integration, source)
        with pytest.raises(NotPermitted, match="is no administrator of this practice group"):
            on_user(maya, suspension.suspend_user, source)


def test_nobody_suspends_themselves_so_that_somebody_can_lift_it(maya: Caller) -> None:
    robin = an_administrator(maya.world.store, key=group_key(maya))

    with pytest.raises(NotPermitted, match="Nobody suspends themselves"):
        on_user(maya, suspension.suspend_user, robin, user_id=robin.user_id)


def test_applying_the_accounts_file_lifts_no_suspension(store: Store) -> None:
    practice = a_practice(store)
    user = user_named(store, "maya")
    wanted = WantedPracticeGroup(
        key="harbour",
        name="Harbour Street Psychology",
        zone=SYDNEY,
        users=(WantedUser(username="maya", name="Maya Lin-Hale"),),
        practitioners=(WantedPractitioner(key="maya", name="Maya Lin-Hale", username="maya"),),
    )
    with store.transaction() as tx:
        suspension.suspend_user(tx, practice.clock, user=user, source=BY_PRACTICE)

    for file in ([wanted], [], [wanted]):
        with store.transaction() as tx:
            apply_accounts.apply(tx, MovableClock(), wanted=file, source=BY_PRACTICE)

    found = user_named(store, "maya")
    assert (found.enabled, found.suspended_at, found.name) == (True, practice.clock.now(), "Maya Lin-Hale")


def user_named(store: Store, username: str) -> User:
    with store.snapshot() as tx:
        found = tx.people.user_named(username)
    assert found is not None
    return found


def test_suspending_is_audited_with_who_did_it(maya: Caller) -> None:
    robin = an_administrator(maya.world.store, key=group_key(maya))

    on_calendar(maya, suspension.suspend_integration, robin)
    on_user(maya, suspension.suspend_user, robin)

    with maya.world.store.snapshot() as tx:
        rows = tx.connection.exec_driver_sql("SELECT action, user_id FROM audit ORDER BY id").all()
    assert [tuple(row) for row in rows] == [
        ("integration_suspended", robin.user_id),
        ("user_suspended", robin.user_id),
    ]
    assert maya.propfind(CALENDAR, f"{D}sync-token", f"{C}calendar-data").status == 403
