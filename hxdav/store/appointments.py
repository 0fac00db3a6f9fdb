"""Appointments, who is seen in them, their versions, and the index of when they take place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, or_, select, update

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus, PracticeFields, RecordMark
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import (
    AppointmentId,
    AppPasswordId,
    ClinicId,
    IntegrationId,
    Modseq,
    PatientId,
    PracticeGroupId,
    PractitionerId,
    Uid,
    UserId,
)
from hxdav.domain.times import Interval, OccurrenceIndex
from hxdav.errors import NotFound
from hxdav.store.rows import AppointmentPatientRow, AppointmentRow, OccurrenceRow, VersionRow, table_of
from hxdav.store.seconds import LENGTHY, moment_of, seconds_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of an appointment, and whose edit brought it about."""

    revision: int
    at: datetime
    action: str
    source: Source
    text: str
    kind: AppointmentKind
    practice: PracticeFields
    removed_at: datetime | None


class Appointments:
    """Reads and writes appointments."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, appointment_id: AppointmentId) -> Appointment | None:
        """One appointment, a tombstone included."""
        row = self._connection.execute(_APPOINTMENT, {"appointment": appointment_id}).first()
        return self._with_patients([row])[0] if row else None

    def one(self, appointment_id: AppointmentId) -> Appointment:
        """One appointment, a tombstone included; NotFound where there is none."""
        found = self.find(appointment_id)
        if found is None:
            raise NotFound(f"There is no appointment {appointment_id}.")
        return found

    def of(self, practitioner_id: PractitionerId, within: Interval | None = None) -> list[Appointment]:
        """A practitioner's appointments, without tombstones; only those that may have an occurrence in ``within``."""
        query = _APPOINTMENTS.where(
            AppointmentRow.practitioner_id == practitioner_id,
            or_(AppointmentRow.removed_at.is_(None), AppointmentRow.kind == AppointmentKind.PATIENT),
        ).order_by(AppointmentRow.starts, AppointmentRow.id)
        if within is not None:
            query = query.where(
                AppointmentRow.starts < seconds_of(within.ends),
                or_(AppointmentRow.ends.is_(None), AppointmentRow.ends >= seconds_of(within.starts)),
            )
        return self._with_patients(self._connection.execute(query).all())

    def some(self, appointment_ids: Collection[AppointmentId]) -> list[Appointment]:
        """The appointments with these numbers, tombstones included, by start."""
        numbers, found = sorted(appointment_ids), list[Row[*tuple[Any, ...]]]()
        for first in range(0, len(numbers), 500):
            found += self._connection.execute(
                _APPOINTMENTS.where(AppointmentRow.id.in_(numbers[first : first + 500]))
            ).all()
        return self._with_patients(sorted(found, key=lambda row: (row.starts, row.id)))

    def with_uid(self, practitioner_id: PractitionerId, uid: Uid) -> list[Appointment]:
        """The practitioner's appointments whose own UID this is, tombstones included, the latest first."""
        query = _APPOINTMENTS.where(
            AppointmentRow.practitioner_id == practitioner_id, AppointmentRow.uid == uid
        ).order_by(AppointmentRow.id.desc())
        return self._with_patients(self._connection.execute(query).all())

    def with_uids(self, practitioner_id: PractitionerId, uids: Collection[Uid]) -> dict[Uid, Appointment]:
        """Return of each of these UIDs the latest appointment of the practitioner, a tombstone included."""
        rows = self._connection.execute(_WITH_UIDS, {"practitioner": practitioner_id, "uids": list(uids)})
        return {appointment.uid: appointment for appointment in self._with_patients(rows)}

    def add(self, appointments: Sequence[Appointment]) -> list[AppointmentId]:
        """Add appointments, whose ``id`` is not read; return their ids in the same order."""
        values = [
            {
                **_columns(appointment),
                "practice_group_id": appointment.practice_group_id,
                "practitioner_id": appointment.practitioner_id,
                "created_at": appointment.created_at,
            }
            for appointment in appointments
        ]
        added = [AppointmentId(number) for number in self._connection.execute(_ADD, values).scalars()]
        for appointment_id, appointment in zip(added, appointments, strict=True):
            self._keep_patients(appointment_id, appointment)
        return added

    def change(self, appointment: Appointment, *, patients_changed: bool) -> None:
        """Store the state of an appointment that is there."""
        self._connection.execute(_CHANGE, {"appointment": appointment.id, **_columns(appointment)})
        if patients_changed:
            gone = delete(AppointmentPatientRow).where(AppointmentPatientRow.appointment_id == appointment.id)
            self._connection.execute(gone)
            self._keep_patients(appointment.id, appointment)

    def index(self, appointment: Appointment, index: OccurrenceIndex) -> None:
        """Replace the index of when ``appointment`` takes place."""
        self._connection.execute(_FORGET_OCCURRENCES, {"appointment": appointment.id})
        self._connection.execute(_BOUND, _bounds(appointment, index))
        self._add_occurrences([(appointment, index)])

    def index_new(self, indexes: Sequence[tuple[Appointment, OccurrenceIndex]]) -> None:
        """Add the indexes of appointments that have none yet."""
        bounds = [_bounds(*each) for each in indexes if each[1].complete_within]
        if bounds:
            self._connection.execute(_BOUND, bounds)
        self._add_occurrences(indexes)

    def _add_occurrences(self, indexes: Iterable[tuple[Appointment, OccurrenceIndex]]) -> None:
        rows = [_occurrence(appointment, interval) for appointment, index in indexes for interval in index.intervals]
        if rows:
            self._connection.execute(_ADD_OCCURRENCES, rows)

    def keep_versions(self, appointments: Sequence[Appointment], *, source: Source, action: str) -> None:
        """Remember the present state of ``appointments`` and whose edit it is."""
        whose = {
            "action": action,
            "authority": source.authority,
            "user_id": source.user_id,
            "integration_id": source.integration_id,
            "app_password_id": source.app_password_id,
            "agent": source.agent,
        }
        versions = [
            {
                **whose,
                "practice_group_id": appointment.practice_group_id,
                "appointment_id": appointment.id,
                "revision": appointment.revision,
                "modseq": appointment.modseq,
                "at": appointment.updated_at,
                "text": appointment.text,
                "fields": _version_fields(appointment),
            }
            for appointment in appointments
        ]
        self._connection.execute(_ADD_VERSION, versions)

    def has_version_since(
        self, appointment_id: AppointmentId, since: datetime, *, actions: Collection[str], not_by: IntegrationId
    ) -> bool:
        """Whether one of ``actions`` was done to an appointment from ``since`` on, but not by ``not_by``."""
        values = {"appointment": appointment_id, "since": since, "actions": list(actions), "not_by": not_by}
        return self._connection.execute(_VERSION_SINCE, values).first() is not None

    def versions(self, appointment_id: AppointmentId, *, since: int = 1) -> list[Version]:
        """The states of an appointment that are kept, from revision ``since`` on, oldest first."""
        values = {"appointment": appointment_id, "since": since}
        return [_version(row) for row in self._connection.execute(_VERSIONS, values)]

    def _keep_patients(self, appointment_id: AppointmentId, appointment: Appointment) -> None:
        rows = [
            {
                "appointment_id": appointment_id,
                "patient_id": patient_id,
                "practice_group_id": appointment.practice_group_id,
            }
            for patient_id in appointment.practice.patient_ids
        ]
        if rows:
            self._connection.execute(insert(AppointmentPatientRow), rows)

    def _with_patients(self, rows: Iterable[Row[*tuple[Any, ...]]]) -> list[Appointment]:
        rows = list(rows)
        # Personal appointments have no patients: the common put asks nothing more.
        seen = [row.id for row in rows if row.kind == AppointmentKind.PATIENT]
        patients: dict[int, list[PatientId]] = {}
        for start in range(0, len(seen), 500):
            query = (
                select(AppointmentPatientRow.appointment_id, AppointmentPatientRow.patient_id)
                .where(AppointmentPatientRow.appointment_id.in_(seen[start : start + 500]))
                .order_by(AppointmentPatientRow.patient_id)
            )
            for row in self._connection.execute(query):
                patients.setdefault(row.appointment_id, []).append(PatientId(row.patient_id))
        return [_appointment(row, tuple(patients.get(row.id, ()))) for row in rows]


_APPOINTMENTS: Select[*tuple[Any, ...]] = select(
    *(column for column in AppointmentRow.__table__.columns if column.name not in {"indexed_from", "indexed_until"})
)

_APPOINTMENT = _APPOINTMENTS.where(AppointmentRow.id == bindparam("appointment"))

_WITH_UIDS = _APPOINTMENTS.where(
    AppointmentRow.practitioner_id == bindparam("practitioner"),
    AppointmentRow.uid.in_(bindparam("uids", expanding=True)),
).order_by(AppointmentRow.id)

_TABLE = table_of(AppointmentRow)
_ADD = insert(_TABLE).returning(_TABLE.c.id, sort_by_parameter_order=True)
_BOUND = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("appointment"))
    .values(indexed_from=bindparam("first"), indexed_until=bindparam("last"))
)
_CHANGE = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("appointment"))
    .values(
        {
            column.name: bindparam(column.name)
            for column in _TABLE.c
            if column.name
            not in {"id", "practice_group_id", "practitioner_id", "created_at", "indexed_from", "indexed_until"}
        }
    )
)

_OCCURRENCE = table_of(OccurrenceRow)
_ADD_OCCURRENCES = insert(_OCCURRENCE)
_FORGET_OCCURRENCES = delete(_OCCURRENCE).where(_OCCURRENCE.c.appointment_id == bindparam("appointment"))

