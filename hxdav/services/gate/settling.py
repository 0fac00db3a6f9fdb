"""Settles batches of removals: a practitioner's held ones, when nothing was removed after them (`design.md` rule 7)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import PractitionerId
from hxdav.domain.policy import Policy
from hxdav.domain.removal import Decision
from hxdav.domain.times import Clock
from hxdav.services.gate import deciding
from hxdav.services.gate.desk import Desk, zone_of
from hxdav.store.store import Tx


def settle(tx: Tx, clock: Clock, policy: Policy, *, practitioner_id: PractitionerId) -> int:
    """Apply a practitioner's batch, if it has closed; how many removals were decided."""
    source = Source(authority=Authority.PRACTICE, agent="hxdav worker")
    desk = Desk(tx=tx, now=clock.now(), policy=policy, source=source)
    return settle_at(desk, practitioner_id, zone=zone_of(desk, practitioner_id))


def settle_at(desk: Desk, practitioner_id: PractitionerId, *, zone: ZoneInfo) -> int:
    """Apply the batch of a practitioner who is locked, if it has closed; how many removals were decided."""
    batch = desk.tx.removals.held(practitioner_id)
    if any(removal.settles_at is None or removal.settles_at > desk.now for removal in batch):
        return 0
    for removal in batch:
        deciding.apply(desk, removal, Decision.SETTLED, zone=zone)
    return len(batch)
