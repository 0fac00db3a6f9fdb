"""Which appointments take place when, by the index over their occurrences (rules 4 and 9)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select, and_, exists, or_, select, union_all

from hxdav.domain.appointment import GONE
from hxdav.domain.ids import AppointmentId, PracticeGroupId, PractitionerId
from hxdav.domain.integration import Integration
from hxdav.domain.mirror import MirrorState
from hxdav.domain.times import Interval
from hxdav.store.rows import AppointmentRow, MirrorRow, OccurrenceRow
from hxdav.store.seconds import LENGTHY, seconds_of


class Occurrences:
    """Finds appointments by when they take place."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def taking_place(self, practitioner_id: PractitionerId, within: Interval) -> list[AppointmentId]:
        """A practitioner's appointments, those that are gone too, with an occurrence in ``within``, as the index knows.

        With them the series whose index ends short of that: their rule has to be read.
        """
        starts, ends = seconds_of(within.starts), seconds_of(within.ends)
        # Nothing else is asked of them here, or a database might walk through all appointments instead of this index.
        known = self._connection.execute(_lasting_into(practitioner_id, starts, ends)).scalars()
        beyond = select(AppointmentRow.id).where(
            AppointmentRow.practitioner_id == practitioner_id,
            AppointmentRow.indexed_until.is_not(None),
            or_(AppointmentRow.indexed_until < ends, AppointmentRow.indexed_from > starts),
            AppointmentRow.starts < ends,
            or_(AppointmentRow.ends.is_(None), AppointmentRow.ends >= starts),
        )
        return sorted({*map(AppointmentId, known), *self._ids(beyond)})

    def entering(self, integration: Integration, within: Interval, *, limit: int) -> list[AppointmentId]:
        """Those never shown of which the index knows an occurrence that starts in ``within``; at most ``limit``."""
        starts_there = exists().where(
            OccurrenceRow.appointment_id == AppointmentRow.id,
            OccurrenceRow.starts >= seconds_of(within.starts),
            OccurrenceRow.starts < seconds_of(within.ends),
        )
        return self._ids(_never_shown(integration).where(starts_there).order_by(AppointmentRow.id).limit(limit))

    def perhaps_entering(self, integration: Integration, within: Interval) -> list[AppointmentId]:
        """Those never shown that take place on both sides of the index's end, so that their rule has to be read."""
        return self._ids(
            _never_shown(integration).where(
                AppointmentRow.indexed_until.is_not(None),
                or_(
                    AppointmentRow.indexed_until < seconds_of(within.ends),
                    AppointmentRow.indexed_from > seconds_of(within.starts),
                ),
                AppointmentRow.starts < seconds_of(within.ends),
                or_(AppointmentRow.ends.is_(None), AppointmentRow.ends >= seconds_of(within.starts)),
            )
        )

    def ahead(self, integration: Integration, moment: datetime, *, limit: int) -> list[AppointmentId]:
        """Those that an integration has and of which the index knows an occurrence that starts after ``moment``."""
        starts_then = exists().where(
            OccurrenceRow.appointment_id == AppointmentRow.id, OccurrenceRow.starts > seconds_of(moment)
        )
        return self._ids(_had(integration).where(starts_then).order_by(AppointmentRow.id).limit(limit))

    def perhaps_ahead(self, integration: Integration, moment: datetime) -> list[AppointmentId]:
        """Those that an integration has and that go on after the index's end, so that their rule has to be read."""
        return self._ids(
            _had(integration).where(
                AppointmentRow.indexed_until.is_not(None),
                or_(AppointmentRow.ends.is_(None), AppointmentRow.ends > seconds_of(moment)),
            )
        )

    def indexed_short_of(
        self, practice_group_id: PracticeGroupId, moment: datetime, *, limit: int
    ) -> list[AppointmentId]:
        """Series of a practice group whose index ends before ``moment``, and which go on; at most ``limit``."""
        until = seconds_of(moment)
        return self._ids(
            select(AppointmentRow.id)
            .where(
                AppointmentRow.practice_group_id == practice_group_id,
                AppointmentRow.indexed_until < until,
                or_(AppointmentRow.ends.is_(None), AppointmentRow.ends > AppointmentRow.indexed_until),
                *_TAKES_PLACE,
            )
            .order_by(AppointmentRow.id)
            .limit(limit)
        )

    def of_practice_group(
        self, practice_group_id: PracticeGroupId, *, after: AppointmentId, limit: int
    ) -> list[AppointmentId]:
        """The next of a practice group's appointments by id, tombstones included."""
        return self._ids(
            select(AppointmentRow.id)
            .where(AppointmentRow.practice_group_id == practice_group_id, AppointmentRow.id > after)
            .order_by(AppointmentRow.id)
            .limit(limit)
        )

    def _ids(self, query: Select[int]) -> list[AppointmentId]:
        return [AppointmentId(each) for each in self._connection.execute(query).scalars()]


_TAKES_PLACE: tuple[ColumnElement[bool], ...] = (
    AppointmentRow.removed_at.is_(None),
    AppointmentRow.status.not_in(GONE),
)


def _lasting_into(practitioner_id: PractitionerId, starts: int, ends: int) -> CompoundSelect[int]:
    """Two questions, each a range of the index, where one with "or" would be a walk through all occurrences."""
    before = and_(OccurrenceRow.practitioner_id == practitioner_id, OccurrenceRow.starts < ends)
    # An occurrence without length counts where it starts (RFC 4791 §9.9).
    lasts = or_(
        OccurrenceRow.ends > starts, and_(OccurrenceRow.ends == OccurrenceRow.starts, OccurrenceRow.starts >= starts)
    )
    found = select(OccurrenceRow.appointment_id).where(before, lasts)
    return union_all(
        found.where(OccurrenceRow.lengthy.is_(False), OccurrenceRow.starts >= starts - LENGTHY),
        found.where(OccurrenceRow.lengthy.is_(True)),
    )


def _never_shown(integration: Integration) -> Select[int]:
    had = exists().where(MirrorRow.integration_id == integration.id, MirrorRow.appointment_id == AppointmentRow.id)
    return select(AppointmentRow.id).where(
        AppointmentRow.practitioner_id == integration.practitioner_id, ~had, *_TAKES_PLACE
    )


def _had(integration: Integration) -> Select[int]:
    """The appointments that are in an integration, shown or hidden."""
    return (
        select(AppointmentRow.id)
        .join(MirrorRow, MirrorRow.appointment_id == AppointmentRow.id)
        .where(MirrorRow.integration_id == integration.id, MirrorRow.state != MirrorState.LEFT)
    )