_VERSION = table_of(VersionRow)
_ADD_VERSION = insert(_VERSION)
_VERSIONS = (
    select(_VERSION)
    .where(_VERSION.c.appointment_id == bindparam("appointment"), _VERSION.c.revision >= bindparam("since"))
    .order_by(_VERSION.c.revision)
)
_VERSION_SINCE = (
    select(_VERSION.c.id)
    .where(
        _VERSION.c.appointment_id == bindparam("appointment"),
        _VERSION.c.at >= bindparam("since"),
        _VERSION.c.action.in_(bindparam("actions", expanding=True)),
        _VERSION.c.integration_id != bindparam("not_by"),
    )
    .limit(1)
)


def _appointment(row: Row[*tuple[Any, ...]], patient_ids: tuple[PatientId, ...]) -> Appointment:
    return Appointment(
        id=AppointmentId(row.id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        practitioner_id=PractitionerId(row.practitioner_id),
        kind=AppointmentKind(row.kind),
        uid=Uid(row.uid),
        text=row.text,
        summary=row.summary,
        starts=moment_of(row.starts),
        ends=None if row.ends is None else moment_of(row.ends),
        recurring=row.recurring,
        practice=PracticeFields(
            status=AppointmentStatus(row.status),
            note=RecordMark(row.note),
            invoice=RecordMark(row.invoice),
            patient_ids=patient_ids,
            clinic_id=None if row.clinic_id is None else ClinicId(row.clinic_id),
            booking_id=row.booking_id,
            external_id=row.external_id,
        ),
        revision=row.revision,
        modseq=Modseq(row.modseq),
        created_at=row.created_at,
        updated_at=row.updated_at,
        removed_at=row.removed_at,
    )


def _columns(appointment: Appointment) -> dict[str, Any]:
    return {
        "kind": appointment.kind,
        "status": appointment.practice.status,
        "uid": appointment.uid,
        "text": appointment.text,
        "summary": appointment.summary,
        "starts": seconds_of(appointment.starts),
        "ends": None if appointment.ends is None else seconds_of(appointment.ends),
        "recurring": appointment.recurring,
        "note": appointment.practice.note,
        "invoice": appointment.practice.invoice,
        "clinic_id": appointment.practice.clinic_id,
        "booking_id": appointment.practice.booking_id,
        "external_id": appointment.practice.external_id,
        "revision": appointment.revision,
        "modseq": appointment.modseq,
        "updated_at": appointment.updated_at,
        "removed_at": appointment.removed_at,
    }


def _version_fields(appointment: Appointment) -> dict[str, Any]:
    """What a version keeps beside the text, as JSON; ``_version`` reads it."""
    return {
        "kind": appointment.kind,
        **asdict(appointment.practice),
        "removed_at": appointment.removed_at.astimezone(UTC).isoformat() if appointment.removed_at else None,
    }


def _version(row: Row[*tuple[Any, ...]]) -> Version:
    source = Source(
        authority=Authority(row.authority),
        user_id=None if row.user_id is None else UserId(row.user_id),
        integration_id=None if row.integration_id is None else IntegrationId(row.integration_id),
        app_password_id=None if row.app_password_id is None else AppPasswordId(row.app_password_id),
        agent=row.agent,
    )
    known = row.fields
    return Version(
        revision=row.revision,
        at=row.at,
        action=row.action,
        source=source,
        text=row.text,
        kind=AppointmentKind(known["kind"]),
        practice=PracticeFields(
            status=AppointmentStatus(known["status"]),
            note=RecordMark(known["note"]),
            invoice=RecordMark(known["invoice"]),
            patient_ids=tuple(PatientId(each) for each in known["patient_ids"]),
            clinic_id=None if known["clinic_id"] is None else ClinicId(known["clinic_id"]),
            booking_id=known["booking_id"],
            external_id=known["external_id"],
        ),
        removed_at=None if known["removed_at"] is None else datetime.fromisoformat(known["removed_at"]),
    )


def _bounds(appointment: Appointment, index: OccurrenceIndex) -> dict[str, int | None]:
    within = index.complete_within
    first, last = (seconds_of(within.starts), seconds_of(within.ends)) if within else (None, None)
    return {"appointment": appointment.id, "first": first, "last": last}


def _occurrence(appointment: Appointment, interval: Interval) -> dict[str, Any]:
    starts, ends = seconds_of(interval.starts), seconds_of(interval.ends)
    return {
        "practice_group_id": appointment.practice_group_id,
        "practitioner_id": appointment.practitioner_id,
        "appointment_id": appointment.id,
        "starts": starts,
        "ends": ends,
        "lengthy": ends - starts > LENGTHY,
    }
