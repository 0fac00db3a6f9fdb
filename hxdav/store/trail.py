"""The trail: the audit log, and the bodies that were refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import (
    AppointmentId,
    AppPasswordId,
    Href,
    IntegrationId,
    PracticeGroupId,
    PractitionerId,
    UserId,
)
from hxdav.domain.times import Interval
from hxdav.store.rows import AuditRow, PracticeGroupRow, RefusedBodyRow, UserRow, table_of

_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an entry of the trail is about. Without a practitioner it is of the whole practice group: for the audit."""

    practice_group_id: PracticeGroupId
    practitioner_id: PractitionerId | None = None
    integration_id: IntegrationId | None = None
    appointment_id: AppointmentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedBody:
    """What a client put and the gate did not take."""

    href: Href
    reason: str
    body: bytes
    at: datetime
    appointment_id: AppointmentId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the audit log, with the names that its numbers had: a username, and the practice group's key."""

    id: int
    at: datetime
    practice_group: str
    action: str
    authority: str
    user_id: UserId | None
    username: str | None
    integration_id: IntegrationId | None
    app_password_id: AppPasswordId | None
    appointment_id: AppointmentId | None
    agent: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearch:
    """Which entries of the audit log are looked for, by default all; ``action`` is a part of what they are called."""

    practice_group_id: PracticeGroupId | None = None
    action: str = ""
    authority: Authority | None = None
    user_id: UserId | None = None
    integration_id: IntegrationId | None = None
    app_password_id: AppPasswordId | None = None
    within: Interval | None = None


class Trail:
    """Writes down what happened, and reads it back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def audit(
        self,
        action: str,
        subject: Subject,
        *,
        source: Source,
        at: datetime,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Append to the audit log; ``detail`` holds identifiers and codes only."""
        self.audit_all(action, [(subject, detail or {})], source=source, at=at)

    def audit_all(
        self,
        action: str,
        entries: Sequence[tuple[Subject, Mapping[str, Any]]],
        *,
        source: Source,
        at: datetime,
    ) -> None:
        """Append one entry for each subject and its detail."""
        values = [
            {
                "practice_group_id": subject.practice_group_id,
                "at": at,
                "action": action,
                "authority": source.authority,
                "user_id": source.user_id,
                "integration_id": source.integration_id or subject.integration_id,
                "app_password_id": source.app_password_id,
                "appointment_id": subject.appointment_id,
                "agent": source.agent,
                "detail": dict(detail),
            }
            for subject, detail in entries
        ]
        self._connection.execute(_AUDIT, values)

    def latest_moment(self) -> datetime | None:
        """When the last entry of the audit log was made; None where there is none."""
        return self._connection.execute(select(AuditRow.at).order_by(AuditRow.id.desc()).limit(1)).scalar_one_or_none()

    def keep_refused_body(self, subject: Subject, *, href: Href, reason: str, body: bytes, at: datetime) -> None:
        """Keep what a client put, to the octet."""
        self._connection.execute(
            insert(RefusedBodyRow).values(
                practice_group_id=subject.practice_group_id,
                practitioner_id=subject.practitioner_id,
                integration_id=subject.integration_id,
                appointment_id=subject.appointment_id,
                href=href,
                reason=reason,
                digest=hashlib.sha256(body).hexdigest(),
                body=body,
                at=at,
            )
        )

    def refused_bodies(self, practitioner_id: PractitionerId) -> list[RefusedBody]:
        """What the practitioner's clients put and the gate did not take, the latest last."""
        query = _REFUSED_BODIES.where(RefusedBodyRow.practitioner_id == practitioner_id)
        return [RefusedBody(**row._mapping) for row in self._connection.execute(query)]

    def refused_bodies_of(self, appointment_id: AppointmentId) -> list[RefusedBody]:
        """What was put in vain where this appointment is shown, the latest last."""
        query = _REFUSED_BODIES.where(RefusedBodyRow.appointment_id == appointment_id)
        return [RefusedBody(**row._mapping) for row in self._connection.execute(query)]

    def audit_entries(self, wanted: AuditSearch | None = None) -> Iterator[AuditEntry]:
        """The audit log, or what is wanted of it, the first entry first, read as it is asked for.

        It may be longer than memory.
        """
        query = _matching(wanted or AuditSearch())
        for row in self._connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}):
            yield AuditEntry(**row._mapping)

    def following(self, wanted: AuditSearch, *, after: int, limit: int) -> list[AuditEntry]:
        """So many entries of what is wanted, in the order in which they were written, ``after`` that number."""
        query = _matching(wanted).where(AuditRow.id > after).limit(limit)
        return [AuditEntry(**row._mapping) for row in self._connection.execute(query)]

    def latest(self, wanted: AuditSearch, *, before: int | None, limit: int) -> list[AuditEntry]:
        """So many entries of what is wanted, the latest first; ``before`` an entry's number, or from the end."""
        query = _matching(wanted).order_by(None).order_by(AuditRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(AuditRow.id < before)
        return [AuditEntry(**row._mapping) for row in self._connection.execute(query)]


_AUDIT = insert(table_of(AuditRow))

_REFUSED_BODIES = select(
    RefusedBodyRow.href, RefusedBodyRow.reason, RefusedBodyRow.body, RefusedBodyRow.at, RefusedBodyRow.appointment_id
).order_by(RefusedBodyRow.id)

_AUDIT_ENTRIES = (
    select(
        AuditRow.id,
        AuditRow.at,
        PracticeGroupRow.key.label("practice_group"),
        AuditRow.action,
        AuditRow.authority,
        AuditRow.user_id,
        UserRow.username,
        AuditRow.integration_id,
        AuditRow.app_password_id,
        AuditRow.appointment_id,
        AuditRow.agent,
        AuditRow.detail,
    )
    .join(PracticeGroupRow, PracticeGroupRow.id == AuditRow.practice_group_id)
    .outerjoin(UserRow, UserRow.id == AuditRow.user_id)
    .order_by(AuditRow.id)
)


def _matching(wanted: AuditSearch) -> Select[*tuple[Any, ...]]:
    query = _AUDIT_ENTRIES
    if wanted.practice_group_id is not None:
        query = query.where(AuditRow.practice_group_id == wanted.practice_group_id)
    if wanted.action:
        query = query.where(AuditRow.action.contains(wanted.action, autoescape=True))
    for column, value in (
        (AuditRow.authority, wanted.authority),
        (AuditRow.user_id, wanted.user_id),
        (AuditRow.integration_id, wanted.integration_id),
        (AuditRow.app_password_id, wanted.app_password_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.within is not None:
        query = query.where(AuditRow.at >= wanted.within.starts, AuditRow.at < wanted.within.ends)
    return query
