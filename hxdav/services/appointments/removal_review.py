"""The review of removals: what a person says to them, and carrying that out (rule 7)."""

from __future__ import annotations

from collections.abc import Collection

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import PractitionerId, RemovalId
from hxdav.domain.policy import Policy
from hxdav.domain.practice import Practitioner
from hxdav.domain.removal import Decision, ReviewAnswer
from hxdav.domain.times import Clock
from hxdav.errors import NotFound
from hxdav.gate import AT_ONCE, GateContext, apply_removal, keep_removal, lock_practitioner
from hxdav.store.store import Tx
from hxdav.store.trail import Subject


def answer(
    tx: Tx,
    clock: Clock,
    *,
    practitioner: Practitioner,
    removal_ids: Collection[RemovalId],
    said: ReviewAnswer,
    source: Source,
) -> None:
    """Keep what a person says to removals in review, all of them or none; ``carry_out`` then does it.

    Raises NotFound where one of them is not (or no longer) in the practitioner's review.
    """
    tx.integrations.lock(practitioner.id)
    waiting = {removal.id for removal in tx.removals.in_review(practitioner.id)}
    missing = sorted(set(removal_ids) - waiting)
    if missing:
        numbers = ", ".join(str(each) for each in missing)
        raise NotFound(f"Not in the review of {practitioner.key}: {numbers}. It may have been decided already.")
    tx.removals.answer(removal_ids, said)
    subject = Subject(practice_group_id=practitioner.practice_group_id, practitioner_id=practitioner.id)
    detail = {"answer": said, "removals": sorted(removal_ids)}
    tx.trail.audit("review_answered", subject, source=source, at=clock.now(), detail=detail)


def carry_out(tx: Tx, clock: Clock, policy: Policy, *, practitioner_id: PractitionerId, limit: int = AT_ONCE) -> int:
    """Decide removals that are answered, and keep those that nobody answered in time; at most ``limit``, how many.

    To be repeated, each time in another transaction, until there are none.
    """
    now = clock.now()
    source = Source(authority=Authority.PRACTICE, agent="hxdav review")
    context = GateContext(tx=tx, now=now, policy=policy, source=source)
    zone = lock_practitioner(context, practitioner_id)
    due = tx.removals.due_in_review(practitioner_id, now, limit=limit)
    for removal in due:
        if removal.answer is ReviewAnswer.APPLY:
            apply_removal(context, removal, Decision.REVIEWED, zone=zone)
            continue
        decision = Decision.UNANSWERED if removal.answer is None else Decision.REVIEWED
        keep_removal(context, removal, decision, appointment=tx.appointments.one(removal.appointment_id))
    return len(due)
