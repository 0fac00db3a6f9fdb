"""Removals on their way, and what became of them (rule 7)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, or_, select, update

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import (
    AppointmentId,
    AppPasswordId,
    IntegrationId,
    PracticeGroupId,
    PractitionerId,
    RemovalId,
    UserId,
)
from hxdav.domain.removal import OPEN, Decision, Removal, RemovalState, ReviewAnswer
from hxdav.store.rows import RemovalRow, table_of
from hxdav.store.rows.base import verbatim


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReview:
    """A practitioner's removals in review: how many, since when, and when the first of them is kept unanswered."""

    practitioner_id: PractitionerId
    waiting: int
    answered: int
    reviewed_from: datetime
    answer_by: datetime


class Removals:
    """Reads and writes removals."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, removal: Removal) -> RemovalId:
        """Keep a new removal; its ``id`` is not looked at."""
        values = {
            "practice_group_id": removal.practice_group_id,
            "practitioner_id": removal.practitioner_id,
            "appointment_id": removal.appointment_id,
            "integration_id": removal.source.integration_id,
            "app_password_id": removal.source.app_password_id,
            "user_id": removal.source.user_id,
            "agent": removal.source.agent,
            "made_at": removal.made_at,
            **_changing(removal),
        }
        return RemovalId(self._connection.execute(_ADD, values).scalar_one())

    def change(self, removal: Removal) -> None:
        """Store what has become of a removal."""
        self._connection.execute(_CHANGE, {"removal": removal.id, **_changing(removal)})

    def open_of(self, appointment_id: AppointmentId) -> Removal | None:
        """The removal of an appointment that is not decided yet."""
        row = self._connection.execute(_OPEN_OF, {"appointment": appointment_id}).first()
        return _removal(row) if row else None

    def are_as_many(self, practitioner_id: PractitionerId, number: int, *, since: datetime) -> bool:
        """Whether ``number`` removals made after ``since`` are open or were applied without a review."""
        values = {"practitioner": practitioner_id, "since": since}
        return len(self._connection.execute(_COUNTING.limit(number), values).all()) == number

    def batch_closes_at(self, practitioner_id: PractitionerId) -> datetime | None:
        """When a practitioner's batch closes, if nothing is removed before that; None where nothing is held."""
        return self._connection.execute(_CLOSES_AT, {"practitioner": practitioner_id}).scalar_one_or_none()

    def held(self, practitioner_id: PractitionerId, *, limit: int | None = None) -> list[Removal]:
        """A practitioner's batch, the first removal first; at most ``limit``."""
        rows = self._connection.execute(_HELD.limit(limit), {"practitioner": practitioner_id})
        return [_removal(row) for row in rows]

    def in_review(self, practitioner_id: PractitionerId) -> list[Removal]:
        """A practitioner's removals in review, the first removal first."""
        rows = self._connection.execute(_IN_REVIEW, {"practitioner": practitioner_id})
        return [_removal(row) for row in rows]

    def all_of(self, practitioner_id: PractitionerId) -> list[Removal]:
        """Every removal of a practitioner's appointments that is not purged, the first first."""
        query = _REMOVALS.where(RemovalRow.practitioner_id == practitioner_id).order_by(RemovalRow.id)
        return [_removal(row) for row in self._connection.execute(query)]

    def of(self, appointment_id: AppointmentId) -> list[Removal]:
        """Every removal of an appointment that is not purged, the first first."""
        query = _REMOVALS.where(RemovalRow.appointment_id == appointment_id).order_by(RemovalRow.id)
        return [_removal(row) for row in self._connection.execute(query)]

    def some(self, removal_ids: Collection[RemovalId]) -> list[Removal]:
        """The removals with these numbers, the first first."""
        rows = self._connection.execute(_REMOVALS.where(RemovalRow.id.in_(removal_ids)).order_by(RemovalRow.id))
        return [_removal(row) for row in rows]

    def is_reviewing(self, practitioner_id: PractitionerId) -> bool:
        """Whether anything of a practitioner is in review."""
        return self._connection.execute(_IS_REVIEWING, {"practitioner": practitioner_id}).first() is not None

    def reviews(self) -> list[OpenReview]:
        """Every practitioner's open review, the oldest first."""
        return [
            OpenReview(
                practitioner_id=PractitionerId(row.practitioner_id),
                waiting=row.waiting,
                answered=row.answered,
                reviewed_from=row.reviewed_from,
                answer_by=row.answer_by,
            )
            for row in self._connection.execute(_REVIEWS)
        ]

    def answer(self, removal_ids: Collection[RemovalId], answer: ReviewAnswer) -> None:
        """Keep what a person says to removals in review, until it is carried out."""
        self._connection.execute(
            update(RemovalRow)
            .where(RemovalRow.id.in_(removal_ids), RemovalRow.state == RemovalState.REVIEW)
            .values(answer=answer)
        )

    def with_due_batches(self, now: datetime) -> list[PractitionerId]:
        """Practitioners whose batch has settled: nothing was removed for long enough after the last of it."""
        return [PractitionerId(each) for each in self._connection.execute(_SETTLED, {"now": now}).scalars()]

    def with_due_reviews(self, now: datetime) -> list[PractitionerId]:
        """Practitioners with removals in review that are answered, or have waited for an answer long enough."""
        return [PractitionerId(each) for each in self._connection.execute(_WITH_DUE_REVIEWS, {"now": now}).scalars()]

    def due_in_review(self, practitioner_id: PractitionerId, now: datetime, *, limit: int) -> list[Removal]:
        """Those of a practitioner's removals in review that can be decided now; at most ``limit``."""
        query = _DUE_IN_REVIEW.where(RemovalRow.practitioner_id == practitioner_id).limit(limit)
        return [_removal(row) for row in self._connection.execute(query, {"now": now})]


