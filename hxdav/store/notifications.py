"""What practitioners have been told, and what of it is still to be mailed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, insert, literal, or_, select, update

from hxdav.domain.ids import AppointmentId, IntegrationId, NotificationId, PractitionerId
from hxdav.domain.notification import MAILED, MAILED_TO_ADMINISTRATORS, Notification, NotificationKind
from hxdav.store.rows import NotificationRow, PracticeGroupRow, PractitionerRow, UserRow
from hxdav.store.rows.base import UtcDateTime
from hxdav.store.trail import Subject

_TOLD_AGAIN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMail:
    """A notification that is to be mailed now, for the ``tries``-th time; whom it concerns is there by name."""

    notification: Notification
    tries: int
    practitioner: str
    practice_group: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LateMail:
    """A notification that is no longer to be mailed, and how often that was tried."""

    notification_id: NotificationId
    tries: int


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
        """Tell the practitioner; ``digest`` says what about, so that it can be recognised.

        Whether mail is on is not asked here: where it is off, nobody looks for what is due.
        """
        self._connection.execute(
            insert(NotificationRow).values(
                practice_group_id=subject.practice_group_id,
                practitioner_id=subject.practitioner_id,
                integration_id=subject.integration_id,
                appointment_id=subject.appointment_id,
                kind=kind,
                digest=digest,
                at=at,
                mail_due_at=at if kind in MAILED else None,
            )
        )

    def of(self, practitioner_id: PractitionerId) -> list[Notification]:
        """What the practitioner has been told, the latest last."""
        query = _NOTIFICATIONS.where(NotificationRow.practitioner_id == practitioner_id).order_by(NotificationRow.id)
        return [_notification(row) for row in self._connection.execute(query)]

    def latest(self, practitioner_id: PractitionerId, *, limit: int) -> list[Notification]:
        """The ``limit`` last things that the practitioner was told, the latest first."""
        query = _NOTIFICATIONS.where(NotificationRow.practitioner_id == practitioner_id)
        query = query.order_by(NotificationRow.at.desc(), NotificationRow.id.desc()).limit(limit)
        return [_notification(row) for row in self._connection.execute(query)]

    def unseen(self, practitioner_id: PractitionerId) -> int:
        """How many things the practitioner was told and has not been shown."""
        query = select(func.count()).where(
            NotificationRow.practitioner_id == practitioner_id, NotificationRow.seen_at.is_(None)
        )
        return self._connection.execute(query).scalar_one()

    def see(self, practitioner_id: PractitionerId, *, upto: NotificationId, now: datetime) -> None:
        """Remember that the practitioner was shown everything up to this."""
        self._connection.execute(
            update(NotificationRow)
            .where(
                NotificationRow.practitioner_id == practitioner_id,
                NotificationRow.id <= upto,
                NotificationRow.seen_at.is_(None),
            )
            .values(seen_at=now)
        )

    def is_mail_due(self, now: datetime) -> bool:
        """Whether there is anything to mail."""
        query = select(NotificationRow.id).where(NotificationRow.mail_due_at <= now)
        return self._connection.execute(query.limit(1)).first() is not None

    def claim_mail(self, *, now: datetime, again_at: Sequence[datetime]) -> DueMail | None:
        """Take the mail that has been due for longest, so that nobody else does until it is due again.

        That is ``again_at``, whose first moment is for a first try, and whose last for every later one.
        """
        claimed = self._connection.execute(
            update(NotificationRow)
            # The second condition is for PostgreSQL, which asks it again of a row that somebody else has just claimed.
            .where(NotificationRow.id.in_(_oldest_due(now)), NotificationRow.mail_due_at <= now)
            .values(mail_due_at=_by_tries(again_at), mail_tries=NotificationRow.mail_tries + 1)
            .returning(NotificationRow.id, NotificationRow.mail_tries)
        ).first()
        if claimed is None:
            return None
        row = self._connection.execute(_MAILS.where(NotificationRow.id == claimed.id)).one()
        return DueMail(
            notification=_notification(row),
            tries=claimed.mail_tries,
            practitioner=row.practitioner,
            practice_group=row.practice_group,
            addresses=tuple(self._addresses(row)),
        )

    def end_mail(self, notification_id: NotificationId, *, mailed_at: datetime | None) -> None:
        """Mail this no more: it was mailed, or (None) there is nobody to mail it to."""
        self._connection.execute(
            update(NotificationRow)
            .where(NotificationRow.id == notification_id)
            .values(mail_due_at=None, mailed_at=mailed_at)
        )

    def give_up_mail(self, *, told_before: datetime, limit: int) -> list[LateMail]:
        """Mail no more what was told too long ago; at most ``limit``."""
        late = select(NotificationRow.id).where(
            NotificationRow.mail_due_at.is_not(None), NotificationRow.at <= told_before
        )
        rows = self._connection.execute(
            update(NotificationRow)
            .where(NotificationRow.id.in_(late.limit(limit)))
            .values(mail_due_at=None)
            .returning(NotificationRow.id, NotificationRow.mail_tries)
        )
        return [LateMail(notification_id=NotificationId(row.id), tries=row.mail_tries) for row in rows]

    def _addresses(self, row: Row[*tuple[Any, ...]]) -> list[str]:
        """To whom a notification is mailed: the practitioner's login, and administrators where they can help."""
        reached = UserRow.id == row.user_id
        if row.kind in MAILED_TO_ADMINISTRATORS:
            reached = or_(
                reached, and_(UserRow.practice_group_id == row.practice_group_id, UserRow.administrator.is_(True))
            )
        query = select(UserRow.email).where(reached, UserRow.enabled.is_(True), UserRow.suspended_at.is_(None))
        found = self._connection.execute(query.distinct().order_by(UserRow.email)).scalars()
        return [each for each in found if each is not None]


_NOTIFICATIONS: Select[*tuple[Any, ...]] = select(
    NotificationRow.id,
    NotificationRow.practitioner_id,
    NotificationRow.kind,
    NotificationRow.at,
    NotificationRow.integration_id,
    NotificationRow.appointment_id,
    NotificationRow.seen_at,
)

_MAILS = (
    _NOTIFICATIONS.add_columns(
        PractitionerRow.name.label("practitioner"),
        PractitionerRow.user_id,
        PracticeGroupRow.id.label("practice_group_id"),
        PracticeGroupRow.name.label("practice_group"),
    )
    .join(PractitionerRow, PractitionerRow.id == NotificationRow.practitioner_id)
    .join(PracticeGroupRow, PracticeGroupRow.id == NotificationRow.practice_group_id)
)


def _oldest_due(now: datetime) -> Select[int]:
    due = select(NotificationRow.id).where(NotificationRow.mail_due_at <= now)
    return due.order_by(NotificationRow.mail_due_at, NotificationRow.id).limit(1).with_for_update(skip_locked=True)


def _by_tries(moments: Sequence[datetime]) -> Any:
    """The moment at the place that says how often it was tried before, or else the last of ``moments``."""
    places = [literal(moment, UtcDateTime()) for moment in moments]
    return case(dict(enumerate(places)), value=NotificationRow.mail_tries, else_=places[-1])


def _notification(row: Row[*tuple[Any, ...]]) -> Notification:
    return Notification(
        id=NotificationId(row.id),
        practitioner_id=PractitionerId(row.practitioner_id),
        kind=NotificationKind(row.kind),
        at=row.at,
        integration_id=None if row.integration_id is None else IntegrationId(row.integration_id),
        appointment_id=None if row.appointment_id is None else AppointmentId(row.appointment_id),
        seen_at=row.seen_at,
    )
