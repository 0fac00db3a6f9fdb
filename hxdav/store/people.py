"""Practice groups, clinics, users, practitioners and patients."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from hxdav.domain.appointment import Patient
from hxdav.domain.ids import ClinicId, PatientId, PracticeGroupId, PractitionerId, UserId, Username
from hxdav.domain.integration import Service
from hxdav.domain.practice import Band, Clinic, PracticeGroup, Practitioner, User
from hxdav.domain.privacy import PrivacyLevel
from hxdav.store.rows import (
    ClinicRow,
    InvitationRow,
    PatientRow,
    PracticeGroupRow,
    PractitionerRow,
    UserRow,
)

_AT_ONCE = 500
"""Numbers in one query: databases bound how many parameters it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation that can be taken up until it expires."""

    user_id: UserId
    expires_at: datetime


class People:
    """Reads and writes the practice and its people."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def practice_groups(self) -> list[PracticeGroup]:
        """All practice groups, by key."""
        rows = self._connection.execute(_GROUPS.order_by(PracticeGroupRow.key))
        return [_practice_group(row) for row in rows]

    def practice_group(self, practice_group_id: PracticeGroupId) -> PracticeGroup:
        """One practice group."""
        return _practice_group(self._connection.execute(_GROUPS.where(PracticeGroupRow.id == practice_group_id)).one())

    def add_practice_group(
        self, *, key: str, name: str, zone: str, band: Band, privacy: Mapping[Service, PrivacyLevel] | None = None
    ) -> PracticeGroupId:
        """Add a practice group."""
        values = insert(PracticeGroupRow).values(
            key=key, name=name, zone=zone, band=band, privacy=_plain_privacy(privacy or {})
        )
        return PracticeGroupId(self._connection.execute(values.returning(PracticeGroupRow.id)).scalar_one())

    def change_practice_group(self, group: PracticeGroup) -> None:
        """Store the name, zone, band and privacy of ``group``."""
        self._connection.execute(
            update(PracticeGroupRow)
            .where(PracticeGroupRow.id == group.id)
            .values(name=group.name, zone=group.zone, band=group.band, privacy=_plain_privacy(group.privacy))
        )

    def clinics(self, practice_group_id: PracticeGroupId | None = None) -> list[Clinic]:
        """The clinics of one practice group, or of all, by key."""
        query = _CLINICS.order_by(ClinicRow.practice_group_id, ClinicRow.key)
        if practice_group_id is not None:
            query = query.where(ClinicRow.practice_group_id == practice_group_id)
        return [_clinic(row) for row in self._connection.execute(query)]

    def add_clinic(self, *, practice_group_id: PracticeGroupId, key: str, name: str, zone: str) -> ClinicId:
        """Add a clinic."""
        values = insert(ClinicRow).values(practice_group_id=practice_group_id, key=key, name=name, zone=zone)
        return ClinicId(self._connection.execute(values.returning(ClinicRow.id)).scalar_one())

    def change_clinic(self, clinic: Clinic) -> None:
        """Store the name and zone of ``clinic``."""
        self._connection.execute(
            update(ClinicRow).where(ClinicRow.id == clinic.id).values(name=clinic.name, zone=clinic.zone)
        )

    def users(self, practice_group_id: PracticeGroupId | None = None) -> list[User]:
        """The users of one practice group, or of all, by name."""
        query = _USERS.order_by(UserRow.username)
        if practice_group_id is not None:
            query = query.where(UserRow.practice_group_id == practice_group_id)
        return [_user(row) for row in self._connection.execute(query)]

    def user_named(self, username: str) -> User | None:
        """The user with this login name."""
        row = self._connection.execute(_USERS.where(UserRow.username == username)).first()
        return _user(row) if row else None

    def user(self, user_id: UserId) -> User:
        """One user."""
        return _user(self._connection.execute(_USERS.where(UserRow.id == user_id)).one())

    def add_user(
        self,
        *,
        practice_group_id: PracticeGroupId,
        username: Username,
        name: str,
        administrator: bool,
        email: str | None = None,
    ) -> UserId:
        """Add a user who has no web password yet."""
        values = insert(UserRow).values(
            practice_group_id=practice_group_id,
            username=username,
            name=name,
            administrator=administrator,
            email=email,
            enabled=True,
        )
        return UserId(self._connection.execute(values.returning(UserRow.id)).scalar_one())

    def change_user(self, user: User) -> None:
        """Store the name, the role, the e-mail address and the enablement of ``user``."""
        self._connection.execute(
            update(UserRow)
            .where(UserRow.id == user.id)
            .values(name=user.name, administrator=user.administrator, email=user.email, enabled=user.enabled)
        )

    def suspend_user(self, user_id: UserId, *, at: datetime | None) -> None:
        """Suspend a user; None lifts that."""
        self._connection.execute(update(UserRow).where(UserRow.id == user_id).values(suspended_at=at))

    def web_password_hash(self, user_id: UserId) -> str | None:
        """The Argon2id hash of the user's web password; None before the invitation is taken up."""
        query = select(UserRow.web_password_hash).where(UserRow.id == user_id)
        return self._connection.execute(query).scalar_one()

    def keep_web_password(self, user_id: UserId, password_hash: str) -> None:
        """Store the hash of a user's web password."""
        self._connection.execute(update(UserRow).where(UserRow.id == user_id).values(web_password_hash=password_hash))

    def practitioners(self, practice_group_id: PracticeGroupId | None = None) -> list[Practitioner]:
        """The practitioners of one practice group, or of all, by practice group and key."""
        query = _PRACTITIONERS.order_by(PractitionerRow.practice_group_id, PractitionerRow.key)
        if practice_group_id is not None:
            query = query.where(PractitionerRow.practice_group_id == practice_group_id)
        return [_practitioner(row) for row in self._connection.execute(query)]

    def practitioner(self, practitioner_id: PractitionerId) -> Practitioner:
        """One practitioner."""
        query = _PRACTITIONERS.where(PractitionerRow.id == practitioner_id)
        return _practitioner(self._connection.execute(query).one())

    def practitioner_of(self, user_id: UserId) -> Practitioner | None:
        """The practitioner whose login this is."""
        row = self._connection.execute(_PRACTITIONERS.where(PractitionerRow.user_id == user_id)).first()
        return _practitioner(row) if row else None

    def add_practitioner(
        self, *, practice_group_id: PracticeGroupId, key: str, name: str, user_id: UserId | None
    ) -> PractitionerId:
        """Add a practitioner."""
        values = insert(PractitionerRow).values(
            practice_group_id=practice_group_id, key=key, name=name, user_id=user_id, enabled=True, modseq=0
        )
        return PractitionerId(self._connection.execute(values.returning(PractitionerRow.id)).scalar_one())

    def change_practitioner(self, practitioner: Practitioner) -> None:
        """Store the name, the login and the enablement of ``practitioner``."""
        self._connection.execute(
            update(PractitionerRow)
            .where(PractitionerRow.id == practitioner.id)
            .values(name=practitioner.name, user_id=practitioner.user_id, enabled=practitioner.enabled)
        )

    def patient_named(self, practice_group_id: PracticeGroupId, name: str) -> PatientId:
        """The patient of that name in this practice group, added if there is none yet."""
        query = select(PatientRow.id).where(PatientRow.practice_group_id == practice_group_id, PatientRow.name == name)
        found = self._connection.execute(query).scalar_one_or_none()
        if found is None:
            values = insert(PatientRow).values(practice_group_id=practice_group_id, name=name)
            found = self._connection.execute(values.returning(PatientRow.id)).scalar_one()
        return PatientId(found)

    def patients(self, patient_ids: Collection[PatientId]) -> list[Patient]:
        """The patients with these ids, by name."""
        numbers, found = sorted(patient_ids), list[Patient]()
        for first in range(0, len(numbers), _AT_ONCE):
            some = PatientRow.id.in_(numbers[first : first + _AT_ONCE])
            query = select(PatientRow.id, PatientRow.name).where(some)
            found += [Patient(id=PatientId(row.id), name=row.name) for row in self._connection.execute(query)]
        return sorted(found, key=lambda each: each.name)

    def invite(self, user: User, *, digest: str, expires_at: datetime) -> None:
        """Keep an invitation for ``user``, known by the hash of its link's secret."""
        self._connection.execute(
            insert(InvitationRow).values(
                practice_group_id=user.practice_group_id, user_id=user.id, digest=digest, expires_at=expires_at
            )
        )

    def forget_invitations(self, user_id: UserId) -> None:
        """Let the invitations of a user that are not used count no more."""
        self._connection.execute(
            delete(InvitationRow).where(InvitationRow.user_id == user_id, InvitationRow.used_at.is_(None))
        )

    def invited(self, digest: str, *, now: datetime) -> Invitation | None:
        """The invitation with this hash, unused; None where there is none that still can be used."""
        query = select(InvitationRow.user_id, InvitationRow.expires_at).where(
            InvitationRow.digest == digest, InvitationRow.used_at.is_(None), InvitationRow.expires_at > now
        )
        row = self._connection.execute(query).first()
        return Invitation(user_id=UserId(row.user_id), expires_at=row.expires_at) if row else None

    def take_invitation(self, digest: str, *, now: datetime) -> Invitation | None:
        """Use up the invitation with this hash; None where there is none that still can be used."""
        taken = self._connection.execute(
            update(InvitationRow)
            .where(InvitationRow.digest == digest, InvitationRow.used_at.is_(None), InvitationRow.expires_at > now)
            .values(used_at=now)
            .returning(InvitationRow.user_id, InvitationRow.expires_at)
        ).first()
        return Invitation(user_id=UserId(taken.user_id), expires_at=taken.expires_at) if taken else None


