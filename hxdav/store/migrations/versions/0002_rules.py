"""The practice's rules: credits and subscriptions, held removals, notifications by mail, append-only trails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_IS_OPEN = sa.text("state IN ('held', 'review')")
_IS_TO_BE_MAILED = sa.text("mail_due_at IS NOT NULL")
_IS_TOMBSTONE = sa.text("kind = 'personal' AND removed_at IS NOT NULL")
_HAS_LEFT = sa.text("state = 'left'")
_APPEND_ONLY = ("audit", "credit_entry")


def upgrade() -> None:
    """Widen what is there, add the ledger, and begin a subscription for everyone who has a calendar."""
    _widen()
    _let_old_rows_be_found()
    _ledger()
    _subscribe_those_who_sync()
    for table in _APPEND_ONLY:
        _forbid_changes(table)


def _widen() -> None:
    op.add_column("user_account", sa.Column("email", sa.Text(), nullable=True))
    op.add_column("user_account", sa.Column("suspended_at", _MOMENT, nullable=True))
    op.add_column("removal", sa.Column("user_id", _NUMBER, nullable=True))
    op.add_column("removal", sa.Column("agent", sa.Text(), server_default="", nullable=False))
    for name in ("settles_at", "reviewed_from", "answer_by"):
        op.add_column("removal", sa.Column(name, _MOMENT, nullable=True))
    for name in ("answer", "decision"):
        op.add_column("removal", sa.Column(name, sa.Text(), nullable=True))
    # Before this schema a removal was applied at once, or kept because the object had been dragged.
    op.execute("UPDATE removal SET decision = CASE state WHEN 'applied' THEN 'settled' ELSE 'dragged' END")
    op.create_index(
        "uq_removal_open", "removal", ["appointment_id"], unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN
    )
    op.create_index(
        "ix_removal_waiting",
        "removal",
        ["practitioner_id", "state", "settles_at"],
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    )
    op.add_column("notification", sa.Column("mail_due_at", _MOMENT, nullable=True))
    op.add_column("notification", sa.Column("mail_tries", _NUMBER, server_default="0", nullable=False))
    op.add_column("notification", sa.Column("mailed_at", _MOMENT, nullable=True))
    op.create_index(
        "ix_notification_mail",
        "notification",
        ["mail_due_at"],
        sqlite_where=_IS_TO_BE_MAILED,
        postgresql_where=_IS_TO_BE_MAILED,
    )


def _let_old_rows_be_found() -> None:
    """What is purged is found by an index, so that its cost follows what there is to purge."""
    op.add_column("practice_group", sa.Column("purged_until", _MOMENT, nullable=True))
    op.create_index(
        op.f("ix_appointment_version_practice_group_id_at"), "appointment_version", ["practice_group_id", "at"]
    )
    op.create_index(op.f("ix_notification_appointment_id"), "notification", ["appointment_id"])
    op.create_index(
        "ix_appointment_tombstone",
        "appointment",
        ["practitioner_id", "removed_at"],
        sqlite_where=_IS_TOMBSTONE,
        postgresql_where=_IS_TOMBSTONE,
    )
    op.create_index(
        "ix_mirror_left",
        "mirror",
        ["integration_id", "changed_at"],
        sqlite_where=_HAS_LEFT,
        postgresql_where=_HAS_LEFT,
    )


def _ledger() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("practitioner_id", _NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("renews", sa.Boolean(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("paid_until", sa.Date(), nullable=False),
        sa.Column("warned_for", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_subscription_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_subscription_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("practitioner_id", name=op.f("uq_subscription_practitioner_id")),
    )
    op.create_table(
        "credit_entry",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("credits", _NUMBER, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("subscription_id", _NUMBER, nullable=True),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("user_id", _NUMBER, nullable=True),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_credit_entry_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_credit_entry_subscription_id_subscription")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_entry")),
        sa.UniqueConstraint("subscription_id", "period_from", name=op.f("uq_credit_entry_subscription_id_period_from")),
    )
    op.create_index(op.f("ix_credit_entry_practice_group_id"), "credit_entry", ["practice_group_id"], unique=False)


def _subscribe_those_who_sync() -> None:
    """Calendars that were connected before there were subscriptions get a first period for nothing."""
    connection = op.get_bind()
    now = datetime.now(UTC)
    syncing = connection.execute(
        sa.text(
            "SELECT practitioner.id AS practitioner_id, practice_group.id AS group_id, practice_group.zone AS zone "
            "FROM practitioner JOIN practice_group ON practice_group.id = practitioner.practice_group_id "
            "WHERE practitioner.id IN (SELECT practitioner_id FROM integration WHERE state <> 'disconnected')"
        )
    ).all()
    subscriptions = sa.table(
        "subscription",
        *(sa.column(name) for name in ("id", "practice_group_id", "practitioner_id", "state")),
        sa.column("renews", sa.Boolean()),
        sa.column("period_from", sa.Date()),
        sa.column("paid_until", sa.Date()),
    )
    entries = sa.table(
        "credit_entry",
        *(sa.column(name) for name in ("practice_group_id", "kind", "credits", "subscription_id", "agent", "remark")),
        sa.column("at", _MOMENT),
        sa.column("period_from", sa.Date()),
    )
    for row in syncing:
        today = now.astimezone(ZoneInfo(row.zone)).date()
        subscription_id = connection.execute(
            subscriptions.insert()
            .values(
                practice_group_id=row.group_id,
                practitioner_id=row.practitioner_id,
                state="running",
                renews=True,
                period_from=today,
                paid_until=today + timedelta(days=30),
            )
            .returning(subscriptions.c.id)
        ).scalar_one()
        connection.execute(
            entries.insert().values(
                practice_group_id=row.group_id,
                kind="renewal",
                credits=0,
                at=now if connection.dialect.name != "sqlite" else now.replace(tzinfo=None),
                subscription_id=subscription_id,
                period_from=today,
                agent="hxdav db upgrade",
                remark="The first period of calendars that were connected before there were subscriptions.",
            )
        )


def _forbid_changes(table: str) -> None:
    """Let the database itself refuse to change or delete what was written down."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )
