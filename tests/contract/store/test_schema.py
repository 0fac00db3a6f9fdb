"""The schema: what the migrations make is what the code expects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from hxdav.domain.removal import Decision
from hxdav.domain.subscription import SubscriptionState, period_end
from hxdav.errors import SchemaOutOfDate
from hxdav.store import migrating, schema
from hxdav.store.store import Store
from tests.builders import NOON


def test_migrations_make_just_the_schema_that_the_code_expects(store: Store) -> None:
    with store.snapshot() as tx:
        assert migrating.differences(tx.connection) == []
        assert schema.state(tx).is_current


def test_an_empty_database_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    empty = Store(f"sqlite:///{tmp_path / 'empty.sqlite'}")

    with empty.snapshot() as tx, pytest.raises(SchemaOutOfDate, match="hxdav db upgrade"):
        schema.require_current(tx)
    empty.close()


def test_upgrading_twice_changes_nothing(store: Store) -> None:
    with store.snapshot() as tx:
        epoch = tx.installation.epoch()

    migrating.upgrade(store, now=NOON)

    with store.snapshot() as tx:
        assert tx.installation.epoch() == epoch


def test_every_row_that_a_practice_owns_says_so() -> None:
    from hxdav.store.rows import Base  # noqa: PLC0415

    owned = set(Base.metadata.tables) - {"installation", "practice_group", "sign_in_tries"}

    assert all("practice_group_id" in Base.metadata.tables[table].columns for table in owned)


@pytest.fixture(params=["sqlite", "postgres"])
def at_first_schema(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store as the first schema had it, with a practitioner whose calendar is connected and one who has none."""
    is_sqlite = request.param == "sqlite"
    store = Store(f"sqlite:///{tmp_path / 'old.sqlite'}" if is_sqlite else request.getfixturevalue("fresh_postgres"))
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with store.transaction() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0001")
        for statement in FIRST_ROWS:
            tx.connection.execute(text(statement))
    yield store
    store.close()


FIRST_ROWS = (
    """INSERT INTO practice_group (id, key, name, zone, band) VALUES (1, 'p', 'P', 'Australia/Sydney', 'none')""",
    """INSERT INTO practitioner (id, practice_group_id, key, name, enabled, modseq)
       VALUES (1, 1, 'a', 'A', true, 3), (2, 1, 'b', 'B', true, 0)""",
    """INSERT INTO integration
       (id, practice_group_id, practitioner_id, service, state, slug, name, connected_on, modseq, purge_floor,
        created_at)
       VALUES (1, 1, 1, 'native', 'connected', 'hx-a', 'HX_P', '2026-11-01', 3, 0, '2026-11-01 00:00:00')""",
    """INSERT INTO appointment
       (id, practice_group_id, practitioner_id, kind, status, uid, text, summary, starts, recurring, note, invoice,
        revision, modseq, created_at, updated_at)
       VALUES (1, 1, 1, 'personal', 'booked', 'u', 't', 's', 0, false, 'none', 'none',
               1, 1, '2026-11-01 00:00:00', '2026-11-01 00:00:00')""",
    """INSERT INTO removal
       (practice_group_id, practitioner_id, appointment_id, revision, state, made_at, decided_at)
       VALUES (1, 1, 1, 1, 'applied', '2026-11-02 00:00:00', '2026-11-02 00:00:00')""",
)


def test_whoever_had_a_calendar_before_there_were_subscriptions_has_a_first_period_for_nothing(
    at_first_schema: Store,
) -> None:
    migrating.upgrade(at_first_schema, now=NOON)

    with at_first_schema.snapshot() as tx:
        (subscription,) = tx.subscriptions.all()
        (entry,) = tx.credits.entries(subscription.practice_group_id)
        (removal,) = tx.removals.all_of(subscription.practitioner_id)
    assert (subscription.practitioner_id, subscription.state) == (1, SubscriptionState.RUNNING)
    assert subscription.renews
    assert subscription.paid_until == period_end(subscription.period_from)
    assert (entry.credits, entry.period_from) == (0, subscription.period_from)
    assert removal.decision is Decision.SETTLED