_GROUPS = select(
    PracticeGroupRow.id,
    PracticeGroupRow.key,
    PracticeGroupRow.name,
    PracticeGroupRow.zone,
    PracticeGroupRow.band,
    PracticeGroupRow.privacy,
)
_CLINICS = select(ClinicRow.id, ClinicRow.practice_group_id, ClinicRow.key, ClinicRow.name, ClinicRow.zone)
_USERS = select(
    UserRow.id,
    UserRow.practice_group_id,
    UserRow.username,
    UserRow.name,
    UserRow.administrator,
    UserRow.enabled,
    UserRow.suspended_at,
    UserRow.email,
)
_PRACTITIONERS = select(
    PractitionerRow.id,
    PractitionerRow.practice_group_id,
    PractitionerRow.key,
    PractitionerRow.name,
    PractitionerRow.user_id,
    PractitionerRow.enabled,
)


def _practice_group(row: Row[*tuple[Any, ...]]) -> PracticeGroup:
    return PracticeGroup(
        id=PracticeGroupId(row.id),
        key=row.key,
        name=row.name,
        zone=row.zone,
        band=Band(row.band),
        privacy={Service(service): PrivacyLevel(level) for service, level in row.privacy.items()},
    )


def _plain_privacy(privacy: Mapping[Service, PrivacyLevel]) -> dict[str, str]:
    return {service.value: level.value for service, level in sorted(privacy.items())}


def _clinic(row: Row[*tuple[Any, ...]]) -> Clinic:
    return Clinic(
        id=ClinicId(row.id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        key=row.key,
        name=row.name,
        zone=row.zone,
    )


def _user(row: Row[*tuple[Any, ...]]) -> User:
    return User(
        id=UserId(row.id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        username=Username(row.username),
        name=row.name,
        administrator=row.administrator,
        enabled=row.enabled,
        suspended_at=row.suspended_at,
        email=row.email,
    )


def _practitioner(row: Row[*tuple[Any, ...]]) -> Practitioner:
    return Practitioner(
        id=PractitionerId(row.id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        key=row.key,
        name=row.name,
        user_id=None if row.user_id is None else UserId(row.user_id),
        enabled=row.enabled,
    )
