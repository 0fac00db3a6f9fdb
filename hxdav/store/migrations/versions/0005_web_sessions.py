"""Signing in to the pages, and which notifications were seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table of the browsers that are signed in."""
    op.create_table(
        "web_session",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("proved_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_web_session_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_web_session_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
        sa.UniqueConstraint("digest", name=op.f("uq_web_session_digest")),
    )
    op.create_index(op.f("ix_web_session_user_id"), "web_session", ["user_id"])
    op.add_column("notification", sa.Column("seen_at", _MOMENT, nullable=True))