_REMOVALS: Select[*tuple[Any, ...]] = select(*RemovalRow.__table__.columns)

# The indexes over what is open are used only where the statement itself says that it is, in just these words.
_IS_OPEN = or_(*(RemovalRow.state == verbatim(state) for state in sorted(OPEN)))
_IS_HELD = and_(_IS_OPEN, RemovalRow.state == verbatim(RemovalState.HELD))
_IS_IN_REVIEW = and_(_IS_OPEN, RemovalRow.state == verbatim(RemovalState.REVIEW))

_OPEN_OF = _REMOVALS.where(RemovalRow.appointment_id == bindparam("appointment"), _IS_OPEN)
_HELD = _REMOVALS.where(RemovalRow.practitioner_id == bindparam("practitioner"), _IS_HELD).order_by(RemovalRow.id)
# The last one as one entry of the index: a batch may be large, and each removal looks whether it has closed.
_CLOSES_AT = (
    select(RemovalRow.settles_at)
    .where(RemovalRow.practitioner_id == bindparam("practitioner"), _IS_HELD)
    .order_by(RemovalRow.settles_at.desc())
    .limit(1)
)
_IN_REVIEW = _REMOVALS.where(RemovalRow.practitioner_id == bindparam("practitioner"), _IS_IN_REVIEW).order_by(
    RemovalRow.id
)
_IS_REVIEWING = (
    select(RemovalRow.id).where(RemovalRow.practitioner_id == bindparam("practitioner"), _IS_IN_REVIEW).limit(1)
)

_COUNTING = select(RemovalRow.id).where(
    RemovalRow.practitioner_id == bindparam("practitioner"),
    RemovalRow.made_at > bindparam("since"),
    or_(
        _IS_OPEN,
        and_(RemovalRow.state == RemovalState.APPLIED, RemovalRow.decision == Decision.SETTLED),
    ),
)

_SETTLED = (
    select(RemovalRow.practitioner_id)
    .where(_IS_HELD)
    .group_by(RemovalRow.practitioner_id)
    .having(func.max(RemovalRow.settles_at) <= bindparam("now"))
    .order_by(RemovalRow.practitioner_id)
)

_IS_DUE = and_(
    _IS_IN_REVIEW,
    or_(RemovalRow.answer.is_not(None), RemovalRow.answer_by <= bindparam("now")),
)
_WITH_DUE_REVIEWS = select(RemovalRow.practitioner_id).where(_IS_DUE).distinct().order_by(RemovalRow.practitioner_id)
_DUE_IN_REVIEW = _REMOVALS.where(_IS_DUE).order_by(RemovalRow.id)

_REVIEWS = (
    select(
        RemovalRow.practitioner_id,
        func.count().label("waiting"),
        func.count(RemovalRow.answer).label("answered"),
        func.min(RemovalRow.reviewed_from).label("reviewed_from"),
        func.min(RemovalRow.answer_by).label("answer_by"),
    )
    .where(_IS_IN_REVIEW)
    .group_by(RemovalRow.practitioner_id)
    .order_by(func.min(RemovalRow.reviewed_from), RemovalRow.practitioner_id)
)

_REMOVAL = table_of(RemovalRow)
_CHANGEABLE = ("revision", "state", "settles_at", "reviewed_from", "answer_by", "answer", "decision", "decided_at")
_ADD = insert(_REMOVAL).returning(_REMOVAL.c.id)
_CHANGE = (
    update(_REMOVAL)
    .where(_REMOVAL.c.id == bindparam("removal"))
    .values({name: bindparam(name) for name in _CHANGEABLE})
)


def _changing(removal: Removal) -> dict[str, Any]:
    return {name: getattr(removal, name) for name in _CHANGEABLE}


def _removal(row: Row[*tuple[Any, ...]]) -> Removal:
    return Removal(
        id=RemovalId(row.id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        practitioner_id=PractitionerId(row.practitioner_id),
        appointment_id=AppointmentId(row.appointment_id),
        revision=row.revision,
        state=RemovalState(row.state),
        source=Source(
            authority=Authority.OUTSIDE,
            user_id=None if row.user_id is None else UserId(row.user_id),
            integration_id=None if row.integration_id is None else IntegrationId(row.integration_id),
            app_password_id=None if row.app_password_id is None else AppPasswordId(row.app_password_id),
            agent=row.agent,
        ),
        made_at=row.made_at,
        settles_at=row.settles_at,
        reviewed_from=row.reviewed_from,
        answer_by=row.answer_by,
        answer=None if row.answer is None else ReviewAnswer(row.answer),
        decision=None if row.decision is None else Decision(row.decision),
        decided_at=row.decided_at,
    )
