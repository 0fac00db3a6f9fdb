"""How long changes are on their way over a bridge, by quarters of an hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table of the times that changes take."""
    op.create_table(
        "lag",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("integration_id", _NUMBER, nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("magnitude", _NUMBER, nullable=False),
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("milliseconds", _NUMBER, nullable=False),
        sa.Column("slowest", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_lag_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(["integration_id"], ["integration.id"], name=op.f("fk_lag_integration_id_integration")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lag")),
        sa.UniqueConstraint(
            "integration_id", "began_at", "way", "magnitude", name=op.f("uq_lag_integration_id_began_at_way_magnitude")
        ),
    )
    op.create_index(op.f("ix_lag_practice_group_id_began_at"), "lag", ["practice_group_id", "began_at"])
