"""Passkeys, recovery codes, and what was asked of browsers that is not answered yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of the second factors."""
    op.create_table(
        "passkey",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("counter", _NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_passkey_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_passkey_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_passkey_user_id"), "passkey", ["user_id"])
    op.create_table(
        "recovery_code",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_recovery_code_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_recovery_code_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("user_id", "digest", name=op.f("uq_recovery_code_user_id_digest")),
    )
    op.create_table(
        "web_ceremony",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", _NUMBER, nullable=True),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_web_ceremony_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_web_ceremony_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_ceremony")),
        sa.UniqueConstraint("digest", name=op.f("uq_web_ceremony_digest")),
    )
    op.create_index(op.f("ix_web_ceremony_expires_at"), "web_ceremony", ["expires_at"])
    op.create_index(op.f("ix_web_ceremony_user_id"), "web_ceremony", ["user_id"])
