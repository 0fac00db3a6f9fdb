"""Retention: what is kept for so long, and then purged (rules 7 and 10)."""

from __future__ import annotations

from datetime import timedelta

from hxdav.domain.ids import PracticeGroupId
from hxdav.domain.policy import Policy
from hxdav.domain.times import Clock
from hxdav.services.access.sign_in import SIGNED_IN_FOR
from hxdav.store.store import Tx

TOLD_FOR = timedelta(days=90)
"""How long a practitioner can look up what they were told."""

ANSWER_READ_FOR = timedelta(days=1)
"""How long after its end it can be read what became of a consent, or of a ticket."""

LAGS_KEPT_FOR = timedelta(days=2)
"""How long it is known how quickly changes went over a bridge; the pages show the last day."""


def purge(tx: Tx, clock: Clock, policy: Policy, *, practice_group_id: PracticeGroupId, limit: int = 200) -> int:
    """Delete some of what is older than the policy keeps; how many rows, 0 once there is nothing left to delete.

    A removed personal appointment goes with all that it was; of one that is there, what it was before its last edits.
    Clients whose sync token is from before a purged removal start over. The audit log is not touched.
    """
    now = clock.now()
    before = now - policy.kept_for
    steps = (
        (tx.retention.refused_bodies, before),
        (tx.retention.versions, before),
        (tx.retention.removals, before),
        (tx.retention.notifications, now - TOLD_FOR),
        (tx.retention.invitations, now),
        (tx.retention.web_sessions, now - SIGNED_IN_FOR),
        (tx.retention.consents, now - ANSWER_READ_FOR),
        (tx.retention.lags, now - LAGS_KEPT_FOR),
        (tx.retention.profile_tickets, now - ANSWER_READ_FOR),
    )
    purged = 0
    for step, until in steps:
        if purged < limit:
            purged += step(practice_group_id, until, limit=limit - purged)
    for practitioner_id in tx.retention.practitioners_due(practice_group_id, before):
        if purged >= limit:
            break
        # Last, because from here on nobody else can edit.
        tx.integrations.lock(practitioner_id)
        purged += tx.retention.mirrors(practitioner_id, before, limit=limit - purged)
        if purged < limit:
            purged += tx.retention.tombstones(practitioner_id, before, limit=limit - purged)
    return purged
