"""Tickets for configuration profiles, and calendars through which nothing is taken in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table of the tickets, and remember since when a calendar is frozen."""
    op.create_table(
        "profile_ticket",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("integration_id", _NUMBER, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("taken_at", _MOMENT, nullable=True),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.Column("app_password_id", _NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["practice_group_id"],
            ["practice_group.id"],
            name=op.f("fk_profile_ticket_practice_group_id_practice_group"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_profile_ticket_user_id_user_account")),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_profile_ticket_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(
            ["app_password_id"], ["app_password.id"], name=op.f("fk_profile_ticket_app_password_id_app_password")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_ticket")),
        sa.UniqueConstraint("digest", name=op.f("uq_profile_ticket_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_profile_ticket_user_id"), "profile_ticket", ["user_id"])
    op.add_column("integration", sa.Column("frozen_at", _MOMENT, nullable=True))
