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

AT_ONCE = 200
"""How many removals one transaction decides at most (`design.md` §5, contention)."""


def settle(tx: Tx, clock: Clock, policy: Policy, *, practitioner_id: PractitionerId) -> int:
    """Apply a practitioner's batch, if it has closed; how many removals were decided.

    To be repeated, each time in another transaction, until there are none.
    """
    source = Source(authority=Authority.PRACTICE, agent="hxdav worker")
    desk = Desk(tx=tx, now=clock.now(), policy=policy, source=source)
    return settle_at(desk, practitioner_id, zone=zone_of(desk, practitioner_id))


def settle_at(desk: Desk, practitioner_id: PractitionerId, *, zone: ZoneInfo) -> int:
    """Apply the batch of a practitioner who is locked, if it has closed; how many removals were decided.

    At most ``AT_ONCE``: the rest of a batch that large, where no review stops one, waits for the next turn.
    """
    closes_at = desk.tx.removals.batch_closes_at(practitioner_id)
    if closes_at is None or closes_at > desk.now:
        return 0
    batch = desk.tx.removals.held(practitioner_id, limit=AT_ONCE)
    for removal in batch:
        deciding.apply(desk, removal, Decision.SETTLED, zone=zone)
    return len(batch)
