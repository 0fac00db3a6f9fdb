"""Listening to what accounts elsewhere tell, and what their servers say of themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what listening workers write down."""
    op.add_column("external_account", sa.Column("listened_by", sa.Text(), nullable=True))
    op.add_column("external_account", sa.Column("listened_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("external_account", sa.Column("about", sa.Text(), server_default="", nullable=False))
