"""The trail: the audit log, and the bodies that were refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from hxdav.domain.edit import Source
from hxdav.domain.ids import AppointmentId, Href, IntegrationId, PracticeGroupId, PractitionerId
from hxdav.store.rows import AuditRow, RefusedBodyRow, table_of


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
        self._connection.execute(
            _AUDIT,
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
                "detail": dict(detail or {}),
            },
        )

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
        query = (
            select(
                RefusedBodyRow.href,
                RefusedBodyRow.reason,
                RefusedBodyRow.body,
                RefusedBodyRow.at,
                RefusedBodyRow.appointment_id,
            )
            .where(RefusedBodyRow.practitioner_id == practitioner_id)
            .order_by(RefusedBodyRow.id)
        )
        return [RefusedBody(**row._mapping) for row in self._connection.execute(query)]


_AUDIT = insert(table_of(AuditRow))
