"""What practitioners have been told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from hxdav.domain.ids import AppointmentId, IntegrationId, PractitionerId
from hxdav.domain.notification import Notification, NotificationKind
from hxdav.store.rows import NotificationRow
from hxdav.store.trail import Subject

_TOLD_AGAIN_AFTER = timedelta(days=1)


class Notifications:
    """Tells practitioners something, and reads back what they were told."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def was_told(self, subject: Subject, *, kind: NotificationKind, digest: str, now: datetime) -> bool:
        """Whether the practitioner was told just this within the last day."""
        query = select(NotificationRow.id).where(
            NotificationRow.practitioner_id == subject.practitioner_id,
            NotificationRow.kind == kind,
            NotificationRow.digest == digest,
            NotificationRow.at > now - _TOLD_AGAIN_AFTER,
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def tell(self, subject: Subject, *, kind: NotificationKind, digest: str = "", at: datetime) -> None:
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

    def of(self, practitioner_id: PractitionerId) -> list[Notification]:
        """What the practitioner has been told, the latest last."""
        query = _NOTIFICATIONS.where(NotificationRow.practitioner_id == practitioner_id).order_by(NotificationRow.id)
        return [_notification(row) for row in self._connection.execute(query)]


_NOTIFICATIONS = select(
    NotificationRow.practitioner_id,
    NotificationRow.kind,
    NotificationRow.at,
    NotificationRow.integration_id,
    NotificationRow.appointment_id,
)


def _notification(row: Row[*tuple[Any, ...]]) -> Notification:
    return Notification(
        practitioner_id=PractitionerId(row.practitioner_id),
        kind=NotificationKind(row.kind),
        at=row.at,
        integration_id=None if row.integration_id is None else IntegrationId(row.integration_id),
        appointment_id=None if row.appointment_id is None else AppointmentId(row.appointment_id),
    )
