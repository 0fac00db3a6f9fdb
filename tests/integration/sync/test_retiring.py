from __future__ import annotations

from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import IntegrationState
from hxdav.services.integrations import connection
from tests.bridges import BridgedWorld
from tests.builders import BY_PRACTICE, an_object


def credentials(world: BridgedWorld) -> list[str]:
    with world.practice.store.snapshot() as tx:
        return [each.credentials for each in tx.external_accounts.all()]


def connected(world: BridgedWorld) -> IntegrationId:
    """A bridge whose account has credentials, in sync."""
    bridge = world.connect()
    account_id = world.account()
    with world.practice.store.transaction() as tx:
        tx.external_accounts.let_in(account_id, credentials="v1:sealed", label="anna@example.com", address="")
    world.round()
    with world.practice.store.transaction() as tx:
        connection.disconnect(tx, world.practice.clock, integration=tx.integrations.one(bridge), source=BY_PRACTICE)
    return bridge


def test_a_disconnected_account_is_given_back_and_forgotten(world: BridgedWorld) -> None:
    world.practice.book(an_object("first@practice"))
    connected(world)

    retired = world.engine.retire_unused()

    assert retired == 1
    assert not world.provider.lets_in, "the grant was given back"
    assert credentials(world) == [""]
    assert not world.provider.calendar().hooks
    assert world.remote_titles() == ["Appointment"], "disconnecting touches nothing outside"


def test_an_account_in_use_is_kept(world: BridgedWorld) -> None:
    bridge = world.connect()
    world.round()

    assert world.engine.retire_unused() == 0
    with world.practice.store.snapshot() as tx:
        assert tx.integrations.one(bridge).state is IntegrationState.CONNECTED
    assert world.provider.lets_in


def test_the_calls_for_a_calendar_that_is_gone_end_where_the_account_goes_on(world: BridgedWorld) -> None:
    first = connected(world)
    second = world.connect()

    world.look(second)

    assert world.bridge(first).channel_id is None
    assert sum(len(calendar.hooks) for calendar in world.provider.calendars.values()) == 1
