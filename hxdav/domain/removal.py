"""A removal: an external deletion on its way (rules 6 and 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Source
from hxdav.domain.ids import AppointmentId, PracticeGroupId, PractitionerId, RemovalId
from hxdav.domain.policy import Policy
from hxdav.domain.refusal import Reason


class RemovalState(StrEnum):
    """Held, then applied; or in review, then applied or kept."""

    HELD = "held"
    REVIEW = "review"
    APPLIED = "applied"
    KEPT = "kept"


OPEN = frozenset({RemovalState.HELD, RemovalState.REVIEW})
"""States in which nothing is decided yet."""


class Decision(StrEnum):
    """Why a removal was applied (the first two) or kept."""

    SETTLED = "settled"
    """Its batch closed, and nothing spoke against it: applied without a review."""

    REVIEWED = "reviewed"
    """A person answered the review: applied or kept."""

    TAKEN_BACK = "taken_back"
    """The object was put again."""

    DRAGGED = "dragged"
    """The object had just been put into another of the practitioner's calendars."""

    PROTECTED = "protected"
    """By then it had a clinical note or an invoice."""

    CHANGED = "changed"
    """Its time, its patients or its status had been changed since."""

    UNANSWERED = "unanswered"
    """Nobody answered the review in time."""

    OVERTAKEN = "overtaken"
    """The practice cancelled the appointment or brought an earlier state of it back."""


class ReviewAnswer(StrEnum):
    """What a person says to a removal in review."""

    APPLY = "apply"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Names the appointment and the revision that it was made against; ``source`` is whose deletion it was.

    ``settles_at`` is when it is applied, if nothing is removed after it. ``reviewed_from`` is when it went to review,
    and ``answer_by`` when it is kept unless somebody answers; ``answer`` is what they said, before it is carried out.
    """

    id: RemovalId
    practice_group_id: PracticeGroupId
    practitioner_id: PractitionerId
    appointment_id: AppointmentId
    revision: int
    state: RemovalState
    source: Source
    made_at: datetime
    settles_at: datetime | None = None
    reviewed_from: datetime | None = None
    answer_by: datetime | None = None
    answer: ReviewAnswer | None = None
    decision: Decision | None = None
    decided_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing is decided yet."""
        return self.state in OPEN


def protection(appointment: Appointment) -> Reason | None:
    """Why ``appointment`` may not be removed from outside, if it may not (rule 6)."""
    if appointment.practice.note.protects:
        return Reason.NOTE_PROTECTS
    if appointment.practice.invoice.protects:
        return Reason.INVOICE_PROTECTS
    return None


def answer_by(policy: Policy, *, reviewed_from: datetime, starts: datetime | None) -> datetime:
    """When a removal in review is kept because nobody has answered.

    ``starts`` is when its appointment takes place next; None where it never does again.
    """
    unanswered = reviewed_from + policy.answered_within
    if starts is None:
        return unanswered
    ahead = starts - policy.kept_ahead
    return min(unanswered, ahead) if reviewed_from < ahead else unanswered
