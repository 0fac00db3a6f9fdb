"""Integrations, appointments, and the mirrors that join them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hxdav.store.rows.base import NEVER_REUSED, Base, Owner, RowId

_IS_TOMBSTONE = text("kind = 'personal' AND removed_at IS NOT NULL")
_HAS_LEFT = text("state = 'left'")


class IntegrationRow(Base):
    """One practitioner's appointments shown in one place; ``modseq`` makes its ctag and sync token.

    ``frozen_at`` is since when nothing is taken in that comes from there; NULL where it is.
    """

    __tablename__ = "integration"
    __table_args__ = (UniqueConstraint("slug"), NEVER_REUSED)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"), index=True)
    service: Mapped[str]
    state: Mapped[str]
    slug: Mapped[str]
    name: Mapped[str]
    connected_on: Mapped[date]
    modseq: Mapped[int]
    purge_floor: Mapped[int]
    created_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]


class PropertyRow(Base):
    """A dead WebDAV property (RFC 4918 §4), as XML: of an integration's collection, or of a user's home."""

    __tablename__ = "property"
    __table_args__ = (UniqueConstraint("integration_id", "name"), UniqueConstraint("user_id", "name"))

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    integration_id: Mapped[int | None] = mapped_column(ForeignKey("integration.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    name: Mapped[str]
    xml: Mapped[str]


class AppointmentRow(Base):
    """The calendar object text, an index over it, and what only the practice knows.

    ``indexed_from`` and ``indexed_until`` (seconds since 1970) bound the span in which the occurrence index is
    complete; NULL where it is complete everywhere.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        Index(None, "practitioner_id", "starts"),
        Index(None, "practitioner_id", "uid"),
        Index("ix_appointment_open_series", "practitioner_id", "starts", sqlite_where=text("indexed_until IS NOT NULL"),
              postgresql_where=text("indexed_until IS NOT NULL")),
        Index("ix_appointment_tombstone", "practitioner_id", "removed_at", sqlite_where=_IS_TOMBSTONE,
              postgresql_where=_IS_TOMBSTONE),
        NEVER_REUSED,
    )  # fmt: skip

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    kind: Mapped[str]
    status: Mapped[str]
    uid: Mapped[str]
    text: Mapped[str]
    summary: Mapped[str]
    starts: Mapped[int]
    ends: Mapped[int | None]
    recurring: Mapped[bool]
    indexed_from: Mapped[int | None]
    indexed_until: Mapped[int | None]
    note: Mapped[str]
    invoice: Mapped[str]
    clinic_id: Mapped[int | None] = mapped_column(ForeignKey("clinic.id"))
    booking_id: Mapped[str | None]
    external_id: Mapped[str | None]
    revision: Mapped[int]
    modseq: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class AppointmentPatientRow(Base):
    """Who is seen in an appointment."""

    __tablename__ = "appointment_patient"

    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), primary_key=True, index=True)
    practice_group_id: Mapped[Owner]


class OccurrenceRow(Base):
    """When an appointment takes place, in seconds since 1970.

    ``lengthy`` marks those longer than a week: the others are found between two bounds of one index.
    """

    __tablename__ = "occurrence"
    __table_args__ = (Index(None, "practitioner_id", "lengthy", "starts"),)

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), index=True)
    starts: Mapped[int]
    ends: Mapped[int]
    lengthy: Mapped[bool]


class MirrorRow(Base):
    """One object in one integration; at most one that has not left has a given href there."""

    __tablename__ = "mirror"
    __table_args__ = (
        UniqueConstraint("integration_id", "appointment_id", "recurrence_id", "generation"),
        Index("ix_mirror_feed", "integration_id", "modseq"),
        Index("uq_mirror_href", "integration_id", "href", unique=True, sqlite_where=text("state != 'left'"),
              postgresql_where=text("state != 'left'")),
        Index("ix_mirror_left", "integration_id", "changed_at", sqlite_where=_HAS_LEFT, postgresql_where=_HAS_LEFT),
        Index(None, "uid"),
        Index(None, "appointment_id"),
        NEVER_REUSED,
    )  # fmt: skip

    id: Mapped[RowId]
    practice_group_id: Mapped[Owner]
    integration_id: Mapped[int] = mapped_column(ForeignKey("integration.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))
    recurrence_id: Mapped[str]
    generation: Mapped[int]
    href: Mapped[str]
    uid: Mapped[str]
    revision: Mapped[int]
    etag: Mapped[str]
    state: Mapped[str]
    modseq: Mapped[int]
    changed_at: Mapped[datetime]
