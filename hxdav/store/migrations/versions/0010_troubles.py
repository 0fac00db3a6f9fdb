"""Since when an account or a bridge has been in its present trouble."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moments."""
    for table in ("external_account", "bridge"):
        op.add_column(table, sa.Column("troubled_since", sa.DateTime(timezone=True), nullable=True))
