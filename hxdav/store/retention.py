"""Deletes what is no longer kept. Each step finds its rows by an index: the cost follows what there is to purge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from hxdav.domain.appointment import GONE, AppointmentKind
from hxdav.domain.ids import AppointmentId, PracticeGroupId, PractitionerId
from hxdav.domain.integration import IntegrationState
from hxdav.domain.mirror import MirrorState
from hxdav.domain.removal import OPEN
from hxdav.store.rows import (
    AppointmentPatientRow,
    AppointmentRow,
    ConsentRow,
    IntegrationRow,
    InvitationRow,
    LagRow,
    MirrorRow,
    NotificationRow,
    OccurrenceRow,
    PracticeGroupRow,
    PractitionerRow,
    ProfileTicketRow,
    RefusedBodyRow,
    RemovalRow,
    VersionRow,
    WebSessionRow,
    table_of,
)
from hxdav.store.rows.base import Base, verbatim


class Retention:
    """Deletes at most ``limit`` rows at a time of what is from ``before`` or older; each step says how many."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def refused_bodies(self, practice_group_id: PracticeGroupId, before: datetime, *, limit: int) -> int:
        """What clients put in vain."""
        old = select(RefusedBodyRow.id).where(
            RefusedBodyRow.practitioner_id.in_(_practitioners(practice_group_id)), RefusedBodyRow.at <= before
        )
        return self._delete(RefusedBodyRow, old.limit(limit))

    def notifications(self, practice_group_id: PracticeGroupId, before: datetime, *, limit: int) -> int:
        """What practitioners were told."""
        old = select(NotificationRow.id).where(
            NotificationRow.practitioner_id.in_(_practitioners(practice_group_id)), NotificationRow.at <= before
        )
        return self._delete(NotificationRow, old.limit(limit))

    def web_sessions(self, practice_group_id: PracticeGroupId, before: datetime, *, limit: int) -> int:
        """Browsers that were last there by ``before``."""
        old = select(WebSessionRow.id).where(
            WebSessionRow.practice_group_id == practice_group_id, WebSessionRow.seen_at <= before
        )
        return self._delete(WebSessionRow, old.limit(limit))

    def removals(self, practice_group_id: PracticeGroupId, before: datetime, *, limit: int) -> int:
        """Removals that were decided by ``before``."""
        old = select(RemovalRow.id).where(
            RemovalRow.practitioner_id.in_(_practitioners(practice_group_id)),
            # The index is over when they were made, which is no later than when they were decided.
            RemovalRow.made_at <= before,
            RemovalRow.state.not_in(OPEN),
            RemovalRow.decided_at <= before,
        )
        return self._delete(RemovalRow, old.limit(limit))

    def invitations(self, practice_group_id: PracticeGroupId, before: datetime, *, limit: int) -> int:
        """Invitations that expired."""
        old = select(InvitationRow.id).where(
            InvitationRow.practice_group_id == practice_group_id, InvitationRow.expires_at <= before
        )
        return self._delete(InvitationRow, old.limit(limit))

    def profile_tickets(self, practice_group_id: PracticeGroupId, before: datetime, *, limit: int) -> int:
        """Tickets for configuration profiles that expired."""
        old = select(ProfileTicketRow.id).where(
            ProfileTicketRow.practice_group_id == practice_group_id, ProfileTicketRow.expires_at <= before
        )
        return self._delete(ProfileTicketRow, old.limit(limit))

    def consents(self, practice_group_id: PracticeGroupId, before: datetime, *, limit: int) -> int:
        """Consents that expired."""
        old = select(ConsentRow.id).where(
            ConsentRow.practice_group_id == practice_group_id, ConsentRow.expires_at <= before
        )
        return self._delete(ConsentRow, old.limit(limit))

    def lags(self, practice_group_id: PracticeGroupId, before: datetime, *, limit: int) -> int:
        """How long changes were on their way in quarters of an hour that began by ``before``."""
        old = select(LagRow.id).where(LagRow.practice_group_id == practice_group_id, LagRow.began_at <= before)
        return self._delete(LagRow, old.limit(limit))

    def versions(self, practice_group_id: PracticeGroupId, before: datetime, *, limit: int) -> int:
        """Versions that another had superseded by ``before``; an appointment's latest one stays, however old it is.

        The practice group knows up to when that is done, so that no edit is looked at twice.
        """
        group = PracticeGroupRow.id == practice_group_id
        done_until = self._connection.execute(select(PracticeGroupRow.purged_until).where(group)).scalar_one()
        later = aliased(VersionRow)
        superseded = (
            select(VersionRow.id)
            .join(
                later,
                and_(later.appointment_id == VersionRow.appointment_id, VersionRow.revision == later.revision - 1),
            )
            .where(later.practice_group_id == practice_group_id, later.at <= before)
        )
        if done_until is not None:
            superseded = superseded.where(later.at > done_until)
        deleted = self._delete(VersionRow, superseded.limit(limit))
        if deleted < limit and (done_until is None or done_until < before):
            self._connection.execute(update(PracticeGroupRow).where(group).values(purged_until=before))
        return deleted

    def practitioners_due(self, practice_group_id: PracticeGroupId, before: datetime) -> list[PractitionerId]:
        """Those with old mirrors or tombstones, in the order of their ids."""
        has_mirrors = _left_mirrors(IntegrationRow.practitioner_id == PractitionerRow.id, before).correlate(
            PractitionerRow
        )
        has_tombstones = _tombstones(AppointmentRow.practitioner_id == PractitionerRow.id, before).correlate(
            PractitionerRow
        )
        query = (
            select(PractitionerRow.id)
            .where(
                PractitionerRow.practice_group_id == practice_group_id,
                or_(has_mirrors.exists(), has_tombstones.exists()),
            )
            .order_by(PractitionerRow.id)
        )
        return [PractitionerId(each) for each in self._connection.execute(query).scalars()]

    def mirrors(self, practitioner_id: PractitionerId, before: datetime, *, limit: int) -> int:
        """Mirrors that have left, where nothing but the feed remembers them; the practitioner is locked.

        Integrations refuse tokens from before what is forgotten.
        """
        left = _left_mirrors(IntegrationRow.practitioner_id == practitioner_id, before)
        return self._delete_mirrors(left.limit(limit))

    def tombstones(self, practitioner_id: PractitionerId, before: datetime, *, limit: int) -> int:
        """Personal appointments that were removed, with everything that hangs on them; the practitioner is locked.

        Always one at least: one series may have more occurrences in the index than there may be rows at a time.
        """
        due = self._tombstones_due(practitioner_id, before, limit=limit)
        if not due:
            return 0
        # The practitioner was told, and that stays true; what it was about is no more.
        told = update(NotificationRow).where(NotificationRow.appointment_id.in_(due)).values(appointment_id=None)
        self._connection.execute(told)
        deleted = self._delete_mirrors(select(MirrorRow.id).where(MirrorRow.appointment_id.in_(due)))
        for row in (OccurrenceRow, AppointmentPatientRow, VersionRow, RemovalRow, RefusedBodyRow):
            deleted += self._connection.execute(delete(row).where(row.appointment_id.in_(due))).rowcount
        return deleted + self._connection.execute(delete(AppointmentRow).where(AppointmentRow.id.in_(due))).rowcount

    def _tombstones_due(self, practitioner_id: PractitionerId, before: datetime, *, limit: int) -> list[AppointmentId]:
        occurrences = select(func.count()).where(OccurrenceRow.appointment_id == AppointmentRow.id).scalar_subquery()
        query = _tombstones(AppointmentRow.practitioner_id == practitioner_id, before).add_columns(occurrences)
        due: list[AppointmentId] = []
        rows = 0
        for appointment_id, count in self._connection.execute(query.order_by(AppointmentRow.removed_at).limit(limit)):
            # One for itself and one for its last version: what else it had is older, and has been purged before it.
            rows += 2 + count
            if due and rows > limit:
                break
            due.append(AppointmentId(appointment_id))
        return due

    def _delete(self, row: type[Base], ids: Select[int]) -> int:
        table = table_of(row)
        return self._connection.execute(delete(table).where(table.c.id.in_(ids))).rowcount

    def _delete_mirrors(self, ids: Select[int]) -> int:
        """Delete mirrors, and raise the floor below which their integrations' tokens are refused."""
        deleting = delete(MirrorRow).where(MirrorRow.id.in_(ids))
        deleted = self._connection.execute(deleting.returning(MirrorRow.integration_id, MirrorRow.modseq)).all()
        floors: dict[int, int] = {}
        for integration_id, modseq in deleted:
            floors[integration_id] = max(modseq, floors.get(integration_id, 0))
        if floors:
            self._connection.execute(_RAISE_FLOOR, _floors(floors))
        return len(deleted)


