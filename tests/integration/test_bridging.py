"""Connecting calendars in accounts elsewhere, steering and leaving them (rules 1, 2, 3, 7, 9 and 11)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from hxdav.domain.bridge import AccountState, Bridge, BridgeState, ExternalAccount, Link
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import AppointmentId, ExternalAccountId, IntegrationId, LinkId, UserId, Username
from hxdav.domain.integration import Integration, IntegrationState, Service
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.subscription import SubscriptionState
from hxdav.errors import NotPermitted, UseCaseError
from hxdav.remote import Identity
from hxdav.services.integrations import bridges, connection, control, reconnection
from hxdav.services.integrations.bridges import Connected, ShownAccount
from hxdav.services.practice import apply_accounts
from hxdav.services.practice.apply_accounts import WantedPracticeGroup, WantedPractitioner, WantedUser
from hxdav.store.store import Store
from tests.builders import SYDNEY, PracticeWorld, a_practice, an_object

TOMORROW = "DTSTART;TZID=Australia/Sydney:20261123T090000"
NAME = "HX_Harbour Street Psychology"


def by(practice: PracticeWorld) -> Source:
    return Source(authority=Authority.PRACTICE, user_id=practice.user_id)


def shown(
    subject: str = "maya@mail.example", *, service: Service = Service.GOOGLE, taken: tuple[str, ...] = ()
) -> ShownAccount:
    return ShownAccount(
        service=service, identity=Identity(subject=subject, label=subject), address="", taken_names=taken
    )


def connect_shown(
    practice: PracticeWorld, account: ShownAccount, *, privacy: PrivacyLevel | None = None, source: Source | None = None
) -> Connected:
    with practice.store.transaction() as tx:
        return bridges.connect(
            tx,
            practice.clock,
            practitioner=tx.people.practitioner(practice.practitioner_id),
            shown=account,
            seal=lambda account_id: f"sealed for {account_id}",
            privacy=privacy,
            source=source or by(practice),
        )


def connect(
    practice: PracticeWorld, subject: str = "maya@mail.example", *, service: Service = Service.GOOGLE
) -> Integration:
    return connect_shown(practice, shown(subject, service=service)).integration


def take_out(practice: PracticeWorld, integration_id: IntegrationId) -> None:
    practice.store.in_turns(
        lambda tx: reconnection.take_out(tx, practice.clock, practice.policy, integration_id=integration_id)
    )
    practice.store.in_turns(
        lambda tx: connection.fill(tx, practice.clock, practice.policy, integration_id=integration_id)
    )


def disconnect(practice: PracticeWorld, integration: Integration) -> None:
    with practice.store.transaction() as tx:
        connection.disconnect(tx, practice.clock, integration=integration, source=by(practice))


def bridge_of(practice: PracticeWorld, integration: Integration) -> Bridge:
    with practice.store.snapshot() as tx:
        return tx.bridges.one(integration.id)


def account_of(practice: PracticeWorld, integration: Integration) -> ExternalAccount:
    with practice.store.snapshot() as tx:
        return tx.external_accounts.one(tx.bridges.one(integration.id).account_id)


def change(practice: PracticeWorld, integration: Integration, **values: object) -> None:
    with practice.store.transaction() as tx:
        tx.bridges.change(integration.id, **values)


def shut_out(practice: PracticeWorld, account_id: ExternalAccountId) -> None:
    with practice.store.transaction() as tx:
        tx.external_accounts.shut_out(account_id, trouble="access_lost")


def audited(practice: PracticeWorld) -> list[str]:
    with practice.store.snapshot() as tx:
        return [each.action for each in tx.trail.audit_entries()]


def another_practitioner(practice: PracticeWorld) -> PracticeWorld:
    """A colleague in the same practice group, who subscribes too."""
    with practice.store.transaction() as tx:
        maya = tx.people.practitioner(practice.practitioner_id)
        group = maya.practice_group_id
        user_id = tx.people.add_user(
            practice_group_id=group, username=Username("tom"), name="Tom Okafor", administrator=False
        )
        practitioner_id = tx.people.add_practitioner(
            practice_group_id=group, key="tom", name="Tom Okafor", user_id=user_id
        )
        subscription = tx.subscriptions.of(maya.id)
        assert subscription is not None
        tx.subscriptions.add(replace(subscription, practitioner_id=practitioner_id))
    return replace(practice, practitioner_id=practitioner_id, user_id=user_id)


def test_a_calendar_is_connected_for_the_worker_to_make(store: Store) -> None:
    practice = a_practice(store)

    calendar = connect(practice)

    bridge, account = bridge_of(practice, calendar), account_of(practice, calendar)
    assert (calendar.service, calendar.state, calendar.name) == (Service.GOOGLE, IntegrationState.CONNECTED, NAME)
    assert re.fullmatch(r"hx-[a-z2-7]{8}", calendar.slug)
    assert (bridge.state, bridge.is_cautious, bridge.pull_due_at) == (BridgeState.MAKING, True, practice.clock.now())
    assert re.fullmatch(r"[0-9a-f]{24}", bridge.marker)
    assert (account.label, account.credentials) == ("maya@mail.example", f"sealed for {account.id}")
    assert practice.told() == [NotificationKind.CALENDAR_CONNECTED]
    assert audited(practice) == ["account_let_in", "connected"]


def test_the_account_is_not_named_in_the_audit_log(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    connect(practice)

    with practice.store.snapshot() as tx:
        details = [each.detail for each in tx.trail.audit_entries()]

    assert all("maya" not in str(detail) for detail in details)


@pytest.mark.parametrize("state", [SubscriptionState.PAUSED, SubscriptionState.ENDED])
def test_no_bridge_is_connected_without_a_running_subscription(sqlite_store: Store, state: SubscriptionState) -> None:
    practice = a_practice(sqlite_store)
    with practice.store.transaction() as tx:
        subscription = tx.subscriptions.of(practice.practitioner_id)
        assert subscription is not None
        tx.subscriptions.change(replace(subscription, state=state))

    with pytest.raises(UseCaseError, match="first"):
        connect(practice)

    with practice.store.snapshot() as tx:
        assert tx.external_accounts.all() == []


@pytest.mark.parametrize("who", ["another", "nobody"])
def test_only_the_practitioners_own_login_connects_a_bridge(sqlite_store: Store, who: str) -> None:
    practice = a_practice(sqlite_store)
    other: UserId | None = another_practitioner(practice).user_id if who == "another" else None

    with pytest.raises(NotPermitted, match="Only the login of maya"):
        connect_shown(practice, shown(), source=Source(authority=Authority.PRACTICE, user_id=other))


def test_a_login_that_was_suspended_meanwhile_connects_nothing(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    with practice.store.transaction() as tx:
        tx.people.suspend_user(practice.user_id, at=practice.clock.now())

    with pytest.raises(NotPermitted, match="suspended"):
        connect(practice)


def test_a_name_that_is_taken_in_the_account_gets_the_date_and_then_a_number(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    taken = (NAME, f"{NAME} (2026-11-22)")

    calendar = connect_shown(practice, shown(taken=taken)).integration

    assert calendar.name == f"{NAME} (2026-11-22 2)"


def test_two_practitioners_in_one_account_have_a_calendar_each(sqlite_store: Store) -> None:
    maya = a_practice(sqlite_store)
    tom = another_practitioner(maya)

    names = [connect(each, "shared@mail.example").name for each in (maya, tom)]

    assert names == [NAME, f"{NAME} (2026-11-22)"]
    with maya.store.snapshot() as tx:
        assert len(tx.external_accounts.all()) == 1


def test_an_account_of_another_practice_group_is_another_account(sqlite_store: Store) -> None:
    maya = a_practice(sqlite_store)
    other = a_practice(sqlite_store, key="other", username="ada")

    apply_accounts = {account_of(each, connect(each, "shared@mail.example")).id for each in (maya, other)}

    assert len(apply_accounts) == 2


def test_one_practitioner_has_calendars_in_several_accounts(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)

    calendars = [connect(practice), connect(practice, "home@mail.example"), connect(practice, service=Service.ICLOUD)]

    assert [each.state for each in calendars] == [IntegrationState.CONNECTED] * 3
    assert [each.name for each in calendars] == [NAME] * 3


def test_a_second_calendar_in_the_same_account_is_refused(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    first = connect(practice)

    with pytest.raises(UseCaseError, match=rf"Integration {first.id}, {NAME}, is in the account .* already"):
        connect(practice)


def test_a_suspension_is_not_got_around_by_connecting_again(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    first = connect(practice)
    with practice.store.transaction() as tx:
        tx.integrations.set_state(first.id, IntegrationState.SUSPENDED)

    with pytest.raises(UseCaseError, match="Ask them to lift that"):
        connect(practice)


def test_connecting_again_replaces_a_calendar_that_is_gone(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    first = connect(practice)
    change(practice, first, state=BridgeState.GONE)

    assert connect(practice).state is IntegrationState.CONNECTING
    with practice.store.snapshot() as tx:
        assert tx.integrations.one(first.id).state is IntegrationState.DISCONNECTED


def test_reconnecting_takes_the_future_out_of_the_calendar_in_the_same_account_only(store: Store) -> None:
    practice = a_practice(store)
    old, elsewhere, icloud = (
        connect(practice),
        connect(practice, "home@mail.example"),
        connect(practice, service=Service.ICLOUD),
    )
    for calendar in (old, elsewhere, icloud):
        take_out(practice, calendar.id)
    practice.book(an_object("one", start=TOMORROW, end=""))
    for calendar in (old, elsewhere, icloud):
        disconnect(practice, calendar)

    new = connect(practice)
    take_out(practice, new.id)

    assert (new.state, new.name) == (IntegrationState.CONNECTING, f"{NAME} (2026-11-22)")
    shown_in = {each.id: len(practice.shown(each.id)) for each in (old, elsewhere, icloud, new)}
    assert shown_in == {old.id: 0, elsewhere.id: 1, icloud.id: 1, new.id: 1}
    with store.snapshot() as tx:
        assert tx.integrations.one(new.id).state is IntegrationState.CONNECTED


def test_an_account_that_lets_us_in_again_has_its_bridges_go_on_cautiously(store: Store) -> None:
    practice = a_practice(store)
    tom = another_practitioner(practice)
    mayas, toms = connect(practice, "shared@mail.example"), connect(tom, "shared@mail.example")
    account = account_of(practice, mayas)
    for each in (mayas, toms):
        change(practice, each, is_cautious=False, pull_due_at=None, state=BridgeState.RUNNING)
    shut_out(practice, account.id)

    again = connect_shown(practice, shown("shared@mail.example"))

    assert (again.integration.id, again.is_new) == (mayas.id, False)
    assert account_of(practice, mayas).state is AccountState.CONNECTED
    for each in (mayas, toms):
        bridge = bridge_of(practice, each)
        assert (bridge.is_cautious, bridge.pull_due_at) == (True, practice.clock.now())
    assert practice.told()[-1] is tom.told()[-1] is NotificationKind.BRIDGE_RESUMED


def test_another_practitioner_lets_the_account_in_again_and_connects_too(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    tom = another_practitioner(practice)
    mayas = connect(practice, "shared@mail.example")
    shut_out(practice, account_of(practice, mayas).id)

    toms = connect_shown(tom, shown("shared@mail.example"))

    assert toms.is_new
    assert practice.told()[-1] is NotificationKind.BRIDGE_RESUMED


def test_an_account_is_unused_once_its_last_calendar_is_disconnected_and_cleared(store: Store) -> None:
    practice = a_practice(store)
    tom = another_practitioner(practice)
    mayas, toms = connect(practice, "shared@mail.example"), connect(tom, "shared@mail.example")
    account = account_of(practice, mayas)

    def unused() -> list[ExternalAccountId]:
        with store.snapshot() as tx:
            return [each.id for each in bridges.accounts_unused(tx)]

    disconnect(practice, mayas)
    in_use = unused()
    disconnect(tom, toms)

    assert (in_use, unused()) == ([], [account.id])
    with store.transaction() as tx:
        assert bridges.forget_account(tx, practice.clock, account_id=account.id, source=by(practice))
    with store.transaction() as tx:
        assert not bridges.forget_account(tx, practice.clock, account_id=account.id, source=by(practice))
    forgotten = account_of(practice, mayas)
    assert (forgotten.credentials, forgotten.state) == ("", AccountState.REFUSED)
    assert connect(practice, "shared@mail.example").state is IntegrationState.CONNECTING


def test_pausing_stops_a_bridge_and_resuming_is_cautious(store: Store) -> None:
    practice = a_practice(store)
    calendar = connect(practice)
    change(practice, calendar, state=BridgeState.RUNNING, calendar_id="c", is_cautious=False)

    with store.transaction() as tx:
        control.pause(tx, practice.clock, integration=calendar, source=by(practice))
        at_work = tx.bridges.at_work(tx.bridges.one(calendar.id).account_id)
    practice.clock.advance(hours=1)
    with store.transaction() as tx:
        control.resume(tx, practice.clock, integration=calendar, source=by(practice))

    bridge = bridge_of(practice, calendar)
    assert at_work == []
    assert (bridge.state, bridge.is_cautious, bridge.pull_due_at) == (BridgeState.RUNNING, True, practice.clock.now())
    assert audited(practice)[-2:] == ["bridge_paused", "bridge_resumed"]


def test_a_calendar_that_was_not_made_yet_is_made_after_the_pause(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = connect(practice)

    with practice.store.transaction() as tx:
        control.pause(tx, practice.clock, integration=calendar, source=by(practice))
        control.resume(tx, practice.clock, integration=calendar, source=by(practice))

    assert bridge_of(practice, calendar).state is BridgeState.MAKING


def test_what_is_paused_gone_or_not_is_told(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = connect(practice)
    at: dict[str, Any] = {"integration": calendar, "source": by(practice)}

    with practice.store.transaction() as tx:
        with pytest.raises(UseCaseError, match="is not paused"):
            control.resume(tx, practice.clock, **at)
        control.pause(tx, practice.clock, **at)
        with pytest.raises(UseCaseError, match="paused already"):
            control.pause(tx, practice.clock, **at)
        with pytest.raises(UseCaseError, match="is paused") as told:
            control.request_pull(tx, practice.clock, **at)
        assert told.value.command == f"hxdav integrations resume {calendar.id}"
        tx.bridges.change(calendar.id, state=BridgeState.GONE)
        with pytest.raises(UseCaseError, match="is gone"):
            control.pause(tx, practice.clock, **at)
        control.request_pull(tx, practice.clock, **at)
        assert tx.bridges.one(calendar.id).pull_due_at == practice.clock.now(), "it may be back"


def test_hxdavs_own_calendar_has_no_bridge_to_steer(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar_id = practice.integration()

    with practice.store.transaction() as tx:
        calendar = tx.integrations.one(calendar_id)
        with pytest.raises(UseCaseError, match="hxdav's own calendar"):
            control.pause(tx, practice.clock, integration=calendar, source=by(practice))


def test_only_the_practitioners_own_login_steers(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    tom = another_practitioner(practice)
    calendar = connect(practice)

    with practice.store.transaction() as tx:
        for step in (control.pause, control.resume):
            with pytest.raises(NotPermitted):
                step(tx, practice.clock, integration=calendar, source=by(tom))
        with pytest.raises(NotPermitted):
            control.set_privacy(tx, practice.clock, integration=calendar, level=PrivacyLevel.BUSY, source=by(tom))


def test_asking_for_a_pull_ends_the_pause_after_a_failure(store: Store) -> None:
    practice = a_practice(store)
    calendar = connect(practice)
    account = account_of(practice, calendar)
    change(practice, calendar, pull_due_at=None)
    with store.transaction() as tx:
        later = practice.clock.moment.replace(hour=23)
        tx.external_accounts.failed(
            account.id, failures=3, retry_at=later, trouble="quota", since=practice.clock.now(), throttled=True
        )

    with store.transaction() as tx:
        control.request_pull(tx, practice.clock, integration=calendar, source=by(practice))

    with store.snapshot() as tx:
        assert tx.external_accounts.due(practice.clock.now(), limit=5) == [account.id]


def test_an_account_that_does_not_let_us_in_has_to_be_connected_again(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = connect(practice)
    shut_out(practice, account_of(practice, calendar).id)

    with practice.store.transaction() as tx, pytest.raises(UseCaseError, match="Connect it again") as told:
        control.request_pull(tx, practice.clock, integration=calendar, source=by(practice))
    assert told.value.command == "hxdav integrations add --service google"


def test_a_practitioner_only_tightens_privacy(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    calendar = connect(practice)
    change(practice, calendar, pushed_modseq=7)

    at: dict[str, Any] = {"integration": calendar, "source": by(practice)}
    with practice.store.transaction() as tx:
        with pytest.raises(UseCaseError, match='no more than "appointment"'):
            control.set_privacy(tx, practice.clock, level=PrivacyLevel.INITIALS, **at)
        control.set_privacy(tx, practice.clock, level=PrivacyLevel.BUSY, **at)

    bridge = bridge_of(practice, calendar)
    assert (bridge.privacy, bridge.pushed_modseq) == (PrivacyLevel.BUSY, 0)


def test_the_level_holds_from_the_first_moment_where_it_is_chosen_with_the_connection(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)

    calendar = connect_shown(practice, shown(), privacy=PrivacyLevel.BUSY).integration

    assert bridge_of(practice, calendar).privacy is PrivacyLevel.BUSY


def test_the_practice_may_allow_more(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    with practice.store.transaction() as tx:
        group = tx.people.practice_group(tx.people.practitioner(practice.practitioner_id).practice_group_id)
        tx.people.change_practice_group(replace(group, privacy={Service.GOOGLE: PrivacyLevel.FULL}))

    calendar = connect_shown(practice, shown(), privacy=PrivacyLevel.INITIALS).integration

    assert group.zone == SYDNEY
    assert bridge_of(practice, calendar).privacy is PrivacyLevel.INITIALS


def test_everything_is_written_anew_at_another_level_and_nothing_forgotten_that_is_to_be_removed(store: Store) -> None:
    practice = a_practice(store)
    calendar = connect(practice)
    ids = [practice.book(an_object(uid, start=TOMORROW, end="")).id for uid in ("shown", "left")]
    link_all(practice, calendar, [mirror_of(practice, each, calendar) for each in ids])
    practice.cancel(ids[1])
    change(practice, calendar, pushed_modseq=practice.modseq(calendar.id))

    with store.transaction() as tx:
        control.set_privacy(tx, practice.clock, integration=calendar, level=PrivacyLevel.BUSY, source=by(practice))

    with store.snapshot() as tx:
        pending = tx.links.pending(tx.bridges.one(calendar.id), now=practice.clock.now(), limit=9)
    assert {each.state for each in pending} == {MirrorState.SHOWN, MirrorState.LEFT}


@pytest.mark.parametrize(("service", "pushed"), [(Service.GOOGLE, 0), (Service.ICLOUD, 7)])
def test_another_level_in_the_accounts_file_has_bridges_of_that_service_written_anew(
    sqlite_store: Store, service: Service, pushed: int
) -> None:
    practice = a_practice(sqlite_store)
    calendar = connect(practice, service=service)
    change(practice, calendar, pushed_modseq=7)
    wanted = WantedPracticeGroup(
        key="harbour",
        name="Harbour Street Psychology",
        zone=SYDNEY,
        privacy={Service.GOOGLE: PrivacyLevel.FULL},
        users=(WantedUser(username="maya", name="Maya Lin"),),
        practitioners=(WantedPractitioner(key="maya", name="Maya Lin", username="maya"),),
    )

    with practice.store.transaction() as tx:
        done = apply_accounts.apply(tx, practice.clock, wanted=[wanted], source=by(practice))

    assert [each.detail for each in done.differences] == ["privacy: none → google full"]
    assert bridge_of(practice, calendar).pushed_modseq == pushed


def mirror_of(practice: PracticeWorld, appointment_id: AppointmentId, calendar: Integration) -> Mirror:
    with practice.store.snapshot() as tx:
        (found,) = [each for each in tx.mirrors.of(appointment_id) if each.integration_id == calendar.id]
    return found


def link_all(practice: PracticeWorld, calendar: Integration, mirrors: list[Mirror]) -> None:
    """What the engine writes down once it has pushed these."""
    with practice.store.transaction() as tx:
        for mirror in mirrors:
            link = Link(
                id=LinkId(0),
                practice_group_id=calendar.practice_group_id,
                integration_id=calendar.id,
                mirror_id=mirror.id,
                recurrence_id="",
                remote_id=f"r{mirror.id}",
                tag="t",
                base="",
                sent="",
                mirror_etag=mirror.etag,
                revision=1,
                is_ours=True,
                parked=None,
                seen_in=0,
            )
            tx.links.put(link, at=practice.clock.now())
