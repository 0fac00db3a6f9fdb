"""Bridges: accounts elsewhere, what each mirror is there, consents, and how much each service is told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of the bridges."""
    op.add_column("practice_group", sa.Column("privacy", sa.JSON(), server_default="{}", nullable=False))
    _external_account()
    _bridge()
    _link()
    _consent()


def _external_account() -> None:
    op.create_table(
        "external_account",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failures", _NUMBER, nullable=False),
        sa.Column("retry_at", _MOMENT, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("requests", _NUMBER, nullable=False),
        sa.Column("throttled_at", _MOMENT, nullable=True),
        sa.Column("leased_to", sa.Text(), nullable=True),
        sa.Column("leased_until", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"],
            ["practice_group.id"],
            name=op.f("fk_external_account_practice_group_id_practice_group"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_account")),
        sa.UniqueConstraint(
            "practice_group_id",
            "service",
            "subject",
            name=op.f("uq_external_account_practice_group_id_service_subject"),
        ),
        sqlite_autoincrement=True,
    )


def _bridge() -> None:
    op.create_table(
        "bridge",
        sa.Column("integration_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("account_id", _NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("calendar_id", sa.Text(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("listing", _NUMBER, nullable=False),
        sa.Column("is_listing", sa.Boolean(), nullable=False),
        sa.Column("is_cautious", sa.Boolean(), nullable=False),
        sa.Column("pushed_modseq", _NUMBER, nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("privacy", sa.Text(), nullable=True),
        sa.Column("pull_due_at", _MOMENT, nullable=True),
        sa.Column("active_at", _MOMENT, nullable=True),
        sa.Column("pulled_at", _MOMENT, nullable=True),
        sa.Column("pushed_at", _MOMENT, nullable=True),
        sa.Column("channel_id", sa.Text(), nullable=True),
        sa.Column("channel_ticket", sa.Text(), nullable=True),
        sa.Column("channel_token", sa.Text(), nullable=True),
        sa.Column("channel_opened_at", _MOMENT, nullable=True),
        sa.Column("channel_expires_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["external_account.id"], name=op.f("fk_bridge_account_id_external_account")
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_bridge_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_bridge_practice_group_id_practice_group")
        ),
        sa.PrimaryKeyConstraint("integration_id", name=op.f("pk_bridge")),
        sa.UniqueConstraint("channel_token", name=op.f("uq_bridge_channel_token")),
        sa.UniqueConstraint("marker", name=op.f("uq_bridge_marker")),
    )
    op.create_index(op.f("ix_bridge_account_id"), "bridge", ["account_id"], unique=False)


def _link() -> None:
    op.create_table(
        "link",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("integration_id", _NUMBER, nullable=False),
        sa.Column("mirror_id", _NUMBER, nullable=True),
        sa.Column("recurrence_id", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("tag", sa.Text(), nullable=True),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.Column("mirror_etag", sa.Text(), nullable=False),
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("parked", sa.Text(), nullable=True),
        sa.Column("seen_in", _NUMBER, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_link_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(["mirror_id"], ["mirror.id"], name=op.f("fk_link_mirror_id_mirror")),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_link_practice_group_id_practice_group")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("mirror_id", "recurrence_id", name=op.f("uq_link_mirror_id_recurrence_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_link_integration_id_seen_in"), "link", ["integration_id", "seen_in"], unique=False)
    op.create_index(
        "uq_link_remote_id",
        "link",
        ["integration_id", "remote_id"],
        unique=True,
        sqlite_where=sa.text("remote_id IS NOT NULL"),
        postgresql_where=sa.text("remote_id IS NOT NULL"),
    )


def _consent() -> None:
    op.create_table(
        "consent",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("practitioner_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("privacy", sa.Text(), nullable=True),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("answered_at", _MOMENT, nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("integration_id", _NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_consent_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_consent_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_consent_practitioner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_consent_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint("state", name=op.f("uq_consent_state")),
    )
