"""The trail: audit, removals, refused bodies and notifications."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from hxdav.domain.edit import Source
from hxdav.domain.ids import AppointmentId, Href, IntegrationId, PracticeGroupId, PractitionerId
from hxdav.domain.removal import Removal, RemovalState
from hxdav.store.rows import AuditRow, NotificationRow, RefusedBodyRow, RemovalRow, table_of

_TOLD_AGAIN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an entry of the trail is about. Without a practitioner it is of the whole practice group: for the audit."""

    practice_group_id: PracticeGroupId
    practitioner_id: PractitionerId | None = None
    integration_id: IntegrationId | None = None
    appointment_id: AppointmentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing that the practitioner is told."""

    kind: str
    at: datetime
    integration_id: IntegrationId | None
    appointment_id: AppointmentId | None


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

    def add_removal(self, removal: Removal, subject: Subject, *, source: Source) -> None:
        """Keep a removal and its state."""
        self._connection.execute(
            _REMOVAL,
            {
                "practice_group_id": subject.practice_group_id,
                "practitioner_id": subject.practitioner_id,
                "appointment_id": removal.appointment_id,
                "integration_id": source.integration_id,
                "app_password_id": source.app_password_id,
                "revision": removal.revision,
                "state": removal.state,
                "made_at": removal.made_at,
                "decided_at": removal.made_at if removal.state in {RemovalState.APPLIED, RemovalState.KEPT} else None,
            },
        )

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

    def was_told(self, subject: Subject, *, kind: str, digest: str, now: datetime) -> bool:
        """Whether the practitioner was told just this within the last day."""
        query = select(NotificationRow.id).where(
            NotificationRow.practitioner_id == subject.practitioner_id,
            NotificationRow.kind == kind,
            NotificationRow.digest == digest,
            NotificationRow.at > now - _TOLD_AGAIN_AFTER,
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def tell(self, subject: Subject, *, kind: str, digest: str, at: datetime) -> None:
        """Tell the practitioner; ``digest`` says what about, so that it can be recognised."""
        self._connection.execute(
            insert(NotificationRow).values(
                practice_group_id=subject.practice_group_id,
                practitioner_id=subject.practitioner_id,
                integration_id=subject.integration_id,
                appointment_id=subject.appointment_id,
                kind=kind,
                digest=digest,
                at=at,
            )
        )

    def notifications(self, practitioner_id: PractitionerId) -> list[Notification]:
        """What the practitioner has been told, the latest last."""
        query = (
            select(
                NotificationRow.kind,
                NotificationRow.at,
                NotificationRow.integration_id,
                NotificationRow.appointment_id,
            )
            .where(NotificationRow.practitioner_id == practitioner_id)
            .order_by(NotificationRow.id)
        )
        return [Notification(**row._mapping) for row in self._connection.execute(query)]


_AUDIT = insert(table_of(AuditRow))
_REMOVAL = insert(table_of(RemovalRow))