_INTEGRATION = table_of(IntegrationRow)
_RAISE_FLOOR = (
    update(_INTEGRATION)
    .where(_INTEGRATION.c.id == bindparam("integration"), _INTEGRATION.c.purge_floor < bindparam("floor"))
    .values(purge_floor=bindparam("floor"))
)


def _floors(floors: dict[int, int]) -> Sequence[dict[str, Any]]:
    return [{"integration": integration_id, "floor": floor} for integration_id, floor in sorted(floors.items())]


def _practitioners(practice_group_id: PracticeGroupId) -> Select[int]:
    return select(PractitionerRow.id).where(PractitionerRow.practice_group_id == practice_group_id)


def _left_mirrors(whose: ColumnElement[bool], before: datetime) -> Select[int]:
    """Mirrors that left by ``before``, but for the last trace of an appointment that takes place elsewhere.

    By that one we know that it was shown here and is not to enter again by itself.
    """
    other = aliased(MirrorRow)
    is_gone = exists().where(
        AppointmentRow.id == MirrorRow.appointment_id,
        or_(AppointmentRow.removed_at.is_not(None), AppointmentRow.status.in_(GONE)),
    )
    has_successor = exists().where(
        other.integration_id == MirrorRow.integration_id,
        other.appointment_id == MirrorRow.appointment_id,
        other.recurrence_id == MirrorRow.recurrence_id,
        other.state != MirrorState.LEFT,
    )
    return (
        select(MirrorRow.id)
        .join(IntegrationRow, IntegrationRow.id == MirrorRow.integration_id)
        .where(
            whose,
            MirrorRow.state == verbatim(MirrorState.LEFT),
            MirrorRow.changed_at <= before,
            or_(IntegrationRow.state == IntegrationState.DISCONNECTED, is_gone, has_successor),
        )
    )


def _tombstones(whose: ColumnElement[bool], before: datetime) -> Select[int]:
    return select(AppointmentRow.id).where(
        whose, AppointmentRow.kind == verbatim(AppointmentKind.PERSONAL), AppointmentRow.removed_at <= before
    )
