"""One private calendar address for each practitioner, for programs that can only read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table of the private addresses."""
    op.create_table(
        "web_feed",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("practitioner_id", _NUMBER, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("privacy", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_web_feed_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_web_feed_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_feed")),
        sa.UniqueConstraint("digest", name=op.f("uq_web_feed_digest")),
        sa.UniqueConstraint("practitioner_id", name=op.f("uq_web_feed_practitioner_id")),
    )
