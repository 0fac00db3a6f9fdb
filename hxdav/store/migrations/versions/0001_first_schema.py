"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table, each after those that it refers to."""
    _people()
    _calendars()
    _trail()


def _people() -> None:
    """The installation, the practice and its people."""
    op.create_table(
        "installation",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("key_proof", sa.Text(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "practice_group",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_group")),
        sa.UniqueConstraint("key", name=op.f("uq_practice_group_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "clinic",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_clinic_practice_group_id_practice_group")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic")),
        sa.UniqueConstraint("practice_group_id", "key", name=op.f("uq_clinic_practice_group_id_key")),
    )
    op.create_table(
        "patient",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_patient_practice_group_id_practice_group")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("practice_group_id", "name", name=op.f("uq_patient_practice_group_id_name")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("administrator", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("web_password_hash", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_user_account_practice_group_id_practice_group")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("username", name=op.f("uq_user_account_username")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "app_password",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=True),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.Column("last_used_at", _MOMENT, nullable=True),
        sa.Column("last_used_agent", sa.Text(), nullable=False),
        sa.Column("last_used_address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_app_password_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_app_password_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_password")),
        sa.UniqueConstraint("digest", name=op.f("uq_app_password_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_app_password_user_id"), "app_password", ["user_id"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_invitation_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_invitation_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitation_digest")),
    )
    op.create_index(op.f("ix_invitation_user_id"), "invitation", ["user_id"], unique=False)
    op.create_table(
        "practitioner",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", _NUMBER, nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("modseq", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_practitioner_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_practitioner_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practitioner")),
        sa.UniqueConstraint("practice_group_id", "key", name=op.f("uq_practitioner_practice_group_id_key")),
        sa.UniqueConstraint("user_id", name=op.f("uq_practitioner_user_id")),
        sqlite_autoincrement=True,
    )


def _calendars() -> None:
    """Appointments, integrations, and the mirrors that join them."""
    op.create_table(
        "appointment",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("practitioner_id", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("starts", _NUMBER, nullable=False),
        sa.Column("ends", _NUMBER, nullable=True),
        sa.Column("recurring", sa.Boolean(), nullable=False),
        sa.Column("indexed_from", _NUMBER, nullable=True),
        sa.Column("indexed_until", _NUMBER, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("invoice", sa.Text(), nullable=False),
        sa.Column("clinic_id", _NUMBER, nullable=True),
        sa.Column("booking_id", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("modseq", _NUMBER, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("removed_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_appointment_clinic_id_clinic")),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_appointment_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_appointment_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_appointment_open_series",
        "appointment",
        ["practitioner_id", "starts"],
        unique=False,
        sqlite_where=sa.text("indexed_until IS NOT NULL"),
        postgresql_where=sa.text("indexed_until IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_appointment_practitioner_id_starts"), "appointment", ["practitioner_id", "starts"], unique=False
    )
    op.create_index(op.f("ix_appointment_practitioner_id_uid"), "appointment", ["practitioner_id", "uid"], unique=False)
    op.create_table(
        "integration",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("practitioner_id", _NUMBER, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("connected_on", sa.Date(), nullable=False),
        sa.Column("modseq", _NUMBER, nullable=False),
        sa.Column("purge_floor", _NUMBER, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_integration_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_integration_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration")),
        sa.UniqueConstraint("slug", name=op.f("uq_integration_slug")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_integration_practitioner_id"), "integration", ["practitioner_id"], unique=False)
    op.create_table(
        "appointment_patient",
        sa.Column("appointment_id", _NUMBER, nullable=False),
        sa.Column("patient_id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_appointment_patient_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_appointment_patient_patient_id_patient")),
        sa.ForeignKeyConstraint(
            ["practice_group_id"],
            ["practice_group.id"],
            name=op.f("fk_appointment_patient_practice_group_id_practice_group"),
        ),
        sa.PrimaryKeyConstraint("appointment_id", "patient_id", name=op.f("pk_appointment_patient")),
    )
    op.create_index(op.f("ix_appointment_patient_patient_id"), "appointment_patient", ["patient_id"], unique=False)
    op.create_table(
        "mirror",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("integration_id", _NUMBER, nullable=False),
        sa.Column("appointment_id", _NUMBER, nullable=False),
        sa.Column("recurrence_id", sa.Text(), nullable=False),
        sa.Column("generation", _NUMBER, nullable=False),
        sa.Column("href", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("modseq", _NUMBER, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_mirror_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_mirror_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_mirror_practice_group_id_practice_group")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mirror")),
        sa.UniqueConstraint(
            "integration_id",
            "appointment_id",
            "recurrence_id",
            "generation",
            name=op.f("uq_mirror_integration_id_appointment_id_recurrence_id_generation"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_mirror_appointment_id"), "mirror", ["appointment_id"], unique=False)
    op.create_index("ix_mirror_feed", "mirror", ["integration_id", "modseq"], unique=False)
    op.create_index(op.f("ix_mirror_uid"), "mirror", ["uid"], unique=False)
    op.create_index(
        "uq_mirror_href",
        "mirror",
        ["integration_id", "href"],
        unique=True,
        sqlite_where=sa.text("state != 'left'"),
        postgresql_where=sa.text("state != 'left'"),
    )
    op.create_table(
        "occurrence",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("practitioner_id", _NUMBER, nullable=False),
        sa.Column("appointment_id", _NUMBER, nullable=False),
        sa.Column("starts", _NUMBER, nullable=False),
        sa.Column("ends", _NUMBER, nullable=False),
        sa.Column("lengthy", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_occurrence_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_occurrence_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_occurrence_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
    )
    op.create_index(op.f("ix_occurrence_appointment_id"), "occurrence", ["appointment_id"], unique=False)
    op.create_index(
        op.f("ix_occurrence_practitioner_id_lengthy_starts"),
        "occurrence",
        ["practitioner_id", "lengthy", "starts"],
        unique=False,
    )
    op.create_table(
        "property",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("integration_id", _NUMBER, nullable=True),
        sa.Column("user_id", _NUMBER, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("xml", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_property_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_property_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_property_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_property")),
        sa.UniqueConstraint("integration_id", "name", name=op.f("uq_property_integration_id_name")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_property_user_id_name")),
    )


def _trail() -> None:
    """What happened."""
    op.create_table(
        "audit",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("user_id", _NUMBER, nullable=True),
        sa.Column("integration_id", _NUMBER, nullable=True),
        sa.Column("app_password_id", _NUMBER, nullable=True),
        sa.Column("appointment_id", _NUMBER, nullable=True),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_audit_practice_group_id_practice_group")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_practice_group_id_at"), "audit", ["practice_group_id", "at"], unique=False)
    op.create_table(
        "appointment_version",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("appointment_id", _NUMBER, nullable=False),
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("modseq", _NUMBER, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("user_id", _NUMBER, nullable=True),
        sa.Column("integration_id", _NUMBER, nullable=True),
        sa.Column("app_password_id", _NUMBER, nullable=True),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["app_password_id"], ["app_password.id"], name=op.f("fk_appointment_version_app_password_id_app_password")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_appointment_version_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_appointment_version_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(
            ["practice_group_id"],
            ["practice_group.id"],
            name=op.f("fk_appointment_version_practice_group_id_practice_group"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_appointment_version_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_version")),
        sa.UniqueConstraint("appointment_id", "revision", name=op.f("uq_appointment_version_appointment_id_revision")),
    )
    op.create_table(
        "notification",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("practitioner_id", _NUMBER, nullable=False),
        sa.Column("integration_id", _NUMBER, nullable=True),
        sa.Column("appointment_id", _NUMBER, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_notification_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_notification_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_notification_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_notification_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index(op.f("ix_notification_practitioner_id_at"), "notification", ["practitioner_id", "at"], unique=False)
    op.create_table(
        "refused_body",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("practitioner_id", _NUMBER, nullable=False),
        sa.Column("integration_id", _NUMBER, nullable=False),
        sa.Column("appointment_id", _NUMBER, nullable=True),
        sa.Column("href", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_refused_body_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_refused_body_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_refused_body_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_refused_body_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_body")),
    )
    op.create_index(op.f("ix_refused_body_appointment_id"), "refused_body", ["appointment_id"], unique=False)
    op.create_index(op.f("ix_refused_body_practitioner_id_at"), "refused_body", ["practitioner_id", "at"], unique=False)
    op.create_table(
        "removal",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("practice_group_id", _NUMBER, nullable=False),
        sa.Column("practitioner_id", _NUMBER, nullable=False),
        sa.Column("appointment_id", _NUMBER, nullable=False),
        sa.Column("integration_id", _NUMBER, nullable=True),
        sa.Column("app_password_id", _NUMBER, nullable=True),
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["app_password_id"], ["app_password.id"], name=op.f("fk_removal_app_password_id_app_password")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_removal_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name=op.f("fk_removal_integration_id_integration")
        ),
        sa.ForeignKeyConstraint(
            ["practice_group_id"], ["practice_group.id"], name=op.f("fk_removal_practice_group_id_practice_group")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_removal_practitioner_id_practitioner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removal")),
    )
    op.create_index(op.f("ix_removal_appointment_id"), "removal", ["appointment_id"], unique=False)
    op.create_index(op.f("ix_removal_practitioner_id_made_at"), "removal", ["practitioner_id", "made_at"], unique=False)
