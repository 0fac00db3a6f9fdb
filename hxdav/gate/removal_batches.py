"""Settles batches of removals: a practitioner's held ones, when nothing was removed after them (rule 7)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import PractitionerId
from hxdav.domain.policy import Policy
from hxdav.domain.removal import Decision
from hxdav.domain.times import Clock
from hxdav.gate import removal_decisions
from hxdav.gate.context import GateContext, lock_practitioner
from hxdav.store.store import Tx

AT_ONCE = 200
"""How many removals one transaction decides at most (docs/store.md, Contention)."""


def settle(tx: Tx, clock: Clock, policy: Policy, *, practitioner_id: PractitionerId) -> int:
    """Apply a practitioner's batch, if it has closed; how many removals were decided.

    To be repeated, each time in another transaction, until there are none.
    """
    source = Source(authority=Authority.PRACTICE, agent="hxdav worker")
    context = GateContext(tx=tx, now=clock.now(), policy=policy, source=source)
    return settle_at(context, practitioner_id, zone=lock_practitioner(context, practitioner_id))


def settle_at(context: GateContext, practitioner_id: PractitionerId, *, zone: ZoneInfo) -> int:
    """Apply the batch of a practitioner who is locked, if it has closed; how many removals were decided.

    At most ``AT_ONCE``: the rest of a batch that large, where no review stops one, waits for the next turn.
    """
    closes_at = context.tx.removals.batch_closes_at(practitioner_id)
    if closes_at is None or closes_at > context.now:
        return 0
    batch = context.tx.removals.held(practitioner_id, limit=AT_ONCE)
    for removal in batch:
        removal_decisions.apply_removal(context, removal, Decision.SETTLED, zone=zone)
    return len(batch)
